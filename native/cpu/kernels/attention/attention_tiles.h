// Attention's products on AMX: factors in pairs (attention_factors.h), multiplied in tiles of 16 rows and 16 words
// (tile_product.h). What is pairs on the left or on the right of a product for vdpbf16ps is a tile's rows or its columns, as
// it lies, but that
//   - sums run over whole tiles, 16 words: factors have zeros up to there
//   - rows and columns are whole tiles, too: what lies past the last is read, multiplied and written, to scratch memory
//   - a left factor cannot be read along its columns: values, and the keys of the queries' gradient, are turned when they
//     are packed, once for all queries of a chunk or a part; sums of the queries' gradient have queries as their columns
#pragma once

#include "../packing/tile_product.h"
#include "attention_products.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct Tiles : Pairs {
  static constexpr bool tiled = true;
  using Session = TileSession;
  using OfShort = Pairs;
  static constexpr int64_t whole_words(int64_t numbers) {
    return divide_up(words(numbers), tile_steps) * tile_steps;
  }
  static constexpr int64_t padded(int64_t columns) { return 2 * whole_words(columns); }

  // Whether a sequence of so many keys is for tiles; its queries have no say, for their bits do not depend on their number.
  // In cycles of one vector of queries, head_dim 32, 16 keys. Outside of tiles a word takes four instructions on two ports,
  // two to take it apart and two multiply-adds: 2 * keys * head_dim for both products, 1024. In tiles these are three
  // instructions of 16 each, and two to wait for, of 52 each (150); seven loads of 8 and three stores of 16 (100); 192
  // shuffles to turn the values (100 to 200); 50 to multiply scores by the scale and sums by their factors: 400 in all, in
  // part at the same time, and no fewer for fewer keys. So from 6 or 7 keys on, and for longer heads from fewer. The
  // gradient has five products, and as much more to pack.
  static constexpr bool pay(int64_t keys, int64_t head_dim) { return keys * head_dim >= 256; }
};
static_assert(2 * Vector::lanes * sizeof(float) == panel_bytes);

template <bool two, bool wide>
LIKEWISE_INLINE void multiply_strip(const Product& product, int64_t row, int64_t column) {
  multiply_tiles<false, two, wide, false>({product.left + row * product.row_stride, product.row_stride * 4,
                                           product.right.data + column, product.depth, product.add,
                                           product.out.at(row, column), product.right.stride * 4,
                                           product.out.stride * 4});
}

// product.step: 1. Rows of out that are written: whole tiles.
template <>
inline void add_product<Tiles>(const Product& product, int64_t rows, int64_t columns) {
  for (int64_t column = 0; column < columns; column += 2 * tile_rows) {
    const bool wide = columns - column > tile_rows;
    for (int64_t row = 0; row < rows; row += 2 * tile_rows) {
      const bool two = rows - row > tile_rows;
      if (two) {
        wide ? multiply_strip<true, true>(product, row, column)
             : multiply_strip<true, false>(product, row, column);
      } else {
        wide ? multiply_strip<false, true>(product, row, column)
             : multiply_strip<false, false>(product, row, column);
      }
    }
  }
  if (product.factor == 1.0f) return;
  const Vector factor = broadcast(product.factor);
  for (int64_t row = 0; row < rows; row++) {
    float* out = product.out.at(row, 0);
    for (int64_t c = 0; c < columns; c += Vector::lanes) store(out + c, load(out + c) * factor);
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
