// Cases of squared_norm, adamw and lamb.
#include <cmath>

#include "op_case.h"

namespace likewise::test {

namespace {

OpCase norm_case(std::vector<int64_t> shape) {
  std::string name = "squared_norm";
  for (const int64_t size : shape) name.append(" ").append(std::to_string(size));
  OpCase one{OpId::squared_norm, name, {random_operand(std::move(shape), 1)}, {{1}}, {}};
  one.error_units = 1;
  return one;
}

// Moments as a run would have them, at least 0.01 in size: where the second is nearly 0, so is what rounding is
// divided by.
OpCase adamw_case(const std::vector<int32_t>& ends, double max_norm, double norm_squared) {
  using namespace adamw_op;
  const int64_t elements = ends.back(), groups = static_cast<int64_t>(ends.size());
  OpCase one{OpId::adamw,
             "adamw " + std::to_string(elements) + " in " + std::to_string(groups) + " groups, max_norm " +
                 std::to_string(max_norm) + ", norm_squared " + std::to_string(norm_squared),
             std::vector<Operand>(4),
             {{elements}, {elements}, {elements}},
             {1e-2, 0.9, 0.999, 1e-8, 0.19, 0.002, max_norm}};
  one.inputs[gradient] = random_operand({elements}, 1);
  one.inputs[gradient_norm_squared] = {{1}, {norm_squared}};
  one.inputs[group_ends] = int_operand(ends);
  one.inputs[group_settings] = random_operand({groups, 2}, 2);
  for (double& setting : one.inputs[group_settings].values) setting = std::fabs(setting);
  for (uint32_t seed = 3; seed <= 5; ++seed) one.before.push_back(random_values(elements, seed));
  for (double& moment : one.before[second_moment]) moment = static_cast<float>(0.01 + std::fabs(moment));
  one.error_units = 16;
  return one;
}

// Most elements have never had a gradient; the first and the third group do not decay.
OpCase sparse_case(double epsilon) {
  using namespace adamw_op;
  OpCase one = adamw_case({100, 200, 400}, 1, 1);
  one.name += " sparse, epsilon " + std::to_string(epsilon);
  one.parameters[adamw_op::epsilon] = epsilon;
  one.inputs[group_settings].values = {1, 0, 0.5, 0.25, 2, 0};
  for (size_t i = 0; i < 400; ++i) {
    if (i % 90 < 3) continue;
    one.inputs[gradient].values[i] = i % 2 == 0 ? 0.0 : -0.0;
    one.before[first_moment][i] = one.before[second_moment][i] = 0;
  }
  return one;
}

// The same steps over tensors that adapt, but for every third; some lie across the kernel's blocks.
OpCase lamb_case(const std::vector<int32_t>& ends, double max_norm, double norm_squared) {
  OpCase one = adamw_case(ends, max_norm, norm_squared);
  one.op = OpId::lamb;
  one.name.replace(0, 5, "lamb");
  const int64_t tensors = static_cast<int64_t>(ends.size());
  one.inputs[lamb_op::group_settings] = random_operand({tensors, 3}, 2);
  std::vector<double>& settings = one.inputs[lamb_op::group_settings].values;
  for (size_t i = 0; i < settings.size(); ++i) {
    settings[i] = i % 3 < 2 ? std::fabs(settings[i]) : i / 3 % 3 == 2 ? 0 : 1;
  }
  return one;
}

// A tensor of zeros, and one whose direction is zero: their ratios are 1.
OpCase still_lamb_case() {
  OpCase one = lamb_case({40, 80, 100}, 0, 1);
  one.name += " of zeros";
  for (size_t i = 0; i < 40; ++i) one.before[lamb_op::value][i] = 0;
  for (size_t i = 40; i < 80; ++i)
    one.inputs[lamb_op::gradient].values[i] = one.before[lamb_op::first_moment][i] = 0;
  one.inputs[lamb_op::group_settings].values = {1, 0.1, 1, 1, 0, 1, 1, 0.1, 1};
  return one;
}

}  // namespace

std::vector<OpCase> optimizer_cases() {
  std::vector<OpCase> cases;
  for (const int64_t n : {0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 32767, 32768, 32769, 100003}) {
    cases.push_back(norm_case({n}));
  }
  for (const int64_t columns : {0, 1, 5, 16, 33, 32769}) {
    for (const int64_t rows : {0, 1, 2, 7}) cases.push_back(norm_case({rows, columns}));
  }
  cases.push_back(norm_case({3000, 33}));

  for (const int32_t n : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 16383, 16384, 16385, 40001}) {
    cases.push_back(adamw_case({n}, 0, 4));
  }
  for (const double max_norm : {0.0, 0.5, 3.0}) {
    cases.push_back(adamw_case({0, 5, 5, 21, 22, 70, 70}, max_norm, 4));
    cases.push_back(adamw_case({16000, 16383, 16390, 40000}, max_norm, 4));
  }
  for (const double not_a_norm : {double(NAN), double(INFINITY), -1.0}) {
    cases.push_back(adamw_case({3, 40}, 1, not_a_norm));
  }
  cases.push_back(sparse_case(1e-8));
  cases.push_back(sparse_case(0));

  for (const int32_t n : {0, 1, 2, 7, 15, 16, 17, 33, 1023, 1024, 1025, 16383, 16384, 16385, 40001}) {
    cases.push_back(lamb_case({n}, 0, 4));
  }
  for (const double max_norm : {0.0, 0.5, 3.0}) {
    cases.push_back(lamb_case({0, 5, 5, 21, 22, 70, 70}, max_norm, 4));
    cases.push_back(lamb_case({16000, 16384, 16390, 40000}, max_norm, 4));
  }
  for (const double not_a_norm : {double(NAN), double(INFINITY), -1.0}) {
    cases.push_back(lamb_case({3, 40}, 1, not_a_norm));
  }
  cases.push_back(still_lamb_case());
  return cases;
}

}  // namespace likewise::test
