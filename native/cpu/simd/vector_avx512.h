// Vector on AVX-512 (F, BW, VL, DQ): sixteen floats. Included by vector.h only.
//
// Some operations are written in the masked form with every lane set, or with the compiler's own operators:
// gcc 12 warns of an uninitialised value inside its own headers for the plain intrinsics.
#pragma once

namespace likewise::LIKEWISE_ISA {
namespace {

struct Vector {
  static constexpr int32_t lanes = 16;
  __m512 value;
};

struct IntVector {
  static constexpr int32_t lanes = 16;
  __m512i value;
};

struct IntPair {
  IntVector low;
  IntVector high;
};

struct Mask {
  __mmask16 value;
};

LIKEWISE_INLINE __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }

LIKEWISE_INLINE Vector load(const float* p) { return {_mm512_loadu_ps(p)}; }
LIKEWISE_INLINE Vector load_partial(const float* p, int64_t n) {
  return {_mm512_maskz_loadu_ps(first_lanes(n), p)};
}
LIKEWISE_INLINE void store(float* p, Vector a) { _mm512_storeu_ps(p, a.value); }
LIKEWISE_INLINE void store_partial(float* p, Vector a, int64_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n), a.value);
}
LIKEWISE_INLINE Vector broadcast(float a) { return {_mm512_set1_ps(a)}; }

LIKEWISE_INLINE Vector operator+(Vector a, Vector b) { return {_mm512_add_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator-(Vector a, Vector b) { return {_mm512_sub_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator*(Vector a, Vector b) { return {_mm512_mul_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator/(Vector a, Vector b) { return {_mm512_div_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector fma(Vector a, Vector b, Vector c) {
  return {_mm512_fmadd_ps(a.value, b.value, c.value)};
}
LIKEWISE_INLINE Vector fnma(Vector a, Vector b, Vector c) {
  return {_mm512_fnmadd_ps(a.value, b.value, c.value)};
}
LIKEWISE_INLINE Vector maximum(Vector a, Vector b) { return {_mm512_maskz_max_ps(0xffff, a.value, b.value)}; }
LIKEWISE_INLINE Vector minimum(Vector a, Vector b) { return {_mm512_maskz_min_ps(0xffff, a.value, b.value)}; }
LIKEWISE_INLINE Vector sqrt(Vector a) { return {_mm512_maskz_sqrt_ps(0xffff, a.value)}; }

LIKEWISE_INLINE Vector absolute(Vector a) {
  return {_mm512_castsi512_ps(_mm512_and_epi32(_mm512_castps_si512(a.value), _mm512_set1_epi32(0x7fffffff)))};
}
// |magnitude| is non-negative; the result has the sign of `sign`.
LIKEWISE_INLINE Vector with_sign_of(Vector magnitude, Vector sign) {
  __m512i bit = _mm512_and_epi32(_mm512_castps_si512(sign.value), _mm512_set1_epi32(INT32_MIN));
  return {_mm512_castsi512_ps(_mm512_or_epi32(_mm512_castps_si512(magnitude.value), bit))};
}

LIKEWISE_INLINE Mask less(Vector a, Vector b) { return {_mm512_cmp_ps_mask(a.value, b.value, _CMP_LT_OQ)}; }
LIKEWISE_INLINE Mask less_equal(Vector a, Vector b) {
  return {_mm512_cmp_ps_mask(a.value, b.value, _CMP_LE_OQ)};
}
LIKEWISE_INLINE Vector select(Mask mask, Vector a, Vector b) {
  return {_mm512_mask_blend_ps(mask.value, b.value, a.value)};
}
LIKEWISE_INLINE Vector zero_unless(Mask mask, Vector a) { return {_mm512_maskz_mov_ps(mask.value, a.value)}; }
LIKEWISE_INLINE Mask operator&(Mask a, Mask b) { return {static_cast<__mmask16>(a.value & b.value)}; }
LIKEWISE_INLINE bool any(Mask mask) { return mask.value != 0; }
LIKEWISE_INLINE bool all(Mask mask) { return mask.value == 0xffff; }
LIKEWISE_INLINE Mask mask_first(int64_t n) { return {first_lanes(n)}; }

template <int half>
LIKEWISE_INLINE __m256 half_of(Vector a) {
  return _mm256_castsi256_ps(_mm512_maskz_extracti64x4_epi64(0xf, _mm512_castps_si512(a.value), half));
}

LIKEWISE_INLINE float reduce_add(Vector a) {
  __m256 eight = _mm256_add_ps(half_of<0>(a), half_of<1>(a));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

LIKEWISE_INLINE float reduce_max(Vector a) {
  __m256 eight = _mm256_max_ps(half_of<0>(a), half_of<1>(a));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

LIKEWISE_INLINE IntVector load_int(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
LIKEWISE_INLINE IntVector load_int_partial(const int32_t* p, int64_t n) {
  return {_mm512_maskz_loadu_epi32(first_lanes(n), p)};
}
LIKEWISE_INLINE IntVector bits_of(Vector a) { return {_mm512_castps_si512(a.value)}; }
LIKEWISE_INLINE Vector floats_of(IntVector a) { return {_mm512_castsi512_ps(a.value)}; }
LIKEWISE_INLINE IntVector broadcast_int(int32_t a) { return {_mm512_set1_epi32(a)}; }
LIKEWISE_INLINE Mask less(IntVector a, IntVector b) { return {_mm512_cmplt_epi32_mask(a.value, b.value)}; }
LIKEWISE_INLINE Mask less_equal(IntVector a, IntVector b) {
  return {_mm512_cmple_epi32_mask(a.value, b.value)};
}

LIKEWISE_INLINE void store_int(int32_t* p, IntVector a) { _mm512_storeu_si512(p, a.value); }
LIKEWISE_INLINE IntVector operator+(IntVector a, IntVector b) { return {_mm512_add_epi32(a.value, b.value)}; }
LIKEWISE_INLINE IntVector operator^(IntVector a, IntVector b) { return {_mm512_xor_si512(a.value, b.value)}; }
LIKEWISE_INLINE IntVector operator&(IntVector a, IntVector b) { return {_mm512_and_epi32(a.value, b.value)}; }
template <int bits>
LIKEWISE_INLINE IntVector shift_right(IntVector a) {
  return {(__m512i)((__v16su)a.value >> bits)};
}
LIKEWISE_INLINE IntPair multiply_wide(IntVector a, IntVector b) {
  __v8du left = (__v8du)a.value, right = (__v8du)b.value;
  __m512i even = _mm512_maskz_mul_epu32(0xff, a.value, b.value);
  __m512i odd = _mm512_maskz_mul_epu32(0xff, (__m512i)(left >> 32), (__m512i)(right >> 32));
  return {{_mm512_mask_blend_epi32(0xaaaa, even, (__m512i)((__v8du)odd << 32))},
          {_mm512_mask_blend_epi32(0xaaaa, (__m512i)((__v8du)even >> 32), odd)}};
}

// bits(a) + (bits(n) << 23): a * 2^i when n was made by adding the integer i to 1.5 * 2^23 and a * 2^i is
// normal.
LIKEWISE_INLINE Vector add_exponent(Vector a, Vector n) {
  __m512i shifted = (__m512i)((__v16si)n.value << 23);
  return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.value), shifted))};
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
