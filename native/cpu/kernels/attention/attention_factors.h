// How the factors of attention's products lie in memory, and what multiplies them. All kinds are made of 32-bit words:
//
//   Floats   a word is one float32 number; products are fused multiply-adds
//   Pairs    a word is two numbers in bfloat16, next to one another along the sum; an instruction (or two multiply-adds
//            where there is none) adds both products of a lane
//   Tiles    Pairs, multiplied in tiles: attention_tiles.h
//
// so that a product of depth n takes words(n) steps, each a word of the left factor, spread over the lanes, by a word of
// the right factor in each lane. Numbers are paired along columns (pack_rows) where a sum runs along a row, and along
// rows (pair_rows) where it runs down a column; what lacks a partner is paired with zero. (Words of pairs are kept as
// floats, but never computed with as such.)
#pragma once

#include "../../simd/pair_products.h"

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE int64_t whole_vectors(int64_t count) {
  return (count + Vector::lanes - 1) / Vector::lanes * Vector::lanes;
}

struct Floats {
  static constexpr bool paired = false, tiled = false;
  struct Session {};  // of a thread, around its products
  static constexpr int64_t words(int64_t numbers) { return numbers; }
  static constexpr int64_t whole_words(int64_t numbers) {
    return numbers;
  }  // with the zeros that are read, too
  static int64_t padded(int64_t columns) { return whole_vectors(columns); }  // numbers of a row of factors
  LIKEWISE_INLINE Vector multiply_add(Vector a, Vector b, Vector sum) { return fma(a, b, sum); }
  LIKEWISE_INLINE Vector rounded(Vector a) { return a; }
};

struct Pairs {
  static constexpr bool paired = true, tiled = false;
  struct Session {};
  static constexpr int64_t words(int64_t numbers) { return (numbers + 1) / 2; }
  static constexpr int64_t whole_words(int64_t numbers) { return words(numbers); }
  static int64_t padded(int64_t columns) { return whole_vectors(columns); }
  LIKEWISE_INLINE Vector multiply_add(Vector a, Vector b, Vector sum) {
    return add_products(sum, bits_of(a), bits_of(b));
  }
  LIKEWISE_INLINE Vector rounded(Vector a) { return round_to_bfloat16(a); }
};

LIKEWISE_INLINE Vector load_some(const float* source, int64_t count) {
  if (count >= Vector::lanes) return load(source);
  return count > 0 ? load_partial(source, count) : zero();
}

// destination[r / 2][c] = (source[r][c], source[r + 1][c]) for every other r; destination may be source. Rows of the
// destination are `padded` words, zeros behind `columns`, and as many as whole_words(rows).
template <typename Factors>
LIKEWISE_INLINE void pair_rows(const float* source, int64_t stride, int64_t rows, int64_t columns,
                               int64_t padded, float* destination) {
  constexpr int32_t lanes = Vector::lanes;
  for (int64_t r = 0; r < rows; r += 2, destination += padded) {
    const float *upper = source + r * stride, *lower = r + 1 < rows ? upper + stride : nullptr;
    for (int64_t c = 0; c < padded; c += lanes) {
      const Vector below = lower == nullptr ? zero() : load_some(lower + c, columns - c);
      store(destination + c, floats_of(zip_pairs(load_some(upper + c, columns - c), below)));
    }
  }
  const int64_t zeros = (Factors::whole_words(rows) - Factors::words(rows)) * padded;
  for (int64_t i = 0; i < zeros; i += lanes) store(destination + i, zero());
}

// destination[r][c / 2] = (source[r][c], source[r][c + 1]) for every other c. Rows of the destination are padded / 2
// words, zeros behind `columns`.
LIKEWISE_INLINE void pack_rows(const float* source, int64_t stride, int64_t rows, int64_t columns,
                               int64_t padded, float* destination) {
  constexpr int32_t lanes = Vector::lanes;
  for (int64_t r = 0; r < rows; r++) {
    const float* from = source + r * stride;
    float* to = destination + r * (padded / 2);
    for (int64_t c = 0; c < padded; c += lanes) store_packed(to + c / 2, load_some(from + c, columns - c));
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
