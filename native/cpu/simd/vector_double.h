// DoubleVector: one register of doubles, for the few kernels that compute in float64; the same operations as
// Vector (vector.h), as far as those kernels need them.
//
//   low_double, high_double      the lower and the upper half of a Vector's lanes, widened
#pragma once

#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

#if defined(__AVX512F__)

struct DoubleVector {
  static constexpr int32_t lanes = 8;
  __m512d value;
};

LIKEWISE_INLINE __mmask8 first_double_lanes(int64_t n) { return static_cast<__mmask8>((1u << n) - 1u); }
LIKEWISE_INLINE DoubleVector load(const double* p) { return {_mm512_loadu_pd(p)}; }
LIKEWISE_INLINE DoubleVector load_partial(const double* p, int64_t n) {
  return {_mm512_maskz_loadu_pd(first_double_lanes(n), p)};
}
LIKEWISE_INLINE void store(double* p, DoubleVector a) { _mm512_storeu_pd(p, a.value); }
LIKEWISE_INLINE void store_partial(double* p, DoubleVector a, int64_t n) {
  _mm512_mask_storeu_pd(p, first_double_lanes(n), a.value);
}
LIKEWISE_INLINE DoubleVector broadcast(double a) { return {_mm512_set1_pd(a)}; }
LIKEWISE_INLINE DoubleVector operator+(DoubleVector a, DoubleVector b) {
  return {_mm512_add_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator-(DoubleVector a, DoubleVector b) {
  return {_mm512_sub_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator*(DoubleVector a, DoubleVector b) {
  return {_mm512_mul_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator/(DoubleVector a, DoubleVector b) {
  return {_mm512_div_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector fma(DoubleVector a, DoubleVector b, DoubleVector c) {
  return {_mm512_fmadd_pd(a.value, b.value, c.value)};
}
LIKEWISE_INLINE DoubleVector fnma(DoubleVector a, DoubleVector b, DoubleVector c) {
  return {_mm512_fnmadd_pd(a.value, b.value, c.value)};
}
LIKEWISE_INLINE DoubleVector low_double(Vector a) { return {_mm512_maskz_cvtps_pd(0xff, half_of<0>(a))}; }
LIKEWISE_INLINE DoubleVector high_double(Vector a) { return {_mm512_maskz_cvtps_pd(0xff, half_of<1>(a))}; }

LIKEWISE_INLINE double reduce_add(DoubleVector a) {
  alignas(64) double lane[8];
  store(lane, a);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

#else

struct DoubleVector {
  static constexpr int32_t lanes = 4;
  __m256d value;
};

LIKEWISE_INLINE __m256i first_double_lanes(int64_t n) {
  return _mm256_cvtepi32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(lane_masks + 8 - n)));
}
LIKEWISE_INLINE DoubleVector load(const double* p) { return {_mm256_loadu_pd(p)}; }
LIKEWISE_INLINE DoubleVector load_partial(const double* p, int64_t n) {
  return {_mm256_maskload_pd(p, first_double_lanes(n))};
}
LIKEWISE_INLINE void store(double* p, DoubleVector a) { _mm256_storeu_pd(p, a.value); }
LIKEWISE_INLINE void store_partial(double* p, DoubleVector a, int64_t n) {
  _mm256_maskstore_pd(p, first_double_lanes(n), a.value);
}
LIKEWISE_INLINE DoubleVector broadcast(double a) { return {_mm256_set1_pd(a)}; }
LIKEWISE_INLINE DoubleVector operator+(DoubleVector a, DoubleVector b) {
  return {_mm256_add_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator-(DoubleVector a, DoubleVector b) {
  return {_mm256_sub_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator*(DoubleVector a, DoubleVector b) {
  return {_mm256_mul_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector operator/(DoubleVector a, DoubleVector b) {
  return {_mm256_div_pd(a.value, b.value)};
}
LIKEWISE_INLINE DoubleVector fma(DoubleVector a, DoubleVector b, DoubleVector c) {
  return {_mm256_fmadd_pd(a.value, b.value, c.value)};
}
LIKEWISE_INLINE DoubleVector fnma(DoubleVector a, DoubleVector b, DoubleVector c) {
  return {_mm256_fnmadd_pd(a.value, b.value, c.value)};
}
LIKEWISE_INLINE DoubleVector low_double(Vector a) {
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(a.value))};
}
LIKEWISE_INLINE DoubleVector high_double(Vector a) {
  return {_mm256_cvtps_pd(_mm256_extractf128_ps(a.value, 1))};
}

LIKEWISE_INLINE double reduce_add(DoubleVector a) {
  __m128d two = _mm_add_pd(_mm256_castpd256_pd128(a.value), _mm256_extractf128_pd(a.value, 1));
  return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

#endif

LIKEWISE_INLINE DoubleVector zero_double() { return broadcast(0.0); }

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
