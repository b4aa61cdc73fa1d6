// The steps of attention's gradient for a chunk of queries and a block of keys:
//
//   add_product     five times (attention_products.h): for the scores and the weights' gradients lanes are queries; for
//                   the gradients of query, key and value they are columns of a head
//   weigh           weights[j][q] = 2^(scores[j][q] - log_sum[q]);
//                   gradients[j][q] = weights[j][q] * (kept gradients[j][q] - mean[q]); weights[j][q] where kept, else 0
//   row_products    mean[q] = output_gradient[q] . output[q], the former rounded in bfloat16, as in the products that it
//                   is compared with
#pragma once

#include "attention_products.h"
#include "attention_scores.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// One vector of every row of weights and gradients, `width` apart. Queries and keys count from the sequence's first.
template <bool with_dropout>
__attribute__((noinline)) void weigh(float* weights, float* gradients, int64_t width, int64_t keys,
                                     const float* log_sum, const float* mean, const Draw& draw,
                                     int64_t first_query, int64_t first_key) {
  const Vector sum = load(log_sum), middle = load(mean);
  const auto one = [&](int64_t j, Vector weight, Vector gradient, Vector kept_weight) {
    store(gradients + j * width, weight * (gradient - middle));
    store(weights + j * width, kept_weight);
  };
  if constexpr (with_dropout) {
    for_each_decision(draw, first_query, first_key, keys, [&](int64_t j, Mask kept) {
      const Vector weight = exp2_of_negative(load(weights + j * width) - sum);
      one(j, weight, zero_unless(kept, load(gradients + j * width)), zero_unless(kept, weight));
    });
  } else {
    for (int64_t j = 0; j < keys; j++) {
      const Vector weight = exp2_of_negative(load(weights + j * width) - sum);
      one(j, weight, load(gradients + j * width), weight);
    }
  }
}

template <typename Factors>
LIKEWISE_INLINE void row_products(const float* left, int64_t left_stride, const float* right,
                                  int64_t right_stride, int64_t rows, int64_t columns, float* out) {
  constexpr int32_t lanes = Vector::lanes;
  for (int64_t r = 0; r < rows; r++) {
    const float *a = left + r * left_stride, *b = right + r * right_stride;
    Vector sum = zero();
    int64_t c = 0;
    for (; c + lanes <= columns; c += lanes) sum = fma(Factors::rounded(load(a + c)), load(b + c), sum);
    if (c < columns) {
      sum = fma(Factors::rounded(load_partial(a + c, columns - c)), load_partial(b + c, columns - c), sum);
    }
    out[r] = reduce_add(sum);
  }
}

// Rows of `columns` floats into rows of `padded`, zeros behind them.
LIKEWISE_INLINE void pad_rows(const float* source, int64_t stride, int64_t rows, int64_t columns,
                              int64_t padded, float* destination) {
  constexpr int32_t lanes = Vector::lanes;
  for (int64_t r = 0; r < rows; r++) {
    const float* from = source + r * stride;
    float* to = destination + r * padded;
    int64_t c = 0;
    for (; c + lanes <= columns; c += lanes) store(to + c, load(from + c));
    if (c < columns) store(to + c, load_partial(from + c, columns - c));
  }
}

// destination = factor * source, or added to it; source null: zeros.
template <bool add>
LIKEWISE_INLINE void put_rows(const float* source, int64_t padded, float factor, int64_t rows,
                              int64_t columns, const Rows& destination) {
  constexpr int32_t lanes = Vector::lanes;
  const Vector by = broadcast(factor);
  for (int64_t r = 0; r < rows; r++) {
    const float* from = source == nullptr ? nullptr : source + r * padded;
    float* to = destination.at(r, 0);
    for (int64_t c = 0; c < columns; c += lanes) {
      const int64_t count = columns - c < lanes ? columns - c : lanes;
      Vector x = from == nullptr ? zero() : load(from + c) * by;
      if (add) x = x + (count == lanes ? load(to + c) : load_partial(to + c, count));
      if (count == lanes) {
        store(to + c, x);
      } else {
        store_partial(to + c, x, count);
      }
    }
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
