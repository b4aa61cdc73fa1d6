// Cases of linear_weight_gradient and activation_gradient.
#include <cmath>

#include "op_case.h"

namespace likewise::test {

namespace {

struct Sizes {
  int64_t tokens, inputs, outputs;
};

OpCase weight_gradient_case(Sizes n, bool with_bias, bool accumulate) {
  using namespace linear_weight_gradient_op;
  OpCase one{OpId::linear_weight_gradient,
             "linear_weight_gradient " + std::to_string(n.tokens) + " x " + std::to_string(n.inputs) +
                 " -> " + std::to_string(n.outputs) + (with_bias ? " bias" : "") +
                 (accumulate ? " accumulate" : ""),
             {random_operand({n.tokens, n.inputs}, 1), random_operand({n.tokens, n.outputs}, 2)},
             {{n.outputs, n.inputs}, {}},
             {accumulate ? 1.0 : 0.0}};
  if (with_bias) one.outputs[bias_gradient] = {n.outputs};
  if (accumulate) {
    one.before = {random_values(n.outputs * n.inputs, 3), random_values(with_bias ? n.outputs : 0, 4)};
  }
  one.error_units = static_cast<double>(n.tokens + 16);
  return one;
}

OpCase activation_gradient_case(int64_t rows, int64_t width, Activation activation) {
  using namespace activation_gradient_op;
  OpCase one{OpId::activation_gradient,
             "activation_gradient " + std::to_string(rows) + " x " + std::to_string(width) + " activation " +
                 std::to_string(static_cast<int32_t>(activation)),
             {random_operand({rows, width}, 1, true), random_operand({rows, width}, 2, true)},
             {{rows, width}},
             {static_cast<double>(activation)}};
  for (double& value : one.inputs[pre_activation].values) value = static_cast<float>(value * 7);
  one.error_units = 24;
  return one;
}

// Where formulas break: zeros of both signs, the tails, overflow of a cube, infinity, NaN.
OpCase extreme_case(Activation activation) {
  const std::vector<double> extremes = {0,   -0.0, 5.7, -5.7, 9,    -9,   13,       -13,       14.5,
                                        -20, 87,   -88, 400,  -1e4, 1e20, INFINITY, -INFINITY, NAN};
  const int64_t width = static_cast<int64_t>(extremes.size());
  OpCase one = activation_gradient_case(2, width, activation);
  one.name += " of extremes";
  for (size_t i = 0; i < extremes.size(); ++i) {
    one.inputs[1].values[i] = extremes[i];
    one.inputs[1].values[extremes.size() + i] = -extremes[i];
  }
  return one;
}

}  // namespace

std::vector<OpCase> linear_gradient_cases() {
  std::vector<Sizes> sizes;
  for (const int64_t tokens : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 257}) {
    sizes.push_back({tokens, 21, 19});
  }
  for (const int64_t tokens : {511, 512, 513, 1023, 1025, 1601}) sizes.push_back({tokens, 35, 9});
  for (const int64_t inputs : {0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130}) {
    sizes.push_back({13, inputs, 10});
  }
  for (const int64_t outputs : {0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 28, 29, 100, 385}) {
    sizes.push_back({13, 20, outputs});
  }
  sizes.push_back({600, 131, 197});
  std::vector<OpCase> cases;
  for (const Sizes& n : sizes) {
    cases.push_back(weight_gradient_case(n, true, false));
    cases.push_back(weight_gradient_case(n, true, true));
    cases.push_back(weight_gradient_case(n, false, true));
  }
  return cases;
}

std::vector<OpCase> activation_gradient_cases() {
  std::vector<OpCase> cases;
  for (const Activation activation : {Activation::identity, Activation::gelu_erf, Activation::gelu_tanh,
                                      Activation::tanh, Activation::relu}) {
    for (const int64_t width : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 64, 129}) {
      cases.push_back(activation_gradient_case(5, width, activation));
    }
    for (const int64_t rows : {0, 1, 15, 16, 17, 33}) {
      cases.push_back(activation_gradient_case(rows, 19, activation));
    }
    cases.push_back(extreme_case(activation));
  }
  return cases;
}

}  // namespace likewise::test
