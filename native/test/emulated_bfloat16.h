// The AVX-512-BF16 intrinsics over emulated_avx512.h, for the tables that multiply in bfloat16. Intel's description of
// each: denormals count as zero coming in and going out, whatever MXCSR says, and rounding is to nearest even.
//   vdpbf16ps: of each pair the upper product is added first, then the lower one, each in one fused multiply-add
//   vcvtneps2bf16: a denormal becomes zero of its sign, NaN stays NaN (and becomes quiet)
// A result is flushed here by its rounded magnitude.
#pragma once

#include "emulated_avx512.h"

#define __AVX512BF16__ 1

namespace emulated {
namespace {

EMULATED __m256 flushed(__m256 a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  const __m256 normal = _mm256_cmp_ps(_mm256_andnot_ps(sign, a), _mm256_set1_ps(0x1p-126f), _CMP_NLT_UQ);
  return _mm256_and_ps(a, _mm256_or_ps(normal, sign));
}
EMULATED __m256 upper(__m256i pairs) {
  return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-65536)));
}
EMULATED __m256 lower(__m256i pairs) { return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)); }
EMULATED __m256 flushing_fma(__m256 a, __m256 b, __m256 c) {
  return flushed(_mm256_fmadd_ps(flushed(a), flushed(b), flushed(c)));
}
EMULATED_CALL __m512 add_products_of_pairs(__m512 sums, __m512bh a, __m512bh b) {
  const SmallIntegers x = small((__m512i)a), y = small((__m512i)b);
  const Halves s{sums};
  return by_half([&](int i) {
    const __m256 sum = flushing_fma(upper(x.half[i]), upper(y.half[i]), s.half[i]);
    return flushing_fma(lower(x.half[i]), lower(y.half[i]), sum);
  });
}

EMULATED uint16_t bfloat16_bits(uint32_t bits) {
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude < 0x00800000) return static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
EMULATED_CALL __m256bh rounded_to_bfloat16(__m512 a) {
  Halves x{a};
  SmallIntegers result;
  for (int i = 0; i < 16; ++i)
    result.word[i] = static_cast<int16_t>(bfloat16_bits(static_cast<uint32_t>(x.integer[i])));
  return (__m256bh)result.half[0];
}
EMULATED_CALL __m512bh both_rounded_to_bfloat16(__m512 high, __m512 low) {
  SmallIntegers result;
  result.half[0] = (__m256i)rounded_to_bfloat16(low);
  result.half[1] = (__m256i)rounded_to_bfloat16(high);
  return (__m512bh)result.whole;
}
EMULATED_CALL __m512i permuted_words(__m512i places, __m512i a) {
  const SmallIntegers from = small(places), x = small(a);
  SmallIntegers result;
  for (int i = 0; i < 32; ++i) result.word[i] = x.word[from.word[i] & 31];
  return result.whole;
}

}  // namespace
}  // namespace emulated

#define _mm512_dpbf16_ps emulated::add_products_of_pairs
#define _mm512_cvtneps_pbh emulated::rounded_to_bfloat16
#define _mm512_cvtne2ps_pbh emulated::both_rounded_to_bfloat16
#define _mm512_permutexvar_epi16 emulated::permuted_words
