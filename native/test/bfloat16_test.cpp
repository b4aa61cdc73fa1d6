// Rounding to bfloat16, on both sides of a product and in both factors of a weight's gradient, for every pattern of the upper
// bits; and calls of the ops in bfloat16 that the checks must refuse. (op_table_test.cpp holds the ops against their truth.)
#include <bit>
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "../reference/bfloat16.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

void fill_bfloat16_call(OpId id, GoodCall& call) {
  constexpr DType real = DType::float32, half = DType::bfloat16;
  if (id == OpId::pack_weight_bfloat16) {
    call.in(pack_weight_bfloat16_op::weight, real, {10, 6});
    call.out(pack_weight_bfloat16_op::packed, {3, 32, 4}, half);
  } else if (id == OpId::linear_bfloat16) {
    call.in(linear_bfloat16_op::input, real, {5, 6});
    call.in(linear_bfloat16_op::packed, half, {3, 32, 4});
    call.in(linear_bfloat16_op::bias, real, {10});
    call.in(linear_bfloat16_op::residual, real, {5, 10});
    call.out(linear_bfloat16_op::output, {5, 10});
    call.out(linear_bfloat16_op::pre_activation, {5, 10});
  } else {
    call.in(linear_weight_gradient_bfloat16_op::input, real, {5, 6});
    call.in(linear_weight_gradient_bfloat16_op::output_gradient, real, {5, 10});
    call.out(linear_weight_gradient_bfloat16_op::weight_gradient, {10, 6});
    call.out(linear_weight_gradient_bfloat16_op::bias_gradient, {10});
  }
}

namespace {

float float_of(uint32_t bits) { return std::bit_cast<float>(bits); }

// Every sign, exponent and upper mantissa, with lower bits below, at and above a half, and next to those.
std::vector<double> all_patterns() {
  std::vector<double> values;
  for (uint32_t upper = 0; upper < 0x10000; ++upper) {
    for (const uint32_t lower : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      values.push_back(float_of(upper << 16 | lower));
    }
  }
  return values;
}

// The nearer of the two neighbours by their distances in double, which are exact; of equal ones the even.
double nearest(double value) {
  if (std::isnan(value) || std::isinf(value)) return value;
  if (std::fabs(value) < std::ldexp(1.0, -126)) return 0;
  const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  const double low = float_of(bits & 0xffff0000);
  const float above = float_of((bits & 0xffff0000) + 0x10000);
  // past the largest number the next one would be 2^128
  const double high = std::isinf(above) ? std::copysign(std::ldexp(1.0, 128), value) : double(above);
  const double to_low = std::fabs(value - low), to_high = std::fabs(high - value);
  const bool up = to_high < to_low || (to_high == to_low && (bits & 0x10000) != 0);
  return up ? double(above) : low;
}

bool equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

std::vector<double> run(const OpCase& one, const Backend& backend) {
  SerialWorkers serial;
  const OpResult result = run_case(one, backend, DType::float32, backend.panel_width, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s on %s: %s%s", one.name.c_str(),
        backend.name, result.refused.c_str(), result.message.c_str());
  return result.outputs[0];
}

// The op's output is each of `values` rounded.
void check_rounded(const OpCase& one, const std::vector<double>& values) {
  for (const Backend& backend : test_backends()) {
    const std::vector<double> rounded = run(one, backend);
    for (size_t i = 0; i < values.size(); ++i) {
      const bool right = equal(rounded[i], nearest(values[i]));
      CHECK(right, "%s on %s: %a became %a", one.name.c_str(), backend.name, values[i], rounded[i]);
      if (!right) break;
    }
  }
}

void refused(OpId id, void (*change)(OpCall&), const char* message) {
  GoodCall call;
  fill_bfloat16_call(id, call);
  change(call);
  Problem problem;
  CHECK(!check_call(id, call, problem) && std::strcmp(problem.message, message) == 0,
        "\"%s\", expected \"%s\"", problem.message, message);
}

}  // namespace

