// The plain ops: what losses and layers of one's own are composed of. They are the same on every backend and never on
// the hot path.
#include <algorithm>
#include <cmath>
#include <limits>

#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status fill(const OpCall& call) {
  const TensorView& output = call.outputs[fill_op::output];
  std::fill_n(values<T>(output), output.shape[0], static_cast<T>(call.parameters[fill_op::value]));
  return Status::ok;
}

template <typename T>
Status copy(const OpCall& call) {
  const Matrix<T> x(call.inputs[copy_op::input]), y(call.outputs[copy_op::output]);  // [rows, width]
  const bool add = call.parameters[copy_op::accumulate] == 1;
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) y[i][j] = add ? y[i][j] + x[i][j] : x[i][j];
  }
  return Status::ok;
}

double apply(UnaryFunction function, double x) {
  switch (function) {
    case UnaryFunction::exp: return std::exp(x);
    case UnaryFunction::log: return std::log(x);
    case UnaryFunction::sqrt: return std::sqrt(x);
    case UnaryFunction::reciprocal: return 1 / x;
    case UnaryFunction::square: return x * x;
    case UnaryFunction::absolute: return std::fabs(x);
    case UnaryFunction::sign: return x > 0 ? 1 : x < 0 ? -1 : x;  // NaN stays
    case UnaryFunction::step: return x > 0 ? 1 : 0;
    case UnaryFunction::relu: return x < 0 ? 0 : x;  // NaN stays
    case UnaryFunction::tanh: return std::tanh(x);
    case UnaryFunction::sigmoid: return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
    case UnaryFunction::softplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
  }
  return x;
}

double apply(BinaryFunction function, double x, double y) {
  switch (function) {
    case BinaryFunction::add: return x + y;
    case BinaryFunction::subtract: return x - y;
    case BinaryFunction::multiply: return x * y;
    case BinaryFunction::divide: return x / y;
    case BinaryFunction::maximum: return x > y || std::isnan(x) ? x : y;
    case BinaryFunction::minimum: return x < y || std::isnan(x) ? x : y;
    case BinaryFunction::equal: return x == y ? 1 : 0;
    case BinaryFunction::greater: return x > y ? 1 : 0;
  }
  return x;
}

template <typename T>
Status unary(const OpCall& call) {
  const Matrix<T> x(call.inputs[unary_op::input]), y(call.outputs[unary_op::output]);  // [rows, columns]
  const auto function = static_cast<UnaryFunction>(static_cast<int32_t>(call.parameters[unary_op::function]));
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) y[i][j] = static_cast<T>(apply(function, x[i][j]));
  }
  return Status::ok;
}

// An element of a matrix whose single row or column counts for all.
template <typename T>
double repeated(const Matrix<T>& x, int64_t i, int64_t j) {
  return x[x.rows == 1 ? 0 : i][x.columns == 1 ? 0 : j];
}

template <typename T>
Status binary(const OpCall& call) {
  const Matrix<T> a(call.inputs[binary_op::left]), b(call.inputs[binary_op::right]);
  const Matrix<T> y(call.outputs[binary_op::output]);  // [rows, columns]
  const auto function =
      static_cast<BinaryFunction>(static_cast<int32_t>(call.parameters[binary_op::function]));
  for (int64_t i = 0; i < y.rows; ++i) {
    for (int64_t j = 0; j < y.columns; ++j) {
      y[i][j] = static_cast<T>(apply(function, repeated(a, i, j), repeated(b, i, j)));
    }
  }
  return Status::ok;
}

template <typename T>
Status reduce(const OpCall& call) {
  const Matrix<T> x(call.inputs[reduce_op::input]), y(call.outputs[reduce_op::output]);
  const bool sum =
      static_cast<Reduction>(static_cast<int32_t>(call.parameters[reduce_op::function])) == Reduction::sum;
  const bool over_rows = y.rows == 1, over_columns = y.columns == 1;
  for (int64_t i = 0; i < y.rows; ++i) {
    for (int64_t j = 0; j < y.columns; ++j) {
      double result = sum ? 0 : -std::numeric_limits<double>::infinity();
      for (int64_t r = over_rows ? 0 : i; r < (over_rows ? x.rows : i + 1); ++r) {
        for (int64_t c = over_columns ? 0 : j; c < (over_columns ? x.columns : j + 1); ++c) {
          result = sum ? result + x[r][c] : apply(BinaryFunction::maximum, x[r][c], result);
        }
      }
      y[i][j] = static_cast<T>(result);
    }
  }
  return Status::ok;
}

template <typename T>
Status matmul(const OpCall& call) {
  using namespace matmul_op;
  const Matrix<T> a(call.inputs[left]), b(call.inputs[right]), y(call.outputs[output]);
  const bool turn_left = call.parameters[transpose_left] == 1,
             turn_right = call.parameters[transpose_right] == 1;
  const int64_t inner = turn_left ? a.rows : a.columns;
  for (int64_t i = 0; i < y.rows; ++i) {
    for (int64_t j = 0; j < y.columns; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < inner; ++k) {
        sum += double(turn_left ? a[k][i] : a[i][k]) * double(turn_right ? b[j][k] : b[k][j]);
      }
      y[i][j] = static_cast<T>(sum);
    }
  }
  return Status::ok;
}

template <typename T>
Status transpose(const OpCall& call) {
  const Matrix<T> x(call.inputs[transpose_op::input]), y(call.outputs[transpose_op::output]);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) y[j][i] = x[i][j];
  }
  return Status::ok;
}

}  // namespace

void fill_plain(Backend& backend) {
  backend[OpId::fill] = {fill<float>, fill<double>};
  backend[OpId::copy] = {copy<float>, copy<double>};
  backend[OpId::unary] = {unary<float>, unary<double>};
  backend[OpId::binary] = {binary<float>, binary<double>};
  backend[OpId::reduce] = {reduce<float>, reduce<double>};
  backend[OpId::matmul] = {matmul<float>, matmul<double>};
  backend[OpId::transpose] = {transpose<float>, transpose<double>};
}

}  // namespace likewise::reference
