// Pairs of bfloat16, 32 bits to a lane, for instruction sets that multiply them (AVX-512-BF16). Rounding as ops.def has it,
// which is vcvtne2ps2bf16's own.
//
//   multiply_add_pairs(s, a, b)   s[lane] += a[lane][1] * b[lane][1], then += a[lane][0] * b[lane][0]; one rounding each,
//                                 numbers below 2^-126 count as zero, coming in and going out
//   round_pairs(a, b)             the pairs (a[0], a[1]) .. (a[14], a[15]), (b[0], b[1]) .. (b[14], b[15])
//   zip_pairs(a, b)               the pairs (a[0], b[0]) .. (a[15], b[15])
#pragma once

#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE Vector multiply_add_pairs(Vector sums, IntVector a, IntVector b) {
  return {_mm512_dpbf16_ps(sums.value, (__m512bh)a.value, (__m512bh)b.value)};
}

LIKEWISE_INLINE IntVector round_pairs(Vector a, Vector b) {
  return {(__m512i)_mm512_cvtne2ps_pbh(b.value, a.value)};
}

LIKEWISE_INLINE IntVector zip_pairs(Vector a, Vector b) {
  alignas(64) constexpr int16_t places[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                              8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return {_mm512_permutexvar_epi16(_mm512_loadu_si512(places), round_pairs(a, b).value)};
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
