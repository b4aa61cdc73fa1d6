// One chunk of attention's queries, of one sequence and head, against all keys of that sequence, block by block, in
// either kind of factors (attention_factors.h).
//
// Keys are taken in blocks counted from the start of their sequence. A query's bits depend on its own sequence only:
// lanes never mix (attention_steps.h), every sum runs in the order of its index, and a block nobody sees may be skipped
// because it would multiply by exactly 1 and add exactly 0. Dropout clears weights after their total is taken; the
// factor of what is kept joins the division by that total. (Values must be finite for that: 0 * infinity of a key that
// is hidden from a query, but not from its neighbours, is NaN.)
#pragma once

#include "../packing/transpose.h"
#include "attention_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int32_t lanes = Vector::lanes;
constexpr int32_t group_queries = 2 * lanes;
constexpr int64_t chunk_queries = 128;
constexpr int64_t block_keys = 128;
constexpr int64_t copy_from_groups = 3;  // fewer groups of queries do not repay a copy of the keys and values

struct Problem {
  Rows query, key, value, output;
  Rows log_sum_exp;  // data may be null
  const int32_t* query_offsets;
  const int32_t* key_offsets;
  const int32_t* query_rank;  // null: every query sees every key
  const int32_t* key_rank;
  int64_t sequences, heads, head_dim;
  int64_t padded;  // head_dim, and the zeros behind it in rows of factors
  const int32_t* sequence_ids;
  float scale;  // times log2(e)
  float kept_factor;
  bool strict;
  Draw draw;
};

// What a participant holds while it works on a chunk. Query lanes are laid out group by group, each [padded][lanes].
struct Scratch {
  float* queries;  // [chunk_queries x padded]
  float* sums;     // [chunk_queries x padded]
  float* keys;     // [block_keys, head_dim]; as pairs [block_keys, padded / 2]
  float*
      values;  // [block_keys, head_dim]; as pairs [block_keys / 2, padded], and behind them, for Tiles, turned
  float* scores;   // [block_keys, group_queries]
  float* maxima;   // [chunk_queries]
  float* totals;   // [chunk_queries]
  float* factors;  // [group_queries]
  int32_t* ranks;  // [chunk_queries]

  static size_t floats(int64_t padded) {
    return static_cast<size_t>(2 * (chunk_queries + block_keys) * padded + block_keys * group_queries +
                               3 * chunk_queries + group_queries);
  }

  Scratch(void* memory, int64_t padded) {
    maxima = static_cast<float*>(memory);
    totals = maxima + chunk_queries;
    ranks = reinterpret_cast<int32_t*>(totals + chunk_queries);
    factors = totals + 2 * chunk_queries;
    scores = factors + group_queries;
    queries = scores + block_keys * group_queries;
    sums = queries + chunk_queries * padded;
    keys = sums + chunk_queries * padded;
    values = keys + block_keys * padded;
  }
};

// The queries first_query .. first_query + queries - 1 of one sequence, for one head.
struct Chunk {
  int64_t first_query, queries;
  int64_t first_key, keys;
  int64_t head;
  int64_t position;  // of the first query within its sequence
  Draw draw;
};

// One block of keys: where its rows are now, and the span of its ranks.
struct Block {
  Rows key, value;  // first row, first column of the head
  int64_t keys;
  const int32_t* ranks;
  RankSpan span;
  int64_t position;  // of the first within its sequence
};

LIKEWISE_INLINE void copy_rows(const float* source, int64_t stride, int64_t rows, int64_t columns,
                               float* destination) {
  for (int64_t r = 0; r < rows; r++) {
    const float* from = source + r * stride;
    float* to = destination + r * columns;
    int64_t c = 0;
    for (; c + lanes <= columns; c += lanes) store(to + c, load(from + c));
    if (c < columns) store_partial(to + c, load_partial(from + c, columns - c), columns - c);
  }
}

// Groups of two vectors of queries; a last one that fits is a single vector.
struct Group {
  int64_t first;  // within the chunk
  int64_t queries;
  int32_t width;  // lanes

  Group(const Chunk& chunk, int64_t index) {
    first = index * group_queries;
    queries = chunk.queries - first < group_queries ? chunk.queries - first : group_queries;
    width = queries > lanes ? group_queries : lanes;
  }
};

int64_t group_count(const Chunk& chunk) { return (chunk.queries + group_queries - 1) / group_queries; }

template <typename Factors>
void load_group(const Problem& problem, const Scratch& scratch, const Chunk& chunk, const Group& group) {
  const int64_t row = chunk.first_query + group.first;
  const int64_t start = group.first * problem.padded;
  columns_to_lanes(problem.query.at(row, chunk.head * problem.head_dim), problem.query.stride, group.queries,
                   problem.head_dim, Factors::paired ? 1.0f : problem.scale, scratch.queries + start,
                   group.width);
  if constexpr (Factors::paired) {
    pair_rows<Factors>(scratch.queries + start, group.width, problem.head_dim, group.width, group.width,
                       scratch.queries + start);
  }
  for (int64_t i = 0; i < problem.padded * group.width; i += lanes) store(scratch.sums + start + i, zero());
  for (int64_t i = group.first; i < group.first + group.width; i += lanes) {
    store(scratch.maxima + i, broadcast(no_score));
    store(scratch.totals + i, zero());
  }
  if (problem.query_rank == nullptr) return;
  for (int64_t i = 0; i < group.width; i++) {
    scratch.ranks[group.first + i] = problem.query_rank[row + (i < group.queries ? i : group.queries - 1)];
  }
}

