// The AVX-512 intrinsics that the vector layer uses, written in AVX2 and plain loops, so that the
// sixteen-lane kernels can be tested on a CPU without AVX-512. Included before everything else (make
// EMULATE=1); an intrinsic that is missing here does not compile. Follows Intel's description of each;
// nothing of this is fast.
#pragma once

#include <immintrin.h>
#include <stdint.h>

#define __AVX512F__ \
  1  // now that the compiler's own header has been read: chooses the vector layer's AVX-512 file
#ifdef LIKEWISE_EMULATED_VNNI
#define __AVX512VNNI__ 1
#endif

namespace emulated {
namespace {

#define EMULATED static inline __attribute__((always_inline))
// For what is long: inlined everywhere it would take minutes to compile.
#define EMULATED_CALL static __attribute__((noinline, unused))

union Halves {
  __m512 whole;
  __m512i integers;
  __m256 half[2];
  __m256i integer_half[2];
  float lane[16];
  int32_t integer[16];
};

template <typename Step>
EMULATED __m512 by_half(Step step) {
  Halves result;
  for (int i = 0; i < 2; ++i) result.half[i] = step(i);
  return result.whole;
}

template <typename Step>
EMULATED __m512 by_lane(Step step) {
  Halves result;
  for (int i = 0; i < 16; ++i) result.lane[i] = step(i);
  return result.whole;
}

template <typename Step>
EMULATED __m512i by_integer(Step step) {
  Halves result;
  for (int i = 0; i < 16; ++i) result.integer[i] = step(i);
  return result.integers;
}

template <typename Step>
EMULATED __mmask16 by_bit(Step step) {
  unsigned bits = 0;
  for (int i = 0; i < 16; ++i) bits |= unsigned(step(i)) << i;
  return static_cast<__mmask16>(bits);
}

EMULATED bool set(__mmask16 mask, int lane) { return (mask >> lane & 1) != 0; }

EMULATED __m512 add(__m512 a, __m512 b) { return a + b; }
EMULATED __m512 subtract(__m512 a, __m512 b) { return a - b; }
EMULATED __m512 multiply(__m512 a, __m512 b) { return a * b; }
EMULATED __m512 divide(__m512 a, __m512 b) { return a / b; }
EMULATED __m512 fmadd(__m512 a, __m512 b, __m512 c) {
  Halves x{a}, y{b}, z{c};
  return by_half([&](int i) { return _mm256_fmadd_ps(x.half[i], y.half[i], z.half[i]); });
}
EMULATED __m512 fnmadd(__m512 a, __m512 b, __m512 c) {
  Halves x{a}, y{b}, z{c};
  return by_half([&](int i) { return _mm256_fnmadd_ps(x.half[i], y.half[i], z.half[i]); });
}
EMULATED __m512 set1(float a) {
  return by_lane([a](int) { return a; });
}
EMULATED __m512 load(const float* p) {
  return by_lane([p](int i) { return p[i]; });
}
EMULATED void store(float* p, __m512 a) {
  Halves x{a};
  for (int i = 0; i < 16; ++i) p[i] = x.lane[i];
}
EMULATED __m512 masked_load(__mmask16 mask, const float* p) {
  return by_lane([=](int i) { return set(mask, i) ? p[i] : 0.0f; });
}
EMULATED void masked_store(float* p, __mmask16 mask, __m512 a) {
  Halves x{a};
  for (int i = 0; i < 16; ++i) {
    if (set(mask, i)) p[i] = x.lane[i];
  }
}
EMULATED __m512 masked_max(__mmask16 mask, __m512 a, __m512 b) {
  Halves x{a}, y{b};
  return by_lane([&](int i) { return !set(mask, i) ? 0.0f : x.lane[i] > y.lane[i] ? x.lane[i] : y.lane[i]; });
}
EMULATED __m512 masked_min(__mmask16 mask, __m512 a, __m512 b) {
  Halves x{a}, y{b};
  return by_lane([&](int i) { return !set(mask, i) ? 0.0f : x.lane[i] < y.lane[i] ? x.lane[i] : y.lane[i]; });
}
EMULATED __m512 masked_sqrt(__mmask16 mask, __m512 a) {
  Halves x{a};
  return by_lane([&](int i) { return set(mask, i) ? __builtin_sqrtf(x.lane[i]) : 0.0f; });
}
EMULATED __m512 masked_move(__mmask16 mask, __m512 a) {
  Halves x{a};
  return by_lane([&](int i) { return set(mask, i) ? x.lane[i] : 0.0f; });
}
EMULATED __m512 blend(__mmask16 mask, __m512 a, __m512 b) {
  Halves x{a}, y{b};
  return by_lane([&](int i) { return set(mask, i) ? y.lane[i] : x.lane[i]; });
}
template <int predicate>
EMULATED __mmask16 compare(__m512 a, __m512 b) {
  static_assert(predicate == _CMP_LT_OQ || predicate == _CMP_LE_OQ);
  Halves x{a}, y{b};
  return by_bit(
      [&](int i) { return predicate == _CMP_LT_OQ ? x.lane[i] < y.lane[i] : x.lane[i] <= y.lane[i]; });
}

EMULATED __m512i bits_of(__m512 a) { return Halves{a}.integers; }
EMULATED __m512 floats_of(__m512i a) {
  Halves x;
  x.integers = a;
  return x.whole;
}
EMULATED __m512i set1_integer(int32_t a) {
  return by_integer([a](int) { return a; });
}
EMULATED __m512i load_integers(const void* p) {
  __m512i result;
  __builtin_memcpy(&result, p, sizeof result);
  return result;
}
EMULATED __m512i masked_load_integers(__mmask16 mask, const void* p) {
  return by_integer([=](int i) { return set(mask, i) ? static_cast<const int32_t*>(p)[i] : 0; });
}
template <typename Step>
EMULATED __m512i combine(__m512i a, __m512i b, Step step) {
  Halves x, y;
  x.integers = a;
  y.integers = b;
  return by_integer([&](int i) { return step(x.integer[i], y.integer[i]); });
}
EMULATED __m512i add_integers(__m512i a, __m512i b) { return (__m512i)((__v16su)a + (__v16su)b); }
EMULATED __m512i and_integers(__m512i a, __m512i b) {
  return combine(a, b, [](int32_t x, int32_t y) { return x & y; });
}
EMULATED __m512i or_integers(__m512i a, __m512i b) {
  return combine(a, b, [](int32_t x, int32_t y) { return x | y; });
}
EMULATED __m512i xor_integers(__m512i a, __m512i b) {
  return combine(a, b, [](int32_t x, int32_t y) { return x ^ y; });
}
EMULATED void store_integers(void* p, __m512i a) { __builtin_memcpy(p, &a, sizeof a); }
EMULATED __m512i blend_integers(__mmask16 mask, __m512i a, __m512i b) {
  return bits_of(blend(mask, floats_of(a), floats_of(b)));
}
// The low halves of each of eight 64-bit lanes as unsigned factors, 64-bit products.
EMULATED __m512i masked_multiply_wide(__mmask8 mask, __m512i a, __m512i b) {
  Halves x, y, result;
  x.integers = a;
  y.integers = b;
  for (int i = 0; i < 8; ++i) {
    const uint64_t product = uint64_t{uint32_t(x.integer[2 * i])} * uint32_t(y.integer[2 * i]);
    result.integer[2 * i] = set(mask, i) ? static_cast<int32_t>(product) : 0;
    result.integer[2 * i + 1] = set(mask, i) ? static_cast<int32_t>(product >> 32) : 0;
  }
  return result.integers;
}
EMULATED __mmask16 integers_less(__m512i a, __m512i b, bool or_equal) {
  Halves x, y;
  x.integers = a;
  y.integers = b;
  return by_bit(
      [&](int i) { return x.integer[i] < y.integer[i] || (or_equal && x.integer[i] == y.integer[i]); });
}
template <int half>
EMULATED __m256i masked_half(__m512i a) {
  Halves x;
  x.integers = a;
  return x.integer_half[half];
}

// Small integers: conversions, and products of pairs of int16 and of fours of bytes, unsigned with signed.
EMULATED __m512 floats_from(__m512i a) {
  Halves x;
  x.integers = a;
  return by_lane([&](int i) { return static_cast<float>(x.integer[i]); });
}
EMULATED __m512i rounded(__m512 a) {
  Halves x{a}, result;
  for (int i = 0; i < 2; ++i) result.integer_half[i] = _mm256_cvtps_epi32(x.half[i]);
  return result.integers;
}
EMULATED __m512i larger_integers(__m512i a, __m512i b) {
  return combine(a, b, [](int32_t x, int32_t y) { return x > y ? x : y; });
}
union SmallIntegers {
  __m512i whole;
  __m256i half[2];
  __m128i quarter[4];
  int32_t integer[16];
  int16_t word[32];
  int8_t byte[64];
};
EMULATED SmallIntegers small(__m512i a) {
  SmallIntegers result;
  result.whole = a;
  return result;
}
EMULATED_CALL __m128i low_bytes(__m512i a) {
  const SmallIntegers x = small(a);
  SmallIntegers result;
  for (int i = 0; i < 16; ++i) result.byte[i] = static_cast<int8_t>(x.integer[i]);
  return result.quarter[0];
}
EMULATED_CALL __m256i low_words(__m512i a) {
  const SmallIntegers x = small(a);
  SmallIntegers result;
  for (int i = 0; i < 16; ++i) result.word[i] = static_cast<int16_t>(x.integer[i]);
  return result.half[0];
}
EMULATED_CALL __m512i integers_from_bytes(__m128i a) {
  SmallIntegers x;
  x.quarter[0] = a;
  return by_integer([&](int i) { return x.byte[i]; });
}
EMULATED_CALL __m512i integers_from_words(__m256i a) {
  SmallIntegers x;
  x.half[0] = a;
  return by_integer([&](int i) { return static_cast<int32_t>(static_cast<uint16_t>(x.word[i])); });
}
EMULATED_CALL __m512i words_from_bytes(__m256i a) {
  SmallIntegers x, result;
  x.half[0] = a;
  for (int i = 0; i < 32; ++i) result.word[i] = x.byte[i];
  return result.whole;
}
EMULATED_CALL __m512i multiply_pairs(__m512i a, __m512i b) {
  const SmallIntegers x = small(a), y = small(b);
  return by_integer([&](int i) {
    const int64_t first = x.word[2 * i] * y.word[2 * i], second = x.word[2 * i + 1] * y.word[2 * i + 1];
    return static_cast<int32_t>(static_cast<uint32_t>(first + second));
  });
}
EMULATED_CALL __m512i add_products_of_fours(__m512i sums, __m512i a, __m512i b) {
  const SmallIntegers x = small(a), y = small(b), s = small(sums);
  return by_integer([&](int i) {
    int32_t sum = 0;
    for (int n = 4 * i; n < 4 * i + 4; ++n) sum += static_cast<uint8_t>(x.byte[n]) * y.byte[n];
    return static_cast<int32_t>(static_cast<uint32_t>(s.integer[i]) + static_cast<uint32_t>(sum));
  });
}

union DoubleHalves {
  __m512d whole;
  __m256d half[2];
  double lane[8];
};
template <typename Step>
EMULATED __m512d by_double(Step step) {
  DoubleHalves result;
  for (int i = 0; i < 8; ++i) result.lane[i] = step(i);
  return result.whole;
}
EMULATED __m512d add_doubles(__m512d a, __m512d b) { return a + b; }
EMULATED __m512d subtract_doubles(__m512d a, __m512d b) { return a - b; }
EMULATED __m512d multiply_doubles(__m512d a, __m512d b) { return a * b; }
EMULATED __m512d divide_doubles(__m512d a, __m512d b) { return a / b; }
EMULATED __m512d fmadd_doubles(__m512d a, __m512d b, __m512d c) {
  DoubleHalves x{a}, y{b}, z{c}, result;
  for (int i = 0; i < 2; ++i) result.half[i] = _mm256_fmadd_pd(x.half[i], y.half[i], z.half[i]);
  return result.whole;
}
EMULATED __m512d fnmadd_doubles(__m512d a, __m512d b, __m512d c) {
  DoubleHalves x{a}, y{b}, z{c}, result;
  for (int i = 0; i < 2; ++i) result.half[i] = _mm256_fnmadd_pd(x.half[i], y.half[i], z.half[i]);
  return result.whole;
}
EMULATED __m512d set1_double(double a) {
  return by_double([a](int) { return a; });
}
EMULATED __m512d load_doubles(const double* p) {
  __m512d result;
  __builtin_memcpy(&result, p, sizeof result);
  return result;
}
EMULATED void store_doubles(double* p, __m512d a) { __builtin_memcpy(p, &a, sizeof a); }
EMULATED __m512d masked_load_doubles(__mmask8 mask, const double* p) {
  return by_double([=](int i) { return (mask >> i & 1) != 0 ? p[i] : 0.0; });
}
EMULATED void masked_store_doubles(double* p, __mmask8 mask, __m512d a) {
  DoubleHalves x{a};
  for (int i = 0; i < 8; ++i) {
    if ((mask >> i & 1) != 0) p[i] = x.lane[i];
  }
}
EMULATED __m512d widen(__m256 a) {
  DoubleHalves result;
  result.half[0] = _mm256_cvtps_pd(_mm256_castps256_ps128(a));
  result.half[1] = _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
  return result.whole;
}

}  // namespace
}  // namespace emulated

