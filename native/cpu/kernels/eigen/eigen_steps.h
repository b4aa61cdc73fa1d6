// What the parts of the symmetric eigen-solver (eigen.cpp) share: where its matrices lie, small numeric helpers,
// and two register tiles in float64.
#pragma once

#include "../../simd/vector_double.h"
#include "../tables/register.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int32_t double_lanes = DoubleVector::lanes;
constexpr int32_t tile_columns = 2 * double_lanes;  // of a register tile
constexpr int32_t tile_rows = 6;
constexpr int64_t reflectors_at_once = 16;
constexpr double epsilon = 0x1p-53;

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
LIKEWISE_INLINE double magnitude(double x) { return __builtin_fabs(x); }
LIKEWISE_INLINE double square_root(double x) { return __builtin_sqrt(x); }

// sqrt(a^2 + b^2) without overflow or underflow on the way
LIKEWISE_INLINE double hypotenuse(double a, double b) {
  const double x = magnitude(a), y = magnitude(b);
  const double most = x > y ? x : y, least = x > y ? y : x;
  if (most == 0) return 0;
  const double ratio = least / most;
  return most * square_root(1 + ratio * ratio);
}

// The workspace of the op, cut up. Matrices have rows `stride` apart, which is no power of two, so that a column
// does not fall into one set of a cache.
struct Solver {
  Workers* workers;
  int64_t size, stride;
  double* matrix;  // [size, size] upper triangle; later row j holds reflector j from column j + 1 on
  double*
      vectors[2];   // [size, size] eigenvectors of the tridiagonal matrix in rows, from one merge to the next
  double* secular;  // [size, size] differences d - lambda, then the vectors that a merge multiplies by
  double* partial;  // [size / 64, size] sums of blocks of rows
  double* panel;    // [3 x reflectors_at_once, size] V, W, V
  double*
      triangles;  // [blocks][reflectors_at_once][reflectors_at_once] T of each block of reflectors, transposed
  double *diagonal, *off_diagonal, *tau;                            // [size]
  double *z, *poles, *weights, *roots;                              // [size] of a merge
  int64_t *order, *kept, *deflated, *rank, *place, *halves, *list;  // [size] of a merge
};

LIKEWISE_INLINE double* row_of(double* matrix, const Solver& s, int64_t row) {
  return matrix + row * s.stride;
}

// y[0 .. n) += a * x
LIKEWISE_INLINE void add_scaled(double a, const double* x, double* y, int64_t n) {
  const DoubleVector factor = broadcast(a);
  int64_t i = 0;
  for (; i + double_lanes <= n; i += double_lanes) store(y + i, fma(factor, load(x + i), load(y + i)));
  if (i < n) store_partial(y + i, fma(factor, load_partial(x + i, n - i), load_partial(y + i, n - i)), n - i);
}

// x . y in a fixed order of four partial sums
LIKEWISE_INLINE double dot(const double* x, const double* y, int64_t n) {
  DoubleVector sum[4] = {zero_double(), zero_double(), zero_double(), zero_double()};
  int64_t i = 0;
  for (; i + 4 * double_lanes <= n; i += 4 * double_lanes) {
    for (int32_t p = 0; p < 4; p++) {
      sum[p] = fma(load(x + i + p * double_lanes), load(y + i + p * double_lanes), sum[p]);
    }
  }
  for (; i + double_lanes <= n; i += double_lanes) sum[0] = fma(load(x + i), load(y + i), sum[0]);
  if (i < n) sum[1] = fma(load_partial(x + i, n - i), load_partial(y + i, n - i), sum[1]);
  return reduce_add((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// Runs body(index, participant) on the workers, or here when it is too little to hand out: `work` is a number of
// multiply-adds. The tiles are the same either way, and so are the results.
template <typename Body>
LIKEWISE_INLINE void for_each_part(Workers& workers, int64_t parts, int64_t work, Body body) {
  if (work < 16 * 1024) {
    for (int64_t i = 0; i < parts; i++) body(i, 0);
  } else {
    for_each_tile(workers, parts, body);
  }
}

// output[r][c] += sign * sum_k left[k][r] * right[k][c], r < rows <= tile_rows, c < columns <= tile_columns;
// left's elements of one k lie together (left_step 1) or along its rows.
template <int32_t rows, bool subtract>
LIKEWISE_INLINE void add_product(const double* left, int64_t left_step, int64_t left_row, const double* right,
                                 int64_t right_stride, int64_t depth, double* const* output,
                                 int64_t columns) {
  DoubleVector sums[rows][2];
  const bool whole = columns == tile_columns;
  const int64_t second = columns > double_lanes ? columns - double_lanes : 0;
  const int64_t head = columns < double_lanes ? columns : double_lanes;
#pragma GCC unroll 6
  for (int32_t r = 0; r < rows; r++) {
    sums[r][0] = whole ? load(output[r]) : load_partial(output[r], head);
    sums[r][1] = whole    ? load(output[r] + double_lanes)
                 : second ? load_partial(output[r] + double_lanes, second)
                          : zero_double();
  }
  for (int64_t k = 0; k < depth; k++) {
    const double* columns_of_k = right + k * right_stride;
    const DoubleVector x = whole ? load(columns_of_k) : load_partial(columns_of_k, head);
    const DoubleVector y = whole    ? load(columns_of_k + double_lanes)
                           : second ? load_partial(columns_of_k + double_lanes, second)
                                    : zero_double();
#pragma GCC unroll 6
    for (int32_t r = 0; r < rows; r++) {
      const DoubleVector element = broadcast(left[k * left_step + r * left_row]);
      sums[r][0] = subtract ? fnma(element, x, sums[r][0]) : fma(element, x, sums[r][0]);
      sums[r][1] = subtract ? fnma(element, y, sums[r][1]) : fma(element, y, sums[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int32_t r = 0; r < rows; r++) {
    if (whole) {
      store(output[r], sums[r][0]);
      store(output[r] + double_lanes, sums[r][1]);
    } else {
      store_partial(output[r], sums[r][0], head);
      if (second) store_partial(output[r] + double_lanes, sums[r][1], second);
    }
  }
}

// add_product for any number of rows up to tile_rows. A tile of whole columns gets a loop of its own.
template <bool subtract>
static __attribute__((noinline)) void multiply_tile(const double* left, int64_t left_step, int64_t left_row,
                                                    const double* right, int64_t right_stride, int64_t depth,
                                                    double* const* output, int64_t rows, int64_t columns) {
  if (rows == tile_rows && columns == tile_columns) {
    return add_product<tile_rows, subtract>(left, left_step, left_row, right, right_stride, depth, output,
                                            tile_columns);
  }
  if (rows == tile_rows) {
    return add_product<tile_rows, subtract>(left, left_step, left_row, right, right_stride, depth, output,
                                            columns);
  }
  for (int64_t r = 0; r < rows; r++) {
    add_product<1, subtract>(left + r * left_row, left_step, left_row, right, right_stride, depth, output + r,
                             columns);
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
