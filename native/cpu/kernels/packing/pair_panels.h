// Rows and panels in bfloat16, rounded as they are packed, that a PairProduct multiplies: a step of k is a pair of numbers.
#pragma once

#include "../rows/row_steps.h"
#include "bfloat16_product.h"
#include "block_sizes.h"
#include "pack_panels.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t piece_depth = 64;  // of k, packed at a time

// One row, rounded, and zeros up to a whole number of depth_unit.
LIKEWISE_INLINE void round_row(const float* row, int64_t inputs, int32_t* pairs) {
  int64_t k = 0;
  for (; k + depth_unit <= inputs; k += depth_unit) {
    store_int(pairs + k / 2, round_pairs(load(row + k), load(row + k + lanes)));
  }
  if (k == inputs) return;
  const int64_t rest = inputs - k;
  const Vector first = load_partial(row + k, smaller(rest, lanes));
  const Vector second = rest > lanes ? load_partial(row + k + lanes, rest - lanes) : zero();
  store_int(pairs + k / 2, round_pairs(first, second));
}

// Pairs of rows, 16 of them, of up to a panel of columns: [16][panel_width], zeros past the last row and column.
LIKEWISE_INLINE void zip_rows(const float* rows, int64_t stride, int64_t count, int64_t columns,
                              float* pairs) {
  for (int64_t t = 0; t < depth_unit; t += 2) {
    for (int64_t j = 0; j < panel_width; j += Vector::lanes) {
      const int64_t n = smaller(Vector::lanes, larger(0, columns - j));
      const float* row = rows + t * stride + j;
      const Vector even = t < count ? load_partial(row, n) : zero();
      const Vector odd = t + 1 < count ? load_partial(row + stride, n) : zero();
      store_int(reinterpret_cast<int32_t*>(pairs + t / 2 * panel_width + j), zip_pairs(even, odd));
    }
  }
}

// Some depth of a panel: packed as floats first, then two of k at a time.
LIKEWISE_INLINE void pack_piece(const PanelSource& source, bool turned, int64_t first, int32_t* pairs) {
  alignas(64) float floats[piece_depth * panel_width];
  const int64_t depth = turned ? source.rows : source.columns;
  turned ? pack_columns(source, first, panel_width, floats) : pack_rows(source, first, panel_width, floats);
  for (int64_t k = 0; k < depth; k += 2) {
    for (int64_t j = 0; j < panel_width; j += lanes) {
      const float* even = floats + k * panel_width + j;
      const Vector odd = k + 1 < depth ? load(even + panel_width) : zero();
      store_int(pairs + k / 2 * panel_width + j, zip_pairs(load(even), odd));
    }
  }
}

// One panel of `width` rows, or of columns where the source is turned, `steps` deep: zeros past the source's last number.
LIKEWISE_INLINE void pack_pair_panel(const PanelSource& source, bool turned, int64_t first, int64_t steps,
                                     int32_t* pairs) {
  const int64_t inputs = turned ? source.rows : source.columns;
  for (int64_t k = 0; k < inputs; k += piece_depth) {
    const int64_t depth = smaller(piece_depth, inputs - k);
    const float* data = source.data + (turned ? k * source.stride : k);
    const PanelSource piece = {data, source.stride, turned ? depth : source.rows,
                               turned ? source.columns : depth};
    pack_piece(piece, turned, first, pairs + k / 2 * panel_width);
  }
  const int64_t written = divide_up(inputs, 2);
  __builtin_memset(pairs + written * panel_width, 0,
                   static_cast<size_t>((steps - written) * panel_width) * sizeof(int32_t));
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
