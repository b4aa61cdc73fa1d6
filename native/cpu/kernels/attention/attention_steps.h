// The steps of attention for one group of queries (one query per lane, in one or two vectors) and one block of keys:
//
//   make_scores   scores[j][q]  = key[j] . query[q]; in bfloat16 times scale
//   soften        weights[j][q] = 2^(scores[j][q] - maximum[q]), with a running maximum and total per query
//   drop_keys     weights[j][q] = 0 where dropout says so
//   add_values    sums[d][q]    = sums[d][q] * factor[q] + sum_j weights[j][q] * value[j][d]
//
// Lanes are queries throughout: no step reduces across lanes, no head dimension or number of keys needs padding, and
// the arithmetic of a query cannot depend on which other queries share its vectors. Scores are base 2 exponents: queries
// come multiplied by scale * log2(e), but in bfloat16, where that would be one more thing to round.
#pragma once

#include "attention_products.h"
#include "attention_scores.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// Below every score. Finite, so that subtracting it gives no NaN.
constexpr float no_score = -0x1p127f;

// logs = ln(totals), one vector of totals >= 1: y ln 2 + ln(1 + e), 1 + e = total / 2^y, y read from the total's bits
// (0 <= e < 0.062), ln(1 + e) by its series.
LIKEWISE_INLINE Vector log_of_total(const float* totals) {
  float exponents[Vector::lanes];
  for (int32_t i = 0; i < Vector::lanes; i++) {
    int32_t bits;
    __builtin_memcpy(&bits, totals + i, sizeof bits);
    exponents[i] = static_cast<float>(bits) * 0x1p-23f - 127.0f;
  }
  const Vector y = load(exponents);
  const Vector e = fma(load(totals), exp2_of_negative(zero() - y), broadcast(-1.0f));
  Vector series = fma(e, broadcast(-1.0f / 6), broadcast(0.2f));
  series = fma(series, e, broadcast(-0.25f));
  series = fma(series, e, broadcast(1.0f / 3));
  series = fma(series, e, broadcast(-0.5f));
  series = fma(series, e, broadcast(1.0f));
  return fma(y, broadcast(0.693147180560f), series * e);
}

// out[r][lane] = sum_k left[r * row_stride + k * step] * right[k][lane], in the order of k, starting from 0 or, when
// `factor` counts, from out[r][lane] * factor[lane]: one register tile of `rows` x `vectors`. Depth in words. `scale`
// multiplies a product of pairs.
template <typename Factors, int32_t rows, int32_t vectors, bool accumulate>
LIKEWISE_INLINE void multiply(const float* left, int64_t row_stride, int64_t step, const float* right,
                              int64_t depth, float* out, const float* factor, float scale = 1) {
  constexpr int32_t lanes = Vector::lanes;
  Vector sum[rows][vectors];
#pragma GCC unroll 12
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < vectors; v++) {
      sum[r][v] = accumulate ? load(out + (r * vectors + v) * lanes) * load(factor + v * lanes) : zero();
    }
  }
  constexpr int32_t reach = 6;  // rows that one pointer and few registers can address
  const float* lower = left + reach * row_stride;
  for (int64_t k = 0; k < depth; k++) {
    Vector b[vectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < vectors; v++) b[v] = load(right + (k * vectors + v) * lanes);
#pragma GCC unroll 12
    for (int32_t r = 0; r < rows; r++) {
      const Vector a =
          broadcast(r < reach ? left[r * row_stride + k * step] : lower[(r - reach) * row_stride + k * step]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < vectors; v++) sum[r][v] = Factors::multiply_add(a, b[v], sum[r][v]);
    }
  }
#pragma GCC unroll 12
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < vectors; v++) {
      if constexpr (Factors::paired && !accumulate) sum[r][v] = sum[r][v] * broadcast(scale);
      store(out + (r * vectors + v) * lanes, sum[r][v]);
    }
  }
}

template <typename Factors, int32_t vectors, int32_t rows = tallest<vectors>>
__attribute__((noinline)) void score_tile(const float* key, int64_t stride, const float* query, int64_t depth,
                                          float* scores, float scale) {
  multiply<Factors, rows, vectors, false>(key, stride, 1, query, depth, scores, nullptr, scale);
}

template <typename Factors, int32_t vectors, int32_t rows = tallest<vectors>>
__attribute__((noinline)) void value_tile(const float* value, int64_t stride, const float* weights,
                                          int64_t depth, float* sums, const float* factor) {
  multiply<Factors, rows, vectors, true>(value, 1, stride, weights, depth, sums, factor);
}

// depth: words of a head
template <typename Factors, int32_t vectors>
LIKEWISE_INLINE void make_scores(const Rows& key, int64_t keys, float* query, int64_t depth, float* scores,
                                 float scale) {
  constexpr int64_t width = vectors * Vector::lanes;
  if constexpr (Factors::tiled) {
    add_product<Factors>({key.data, key.stride, 1, {query, width}, depth, false, {scores, width}, scale},
                         keys, width);
  } else {
    for_each_height<vectors>(keys, [&](auto tile, int64_t j) {
      score_tile<Factors, vectors, tile.rows>(key.at(j, 0), key.stride, query, depth, scores + j * width,
                                              scale);
    });
  }
}

// depth: words of the keys. Of Tiles value is turned.
template <typename Factors, int32_t vectors>
LIKEWISE_INLINE void add_values(const Rows& value, int64_t depth, float* weights, int64_t head_dim,
                                float* sums, const float* factor) {
  constexpr int64_t width = vectors * Vector::lanes;
  if constexpr (Factors::tiled) {
    for (int64_t i = 0; i < head_dim * width; i += Vector::lanes) {
      store(sums + i, load(sums + i) * load(factor + i % width));
    }
    add_product<Factors>({value.data, value.stride, 1, {weights, width}, depth, true, {sums, width}, 1.0f},
                         head_dim, width);
  } else {
    for_each_height<vectors>(head_dim, [&](auto tile, int64_t d) {
      value_tile<Factors, vectors, tile.rows>(value.data + d, value.stride, weights, depth, sums + d * width,
                                              factor);
    });
  }
}

// Turns one vector of every score row (`width` apart) into weights, in place: total = total * factor + their sum, where
// factor = 2^(old maximum - new maximum) is what older totals and sums are worth now. One vector at a time, as the
// constants of the exponential leave few registers.
__attribute__((noinline)) void soften(float* scores, int64_t width, int64_t keys, float* running_maximum,
                                      float* running_total, float* factor) {
  const float* end = scores + keys * width;
  const Vector before = load(running_maximum);
  Vector largest = before, other = before;
  const float* score = scores;
  for (; score + width < end; score += 2 * width) {
    largest = maximum(load(score), largest);
    other = maximum(load(score + width), other);
  }
  if (score < end) largest = maximum(load(score), largest);
  largest = maximum(largest, other);
  Vector total = zero();
  for (float* weight = scores; weight < end; weight += width) {
    const Vector w = exp2_of_negative(load(weight) - largest);
    store(weight, w);
    total = total + w;
  }
  const Vector worth = exp2_of_negative(before - largest);
  store(factor, worth);
  store(running_total, fma(load(running_total), worth, total));
  store(running_maximum, largest);
}

// Clears the weights that are dropped, in one vector of every row of weights, `width` apart.
__attribute__((noinline)) void drop_keys(float* weights, int64_t width, int64_t keys, const Draw& draw,
                                         int64_t first_query, int64_t first_key) {
  for_each_decision(draw, first_query, first_key, keys, [&](int64_t j, Mask kept) {
    store(weights + j * width, zero_unless(kept, load(weights + j * width)));
  });
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
