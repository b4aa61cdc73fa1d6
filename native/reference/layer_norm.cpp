// output = LayerNorm(x) * gamma + beta, x = dropout(input) + residual, per row; and its gradient.
#include "dropout.h"
#include "normalize.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
std::vector<double> row_of_sum(const Matrix<T>& input, const TensorView& residual, const RowDropout& drop,
                               int64_t i) {
  std::vector<double> sum(static_cast<size_t>(input.columns));
  for (int64_t j = 0; j < input.columns; ++j) {
    sum[j] = drop.apply(i, j, input[i][j]);
    if (residual) sum[j] += Matrix<T>(residual)[i][j];
  }
  return sum;
}

template <typename T>
Status layer_norm(const OpCall& call) {
  using namespace layer_norm_op;
  const TensorView* in = call.inputs;
  const double* numbers = call.parameters;
  const Matrix<T> x(in[input]), y(call.outputs[output]);  // [rows, width]
  const RowDropout drop(in[row_keys], numbers[dropout], numbers[seed], numbers[site], x.columns);
  for (int64_t i = 0; i < x.rows; ++i) {
    normalize_row(row_of_sum(x, in[residual], drop, i), values<T>(in[gamma]), values<T>(in[beta]),
                  numbers[epsilon], y[i]);
  }
  return Status::ok;
}

template <typename T>
Status layer_norm_gradient(const OpCall& call) {
  using namespace layer_norm_gradient_op;
  const TensorView *in = call.inputs, *out = call.outputs;
  const double* numbers = call.parameters;
  const Matrix<T> x(in[input]), dy(in[output_gradient]);                         // [rows, width]
  const Matrix<T> dx(out[input_gradient]), residual_dx(out[residual_gradient]);  // [rows, width]
  const RowDropout drop(in[row_keys], numbers[dropout], numbers[seed], numbers[site], x.columns);
  AffineGradients sums(x.columns);
  for (int64_t i = 0; i < x.rows; ++i) {
    const std::vector<double> gradient = normalize_gradient_row(row_of_sum(x, in[residual], drop, i), dy[i],
                                                                values<T>(in[gamma]), numbers[epsilon], sums);
    for (int64_t j = 0; j < x.columns; ++j) {
      dx[i][j] = static_cast<T>(drop.apply(i, j, gradient[j]));
      if (residual_dx.data != nullptr) residual_dx[i][j] = static_cast<T>(gradient[j]);
    }
  }
  sums.store<T>(out[gamma_gradient], out[beta_gradient], numbers[accumulate] != 0);
  return Status::ok;
}

}  // namespace

void fill_layer_norm(Backend& backend) {
  backend[OpId::layer_norm] = {layer_norm<float>, layer_norm<double>};
  backend[OpId::layer_norm_gradient] = {layer_norm_gradient<float>, layer_norm_gradient<double>};
}

}  // namespace likewise::reference
