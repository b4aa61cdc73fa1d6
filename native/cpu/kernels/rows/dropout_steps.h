// Dropout of a row: which columns core/philox.h keeps. One call of the generator decides about eight vectors of
// columns, `stride` apart, and nothing is stored.
#pragma once

#include "../../simd/philox_vector.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct RowDropout {
  const int32_t* keys;  // [rows, 2]: sequence, position
  int64_t key_stride;
  uint32_t threshold, seed, site;
  float factor;

  static RowDropout of(const TensorView& row_keys, double probability, double seed, double site) {
    const uint32_t threshold = dropout_threshold(probability);
    return {static_cast<const int32_t*>(row_keys.data),
            row_keys.row_stride,
            threshold,
            static_cast<uint32_t>(seed),
            static_cast<uint32_t>(site),
            dropout_factor(threshold)};
  }
};

// step(column, n, kept) for every vector of a row, in no order of the columns; a set lane of `kept` stays.
template <typename Step>
LIKEWISE_INLINE void for_each_kept(const RowDropout& drop, int64_t row, int64_t width, Step step) {
  const int32_t* key = drop.keys + row * drop.key_stride;
  const IntVector sequence = broadcast_int(key[0]), position = broadcast_int(key[1]);
  const int64_t stride = dropout_stride(width);
  for (int64_t first = 0; first < stride && first < width; first += lanes) {
    const IntVector columns = lane_indexes() + broadcast_int(static_cast<int32_t>(first));
    const PhiloxVectors block = philox(columns, position, sequence, broadcast_int(0), drop.seed, drop.site);
#pragma GCC unroll 8
    for (int32_t decision = 0; decision < 8; decision++) {
      const int64_t column = decision * stride + first;
      if (column >= width) break;
      step(column, width - column < lanes ? width - column : lanes,
           keep_mask(block, decision, drop.threshold));
    }
  }
}

// output = dropout(input) + residual; a null residual adds nothing. The three may be the same row. A call of its own
// for each row: inlined everywhere, eight steps of it would make more code than they save.
__attribute__((noinline)) void drop_row(const RowDropout& drop, int64_t row, const float* input,
                                        const float* residual, int64_t width, float* output) {
  const Vector factor = broadcast(drop.factor);
  for_each_kept(drop, row, width, [=](int64_t j, int64_t n, Mask kept) {
    const Vector x = zero_unless(kept, load_first(input + j, n));
    const Vector sum = residual == nullptr ? x * factor : fma(x, factor, load_first(residual + j, n));
    store_first(output + j, sum, n);
  });
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
