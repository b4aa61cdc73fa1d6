// A symmetric matrix to tridiagonal form and the way back: A = Q T Q^T, Q = H_0 H_1 .. a product of reflectors
// H_j = I - tau_j v_j v_j^T, v_j zero up to column j and 1 in column j + 1.
//
// The reduction works on blocks of reflectors (Dongarra, Hammarling and Sorensen 1989, LAPACK's dsytrd): within a
// block only the next row is brought up to date and A v is taken with the old A, corrected by V and W; then
// A -= V^T W + W^T V at once. Half of the work is A v, bound by memory, so only the upper triangle is read: each
// element serves its row and its column. The way back takes blocks as I - V T V^T (Schreiber and Van Loan 1989)
// and applies all of them to a few eigenvectors that stay in the second cache level.
#pragma once

#include "eigen_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t product_rows = 64;     // of A v's tiles
constexpr int64_t update_rows = 48;      // of the update's tiles
constexpr int64_t vectors_at_once = 24;  // of the way back

// Four rows of the upper triangle from row i on: y += their part of A v, of row and of column.
LIKEWISE_INLINE void multiply_four(const Solver& s, int64_t i, const double* v, double* y) {
  const double* row[4];
  for (int32_t r = 0; r < 4; r++) row[r] = s.matrix + (i + r) * s.stride;
  for (int32_t r = 0; r < 4; r++) {
    y[i + r] += row[r][i + r] * v[i + r];
    for (int32_t c = r + 1; c < 4; c++) {
      y[i + r] += row[r][i + c] * v[i + c];
      y[i + c] += row[r][i + c] * v[i + r];
    }
  }
  DoubleVector sum[4], factor[4];
  for (int32_t r = 0; r < 4; r++) {
    sum[r] = zero_double();
    factor[r] = broadcast(v[i + r]);
  }
  int64_t c = i + 4;
  for (; c + double_lanes <= s.size; c += double_lanes) {
    const DoubleVector x = load(v + c);
    DoubleVector column = load(y + c);
#pragma GCC unroll 4
    for (int32_t r = 0; r < 4; r++) {
      const DoubleVector element = load(row[r] + c);
      sum[r] = fma(element, x, sum[r]);
      column = fma(element, factor[r], column);
    }
    store(y + c, column);
  }
  for (int32_t r = 0; r < 4; r++) y[i + r] += reduce_add(sum[r]);
  for (; c < s.size; c++) {
    for (int32_t r = 0; r < 4; r++) {
      y[i + r] += row[r][c] * v[c];
      y[c] += row[r][c] * v[i + r];
    }
  }
}

LIKEWISE_INLINE void multiply_one(const Solver& s, int64_t i, const double* v, double* y) {
  const double* row = s.matrix + i * s.stride;
  y[i] += row[i] * v[i] + dot(row + i + 1, v + i + 1, s.size - i - 1);
  add_scaled(v[i], row + i + 1, y + i + 1, s.size - i - 1);
}

// y = A v from row and column `first` on.
void multiply_trailing(const Solver& s, int64_t first, const double* v, double* y) {
  const int64_t first_block = first / product_rows;
  const int64_t blocks = divide_up(s.size, product_rows) - first_block;
  const int64_t rest = s.size - first;
  for_each_part(*s.workers, blocks, rest * rest, [&s, v, first, first_block](int64_t index, int32_t) {
    const int64_t block = first_block + index;
    const int64_t start = larger(first, block * product_rows);
    const int64_t end = smaller(s.size, (block + 1) * product_rows);
    double* sums = s.partial + index * s.stride;
    for (int64_t c = start; c < s.size; c++) sums[c] = 0;
    int64_t i = start;
    for (; i + 4 <= end; i += 4) multiply_four(s, i, v, sums);
    for (; i < end; i++) multiply_one(s, i, v, sums);
  });
  for (int64_t c = first; c < s.size; c++) y[c] = s.partial[c];
  for (int64_t index = 1; index < blocks; index++) {
    const int64_t start = (first_block + index) * product_rows;
    add_scaled(1, s.partial + index * s.stride + start, y + start, s.size - start);
  }
}

// x becomes the reflector v with v[0] = 1 that maps it to (beta, 0, ..). Returns beta.
double make_reflector(double* x, int64_t n, double& tau) {
  const double head = x[0];
  double largest = 0;
  for (int64_t i = 1; i < n; i++) largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
  x[0] = 1;
  tau = 0;
  if (largest == 0) return head;
  if (largest < 0x1p-500) {  // its squares would vanish
    for (int64_t i = 1; i < n; i++) x[i] *= 0x1p500;
    x[0] = head * 0x1p500;
    return make_reflector(x, n, tau) * 0x1p-500;
  }
  const double tail = square_root(dot(x + 1, x + 1, n - 1));
  const double beta = -__builtin_copysign(hypotenuse(head, tail), head);
  tau = (beta - head) / beta;
  const double scale = 1 / (head - beta);
  for (int64_t i = 1; i < n; i++) x[i] *= scale;
  return beta;
}

