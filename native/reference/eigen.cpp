// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations, cyclic by rows: the slowest method and the
// most accurate. Each rotation makes one pair of off-diagonal elements zero; they shrink quadratically once small.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "reference.h"

namespace likewise::reference {

namespace {

using Rows = std::vector<std::vector<double>>;

// Makes a[p][q] zero; the rows of `vectors` follow.
void rotate(Rows& a, Rows& vectors, size_t p, size_t q) {
  const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const double t = std::copysign(1 / (std::fabs(theta) + std::hypot(theta, 1.0)), theta);
  const double c = 1 / std::hypot(t, 1.0), s = t * c;
  const size_t n = a.size();
  for (size_t k = 0; k < n; ++k) {
    const double kp = a[k][p], kq = a[k][q];
    a[k][p] = c * kp - s * kq;
    a[k][q] = s * kp + c * kq;
  }
  for (size_t k = 0; k < n; ++k) {
    const double pk = a[p][k], qk = a[q][k];
    a[p][k] = c * pk - s * qk;
    a[q][k] = s * pk + c * qk;
    const double vp = vectors[p][k], vq = vectors[q][k];
    vectors[p][k] = c * vp - s * vq;
    vectors[q][k] = s * vp + c * vq;
  }
  a[p][q] = a[q][p] = 0;
}

// Whether a sweep over all pairs found anything larger than `least` to rotate.
bool sweep(Rows& a, Rows& vectors, double least) {
  bool rotated = false;
  for (size_t p = 0; p < a.size(); ++p) {
    for (size_t q = p + 1; q < a.size(); ++q) {
      if (std::fabs(a[p][q]) <= least) continue;
      rotate(a, vectors, p, q);
      rotated = true;
    }
  }
  return rotated;
}

Status symmetric_eigen(const OpCall& call) {
  const Matrix<double> source(call.inputs[symmetric_eigen_op::matrix]),
      result(call.outputs[symmetric_eigen_op::vectors]);  // [size, size]
  double* eigenvalues = values<double>(call.outputs[symmetric_eigen_op::values]);
  const size_t n = static_cast<size_t>(source.rows);
  Rows a(n, std::vector<double>(n)), rows(n, std::vector<double>(n));
  double largest = 0;
  for (size_t i = 0; i < n; ++i) {
    rows[i][i] = 1;
    for (size_t j = i; j < n; ++j) {
      a[i][j] = a[j][i] = source[static_cast<int64_t>(i)][j];
      largest = std::max(largest, std::fabs(a[i][j]));
      if (std::isfinite(a[i][j])) continue;
      return fail(call, Status::invalid_value,
                  "[symmetricEigen] expected a finite matrix but element %lld, %lld is not",
                  static_cast<long long>(i), static_cast<long long>(j));
    }
  }
  const double least = largest * 0x1p-58;
  for (int32_t sweeps = 0; sweep(a, rows, least); ++sweeps) {
    if (sweeps == 60) return fail(call, Status::invalid_value, "[symmetricEigen] did not converge");
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return a[i][i] > a[j][j]; });
  for (size_t i = 0; i < n; ++i) {
    const std::vector<double>& row = rows[order[i]];
    eigenvalues[i] = a[order[i]][order[i]];
    const auto sign = std::max_element(row.begin(), row.end(),
                                       [](double x, double y) { return std::fabs(x) < std::fabs(y); });
    for (size_t j = 0; j < n; ++j) result[static_cast<int64_t>(i)][j] = *sign < 0 ? -row[j] : row[j];
  }
  return Status::ok;
}

}  // namespace

void fill_eigen(Backend& backend) { backend[OpId::symmetric_eigen].float64 = symmetric_eigen; }

}  // namespace likewise::reference
