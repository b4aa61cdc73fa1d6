// linear and its weight's gradient with the factors of the product rounded to bfloat16. Sums are taken in double, so this
// is what every order of summing in float32 is held against.
#include "bfloat16.h"

#include <vector>

#include "reference.h"

namespace likewise::reference {

namespace {

// packed[p][k][j] = w[p * width + j][k] rounded, zero past w's last row and last column; w: the weight or its transpose
Status pack_weight_bfloat16(const OpCall& call) {
  using namespace pack_weight_bfloat16_op;
  const Matrix<float> from(call.inputs[weight]);    // [outputs, inputs]
  const TensorView& panels = call.outputs[packed];  // [panels, depth, width]
  const int64_t depth = panels.shape[1], width = panels.shape[2];
  const bool turned = call.parameters[transposed] == 1;
  const int64_t rows = turned ? from.columns : from.rows, columns = turned ? from.rows : from.columns;
  uint16_t* next = values<uint16_t>(panels);
  for (int64_t p = 0; p < panels.shape[0]; ++p) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < width; ++j) {
        const int64_t row = p * width + j;
        const bool inside = row < rows && k < columns;
        *next++ = to_bfloat16(!inside ? 0.0f : turned ? from[k][row] : from[row][k]);
      }
    }
  }
  return Status::ok;
}

Status linear_bfloat16(const OpCall& call) {
  using namespace linear_bfloat16_op;
  const Matrix<float> x(call.inputs[input]), y(call.outputs[output]);  // [rows, inputs], [rows, outputs]
  const TensorView& panels = call.inputs[packed];                      // [panels, depth, width]
  const int64_t depth = panels.shape[1], width = panels.shape[2];
  const uint16_t* weight = values<uint16_t>(panels);
  const float* shift = values<float>(call.inputs[bias]);
  const Activation function = static_cast<Activation>(static_cast<int32_t>(call.parameters[activation]));
  std::vector<double> row(static_cast<size_t>(x.columns));
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t k = 0; k < x.columns; ++k) row[static_cast<size_t>(k)] = round_to_bfloat16(x[i][k]);
    for (int64_t o = 0; o < y.columns; ++o) {
      const uint16_t* column = weight + o / width * depth * width + o % width;
      double sum = 0;
      for (int64_t k = 0; k < x.columns; ++k) {
        sum += row[static_cast<size_t>(k)] * double(from_bfloat16(column[k * width]));
      }
      if (shift != nullptr) sum += shift[o];
      if (call.outputs[pre_activation]) {
        Matrix<float>(call.outputs[pre_activation])[i][o] = static_cast<float>(sum);
      }
      sum = activate(function, sum);
      if (call.inputs[residual]) sum += Matrix<float>(call.inputs[residual])[i][o];
      y[i][o] = static_cast<float>(sum);
    }
  }
  return Status::ok;
}

Status linear_weight_gradient_bfloat16(const OpCall& call) {
  using namespace linear_weight_gradient_bfloat16_op;
  const Matrix<float> x(call.inputs[input]),
      g(call.inputs[output_gradient]);                        // [tokens, inputs], [tokens, outputs]
  const Matrix<float> weight(call.outputs[weight_gradient]);  // [outputs, inputs]
  float* bias = values<float>(call.outputs[bias_gradient]);   // [outputs], or null
  const bool add = call.parameters[accumulate] == 1;
  for (int64_t o = 0; o < weight.rows; ++o) {
    for (int64_t i = 0; i < weight.columns; ++i) {
      double sum = add ? double(weight[o][i]) : 0;
      for (int64_t t = 0; t < x.rows; ++t) {
        sum += double(round_to_bfloat16(g[t][o])) * double(round_to_bfloat16(x[t][i]));
      }
      weight[o][i] = static_cast<float>(sum);
    }
    if (bias == nullptr) continue;
    double sum = add ? double(bias[o]) : 0;
    for (int64_t t = 0; t < g.rows; ++t) sum += double(g[t][o]);
    bias[o] = static_cast<float>(sum);
  }
  return Status::ok;
}

}  // namespace

void fill_bfloat16(Backend& backend) {
  backend[OpId::pack_weight_bfloat16].float32 = pack_weight_bfloat16;
  backend[OpId::linear_bfloat16].float32 = linear_bfloat16;
  backend[OpId::linear_weight_gradient_bfloat16].float32 = linear_weight_gradient_bfloat16;
}

}  // namespace likewise::reference