// The k-th row and column of a block: brings row j up to date, makes its reflector, and W's row k.
void reduce_row(const Solver& s, int64_t j, int64_t k) {
  const int64_t n = s.size;
  double* row = s.matrix + j * s.stride;
  double* v = row_of(s.panel, s, k);
  double* w = row_of(s.panel, s, reflectors_at_once + k);
  for (int64_t p = 0; p < k; p++) {
    const double* vp = row_of(s.panel, s, p);
    const double* wp = row_of(s.panel, s, reflectors_at_once + p);
    add_scaled(-vp[j], wp + j, row + j, n - j);
    add_scaled(-wp[j], vp + j, row + j, n - j);
  }
  s.diagonal[j] = row[j];
  const int64_t first = j + 1, rest = n - first;
  s.off_diagonal[j] = make_reflector(row + first, rest, s.tau[j]);
  for (int64_t c = first; c < n; c++) v[c] = row[c];
  multiply_trailing(s, first, v, w);
  for (int64_t p = 0; p < k; p++) {
    const double* vp = row_of(s.panel, s, p) + first;
    const double* wp = row_of(s.panel, s, reflectors_at_once + p) + first;
    const double along_w = dot(wp, v + first, rest), along_v = dot(vp, v + first, rest);
    add_scaled(-along_w, vp, w + first, rest);
    add_scaled(-along_v, wp, w + first, rest);
  }
  const double tau = s.tau[j];
  for (int64_t c = first; c < n; c++) w[c] *= tau;
  add_scaled(-0.5 * tau * dot(w + first, v + first, rest), v + first, w + first, rest);
}

// A -= V^T W + W^T V in the upper triangle from row `first` on. What lies below the diagonal is no longer read.
void update_trailing(const Solver& s, int64_t first, int64_t reflectors) {
  for (int64_t k = 0; k < reflectors_at_once; k++) {
    double* v = row_of(s.panel, s, k);
    double* w = row_of(s.panel, s, reflectors_at_once + k);
    double* again = row_of(s.panel, s, 2 * reflectors_at_once + k);
    for (int64_t c = first; c < s.size; c++) {
      if (k >= reflectors) v[c] = w[c] = 0;
      again[c] = v[c];
    }
  }
  const int64_t rest = s.size - first;
  const int64_t blocks = divide_up(rest, update_rows);
  for_each_part(*s.workers, blocks, rest * rest * reflectors_at_once, [&s, first](int64_t block, int32_t) {
    const int64_t start = first + block * update_rows, end = smaller(s.size, start + update_rows);
    const double* left = s.panel;                                   // V, W
    const double* right = s.panel + reflectors_at_once * s.stride;  // W, V
    for (int64_t c = start; c < s.size; c += tile_columns) {
      const int64_t columns = smaller(tile_columns, s.size - c);
      for (int64_t i = start; i < end && i < c + columns; i += tile_rows) {
        double* output[tile_rows];
        for (int32_t r = 0; r < tile_rows; r++) output[r] = s.matrix + (i + r) * s.stride + c;
        multiply_tile<true>(left + i, s.stride, 1, right + c, s.stride, 2 * reflectors_at_once, output,
                            smaller(tile_rows, end - i), columns);
      }
    }
  });
}

// The upper triangle of s.matrix to s.diagonal, s.off_diagonal, and reflectors in the rows of s.matrix.
void tridiagonalize(const Solver& s) {
  const int64_t n = s.size;
  for (int64_t block = 0; block < n - 2; block += reflectors_at_once) {
    const int64_t count = smaller(reflectors_at_once, n - 2 - block);
    for (int64_t k = 0; k < count; k++) reduce_row(s, block + k, k);
    update_trailing(s, block + count, count);
  }
  for (int64_t j = larger(0, n - 2); j < n; j++) s.diagonal[j] = s.matrix[j * s.stride + j];
  if (n > 1) s.off_diagonal[n - 2] = s.matrix[(n - 2) * s.stride + n - 1];
}

// T of H_first .. H_{first + count - 1} = I - V^T T V, stored transposed: triangle[l][k] = T[k][l], k <= l.
void make_triangle(const Solver& s, int64_t first, int64_t count, double* triangle) {
  for (int64_t i = 0; i < reflectors_at_once * reflectors_at_once; i++) triangle[i] = 0;
  for (int64_t l = 0; l < count; l++) {
    double* v = s.matrix + (first + l) * s.stride;
    for (int64_t c = first + 1; c <= first + l; c++) v[c] = 0;
    double along[reflectors_at_once];
    for (int64_t k = 0; k < l; k++) {
      along[k] = dot(s.matrix + (first + k) * s.stride + first + 1, v + first + 1, s.size - first - 1);
    }
    const double tau = s.tau[first + l];
    for (int64_t k = 0; k < l; k++) {
      double sum = 0;
      for (int64_t m = k; m < l; m++) sum += triangle[m * reflectors_at_once + k] * along[m];
      triangle[l * reflectors_at_once + k] = -tau * sum;
    }
    triangle[l * reflectors_at_once + l] = tau;
  }
}

