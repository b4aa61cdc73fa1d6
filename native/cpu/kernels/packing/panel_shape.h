// How wide a panel is and how many rows a strip has, whatever their elements are.
#pragma once

#include "../../simd/vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// Two vectors to a panel and as many rows as leave registers for the panel and one element of A: 6 x 2 sums
// of 16 registers, 14 x 2 of 32.
constexpr int32_t panel_vectors = 2;
constexpr int32_t panel_width = panel_vectors * Vector::lanes;
constexpr int32_t strip_rows = Vector::lanes == 8 ? 6 : 14;

// Three rows share a base register and one index: (base), (base + stride), (base + 2 stride) are addressing
// modes, while fourteen row pointers would not fit the general registers. The empty asm keeps the compiler
// from splitting the bases into row pointers again.
constexpr int32_t rows_per_base = 3;

// How a block of rows is cut into strips, and what a thread does before it multiplies them and after. The other way is
// TileStrips, of tile_product.h. Strips as equal as can be: 8 rows are 4 + 4, not 6 + 2, whose two rows would wait for
// their few chains.
struct VectorStrips {
  static constexpr int64_t most_rows = strip_rows;
  static constexpr int64_t whole_steps = 1;  // a stretch of k is a multiple of as many
  struct Session {};
  // Of strip s.
  static constexpr int64_t share(int64_t rows, int64_t strips, int64_t s) {
    return rows / strips + (s < rows % strips ? 1 : 0);
  }
  // Rows that are read, and whose sums are written, where there are `rows`.
  static constexpr int64_t whole_rows(int64_t rows) { return rows; }
};

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
