// Row by row, when training:
//   dropout                 output = input * factor, which is its own gradient
//   l2_normalize_gradient   (output_gradient - y (y . output_gradient)) / |x|, y = x / |x|, where |x| > epsilon;
//                           output_gradient / epsilon elsewhere
#include <cmath>

#include "dropout.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status dropout(const OpCall& call) {
  using namespace dropout_op;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [rows, width]
  const RowDropout drop(call.inputs[row_keys], call.parameters[dropout_op::dropout], call.parameters[seed],
                        call.parameters[site], x.columns);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) y[i][j] = static_cast<T>(drop.apply(i, j, x[i][j]));
  }
  return Status::ok;
}

template <typename T>
Status l2_normalize_gradient(const OpCall& call) {
  using namespace l2_normalize_gradient_op;
  const Matrix<T> dy(call.inputs[output_gradient]), x(call.inputs[input]);  // [rows, width]
  const Matrix<T> dx(call.outputs[input_gradient]);                         // [rows, width]
  const double least = call.parameters[epsilon];
  for (int64_t i = 0; i < x.rows; ++i) {
    double squares = 0, product = 0;
    for (int64_t j = 0; j < x.columns; ++j) {
      squares += double(x[i][j]) * double(x[i][j]);
      product += double(x[i][j]) * double(dy[i][j]);
    }
    const double norm = std::sqrt(squares);
    for (int64_t j = 0; j < x.columns; ++j) {
      const double along = double(x[i][j]) / norm * (product / norm);
      dx[i][j] = static_cast<T>(norm <= least ? dy[i][j] / least : (dy[i][j] - along) / norm);  // NaN stays
    }
  }
  return Status::ok;
}

}  // namespace

void fill_row_gradients(Backend& backend) {
  backend[OpId::dropout] = {dropout<float>, dropout<double>};
  backend[OpId::l2_normalize_gradient] = {l2_normalize_gradient<float>, l2_normalize_gradient<double>};
}

}  // namespace likewise::reference
