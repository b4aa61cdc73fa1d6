// What the vocabulary's cross-entropy multiplies: the factors of its three products as they are packed, float32 or rounded
// to bfloat16, where there are instructions for that as pairs. A step of k is one number, or a pair of them.
//
//   steps(n)             of k for n numbers
//   copies_rows          whether rows of the table are copied before they are multiplied, or read where they lie
//   copy_row             one row, rounded
//   pack_row_panel       panel[k][j] = source[first + j][k]
//   pack_column_panel    panel[k][j] = source[k][first + j]
//   store_word           the derivatives of one word by a panel of positions, side by side
//   store_positions      those of a panel of positions by a chunk of words, [chunk_words][panel_width] turned about; after the
//                        last chunk come zeros up to whole steps
#pragma once

#include "../../simd/bfloat16.h"
#include "../linear/linear_product.h"
#include "../packing/pack_panels.h"
#include "../rows/row_steps.h"
#if defined(__AVX512BF16__)
#include "../packing/pair_panels.h"
#endif

namespace likewise::LIKEWISE_ISA {
namespace {

// A multiple of every strip's rows; two chunks are one of depth_unit.
constexpr int64_t chunk_words = lanes == 8 ? 96 : 112;

template <bool rounded>
struct FloatFactors {
  using Product = FloatProduct;
  static constexpr bool copies_rows = rounded;
  static int64_t steps(int64_t numbers) { return numbers; }

  static Vector round(Vector x) {
    if constexpr (rounded) return round_to_bfloat16(x);
    return x;
  }
  static void copy_row(const float* row, int64_t width, float* to) {
    for_each_vector(width,
                    [=](int64_t k, int64_t n) { store_first(to + k, round(load_first(row + k, n)), n); });
  }
  static void round_panel(float* panel, int64_t depth) {
    for (int64_t i = 0; rounded && i < depth * panel_width; i += lanes)
      store(panel + i, round(load(panel + i)));
  }
  static void pack_row_panel(const PanelSource& source, int64_t first, float* panel) {
    pack_rows(source, first, panel_width, panel);
    round_panel(panel, source.columns);
  }
  static void pack_column_panel(const PanelSource& source, int64_t first, float* panel) {
    pack_columns(source, first, panel_width, panel);
    round_panel(panel, source.rows);
  }
  static void store_word(const float* derivatives, int64_t panel, float* row) {
    for (int64_t j = 0; j < panel_width; j += lanes) {
      store(row + panel * panel_width + j, round(load(derivatives + j)));
    }
  }
  static void store_positions(float* derivatives, int64_t first, bool, float* rows, int64_t stride) {
    round_panel(derivatives, chunk_words);
    transpose(derivatives, panel_width, chunk_words, panel_width, rows + first, stride);
  }
};

#if defined(__AVX512BF16__)

struct PairFactors {
  using Product = PairProduct;
  static constexpr bool copies_rows = true;
  static int64_t steps(int64_t numbers) { return divide_up(numbers, depth_unit) * unit_steps; }
  static int32_t* pairs(float* memory) { return reinterpret_cast<int32_t*>(memory); }

  static void copy_row(const float* row, int64_t width, float* to) { round_row(row, width, pairs(to)); }
  static void pack_row_panel(const PanelSource& source, int64_t first, float* panel) {
    pack_pair_panel(source, false, first, steps(source.columns), pairs(panel));
  }
  static void pack_column_panel(const PanelSource& source, int64_t first, float* panel) {
    pack_pair_panel(source, true, first, steps(source.rows), pairs(panel));
  }
  static void store_word(const float* derivatives, int64_t panel, float* row) {
    store_int(pairs(row) + panel * lanes, round_pairs(load(derivatives), load(derivatives + lanes)));
  }
  static void store_positions(float* derivatives, int64_t first, bool last, float* rows, int64_t stride) {
    for (int64_t v = 0; v < chunk_words; v += depth_unit) {
      alignas(64) float block[unit_steps * panel_width];
      const int64_t count = smaller(depth_unit, chunk_words - v);
      zip_rows(derivatives + v * panel_width, panel_width, count, panel_width, block);
      transpose(block, panel_width, last ? unit_steps : count / 2, panel_width, rows + (first + v) / 2,
                stride);
    }
  }
};

#endif

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
