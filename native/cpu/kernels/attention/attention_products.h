// The products of attention and its gradient, small matrices in register tiles of multiply-adds:
//
//   add_product     out[r][c] = (0 or out[r][c] + sum_k left[r][k] right[k][c]) * factor, in the order of k, the words of
//                   its Factors (attention_factors.h)
//
// Lanes are columns, which may be queries or columns of a head; left is read one number at a time, in either direction,
// so that nothing needs transposing for it.
#pragma once

#include "../../../core/tensor_view.h"
#include "attention_factors.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct Rows {
  float* data;
  int64_t stride;
  float* at(int64_t row, int64_t column) const { return data + row * stride + column; }
};

LIKEWISE_INLINE Rows rows_of(const TensorView& view) {
  return {static_cast<float*>(view.data), view.row_stride};
}

// Asks for `columns` floats of each row, which are needed soon. The rows of one head lie far apart in memory, each a line
// or two, which the processor does not foresee by itself.
LIKEWISE_INLINE void prefetch_rows(const Rows& rows, int64_t row, int64_t count, int64_t column,
                                   int64_t columns) {
  for (int64_t r = row; r < row + count; r++) {
    const char* line = reinterpret_cast<const char*>(rows.at(r, column));
    const char* end = reinterpret_cast<const char*>(rows.at(r, column + columns));
    for (; line < end; line += 64) __builtin_prefetch(line);
  }
}

// The tallest register tile that leaves registers for the operands.
template <int32_t vectors>
constexpr int32_t tallest = Vector::lanes == 8 && vectors == 2 ? 6 : 12;

// Calls tile(Height<n>) for n = height, which is 1 .. rows.
template <int32_t n>
struct Height {
  static constexpr int32_t rows = n;
};

template <int32_t rows, typename Body>
LIKEWISE_INLINE void with_height(int64_t height, Body body) {
  if constexpr (rows > 1) {
    if (height < rows) return with_height<rows - 1>(height, body);
  }
  body(Height<rows>());
}

// Cuts `rows` into register tiles of nearly equal height, 32 into 6 6 5 5 5 5, and calls body(Height, first row).
template <int32_t vectors, typename Body>
LIKEWISE_INLINE void for_each_height(int64_t rows, Body body) {
  const int64_t count = (rows + tallest<vectors> - 1) / tallest<vectors>;
  const int64_t height = rows / count;
  const int64_t taller = rows - height * count;
  int64_t row = 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t own = height + (i < taller ? 1 : 0);
    with_height<tallest<vectors>>(own, [&](auto tile) { body(tile, row); });
    row += own;
  }
}

// A product's operands; word (r, k) of left lies at left + r * row_stride + k * step, so that it may be read either
// way.
struct Product {
  const float* left;
  int64_t row_stride, step;
  Rows right;
  int64_t depth;
  bool add;  // to what out holds
  Rows out;
  float factor;
};

template <typename Factors, int32_t rows, int32_t vectors>
__attribute__((noinline)) void product_tile(const Product& product, int64_t row, int64_t column) {
  constexpr int32_t lanes = Vector::lanes;
  constexpr int32_t reach = 6;  // rows that one pointer and few registers can address
  const int64_t row_stride = product.row_stride, step = product.step;
  const float* upper = product.left + row * row_stride;
  const float* lower = upper + reach * row_stride;
  const float* right = product.right.data + column;
  const int64_t out_stride = product.out.stride, right_stride = product.right.stride;
  Vector sum[rows][vectors];
  if (!product.add) {
#pragma GCC unroll 12
    for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
      for (int32_t v = 0; v < vectors; v++) sum[r][v] = zero();
    }
  } else {
    const float* start = product.out.at(row, column);
#pragma GCC unroll 12
    for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
      for (int32_t v = 0; v < vectors; v++) sum[r][v] = load(start + r * out_stride + v * lanes);
    }
  }
  for (int64_t k = product.depth; k > 0; k--) {
    Vector b[vectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < vectors; v++) b[v] = load(right + v * lanes);
#pragma GCC unroll 12
    for (int32_t r = 0; r < rows; r++) {
      const Vector a = broadcast(r < reach ? upper[r * row_stride] : lower[(r - reach) * row_stride]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < vectors; v++) sum[r][v] = Factors::multiply_add(a, b[v], sum[r][v]);
    }
    upper += step;
    lower += step;
    right += right_stride;
  }
  float* out = product.out.at(row, column);
  const Vector factor = broadcast(product.factor);
#pragma GCC unroll 12
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < vectors; v++) store(out + r * out_stride + v * lanes, sum[r][v] * factor);
  }
}

// columns: a multiple of the lanes.
template <typename Factors>
LIKEWISE_INLINE void add_product(const Product& product, int64_t rows, int64_t columns) {
  constexpr int32_t pair = 2 * Vector::lanes;
  int64_t column = 0;
  for (; column + pair <= columns; column += pair) {
    for_each_height<2>(
        rows, [&](auto tile, int64_t row) { product_tile<Factors, tile.rows, 2>(product, row, column); });
  }
  if (column == columns) return;
  for_each_height<1>(
      rows, [&](auto tile, int64_t row) { product_tile<Factors, tile.rows, 1>(product, row, column); });
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
