// Vector on AVX2 and FMA: eight floats. Included by vector.h only.
#pragma once

namespace likewise::LIKEWISE_ISA {
namespace {

struct Vector {
  static constexpr int32_t lanes = 8;
  __m256 value;
};

struct IntVector {
  static constexpr int32_t lanes = 8;
  __m256i value;
};

struct IntPair {
  IntVector low;
  IntVector high;
};

// All bits of a lane set, or none.
struct Mask {
  __m256 value;
};

// Eight set lanes, then eight clear ones: read from lane 8 - n, it masks the first n.
alignas(64) constexpr int32_t lane_masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

LIKEWISE_INLINE __m256i first_lanes(int64_t n) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lane_masks + 8 - n));
}

LIKEWISE_INLINE Vector load(const float* p) { return {_mm256_loadu_ps(p)}; }
LIKEWISE_INLINE Vector load_partial(const float* p, int64_t n) {
  return {_mm256_maskload_ps(p, first_lanes(n))};
}
LIKEWISE_INLINE void store(float* p, Vector a) { _mm256_storeu_ps(p, a.value); }
LIKEWISE_INLINE void store_partial(float* p, Vector a, int64_t n) {
  _mm256_maskstore_ps(p, first_lanes(n), a.value);
}
LIKEWISE_INLINE Vector broadcast(float a) { return {_mm256_set1_ps(a)}; }

LIKEWISE_INLINE Vector operator+(Vector a, Vector b) { return {_mm256_add_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator-(Vector a, Vector b) { return {_mm256_sub_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator*(Vector a, Vector b) { return {_mm256_mul_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector operator/(Vector a, Vector b) { return {_mm256_div_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector fma(Vector a, Vector b, Vector c) {
  return {_mm256_fmadd_ps(a.value, b.value, c.value)};
}
LIKEWISE_INLINE Vector fnma(Vector a, Vector b, Vector c) {
  return {_mm256_fnmadd_ps(a.value, b.value, c.value)};
}
LIKEWISE_INLINE Vector maximum(Vector a, Vector b) { return {_mm256_max_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector minimum(Vector a, Vector b) { return {_mm256_min_ps(a.value, b.value)}; }
LIKEWISE_INLINE Vector sqrt(Vector a) { return {_mm256_sqrt_ps(a.value)}; }

LIKEWISE_INLINE Vector absolute(Vector a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.value)}; }
// |magnitude| is non-negative; the result has the sign of `sign`.
LIKEWISE_INLINE Vector with_sign_of(Vector magnitude, Vector sign) {
  return {_mm256_or_ps(magnitude.value, _mm256_and_ps(sign.value, _mm256_set1_ps(-0.0f)))};
}

LIKEWISE_INLINE Mask less(Vector a, Vector b) { return {_mm256_cmp_ps(a.value, b.value, _CMP_LT_OQ)}; }
LIKEWISE_INLINE Mask less_equal(Vector a, Vector b) { return {_mm256_cmp_ps(a.value, b.value, _CMP_LE_OQ)}; }
LIKEWISE_INLINE Vector select(Mask mask, Vector a, Vector b) {
  return {_mm256_blendv_ps(b.value, a.value, mask.value)};
}
LIKEWISE_INLINE Vector zero_unless(Mask mask, Vector a) { return {_mm256_and_ps(a.value, mask.value)}; }
LIKEWISE_INLINE Mask operator&(Mask a, Mask b) { return {_mm256_and_ps(a.value, b.value)}; }
LIKEWISE_INLINE bool any(Mask mask) { return _mm256_movemask_ps(mask.value) != 0; }
LIKEWISE_INLINE bool all(Mask mask) { return _mm256_movemask_ps(mask.value) == 0xff; }
LIKEWISE_INLINE Mask mask_first(int64_t n) { return {_mm256_castsi256_ps(first_lanes(n))}; }

LIKEWISE_INLINE float reduce_add(Vector a) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(a.value), _mm256_extractf128_ps(a.value, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

LIKEWISE_INLINE float reduce_max(Vector a) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(a.value), _mm256_extractf128_ps(a.value, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

LIKEWISE_INLINE IntVector load_int(const int32_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
}
LIKEWISE_INLINE IntVector load_int_partial(const int32_t* p, int64_t n) {
  return {_mm256_maskload_epi32(p, first_lanes(n))};
}
LIKEWISE_INLINE IntVector bits_of(Vector a) { return {_mm256_castps_si256(a.value)}; }
LIKEWISE_INLINE Vector floats_of(IntVector a) { return {_mm256_castsi256_ps(a.value)}; }
LIKEWISE_INLINE IntVector broadcast_int(int32_t a) { return {_mm256_set1_epi32(a)}; }
LIKEWISE_INLINE Mask less(IntVector a, IntVector b) {
  return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(b.value, a.value))};
}
LIKEWISE_INLINE Mask less_equal(IntVector a, IntVector b) {
  __m256i greater = _mm256_cmpgt_epi32(a.value, b.value);
  return {_mm256_castsi256_ps(_mm256_andnot_si256(greater, _mm256_set1_epi32(-1)))};
}

LIKEWISE_INLINE void store_int(int32_t* p, IntVector a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.value);
}
LIKEWISE_INLINE IntVector operator+(IntVector a, IntVector b) { return {_mm256_add_epi32(a.value, b.value)}; }
LIKEWISE_INLINE IntVector operator^(IntVector a, IntVector b) { return {_mm256_xor_si256(a.value, b.value)}; }
LIKEWISE_INLINE IntVector operator&(IntVector a, IntVector b) { return {_mm256_and_si256(a.value, b.value)}; }
template <int bits>
LIKEWISE_INLINE IntVector shift_right(IntVector a) {
  return {_mm256_srli_epi32(a.value, bits)};
}
LIKEWISE_INLINE IntPair multiply_wide(IntVector a, IntVector b) {
  __m256i even = _mm256_mul_epu32(a.value, b.value);
  __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a.value, 32), _mm256_srli_epi64(b.value, 32));
  return {{_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa)},
          {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa)}};
}

// bits(a) + (bits(n) << 23): a * 2^i when n was made by adding the integer i to 1.5 * 2^23 and a * 2^i is
// normal.
LIKEWISE_INLINE Vector add_exponent(Vector a, Vector n) {
  __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(n.value), 23);
  return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a.value), shifted))};
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
