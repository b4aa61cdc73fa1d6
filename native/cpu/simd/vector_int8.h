// Vector and IntVector on their way to small integers and back, and the dot product of small integers that this
// instruction set is fastest at.
//
//   to_float(a), round_to_int(a)   half to even; NaN and what does not fit give INT32_MIN
//   load_int8, store_int8 ..       one element to a lane; whole vectors only
//
// A dot product takes a step: as many consecutive k as one instruction joins in a lane. Four bytes hold a step of a
// quantised row, so that one load spreads it over a register; the weights of a step lie side by side, column by column.
//
//   Quantized                      an element of a quantised row, as the instruction takes it
//   step                           elements of a step
//   load_weights(p)                of one step of as many columns as there are lanes
//   multiply_add(s, w, row)        s[lane] += sum over the step of (w[lane][i] - weight_offset) * row[lane][i], wherein
//                                  weight_offset is left for later: it adds weight_offset * the sum of the row's elements
//
// No instruction of AVX2 or plain AVX-512 multiplies bytes without saturating (vpmaddubsw does at int16), so there both
// are widened to int16 and vpmaddwd joins pairs. VNNI's vpdpbusd joins fours, of unsigned bytes with signed ones: the
// weights are the unsigned ones, moved up by 128 when they are packed, because what that adds is then known from the row
// alone. AMX's tdpbssd joins fours of signed bytes; it multiplies tiles and has no multiply_add here (tile_product.h).
#pragma once

#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

#if defined(__AVX512F__)

LIKEWISE_INLINE Vector to_float(IntVector a) { return {_mm512_maskz_cvtepi32_ps(0xffff, a.value)}; }
LIKEWISE_INLINE IntVector round_to_int(Vector a) { return {_mm512_maskz_cvtps_epi32(0xffff, a.value)}; }
LIKEWISE_INLINE IntVector maximum(IntVector a, IntVector b) {
  return {_mm512_maskz_max_epi32(0xffff, a.value, b.value)};
}
LIKEWISE_INLINE IntVector load_int8(const int8_t* p) {
  return {_mm512_maskz_cvtepi8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
LIKEWISE_INLINE void store_int8(int8_t* p, IntVector a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(0xffff, a.value));
}
LIKEWISE_INLINE void store_int16(int16_t* p, IntVector a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(0xffff, a.value));
}
LIKEWISE_INLINE IntVector widen_int8(const int8_t* p) {
  return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
LIKEWISE_INLINE IntVector multiply_pairs(IntVector a, IntVector b) {
  return {_mm512_madd_epi16(a.value, b.value)};
}

#else

LIKEWISE_INLINE Vector to_float(IntVector a) { return {_mm256_cvtepi32_ps(a.value)}; }
LIKEWISE_INLINE IntVector round_to_int(Vector a) { return {_mm256_cvtps_epi32(a.value)}; }
LIKEWISE_INLINE IntVector maximum(IntVector a, IntVector b) { return {_mm256_max_epi32(a.value, b.value)}; }
LIKEWISE_INLINE IntVector load_int8(const int8_t* p) {
  return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
}
LIKEWISE_INLINE __m128i narrow(IntVector a) {
  return _mm_packs_epi32(_mm256_castsi256_si128(a.value), _mm256_extracti128_si256(a.value, 1));
}
LIKEWISE_INLINE void store_int8(int8_t* p, IntVector a) {
  const __m128i words = narrow(a);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
}
LIKEWISE_INLINE void store_int16(int16_t* p, IntVector a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), narrow(a));
}
LIKEWISE_INLINE IntVector widen_int8(const int8_t* p) {
  return {_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
}
LIKEWISE_INLINE IntVector multiply_pairs(IntVector a, IntVector b) {
  return {_mm256_madd_epi16(a.value, b.value)};
}

#endif

#if defined(__AMX_INT8__)

using Quantized = int8_t;
constexpr int32_t weight_offset = 0;

LIKEWISE_INLINE void store_quantized(int8_t* p, IntVector a) { store_int8(p, a); }

#elif defined(__AVX512VNNI__)

using Quantized = int8_t;
constexpr int32_t weight_offset = 128;

LIKEWISE_INLINE void store_quantized(int8_t* p, IntVector a) { store_int8(p, a); }
LIKEWISE_INLINE IntVector load_weights(const int8_t* p) { return {_mm512_loadu_si512(p)}; }
LIKEWISE_INLINE IntVector multiply_add(IntVector sums, IntVector weights, IntVector row) {
  return {_mm512_dpbusd_epi32(sums.value, weights.value, row.value)};
}

#else

using Quantized = int16_t;
constexpr int32_t weight_offset = 0;

LIKEWISE_INLINE void store_quantized(int16_t* p, IntVector a) { store_int16(p, a); }
LIKEWISE_INLINE IntVector load_weights(const int8_t* p) { return widen_int8(p); }
LIKEWISE_INLINE IntVector load_weights(const int16_t* p) {
  return load_int(reinterpret_cast<const int32_t*>(p));
}
LIKEWISE_INLINE IntVector multiply_add(IntVector sums, IntVector weights, IntVector row) {
  return sums + multiply_pairs(weights, row);
}

#endif

constexpr int32_t step = 4 / sizeof(Quantized);

LIKEWISE_INLINE int32_t reduce_max(IntVector a) {
  int32_t lane[IntVector::lanes];
  store_int(lane, a);
  int32_t largest = lane[0];
  for (int32_t i = 1; i < IntVector::lanes; i++) largest = lane[i] > largest ? lane[i] : largest;
  return largest;
}

LIKEWISE_INLINE int32_t reduce_add(IntVector a) {
  int32_t lane[IntVector::lanes];
  store_int(lane, a);
  int32_t sum = 0;
  for (int32_t i = 0; i < IntVector::lanes; i++) sum += lane[i];
  return sum;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