#define _mm512_add_pd emulated::add_doubles
#define _mm512_sub_pd emulated::subtract_doubles
#define _mm512_mul_pd emulated::multiply_doubles
#define _mm512_div_pd emulated::divide_doubles
#define _mm512_fmadd_pd emulated::fmadd_doubles
#define _mm512_fnmadd_pd emulated::fnmadd_doubles
#define _mm512_set1_pd emulated::set1_double
#define _mm512_loadu_pd emulated::load_doubles
#define _mm512_storeu_pd emulated::store_doubles
#define _mm512_maskz_loadu_pd emulated::masked_load_doubles
#define _mm512_mask_storeu_pd emulated::masked_store_doubles
#define _mm512_maskz_cvtps_pd(mask, a) emulated::widen(a)

#define _mm512_add_ps emulated::add
#define _mm512_sub_ps emulated::subtract
#define _mm512_mul_ps emulated::multiply
#define _mm512_div_ps emulated::divide
#define _mm512_fmadd_ps emulated::fmadd
#define _mm512_fnmadd_ps emulated::fnmadd
#define _mm512_set1_ps emulated::set1
#define _mm512_loadu_ps emulated::load
#define _mm512_storeu_ps emulated::store
#define _mm512_maskz_loadu_ps emulated::masked_load
#define _mm512_mask_storeu_ps emulated::masked_store
#define _mm512_maskz_max_ps emulated::masked_max
#define _mm512_maskz_min_ps emulated::masked_min
#define _mm512_maskz_sqrt_ps emulated::masked_sqrt
#define _mm512_maskz_mov_ps emulated::masked_move
#define _mm512_mask_blend_ps emulated::blend
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask(a, b, predicate) emulated::compare<predicate>(a, b)
#define _mm512_castps_si512 emulated::bits_of
#define _mm512_castsi512_ps emulated::floats_of
#define _mm512_set1_epi32 emulated::set1_integer
#define _mm512_loadu_si512 emulated::load_integers
#define _mm512_maskz_loadu_epi32 emulated::masked_load_integers
#define _mm512_add_epi32 emulated::add_integers
#define _mm512_and_epi32 emulated::and_integers
#define _mm512_or_epi32 emulated::or_integers
#define _mm512_xor_si512 emulated::xor_integers
#define _mm512_storeu_si512 emulated::store_integers
#define _mm512_mask_blend_epi32 emulated::blend_integers
#define _mm512_maskz_mul_epu32 emulated::masked_multiply_wide
#define _mm512_maskz_cvtepi32_ps(mask, a) emulated::floats_from(a)
#define _mm512_maskz_cvtps_epi32(mask, a) emulated::rounded(a)
#define _mm512_maskz_max_epi32(mask, a, b) emulated::larger_integers(a, b)
#define _mm512_maskz_cvtepi32_epi8(mask, a) emulated::low_bytes(a)
#define _mm512_maskz_cvtepi32_epi16(mask, a) emulated::low_words(a)
#define _mm512_maskz_cvtepi8_epi32(mask, a) emulated::integers_from_bytes(a)
#define _mm512_maskz_cvtepu16_epi32(mask, a) emulated::integers_from_words(a)
#define _mm512_cvtepi8_epi16 emulated::words_from_bytes
#define _mm512_madd_epi16 emulated::multiply_pairs
#define _mm512_dpbusd_epi32 emulated::add_products_of_fours
#define _mm512_cmplt_epi32_mask(a, b) emulated::integers_less(a, b, false)
#define _mm512_cmple_epi32_mask(a, b) emulated::integers_less(a, b, true)
#undef _mm512_maskz_extracti64x4_epi64
#define _mm512_maskz_extracti64x4_epi64(mask, a, half) emulated::masked_half<half>(a)
