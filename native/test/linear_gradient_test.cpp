// The gradients of linear and its activations against central differences of the reference in double, and calls of
// these ops and the optimizer's that the checks must refuse.
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "../core/op_specs.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

void fill_linear_gradient_call(OpId id, GoodCall& call) {
  constexpr DType real = DType::float32;
  if (id == OpId::linear_weight_gradient) {
    call.in(linear_weight_gradient_op::input, real, {5, 6});
    call.in(linear_weight_gradient_op::output_gradient, real, {5, 10});
    call.out(linear_weight_gradient_op::weight_gradient, {10, 6});
    call.out(linear_weight_gradient_op::bias_gradient, {10});
  } else if (id == OpId::activation_gradient) {
    for (const int32_t input : {0, 1}) call.in(input, real, {5, 6});
    call.out(0, {5, 6});
  } else if (id == OpId::squared_norm) {
    call.in(squared_norm_op::values, real, {5, 6});
    call.out(squared_norm_op::norm_squared, {1});
  } else {
    call.in(adamw_op::gradient, real, {20});
    call.in(adamw_op::gradient_norm_squared, real, {1});
    call.in(adamw_op::group_ends, DType::int32, {3});
    call.in(adamw_op::group_settings, real, {3, id == OpId::lamb ? 3 : 2});
    for (const int32_t output : {0, 1, 2}) call.out(output, {20});
    const double parameters[] = {1e-3, 0.9, 0.999, 1e-8, 0.1, 0.001, 1};
    std::memcpy(call.parameters, parameters, sizeof parameters);
  }
}

namespace {

std::vector<double> run(const OpCase& one, size_t output = 0) {
  SerialWorkers serial;
  OpResult result = run_case(one, test_backends().front(), DType::float64, 4, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s%s", one.name.c_str(),
        result.refused.c_str(), result.message.c_str());
  return result.outputs[output];
}

// The derivative of sum(factors * output 0) by each number of `operand`, by central differences.
std::vector<double> differences(OpCase one, size_t operand, const std::vector<double>& factors) {
  constexpr double step = 1e-5;
  const auto weighted = [&](size_t i, double shift) {
    double& number = one.inputs[operand].values[i];
    const double kept = number;
    number += shift;
    const std::vector<double> output = run(one);
    number = kept;
    double sum = 0;
    for (size_t o = 0; o < output.size(); ++o) sum += factors[o] * output[o];
    return sum;
  };
  std::vector<double> slopes;
  for (size_t i = 0; i < one.inputs[operand].values.size(); ++i) {
    slopes.push_back((weighted(i, step) - weighted(i, -step)) / (2 * step));
  }
  return slopes;
}

void check_equal(const char* name, const std::vector<double>& gradient, const std::vector<double>& expected) {
  CHECK(gradient.size() == expected.size(), "%s", name);
  for (size_t i = 0; i < expected.size(); ++i) {
    CHECK(std::fabs(gradient[i] - expected[i]) <= 1e-6 * (1 + std::fabs(expected[i])),
          "%s: element %zu is %.12g, differences give %.12g", name, i, gradient[i], expected[i]);
  }
}

constexpr Activation activations[] = {Activation::identity, Activation::gelu_erf, Activation::gelu_tanh,
                                      Activation::tanh, Activation::relu};

OpCase layer(Activation activation) {
  OpCase one{OpId::linear,
             "linear " + std::to_string(static_cast<int32_t>(activation)),
             {random_operand({4, 3}, 1), random_operand({5, 3}, 2), random_operand({5}, 3)},
             {{4, 5}, {4, 5}},
             {static_cast<double>(activation)}};
  for (double& number : one.inputs[linear_op::input].values) number *= 3;
  one.inputs[linear_op::packed].to_pack = true;
  return one;
}

}  // namespace

TEST(linear_gradient_differences) {
  for (const Activation activation : activations) {
    const OpCase forward = layer(activation);
    const Operand gradient = random_operand({4, 5}, 4);
    const OpCase inner{OpId::activation_gradient,
                       "activation_gradient",
                       {gradient, {{4, 5}, run(forward, linear_op::pre_activation)}},
                       {{4, 5}},
                       {static_cast<double>(activation)}};
    const Operand before = {{4, 5}, run(inner)};
    const OpCase weight{OpId::linear_weight_gradient,
                        "linear_weight_gradient",
                        {forward.inputs[linear_op::input], before},
                        {{5, 3}, {5}},
                        {0}};
    check_equal("weight", run(weight), differences(forward, linear_op::packed, gradient.values));
    check_equal("bias", run(weight, 1), differences(forward, linear_op::bias, gradient.values));

    // The input's gradient is linear over the transposed pack: weight^T packed row by row is the same thing.
    std::vector<double> turned;
    const std::vector<double>& w = forward.inputs[linear_op::packed].values;  // [5, 3]
    for (size_t i = 0; i < 3; ++i) {
      for (size_t o = 0; o < 5; ++o) turned.push_back(w[o * 3 + i]);
    }
    OpCase input{OpId::linear, "input", {before, {{3, 5}, turned}}, {{4, 3}}, {0}};
    input.inputs[1].to_pack = true;
    check_equal("input", run(input), differences(forward, linear_op::input, gradient.values));
    const OpCase rows{OpId::pack_weight, "rows", {{{3, 5}, turned}}, {{0}}, {0}};
    const OpCase columns{OpId::pack_weight, "columns", {{{5, 3}, w}}, {{0}}, {1}};
    CHECK(run(rows) == run(columns), "a transposed pack is the pack of the transpose");
  }
}

