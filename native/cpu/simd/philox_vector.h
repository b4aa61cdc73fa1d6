// core/philox.h in vector registers: as many independent blocks as there are lanes, the same words bit for bit.
//
//   PhiloxVectors words = philox(c0, c1, c2, c3, key0, key1);    each lane of c0 .. c3 is one block's counter
//   Mask kept = keep_mask(words, d, dropout_threshold(p));       lane i: decision d (0 .. 7) of lane i's block
//   x = zero_unless(kept, x * broadcast(dropout_factor(threshold)));
//
// The key is (seed, site). Which counters and which decision belong to an element is said in core/philox.h; a decision
// that is known when compiling (an unrolled loop) costs a shift or a mask and a comparison.
#pragma once

#include "../../core/philox.h"
#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct PhiloxVectors {
  IntVector words[4];
};

LIKEWISE_INLINE IntVector broadcast_word(uint32_t a) { return broadcast_int(static_cast<int32_t>(a)); }

LIKEWISE_INLINE PhiloxVectors philox(IntVector c0, IntVector c1, IntVector c2, IntVector c3, uint32_t k0,
                                     uint32_t k1) {
  const IntVector first_multiplier = broadcast_word(philox_multipliers[0]);
  const IntVector second_multiplier = broadcast_word(philox_multipliers[1]);
#pragma GCC unroll 7
  for (int32_t round = 0; round < philox_rounds; round++) {
    const IntPair first = multiply_wide(c0, first_multiplier);
    const IntPair second = multiply_wide(c2, second_multiplier);
    c0 = second.high ^ c1 ^ broadcast_word(k0);
    c1 = second.low;
    c2 = first.high ^ c3 ^ broadcast_word(k1);
    c3 = first.low;
    k0 += philox_increments[0];
    k1 += philox_increments[1];
  }
  return {{c0, c1, c2, c3}};
}

// The lanes whose decision is not below the threshold, 0 <= threshold <= 65536.
LIKEWISE_INLINE Mask keep_mask(const PhiloxVectors& block, int32_t decision, uint32_t threshold) {
  const IntVector word = block.words[decision / 2];
  const IntVector bits = decision % 2 == 0 ? word & broadcast_int(0xffff) : shift_right<16>(word);
  return less(broadcast_word(threshold - 1), bits);
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
