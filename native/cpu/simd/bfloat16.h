// Vector on its way to bfloat16 and back, for instruction sets that do not know it. Rounding as ops.def has it:
// reference/bfloat16.h, a lane at a time.
//
//   round_to_bfloat16(a)       floats whose lower halves are zero
//   load_bfloat16(p)           widened; what is not normal counts as zero
//   store_bfloat16(p, a)       the upper halves: a is rounded already
//                              whole vectors only
#pragma once

#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// Zero of the same sign where a number is below 2^-126.
LIKEWISE_INLINE Vector drop_denormals(Vector a) {
  const IntVector bits = bits_of(a);
  const Mask tiny = less(bits & broadcast_int(0x7fffffff), broadcast_int(0x00800000));
  return select(tiny, floats_of(bits & broadcast_int(INT32_MIN)), a);
}

LIKEWISE_INLINE Vector round_to_bfloat16(Vector a) {
  const IntVector bits = bits_of(a), upper = broadcast_int(-0x10000);
  const IntVector odd = shift_right<16>(bits) & broadcast_int(1);
  const Vector rounded = floats_of((bits + broadcast_int(0x7fff) + odd) & upper);
  const Vector quiet =
      floats_of(bits_of(a + a) & upper);  // of a NaN, which rounding could carry into infinity
  const Mask nan = less(broadcast_int(0x7f800000), bits & broadcast_int(0x7fffffff));
  const Mask tiny = less(bits & broadcast_int(0x7fffffff), broadcast_int(0x00800000));
  return select(tiny, floats_of(bits & broadcast_int(INT32_MIN)), select(nan, quiet, rounded));
}

#if defined(__AVX512F__)

LIKEWISE_INLINE Vector load_bfloat16(const uint16_t* p) {
  const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return drop_denormals(floats_of({(__m512i)((__v16su)_mm512_maskz_cvtepu16_epi32(0xffff, words) << 16)}));
}
LIKEWISE_INLINE void store_bfloat16(uint16_t* p, Vector a) {
  const IntVector words = shift_right<16>(bits_of(a));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(0xffff, words.value));
}

#else

LIKEWISE_INLINE Vector load_bfloat16(const uint16_t* p) {
  const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return drop_denormals(floats_of({_mm256_slli_epi32(_mm256_cvtepu16_epi32(words), 16)}));
}
LIKEWISE_INLINE void store_bfloat16(uint16_t* p, Vector a) {
  const __m256i words = shift_right<16>(bits_of(a)).value;
  const __m128i low = _mm256_castsi256_si128(words), high = _mm256_extracti128_si256(words, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_packus_epi32(low, high));
}

#endif

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
