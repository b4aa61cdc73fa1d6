// Pairs of numbers in bfloat16, two to a 32-bit lane, the first in its lower half, for kernels that are written once: by
// the instructions that multiply them (bfloat16_pairs.h), or by what does the same where there are none. CPUs with AMX
// multiply pairs outside of tiles at half of float32's rate: there they are rounded by instructions, but multiplied as floats.
//
//   zip_pairs(a, b)               the pairs (a[0], b[0]), (a[1], b[1]) .., each number rounded
//   store_packed(p, a)            rounds a and stores it as half as many words, the pairs (a[0], a[1]), (a[2], a[3]) ..
//   add_products(s, a, b)         s[lane] + a[lane][0] * b[lane][0] + a[lane][1] * b[lane][1]: exact products, float32
//                                 sums
#pragma once

#include "bfloat16.h"
#if defined(__AVX512BF16__)
#include "bfloat16_pairs.h"
#endif

namespace likewise::LIKEWISE_ISA {
namespace {

#if defined(__AVX512BF16__)

LIKEWISE_INLINE void store_packed(float* p, Vector a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh(a.value));
}

#else

LIKEWISE_INLINE IntVector zip_pairs(Vector a, Vector b) {
  return shift_right<16>(bits_of(round_to_bfloat16(a))) ^ bits_of(round_to_bfloat16(b));
}

LIKEWISE_INLINE void store_packed(float* p, Vector a) {
  store_bfloat16(reinterpret_cast<uint16_t*>(p), round_to_bfloat16(a));
}

#endif

#if !defined(__AVX512BF16__) || defined(__AMX_BF16__)

LIKEWISE_INLINE Vector first_of(IntVector pairs) {
#if defined(__AVX512F__)
  return floats_of({(__m512i)((__v16su)pairs.value << 16)});
#else
  return floats_of({_mm256_slli_epi32(pairs.value, 16)});
#endif
}
LIKEWISE_INLINE Vector second_of(IntVector pairs) { return floats_of(pairs & broadcast_int(-0x10000)); }

LIKEWISE_INLINE Vector add_products(Vector sums, IntVector a, IntVector b) {
  return fma(first_of(a), first_of(b), fma(second_of(a), second_of(b), sums));
}

#else

LIKEWISE_INLINE Vector add_products(Vector sums, IntVector a, IntVector b) {
  return multiply_add_pairs(sums, a, b);
}

#endif

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
