// Running sums about a fixed shift: what mean and covariance are made of. One row after the other, in double.
#include <cmath>

#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status covariance(const OpCall& call) {
  using namespace covariance_op;
  const Matrix<T> x(call.inputs[rows]);  // [rows, width]
  const T* center = values<T>(call.inputs[shift]);
  double* total = values<double>(call.outputs[sum]);
  const Matrix<double> product(call.outputs[products]);  // [width, width], upper triangle
  for (int64_t t = 0; t < x.rows; ++t) {
    for (int64_t j = 0; j < x.columns; ++j) {
      if (std::isfinite(x[t][j] - center[j])) continue;
      return fail(call, Status::invalid_value,
                  "[covariance] expected finite rows but row %lld is not, in column %lld",
                  static_cast<long long>(call.parameters[first]) + t, static_cast<long long>(j));
    }
  }
  for (int64_t t = 0; t < x.rows; ++t) {
    for (int64_t i = 0; i < x.columns; ++i) {
      const double distance = static_cast<T>(x[t][i] - center[i]);
      total[i] += distance;
      for (int64_t j = i; j < x.columns; ++j) {
        product[i][j] += distance * static_cast<double>(static_cast<T>(x[t][j] - center[j]));
      }
    }
  }
  return Status::ok;
}

}  // namespace

void fill_covariance(Backend& backend) {
  backend[OpId::covariance] = {covariance<float>, covariance<double>};
}

}  // namespace likewise::reference