// products[r][k] = x_r . v_k for three vectors and four reflectors.
template <int32_t rows, int32_t reflectors>
LIKEWISE_INLINE void dot_tile(const double* x, const double* v, int64_t stride, int64_t n, double* products) {
  DoubleVector sums[rows][reflectors];
  for (int32_t r = 0; r < rows; r++) {
    for (int32_t k = 0; k < reflectors; k++) sums[r][k] = zero_double();
  }
  const auto step = [&](auto read, int64_t c) __attribute__((always_inline)) {
    DoubleVector column[reflectors];
#pragma GCC unroll 4
    for (int32_t k = 0; k < reflectors; k++) column[k] = read(v + k * stride + c);
#pragma GCC unroll 3
    for (int32_t r = 0; r < rows; r++) {
      const DoubleVector element = read(x + r * stride + c);
#pragma GCC unroll 4
      for (int32_t k = 0; k < reflectors; k++) sums[r][k] = fma(element, column[k], sums[r][k]);
    }
  };
  int64_t c = 0;
  for (; c + double_lanes <= n; c += double_lanes) {
    step([](const double* p) __attribute__((always_inline)) { return load(p); }, c);
  }
  const int64_t left = n - c;
  if (left > 0)
    step([left](const double* p) __attribute__((always_inline)) { return load_partial(p, left); }, c);
  for (int32_t r = 0; r < rows; r++) {
    for (int32_t k = 0; k < reflectors; k++) products[r * reflectors_at_once + k] = reduce_add(sums[r][k]);
  }
}

// x_r <- (I - V^T T V) x_r for `rows` vectors at x, rows of s.vectors.
void apply_block(const Solver& s, int64_t first, int64_t count, const double* triangle, double* x,
                 int64_t rows) {
  const int64_t n = s.size - first - 1;
  const double* v = s.matrix + first * s.stride + first + 1;
  x += first + 1;
  double along[vectors_at_once * reflectors_at_once] = {}, factors[vectors_at_once * reflectors_at_once];
  for (int64_t r = 0; r < rows;) {
    const int64_t three = r + 3 <= rows ? 3 : 1;
    for (int64_t k = 0; k < count;) {
      const int64_t four = k + 4 <= count ? 4 : 1;
      double* products = along + r * reflectors_at_once + k;
      const double *left = x + r * s.stride, *right = v + k * s.stride;
      if (three == 3 && four == 4) dot_tile<3, 4>(left, right, s.stride, n, products);
      if (three == 3 && four == 1) dot_tile<3, 1>(left, right, s.stride, n, products);
      if (three == 1 && four == 4) dot_tile<1, 4>(left, right, s.stride, n, products);
      if (three == 1 && four == 1) dot_tile<1, 1>(left, right, s.stride, n, products);
      k += four;
    }
    r += three;
  }
  for (int64_t r = 0; r < rows; r++) {
    double* factor = factors + r * reflectors_at_once;
    for (int64_t k = 0; k < reflectors_at_once; k++) factor[k] = 0;
    for (int64_t l = 0; l < count; l++) {
      add_scaled(along[r * reflectors_at_once + l], triangle + l * reflectors_at_once, factor,
                 reflectors_at_once);
    }
  }
  for (int64_t c = 0; c < n; c += tile_columns) {
    for (int64_t r = 0; r < rows; r += tile_rows) {
      double* output[tile_rows];
      for (int32_t i = 0; i < tile_rows; i++) output[i] = x + (r + i) * s.stride + c;
      multiply_tile<true>(factors + r * reflectors_at_once, 1, reflectors_at_once, v + c, s.stride, count,
                          output, smaller(tile_rows, rows - r), smaller(tile_columns, n - c));
    }
  }
}

// Turns eigenvectors of T, rows `first` .. of `vectors`, into those of A.
void transform_back(const Solver& s, double* vectors, int64_t first, int64_t rows) {
  const int64_t reflectors = larger(0, s.size - 2);
  for (int64_t block = divide_up(reflectors, reflectors_at_once) - 1; block >= 0; block--) {
    const int64_t start = block * reflectors_at_once;
    apply_block(s, start, smaller(reflectors_at_once, reflectors - start),
                s.triangles + block * reflectors_at_once * reflectors_at_once, vectors + first * s.stride,
                rows);
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
