// Scores whose lanes are queries and whose rows are keys: their exponential, the masks' verdict on a whole block of keys
// or on each, and the drawing of dropout (core/philox.h).
#pragma once

#include "../../simd/philox_vector.h"
#include "../../simd/vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// 2^x for x <= 0: 2^n p(r), x = n + r, |r| <= 1/2, p of degree 6 with p(0) = 1 (minimax, 2.6e-9): below 1.5e-7 in all.
// Exactly 1 at 0; 0 at and below -127; NaN stays NaN.
LIKEWISE_INLINE Vector exp2_of_negative(Vector x) {
  const Vector round =
      broadcast(12583039.0f);  // 1.5 * 2^23 + 127: the sum's low bits are the exponent n + 127
  const Vector bounded = maximum(broadcast(-127.0f), x);
  const Vector shifted = bounded + round;
  const Vector r = bounded - (shifted - round);
  Vector p = fma(broadcast(1.55946775401e-4f), r, broadcast(1.34066439047e-3f));
  p = fma(p, r, broadcast(9.61769297492e-3f));
  p = fma(p, r, broadcast(5.550310551e-2f));
  p = fma(p, r, broadcast(0.240226527829f));
  p = fma(p, r, broadcast(0.693147214968f));
  p = fma(p, r, broadcast(1.0f));
  return p * add_exponent(zero(), shifted);
}

// The last sequence that starts at or before `row`, where start(s) tells a sequence's start.
template <typename Start>
LIKEWISE_INLINE int64_t sequence_at(Start start, int64_t sequences, int64_t row) {
  int64_t low = 0, high = sequences;
  while (high - low > 1) {
    const int64_t middle = (low + high) / 2;
    (start(middle) <= row ? low : high) = middle;
  }
  return low;
}

struct RankSpan {
  int32_t lowest, highest;

  RankSpan(int32_t low, int32_t high) : lowest(low), highest(high) {}
  RankSpan(const int32_t* ranks, int64_t count) : lowest(ranks[0]), highest(ranks[0]) {
    for (int64_t i = 1; i < count; i++) {
      lowest = ranks[i] < lowest ? ranks[i] : lowest;
      highest = ranks[i] > highest ? ranks[i] : highest;
    }
  }
};

enum class Sight { none, some, all };

// How much of some keys some queries see.
LIKEWISE_INLINE Sight sight(const RankSpan& queries, const RankSpan& keys, bool strict) {
  const int32_t gap = strict ? 1 : 0;
  if (int64_t{keys.lowest} + gap > queries.highest) return Sight::none;
  return int64_t{keys.highest} + gap <= queries.lowest ? Sight::all : Sight::some;
}

// One vector of every score row, `width` apart.
LIKEWISE_INLINE void hide_keys(const int32_t* query_rank, const int32_t* key_rank, int64_t keys, bool strict,
                               float* scores, int64_t width) {
  const Vector hidden = zero() - infinity();
  const IntVector of_query = load_int(query_rank);
  for (int64_t j = 0; j < keys; j++) {
    const IntVector of_key = broadcast_int(key_rank[j]);
    const Mask seen = strict ? less(of_key, of_query) : less_equal(of_key, of_query);
    store(scores + j * width, select(seen, load(scores + j * width), hidden));
  }
}

// What decides on dropout, but for query and key.
struct Draw {
  uint32_t threshold = 0;  // 0: no dropout
  uint32_t seed = 0, site = 0, sequence = 0, head = 0;

  Draw() = default;
  explicit Draw(const double* parameters)  // probability, seed, site
      : threshold(dropout_threshold(parameters[0])),
        seed(static_cast<uint32_t>(parameters[1])),
        site(static_cast<uint32_t>(parameters[2])) {}

  Draw of(const int32_t* sequence_ids, int64_t s, int64_t of_head) const {
    Draw draw = *this;
    if (threshold != 0) draw.sequence = static_cast<uint32_t>(sequence_ids[s]);
    draw.head = static_cast<uint32_t>(of_head);
    return draw;
  }
};

// body(j, mask of the lanes that are kept) for keys j = 0 .. keys - 1; `first_key` and `first_query` count from the first
// of the sequence, first_key is a multiple of 8.
template <typename Body>
LIKEWISE_INLINE void for_each_decision(const Draw& draw, int64_t first_query, int64_t first_key, int64_t keys,
                                       Body body) {
  const IntVector queries = broadcast_int(static_cast<int32_t>(first_query)) + lane_indexes();
  for (int64_t j = 0; j < keys; j += 8) {
    const PhiloxVectors words =
        philox(broadcast_word(static_cast<uint32_t>((first_key + j) / 8)), queries,
               broadcast_word(draw.sequence), broadcast_word(draw.head + 1), draw.seed, draw.site);
#pragma GCC unroll 8
    for (int32_t d = 0; d < 8; d++) {
      if (j + d < keys) body(j + d, keep_mask(words, d, draw.threshold));
    }
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
