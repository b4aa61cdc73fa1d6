// What the kernels that work row by row share: rows in tiles, a row's address, sums over a row, layer
// normalisation of a row. A row is summed in four vectors, added up in a fixed order, so its result depends
// on nothing but the row.
#pragma once

#include "../../simd/vector.h"
#include "../tables/register.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t lanes = Vector::lanes;

LIKEWISE_INLINE float* row_of(const TensorView& matrix, int64_t row) {
  return static_cast<float*>(matrix.data) + row * matrix.row_stride;
}

LIKEWISE_INLINE const float* vector_of(const TensorView& view) {
  return static_cast<const float*>(view.data);
}

// Runs body(row) for every row, in tiles of `tile_rows`.
template <typename Body>
LIKEWISE_INLINE void for_each_row(Workers& workers, int64_t rows, int64_t tile_rows, Body body) {
  auto tile = [rows, tile_rows, &body](int64_t index, int32_t) {
    const int64_t first = index * tile_rows;
    const int64_t last = rows - first < tile_rows ? rows : first + tile_rows;
    for (int64_t i = first; i < last; i++) body(i);
  };
  for_each_tile(workers, rows / tile_rows + (rows % tile_rows != 0), tile);
}

// step(column, n) for every vector of a row: n lanes from `column` on, n < lanes in the last one only.
template <typename Step>
LIKEWISE_INLINE void for_each_vector(int64_t width, Step step) {
  int64_t j = 0;
  for (; j + lanes <= width; j += lanes) step(j, lanes);
  if (j < width) step(j, width - j);
}

LIKEWISE_INLINE Vector load_first(const float* p, int64_t n) {
  return n == lanes ? load(p) : load_partial(p, n);
}
LIKEWISE_INLINE void store_first(float* p, Vector a, int64_t n) {
  n == lanes ? store(p, a) : store_partial(p, a, n);
}

// The sum over a row of term(column, n), which gives zero in the lanes past n.
template <typename Term>
LIKEWISE_INLINE float sum_over(int64_t width, Term term) {
  Vector sum[4] = {zero(), zero(), zero(), zero()};
  int64_t j = 0;
  for (; j + 4 * lanes <= width; j += 4 * lanes) {
    for (int64_t part = 0; part < 4; part++) sum[part] = sum[part] + term(j + part * lanes, lanes);
  }
  for (; j + lanes <= width; j += lanes) sum[0] = sum[0] + term(j, lanes);
  if (j < width) sum[1] = sum[1] + term(j, width - j);
  return reduce_add((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// A row's mean and 1 / sqrt(variance + epsilon), in every lane.
struct Moments {
  Vector mean;
  Vector scale;
};

// The moments of x = part[0] + .. + part[parts - 1], in two passes. The sum of several parts is kept in `sum`, which
// may be any of them.
template <int32_t parts>
LIKEWISE_INLINE Moments moments_of_sum(const float* const* part, float epsilon, int64_t width, float* sum) {
  const float* x = parts == 1 ? part[0] : sum;
  const float total = sum_over(width, [part, sum](int64_t j, int64_t n) {
    Vector value = load_first(part[0] + j, n);
    for (int32_t p = 1; p < parts; p++) value = value + load_first(part[p] + j, n);
    if (parts > 1) store_first(sum + j, value, n);
    return value;
  });
  const Vector mean = broadcast(total / static_cast<float>(width));
  const float squares = sum_over(width, [x, mean](int64_t j, int64_t n) {
    const Vector distance = load_first(x + j, n) - mean;
    const Vector square = distance * distance;
    return n == lanes ? square : zero_unless(mask_first(n), square);
  });
  return {mean, broadcast(1.0f) / sqrt(broadcast(squares / static_cast<float>(width) + epsilon))};
}

// output = LayerNorm(part[0] + .. + part[parts - 1]) * gamma + beta; `output` may be any of the parts.
template <int32_t parts>
LIKEWISE_INLINE void normalize_sum(const float* const* part, const float* gamma, const float* beta,
                                   float epsilon, int64_t width, float* output) {
  const float* x = parts == 1 ? part[0] : output;
  const Moments row = moments_of_sum<parts>(part, epsilon, width, output);
  for_each_vector(width, [=](int64_t j, int64_t n) {
    const Vector normal = (load_first(x + j, n) - row.mean) * row.scale;
    store_first(output + j, fma(normal, load_first(gamma + j, n), load_first(beta + j, n)), n);
  });
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
