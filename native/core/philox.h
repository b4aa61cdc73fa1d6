// Randomness without state: Philox4x32 with seven rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// 2011). A block of four words depends on its counter and key alone, so that any thread, a recomputed forward, a
// backward and a resumed run draw the same numbers. Kernels evaluate the same function in vector registers.
//
// Dropout: each decision is 16 bits of a block. The element is kept when they are not below the threshold, and is then
// multiplied by 65536 / (65536 - threshold).
//   key      (seed, site): of the run and step, of the place in the model
//   rows     [rows, width], row = (sequence, position): with stride = 16 ceil(width / 128), column c takes decision
//            c / stride of the block with counter (c % stride, position, sequence, 0)
//   scores   query i, key j of a sequence, both counted from its first, and head h: decision j % 8 of the block with
//            counter (j / 8, i, sequence, h + 1)
// Decision d of a block is the low half of word d / 2 where d is even, else the high half.
#pragma once

#include <stdint.h>

namespace likewise {

struct PhiloxBlock {
  uint32_t words[4];

  uint32_t decision(int32_t index) const { return words[index / 2] >> (index % 2 * 16) & 0xffff; }
};

constexpr int32_t philox_rounds = 7;
constexpr uint32_t philox_multipliers[2] = {0xD2511F53u, 0xCD9E8D57u};
constexpr uint32_t philox_increments[2] = {0x9E3779B9u, 0xBB67AE85u};

static inline PhiloxBlock philox(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t k0,
                                 uint32_t k1) {
  for (int32_t round = 0; round < philox_rounds; round++) {
    const uint64_t first = uint64_t{philox_multipliers[0]} * c0;
    const uint64_t second = uint64_t{philox_multipliers[1]} * c2;
    c0 = static_cast<uint32_t>(second >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(second);
    c2 = static_cast<uint32_t>(first >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(first);
    k0 += philox_increments[0];
    k1 += philox_increments[1];
  }
  return {{c0, c1, c2, c3}};
}

// A probability as a threshold of 16 bits, and the factor of what is kept.
static inline uint32_t dropout_threshold(double probability) {
  return (static_cast<uint32_t>(probability * 131072) + 1) / 2;  // rounded
}
static inline float dropout_factor(uint32_t threshold) {
  return 65536.0f / static_cast<float>(65536 - threshold);
}
// The distance between columns that share a block.
static inline int64_t dropout_stride(int64_t width) { return (width + 127) / 128 * 16; }

}  // namespace likewise
