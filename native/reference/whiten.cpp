// output = (input - mean) * weight^T over packed panels, scaled to unit length when asked for.
#include <algorithm>
#include <cmath>
#include <vector>

#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status whiten(const OpCall& call) {
  using namespace whiten_op;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [rows, inputs], [rows, outputs]
  const TensorView& panels = call.inputs[packed];                  // [ceil(outputs / width), inputs, width]
  const int64_t inputs = panels.shape[1], width = panels.shape[2];
  const T* weight = values<T>(panels);
  const T* center = values<T>(call.inputs[mean]);
  std::vector<double> row(static_cast<size_t>(y.columns));
  for (int64_t i = 0; i < x.rows; ++i) {
    double squares = 0;
    for (int64_t o = 0; o < y.columns; ++o) {
      const T* column = weight + o / width * inputs * width + o % width;
      double sum = 0;
      for (int64_t k = 0; k < inputs; ++k) {
        sum += double(static_cast<T>(x[i][k] - center[k])) * double(column[k * width]);
      }
      row[static_cast<size_t>(o)] = sum;
      squares += sum * sum;
    }
    const bool scaled = call.parameters[normalize] == 1;
    const double norm = scaled ? std::max(std::sqrt(squares), call.parameters[epsilon]) : 1;  // NaN stays
    for (int64_t o = 0; o < y.columns; ++o) y[i][o] = static_cast<T>(row[static_cast<size_t>(o)] / norm);
  }
  return Status::ok;
}

}  // namespace

void fill_whiten(Backend& backend) { backend[OpId::whiten] = {whiten<float>, whiten<double>}; }

}  // namespace likewise::reference
