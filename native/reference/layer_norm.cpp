// output = LayerNorm(input + residual) * gamma + beta, per row.
#include "normalize.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status layer_norm(const OpCall& call) {
  using namespace layer_norm_op;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [rows, width]
  std::vector<double> sum(static_cast<size_t>(x.columns));
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) {
      sum[j] = x[i][j];
      if (call.inputs[residual]) sum[j] += Matrix<T>(call.inputs[residual])[i][j];
    }
    normalize_row(sum, values<T>(call.inputs[gamma]), values<T>(call.inputs[beta]), call.parameters[epsilon],
                  y[i]);
  }
  return Status::ok;
}

}  // namespace

void fill_layer_norm(Backend& backend) {
  backend[OpId::layer_norm] = {layer_norm<float>, layer_norm<double>};
}

}  // namespace likewise::reference