template <typename Factors>
Block take_block(const Problem& problem, const Scratch& scratch, const Chunk& chunk, int64_t first) {
  const int64_t row = chunk.first_key + first;
  const int64_t column = chunk.head * problem.head_dim;
  const int64_t keys = chunk.keys - first < block_keys ? chunk.keys - first : block_keys;
  const int32_t* ranks = problem.key_rank == nullptr ? nullptr : problem.key_rank + row;
  Block block{{problem.key.at(row, column), problem.key.stride},
              {problem.value.at(row, column), problem.value.stride},
              keys,
              ranks,
              ranks == nullptr ? RankSpan{0, 0} : RankSpan(ranks, keys),
              first};
  if constexpr (Factors::paired) {
    const int64_t padded = problem.padded;
    pack_rows(block.key.data, block.key.stride, block.keys, problem.head_dim, padded, scratch.keys);
    pair_rows<Factors>(block.value.data, block.value.stride, block.keys, problem.head_dim, padded,
                       scratch.values);
    block.key = {scratch.keys, padded / 2};
    block.value = {scratch.values, padded};
    if constexpr (Factors::tiled) {
      block.value = {scratch.values + block_keys / 2 * padded, block_keys / 2};
      transpose(scratch.values, padded, Factors::whole_words(keys), whole_vectors(problem.head_dim),
                block.value.data, block.value.stride);
    }
  } else if (group_count(chunk) >= copy_from_groups) {
    copy_rows(block.key.data, block.key.stride, block.keys, problem.head_dim, scratch.keys);
    copy_rows(block.value.data, block.value.stride, block.keys, problem.head_dim, scratch.values);
    block.key = {scratch.keys, problem.head_dim};
    block.value = {scratch.values, problem.head_dim};
  }
  return block;
}

// How much of a block a group sees.
Sight sight_of(const Problem& problem, const Scratch& scratch, const Group& group, const Block& block) {
  if (block.ranks == nullptr) return Sight::all;
  return sight(RankSpan(scratch.ranks + group.first, group.queries), block.span, problem.strict);
}

template <typename Factors, int32_t vectors>
void attend(const Problem& problem, const Scratch& scratch, const Chunk& chunk, const Group& group,
            const Block& block, Sight seen) {
  const int64_t start = group.first * problem.padded;
  make_scores<Factors, vectors>(block.key, block.keys, scratch.queries + start,
                                Factors::whole_words(problem.head_dim), scratch.scores, problem.scale);
  for (int32_t v = 0; v < vectors; v++) {
    const int64_t query = group.first + v * lanes;
    float* scores = scratch.scores + v * lanes;
    if (seen == Sight::some) {
      hide_keys(scratch.ranks + query, block.ranks, block.keys, problem.strict, scores, vectors * lanes);
    }
    soften(scores, vectors * lanes, block.keys, scratch.maxima + query, scratch.totals + query,
           scratch.factors + v * lanes);
    if (chunk.draw.threshold != 0) {
      drop_keys(scores, vectors * lanes, block.keys, chunk.draw, chunk.position + query, block.position);
    }
  }
  if constexpr (Factors::paired) {
    constexpr int64_t width = vectors * lanes;
    pair_rows<Factors>(scratch.scores, width, block.keys, width, width, scratch.scores);
  }
  add_values<Factors, vectors>(block.value, Factors::whole_words(block.keys), scratch.scores,
                               problem.head_dim, scratch.sums + start, scratch.factors);
}

void finish_group(const Problem& problem, const Scratch& scratch, const Chunk& chunk, const Group& group) {
  const int64_t row = chunk.first_query + group.first;
  float* totals = scratch.totals + group.first;
  const float* maxima = scratch.maxima + group.first;
  for (int64_t i = 0; problem.log_sum_exp.data != nullptr && i < group.width; i += lanes) {
    const Vector sum = fma(load(maxima + i), broadcast(0.693147180560f), log_of_total(totals + i));
    float of_lane[lanes];
    store(of_lane, select(less_equal(load(totals + i), zero()), zero() - infinity(), sum));
    for (int64_t q = i; q < i + lanes && q < group.queries; q++) {
      *problem.log_sum_exp.at(row + q, chunk.head) = of_lane[q - i];
    }
  }
  for (int64_t i = 0; i < group.width; i += lanes) {
    const Vector total = load(totals + i);  // 0 where a query saw nothing: its sums are 0 as well
    store(totals + i, select(less(zero(), total), broadcast(problem.kept_factor) / total, total));
  }
  lanes_to_columns(scratch.sums + group.first * problem.padded, group.width, totals, group.queries,
                   problem.head_dim, problem.output.at(row, chunk.head * problem.head_dim),
                   problem.output.stride);
}

template <typename Factors>
void attend_chunk(const Problem& problem, const Scratch& scratch, const Chunk& chunk) {
  const int64_t groups = group_count(chunk);
  for (int64_t g = 0; g < groups; g++) load_group<Factors>(problem, scratch, chunk, Group(chunk, g));
  for (int64_t first = 0; first < chunk.keys; first += block_keys) {
    const Block block = take_block<Factors>(problem, scratch, chunk, first);
    for (int64_t g = 0; g < groups; g++) {
      const Group group(chunk, g);
      const Sight seen = sight_of(problem, scratch, group, block);
      if (seen == Sight::none) continue;
      if (group.width == lanes) {
        attend<Factors, 1>(problem, scratch, chunk, group, block, seen);
      } else {
        attend<Factors, 2>(problem, scratch, chunk, group, block, seen);
      }
    }
  }
  for (int64_t g = 0; g < groups; g++) finish_group(problem, scratch, chunk, Group(chunk, g));
}

}  // namespace

}  // namespace likewise::LIKEWISE_ISA
