// Weights in int8 and the products with them. Integers are exact and the floating-point steps are few, so float32 is the
// only version, and every kernel has its bits: each step here is one rounding, where the formula in ops.def has it.
#include <cmath>
#include <limits>
#include <vector>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

constexpr float levels = 127;
// Below it a row's scale would not be a normal number, and the row counts as zero.
constexpr float least_magnitude = levels * std::numeric_limits<float>::min();

// NaN when one of the numbers is not finite.
float largest_magnitude(const float* row, int64_t width) {
  float largest = 0;
  for (int64_t j = 0; j < width; ++j) {
    if (!std::isfinite(row[j])) return std::numeric_limits<float>::quiet_NaN();
    largest = std::fmax(largest, std::fabs(row[j]));
  }
  return largest;
}

Status quantize_weight(const OpCall& call) {
  using namespace quantize_weight_op;
  const Matrix<float> from(call.inputs[weight]);       // [outputs, inputs]
  const Matrix<int8_t> to(call.outputs[quantized]);    // [outputs, inputs]
  float* scale = values<float>(call.outputs[scales]);  // [outputs]
  for (int64_t i = 0; i < from.rows; ++i) {
    if (!std::isnan(largest_magnitude(from[i], from.columns))) continue;
    return fail(call, Status::invalid_value,
                "[quantizeWeight] expected finite numbers but row %lld of weight has another",
                static_cast<long long>(i));
  }
  for (int64_t i = 0; i < from.rows; ++i) {
    const float largest = largest_magnitude(from[i], from.columns);
    const bool zero = largest < least_magnitude;
    scale[i] = zero ? 1 : largest / levels;
    for (int64_t j = 0; j < from.columns; ++j) {
      to[i][j] = static_cast<int8_t>(zero ? 0 : std::nearbyint(from[i][j] / scale[i]));
    }
  }
  return Status::ok;
}

// packed[p][k][j] = quantized[p * width + j][k], zero past the last row and the last column
Status pack_weight_int8(const OpCall& call) {
  const Matrix<int8_t> weight(call.inputs[pack_weight_int8_op::quantized]);  // [outputs, inputs]
  const TensorView& packed = call.outputs[pack_weight_int8_op::packed];      // [panels, depth, width]
  const int64_t panels = packed.shape[0], depth = packed.shape[1], width = packed.shape[2];
  int8_t* next = values<int8_t>(packed);
  for (int64_t p = 0; p < panels; ++p) {
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t j = 0; j < width; ++j) {
        const int64_t row = p * width + j;
        *next++ = row < weight.rows && k < weight.columns ? weight[row][k] : int8_t{0};
      }
    }
  }
  return Status::ok;
}

// Quantises a row and returns its scale.
float quantize_row(const float* row, std::vector<int32_t>& quantized) {
  const float largest = largest_magnitude(row, static_cast<int64_t>(quantized.size()));
  const bool scaled = largest >= least_magnitude;  // not NaN
  const float inverse = scaled ? levels / largest : 0;
  for (size_t k = 0; k < quantized.size(); ++k) {
    quantized[k] = scaled ? static_cast<int32_t>(std::nearbyint(row[k] * inverse)) : 0;
  }
  return scaled ? largest / levels : largest * 0;
}

Status linear_int8(const OpCall& call) {
  using namespace linear_int8_op;
  const Matrix<float> x(call.inputs[input]), y(call.outputs[output]);  // [rows, inputs], [rows, outputs]
  const TensorView& panels = call.inputs[packed];                      // [panels, depth, width]
  const int64_t depth = panels.shape[1], width = panels.shape[2];
  const int8_t* weight = values<int8_t>(panels);
  const float* scale = values<float>(call.inputs[scales]);
  const float* shift = values<float>(call.inputs[bias]);
  const Activation function = static_cast<Activation>(static_cast<int32_t>(call.parameters[activation]));
  std::vector<int32_t> row(static_cast<size_t>(x.columns));
  for (int64_t i = 0; i < x.rows; ++i) {
    const float row_scale = quantize_row(x[i], row);
    for (int64_t o = 0; o < y.columns; ++o) {
      const int8_t* column = weight + o / width * depth * width + o % width;
      int32_t sum = 0;
      for (int64_t k = 0; k < x.columns; ++k) sum += row[static_cast<size_t>(k)] * column[k * width];
      const float factor = row_scale * scale[o];
      const float value = std::fmaf(static_cast<float>(sum), factor, shift == nullptr ? 0.0f : shift[o]);
      float result = static_cast<float>(activate(function, value));
      if (call.inputs[residual]) result += Matrix<float>(call.inputs[residual])[i][o];
      y[i][o] = result;
    }
  }
  return Status::ok;
}

Status gather_rows_int8(const OpCall& call) {
  using namespace gather_rows_int8_op;
  const Status checked = check_gather_rows_int8_data(call);
  if (checked != Status::ok) return checked;
  const Matrix<int8_t> from(call.inputs[table]);  // [entries, width]
  const Matrix<float> to(call.outputs[output]);   // [tokens, width]
  const float* scale = values<float>(call.inputs[scales]);
  const int32_t* entries = values<int32_t>(call.inputs[ids]);
  for (int64_t t = 0; t < to.rows; ++t) {
    for (int64_t j = 0; j < to.columns; ++j) {
      to[t][j] = static_cast<float>(from[entries[t]][j]) * scale[entries[t]];
    }
  }
  return Status::ok;
}

}  // namespace

void fill_int8(Backend& backend) {
  backend[OpId::quantize_weight].float32 = quantize_weight;
  backend[OpId::pack_weight_int8].float32 = pack_weight_int8;
  backend[OpId::linear_int8].float32 = linear_int8;
  backend[OpId::gather_rows_int8].float32 = gather_rows_int8;
}

}  // namespace likewise::reference
