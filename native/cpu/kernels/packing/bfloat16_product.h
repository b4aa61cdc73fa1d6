// A product in bfloat16 for linear_product.h, where an instruction multiplies pairs of bfloat16: four bytes of k are a pair.
#pragma once

#include "../../simd/bfloat16_pairs.h"
#include "panel_product.h"

#if defined(__AMX_BF16__)
#include "tile_product.h"
#endif

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t depth_unit = 32;  // a panel's depth is a multiple of it, in numbers
constexpr int64_t unit_steps = depth_unit / 2;

#if defined(__AMX_BF16__)

static_assert(unit_steps == tile_steps);

struct PairProduct : TileStrips {
  static constexpr int64_t few_rows = 0;  // a strip is few rows already
  static constexpr int64_t at_once(int64_t) { return 1; }
  static void multiply(const Strip& strip, int64_t rows, int64_t, bool ahead) {
    const TileStrip tiles = {strip.a, strip.stride * 4, strip.panel, strip.depth, strip.add, strip.sums};
    multiply_tiles<false>(tiles, rows, ahead);
  }
};

#else

struct PairStep {
  LIKEWISE_INLINE Vector multiply_add(Vector element, Vector columns, Vector sum) {
    return multiply_add_pairs(sum, bits_of(columns), bits_of(element));
  }
};

using PairProduct = VectorProduct<PairStep>;

#endif

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
