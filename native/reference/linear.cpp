// output = activation(input * weight^T + bias) + residual, and the packing of weight that it reads.
#include <cmath>
#include <numbers>

#include "reference.h"

namespace likewise::reference {

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::identity: return x;
    case Activation::gelu_erf:
      return 0.5 * x *
             std::erfc(-x / std::numbers::sqrt2);  // Phi(x) = erfc(-x / sqrt 2) / 2: no cancellation
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::tanh: return std::tanh(x);
    case Activation::relu: return x < 0 ? 0 : x;  // NaN stays
  }
  return x;
}

namespace {

// packed[p][k][j] = w[p * width + j][k], zero past w's last row; w is the weight or its transpose
template <typename T>
Status pack_weight(const OpCall& call) {
  const Matrix<T> weight(call.inputs[pack_weight_op::weight]);      // [outputs, inputs]
  const TensorView& packed = call.outputs[pack_weight_op::packed];  // [panels, inputs, width]
  const int64_t panels = packed.shape[0], depth = packed.shape[1], width = packed.shape[2];
  const bool transposed = call.parameters[pack_weight_op::transposed] == 1;
  const int64_t rows = transposed ? weight.columns : weight.rows;
  T* next = values<T>(packed);
  for (int64_t p = 0; p < panels; ++p) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < width; ++j) {
        const int64_t row = p * width + j;
        *next++ = row >= rows ? T(0) : transposed ? weight[k][row] : weight[row][k];
      }
    }
  }
  return Status::ok;
}

template <typename T>
Status linear(const OpCall& call) {
  using namespace linear_op;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [rows, inputs], [rows, outputs]
  const TensorView& panels = call.inputs[packed];                  // [ceil(outputs / width), inputs, width]
  const int64_t inputs = panels.shape[1], width = panels.shape[2];
  const T* weight = values<T>(panels);
  const T* shift = values<T>(call.inputs[bias]);
  const Activation function = static_cast<Activation>(static_cast<int32_t>(call.parameters[activation]));
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t o = 0; o < y.columns; ++o) {
      const T* column = weight + o / width * inputs * width + o % width;
      double sum = 0;
      for (int64_t k = 0; k < inputs; ++k) sum += double(x[i][k]) * double(column[k * width]);
      if (shift != nullptr) sum += shift[o];
      if (call.outputs[pre_activation]) Matrix<T>(call.outputs[pre_activation])[i][o] = static_cast<T>(sum);
      sum = activate(function, sum);
      if (call.inputs[residual]) sum += Matrix<T>(call.inputs[residual])[i][o];
      y[i][o] = static_cast<T>(sum);
    }
  }
  return Status::ok;
}

}  // namespace

void fill_linear(Backend& backend) {
  backend[OpId::pack_weight] = {pack_weight<float>, pack_weight<double>};
  backend[OpId::linear] = {linear<float>, linear<double>};
}

}  // namespace likewise::reference
