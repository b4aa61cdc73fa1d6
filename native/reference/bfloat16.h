// bfloat16: the upper half of a float32, 8 bits of precision over the same range. Rounding as ops.def has it, which is that
// of vcvtneps2bf16 and of what vdpbf16ps and tdpbf16ps make of their factors: numbers that are not normal count as zero.
#pragma once

#include <bit>
#include <cstdint>

namespace likewise::reference {

// To nearest, ties to even; NaN becomes a quiet NaN of the same sign; below 2^-126 comes zero of the same sign.
inline uint16_t to_bfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude < 0x00800000) return static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x0040);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// What a bfloat16 counts as.
inline float from_bfloat16(uint16_t bits) {
  const bool normal = (bits & 0x7f80) != 0;
  return std::bit_cast<float>(static_cast<uint32_t>(normal ? bits : bits & 0x8000) << 16);
}

inline float round_to_bfloat16(float value) { return from_bfloat16(to_bfloat16(value)); }

}  // namespace likewise::reference