TEST(linear_gradient_checks) {
  const auto refused = [](OpId id, auto change, const char* message) {
    GoodCall call;
    fill_linear_gradient_call(id, call);
    change(call);
    Problem problem;
    CHECK(!check_call(id, call, problem) && std::strcmp(problem.message, message) == 0,
          "\"%s\", expected \"%s\"", problem.message, message);
  };
  refused(
      OpId::linear_weight_gradient, [](OpCall& call) { call.inputs[1].shape[0] = 6; },
      "[linearWeightGradient] expected outputGradient of shape [5, outputs] but received [6, 10]");
  refused(
      OpId::linear_weight_gradient, [](OpCall& call) { call.outputs[1].shape[0] = 6; },
      "[linearWeightGradient] expected biasGradient of shape [10] but received [6]");
  refused(
      OpId::linear_weight_gradient, [](OpCall& call) { call.parameters[0] = 2; },
      "[linearWeightGradient] expected accumulate to be a whole number from 0 to 1 but received 2");
  refused(
      OpId::squared_norm, [](OpCall& call) { call.outputs[0].shape[0] = 2; },
      "[squaredNorm] expected normSquared of shape [1] but received [2]");
  refused(
      OpId::adamw, [](OpCall& call) { call.inputs[adamw_op::group_settings].shape[1] = 3; },
      "[adamw] expected groupSettings of shape [3, 2] but received [3, 3]");
  refused(
      OpId::lamb, [](OpCall& call) { call.inputs[lamb_op::group_settings].shape[1] = 2; },
      "[lamb] expected groupSettings of shape [3, 3] but received [3, 2]");
  refused(
      OpId::adamw, [](OpCall& call) { call.parameters[adamw_op::beta2] = 1; },
      "[adamw] expected beta2 to be at least 0 and below 1 but received 1");
  refused(
      OpId::adamw, [](OpCall& call) { call.parameters[adamw_op::second_correction] = 0; },
      "[adamw] expected secondCorrection to be finite and above 0 but received 0");
  refused(
      OpId::adamw, [](OpCall& call) { call.outputs[2].data = call.outputs[1].data; },
      "[adamw] expected secondMoment not to share memory with firstMoment");
}

TEST(optimizer_group_ends) {
  const auto refused = [](OpId op, const std::vector<int32_t>& ends, const std::string& message) {
    SerialWorkers serial;
    OpCase one{op,
               op_spec(op).name,
               {random_operand({4}, 1), {{1}, {1}}, int_operand(ends), {}},
               {{4}, {4}, {4}},
               {1, 0.9, 0.99, 1e-8, 1, 1, 0}};
    const int64_t groups = static_cast<int64_t>(ends.size());
    one.inputs[adamw_op::group_settings] = random_operand({groups, op == OpId::lamb ? 3 : 2}, 2);
    for (const Backend& backend : test_backends()) {
      for (const DType real : {DType::float32, DType::float64}) {
        const OpResult result = run_case(one, backend, real, 1, layouts[1], serial);
        CHECK(result.status == Status::invalid_value && result.message == "[" + one.name + "] " + message,
              "on %s: \"%s\"", backend.name, result.message.c_str());
        for (const double value : result.outputs[0]) CHECK(std::isnan(value), "on %s: written", backend.name);
      }
    }
  };
  for (const OpId op : {OpId::adamw, OpId::lamb}) {
    refused(op, {2, 3}, "expected groupEnds to end with 4, the number of elements, but received 3");
    refused(op, {2, 5}, "expected groupEnds to end with 4, the number of elements, but received 5");
    refused(op, {3, 2, 4}, "expected groupEnds not to be negative nor to fall but groupEnds[1] is 2");
    refused(op, {-1, 4}, "expected groupEnds not to be negative nor to fall but groupEnds[0] is -1");
  }
}

}  // namespace likewise::test
