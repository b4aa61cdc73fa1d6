// Row by row:
//   l2_normalize   output = input / max(|input|_2, epsilon)
//   weighted_sum   output = left_weight * left + right_weight * right
#include <algorithm>
#include <cmath>

#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status l2_normalize(const OpCall& call) {
  using namespace l2_normalize_op;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [rows, width]
  for (int64_t i = 0; i < x.rows; ++i) {
    double squares = 0;
    for (int64_t j = 0; j < x.columns; ++j) squares += double(x[i][j]) * double(x[i][j]);
    const double norm = std::max(std::sqrt(squares), call.parameters[epsilon]);  // NaN stays
    for (int64_t j = 0; j < x.columns; ++j) y[i][j] = static_cast<T>(double(x[i][j]) / norm);
  }
  return Status::ok;
}

template <typename T>
Status weighted_sum(const OpCall& call) {
  using namespace weighted_sum_op;
  const Matrix<T> a(call.inputs[left]), b(call.inputs[right]), y(call.outputs[output]);  // [rows, width]
  for (int64_t i = 0; i < y.rows; ++i) {
    for (int64_t j = 0; j < y.columns; ++j) {
      y[i][j] =
          static_cast<T>(call.parameters[left_weight] * a[i][j] + call.parameters[right_weight] * b[i][j]);
    }
  }
  return Status::ok;
}

}  // namespace

void fill_rows(Backend& backend) {
  backend[OpId::l2_normalize] = {l2_normalize<float>, l2_normalize<double>};
  backend[OpId::weighted_sum] = {weighted_sum<float>, weighted_sum<double>};
}

}  // namespace likewise::reference