TEST(bfloat16_rounding_of_the_reference) {
  for (const double value : all_patterns()) {
    const float rounded = reference::round_to_bfloat16(static_cast<float>(value));
    CHECK(equal(rounded, nearest(value)), "%a became %a", value, double(rounded));
    CHECK(std::isnan(value) || std::signbit(rounded) == std::signbit(value), "%a lost its sign", value);
  }
}

TEST(bfloat16_rounding_of_input_and_weight) {
  const std::vector<double> values = all_patterns();
  const int64_t count = static_cast<int64_t>(values.size());
  OpCase one{OpId::linear_bfloat16, "inputs by 1", std::vector<Operand>(4), {{count, 1}}, {0}};
  one.inputs[0] = {{count, 1}, values};
  one.inputs[1] = {{1, 1}, {1}};
  one.inputs[1].to_pack = true;
  check_rounded(one, values);

  one.name = "weights by 1";
  one.inputs[0] = {{1, 1}, {1}};
  one.inputs[1] = {{count, 1}, values};
  one.inputs[1].to_pack = true;
  one.outputs = {{1, count}};
  check_rounded(one, values);
}

TEST(bfloat16_rounding_of_the_gradients_factors) {
  const std::vector<double> values = all_patterns();
  const int64_t count = static_cast<int64_t>(values.size());
  OpCase one{OpId::linear_weight_gradient_bfloat16,
             "inputs by 1",
             {{{1, count}, values}, {{1, 1}, {1}}},
             {{1, count}, {}},
             {0}};
  check_rounded(one, values);
  one.name = "output gradients by 1";
  one.inputs = {{{1, 1}, {1}}, {{1, count}, values}};
  one.outputs = {{count, 1}, {}};
  check_rounded(one, values);
}

// Factors far apart whose products are about 1, at either end of what the format holds.
TEST(bfloat16_extreme_scales) {
  constexpr int64_t rows = 5, inputs = 67, outputs = 35;
  for (const int exponent : {100, -100}) {
    OpCase one{OpId::linear_bfloat16, "scaled", std::vector<Operand>(4), {{rows, outputs}}, {0}};
    one.inputs[0] = random_operand({rows, inputs}, 1);
    one.inputs[1] = random_operand({outputs, inputs}, 2);
    one.inputs[1].to_pack = true;
    OpCase scaled = one;
    for (double& value : scaled.inputs[0].values) value = std::ldexp(value, exponent);
    for (double& value : scaled.inputs[1].values) value = std::ldexp(value, -exponent);
    for (const Backend& backend : test_backends()) {
      const std::vector<double> expected = run(one, backend), actual = run(scaled, backend);
      CHECK(expected == actual, "2^%d on %s: a power of two changes nothing else", exponent, backend.name);
    }
  }
}

TEST(bfloat16_checks_say_what_is_wrong) {
  refused(
      OpId::linear_bfloat16, [](OpCall& call) { call.inputs[linear_bfloat16_op::packed].shape[1] = 6; },
      "[linearBfloat16] expected packed of shape [panels, 32, width] but received [3, 6, 4]");
  refused(
      OpId::linear_bfloat16,
      [](OpCall& call) { call.inputs[linear_bfloat16_op::packed].dtype = DType::float32; },
      "[linearBfloat16] expected packed of dtype bfloat16 but received float32");
  refused(
      OpId::linear_bfloat16,
      [](OpCall& call) { call.inputs[linear_bfloat16_op::input].dtype = DType::bfloat16; },
      "[linearBfloat16] expected input of dtype float32 but received bfloat16");
  refused(
      OpId::pack_weight_bfloat16, [](OpCall& call) { call.outputs[0].shape[0] = 2; },
      "[packWeightBfloat16] expected packed of 3 panels, for 10 outputs in panels of 4, but received 2");
  refused(
      OpId::pack_weight_bfloat16, [](OpCall& call) { call.parameters[0] = 1; },
      "[packWeightBfloat16] expected packed of 2 panels, for 6 outputs in panels of 4, but received 3");
  refused(
      OpId::linear_weight_gradient_bfloat16, [](OpCall& call) { call.inputs[1].shape[0] = 6; },
      "[linearWeightGradientBfloat16] expected outputGradient of shape [5, outputs] but received [6, 10]");
}

}  // namespace likewise::test
