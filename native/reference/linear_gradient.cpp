// linear_weight_gradient: weight_gradient (+)= output_gradient^T input, bias_gradient (+)= column sums
// activation_gradient:    input_gradient = output_gradient * f'(pre_activation)
#include <cmath>
#include <numbers>

#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status linear_weight_gradient(const OpCall& call) {
  using namespace linear_weight_gradient_op;
  const Matrix<T> x(call.inputs[input]),
      g(call.inputs[output_gradient]);                    // [tokens, inputs], [tokens, outputs]
  const Matrix<T> weight(call.outputs[weight_gradient]);  // [outputs, inputs]
  T* bias = values<T>(call.outputs[bias_gradient]);       // [outputs], or null
  const bool add = call.parameters[accumulate] == 1;
  for (int64_t o = 0; o < weight.rows; ++o) {
    for (int64_t i = 0; i < weight.columns; ++i) {
      double sum = add ? double(weight[o][i]) : 0;
      for (int64_t t = 0; t < x.rows; ++t) sum += double(g[t][o]) * double(x[t][i]);
      weight[o][i] = static_cast<T>(sum);
    }
    if (bias == nullptr) continue;
    double sum = add ? double(bias[o]) : 0;
    for (int64_t t = 0; t < g.rows; ++t) sum += double(g[t][o]);
    bias[o] = static_cast<T>(sum);
  }
  return Status::ok;
}

// f'(x). At infinity a density of 0 wins over the x it is multiplied by.
double slope(Activation activation, double x) {
  switch (activation) {
    case Activation::identity: return 1;
    case Activation::gelu_erf: {
      const double below = 0.5 * std::erfc(-x / std::numbers::sqrt2);
      const double density = std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      return density == 0 ? below : below + x * density;
    }
    case Activation::gelu_tanh: {
      const double factor = std::sqrt(2 / std::numbers::pi);
      const double t = std::tanh(factor * (x + 0.044715 * x * x * x));
      const double rest = 1 - t * t;
      return 0.5 * (1 + t) + (rest == 0 ? 0 : 0.5 * x * rest * factor * (1 + 3 * 0.044715 * x * x));
    }
    case Activation::tanh: return 1 - std::tanh(x) * std::tanh(x);
    case Activation::relu: return x <= 0 ? 0 : 1;
  }
  return 1;
}

template <typename T>
Status activation_gradient(const OpCall& call) {
  using namespace activation_gradient_op;
  const Matrix<T> g(call.inputs[output_gradient]), x(call.inputs[pre_activation]);
  const Matrix<T> result(call.outputs[input_gradient]);  // all [rows, width]
  const Activation function = static_cast<Activation>(static_cast<int32_t>(call.parameters[activation]));
  for (int64_t i = 0; i < result.rows; ++i) {
    for (int64_t j = 0; j < result.columns; ++j) {
      const bool closed = function == Activation::relu && x[i][j] <= 0;  // whatever comes, even NaN
      result[i][j] = closed ? T(0) : static_cast<T>(double(g[i][j]) * slope(function, double(x[i][j])));
    }
  }
  return Status::ok;
}

}  // namespace

void fill_linear_gradient(Backend& backend) {
  backend[OpId::linear_weight_gradient] = {linear_weight_gradient<float>, linear_weight_gradient<double>};
  backend[OpId::activation_gradient] = {activation_gradient<float>, activation_gradient<double>};
}

}  // namespace likewise::reference
