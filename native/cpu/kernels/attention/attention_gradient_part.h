// One part of attention's gradient: one head, up to part_rows queries and as many keys of one sequence. Chunks of queries
// walk over blocks of keys; keys, values and their gradients stay in scratch memory that fits the second cache level. A
// part that is a single chunk and block, as short texts are, is computed from where its rows lie (but for bfloat16, where
// all factors are packed) to where its gradients go; not in tiles, which are written whole.
#pragma once

#include "../packing/transpose.h"
#include "attention_gradient_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int32_t lanes = Vector::lanes;
constexpr int64_t part_rows = 512;
constexpr int64_t chunk_queries = 32;
constexpr int64_t block_keys = 64;
constexpr double log2_e = 1.4426950408889634;

struct Problem {
  Rows output_gradient, query, key, value, output, log_sum_exp;
  Rows query_gradient, key_gradient, value_gradient;
  const int32_t* query_offsets;
  const int32_t* key_offsets;
  const int32_t* query_rank;  // null: every query sees every key
  const int32_t* key_rank;
  const int32_t* sequence_ids;
  int64_t sequences, heads, head_dim;
  int64_t padded;               // head_dim, and the zeros behind it in rows of factors
  float scale, exponent_scale;  // the latter of base 2, as in the forward
  float kept_factor;
  bool strict;
  Draw draw;
};

// Queries and keys of one sequence that meet, for one head.
struct Part {
  int64_t first_query, queries, query_position;  // the position of the first within its sequence
  int64_t first_key, keys, key_position;
  int64_t column;  // of the head
  bool first_round;
  Draw draw;
};

struct Scratch {
  float* means;           // [chunk_queries]
  float* log_sums;        // [chunk_queries]
  int32_t* ranks;         // [chunk_queries]
  float* query_lanes;     // [head_dim, width of the chunk]
  float* gradient_lanes;  // [head_dim, width of the chunk]
  float* weights;         // [block_keys, width of the chunk]
  float* gradients;       // [block_keys, width of the chunk]
  float* gradient_rows;   // [block_keys, width of the chunk / 2], for pairs only
  float* query;           // [chunk_queries, padded], paired along rows; as is the next
  float* output_gradient;
  float* query_gradient;  // [chunk_queries, padded]; of Tiles [padded, width of the chunk]
  float* key;             // [part_rows, padded], paired along columns; as is the next
  float* value;
  float* key_by_rows;   // the keys again, paired along rows; of Tiles block by block [padded, block_keys / 2]
  float* key_gradient;  // [part_rows, padded], as is the next
  float* value_gradient;

  static size_t floats(int64_t padded) {
    return static_cast<size_t>(3 * chunk_queries + 5 * block_keys * chunk_queries / 2 +
                               (5 * chunk_queries + 4 * part_rows) * padded);
  }

  Scratch(void* memory, int64_t padded) {
    float* next = static_cast<float*>(memory);
    const auto take = [&next](int64_t floats) {
      float* own = next;
      next += floats;
      return own;
    };
    means = take(chunk_queries);
    log_sums = take(chunk_queries);
    ranks = reinterpret_cast<int32_t*>(take(chunk_queries));
    weights = take(block_keys * chunk_queries);
    gradients = take(block_keys * chunk_queries);
    gradient_rows = take(block_keys * chunk_queries / 2);
    query_lanes = take(chunk_queries * padded);
    gradient_lanes = take(chunk_queries * padded);
    query = take(chunk_queries * padded);
    output_gradient = take(chunk_queries * padded);
    query_gradient = take(chunk_queries * padded);
    key = take(part_rows * padded);
    value = take(part_rows * padded);
    key_by_rows = key + part_rows * padded / 2;  // pairs take half the memory
    key_gradient = take(part_rows * padded);
    value_gradient = take(part_rows * padded);
  }
};

// Factors of the products. Pairs: what is summed over a head's columns is paired along columns, what is summed over queries
// or keys along rows; keys are both.
struct Operands {
  Rows query, output_gradient, key, value, key_by_rows;
};

// A chunk of queries and a block of keys that meet: where their factors are and where their gradients go.
struct Tile {
  Operands from;
  Rows query_gradient, key_gradient, value_gradient;
  int64_t queries, keys, width;
  bool add_to_query, add_to_key;  // there are gradients already
  float query_factor, key_factor, value_factor;
};

// scratch.weights: the scores, times log2(e); scratch.gradients: output_gradient[q] . value[j], as dropout scales it.
template <typename Factors>
void multiply_heads(const Problem& problem, const Scratch& scratch, const Tile& tile) {
  const int64_t depth = Factors::whole_words(problem.head_dim), width = tile.width;
  const float score_factor = Factors::paired ? problem.exponent_scale : 1.0f;
  const float gradient_factor = Factors::paired ? problem.kept_factor : 1.0f;
  add_product<Factors>({tile.from.key.data,
                        tile.from.key.stride,
                        1,
                        {scratch.query_lanes, width},
                        depth,
                        false,
                        {scratch.weights, width},
                        score_factor},
                       tile.keys, width);
  add_product<Factors>({tile.from.value.data,
                        tile.from.value.stride,
                        1,
                        {scratch.gradient_lanes, width},
                        depth,
                        false,
                        {scratch.gradients, width},
                        gradient_factor},
                       tile.keys, width);
}

// The three gradients, from scratch.weights and scratch.gradients.
template <typename Factors>
void multiply_gradients(const Problem& problem, const Scratch& scratch, const Tile& tile) {
  const int64_t width = tile.width, columns = whole_vectors(problem.head_dim);
  const int64_t query_words = Factors::whole_words(tile.queries), key_words = Factors::whole_words(tile.keys);
  Rows weight_rows{scratch.weights, width}, gradient_rows{scratch.gradients, width};
  if constexpr (Factors::paired) {
    weight_rows.stride = Factors::whole_words(width);
    gradient_rows = {scratch.gradient_rows, weight_rows.stride};
    pack_rows(scratch.weights, width, tile.keys, width, 2 * weight_rows.stride, weight_rows.data);
    pack_rows(scratch.gradients, width, tile.keys, width, 2 * weight_rows.stride, gradient_rows.data);
    pair_rows<Factors>(scratch.gradients, width, tile.keys, width, width, scratch.gradients);
  }
  add_product<Factors>({weight_rows.data, weight_rows.stride, 1, tile.from.output_gradient, query_words,
                        tile.add_to_key, tile.value_gradient, tile.value_factor},
                       tile.keys, columns);
  add_product<Factors>({gradient_rows.data, gradient_rows.stride, 1, tile.from.query, query_words,
                        tile.add_to_key, tile.key_gradient, tile.key_factor},
                       tile.keys, columns);
  const Rows& key = tile.from.key_by_rows;
  if constexpr (Factors::tiled) {
    add_product<Factors>({key.data,
                          key.stride,
                          1,
                          {scratch.gradients, width},
                          key_words,
                          tile.add_to_query,
                          tile.query_gradient,
                          tile.query_factor},
                         problem.head_dim, width);
  } else {
    add_product<Factors>({scratch.gradients, 1, width, key, key_words, tile.add_to_query, tile.query_gradient,
                          tile.query_factor},
                         tile.queries, columns);
  }
}

template <typename Factors>
void meet(const Problem& problem, const Scratch& scratch, const Part& part, const Tile& tile,
          const int32_t* key_ranks, int64_t query_position, int64_t key_position) {
  const int64_t width = tile.width;
  multiply_heads<Factors>(problem, scratch, tile);
  for (int64_t lane = 0; lane < width; lane += lanes) {
    float *of_weights = scratch.weights + lane, *of_gradients = scratch.gradients + lane;
    if (key_ranks != nullptr) {
      hide_keys(scratch.ranks + lane, key_ranks, tile.keys, problem.strict, of_weights, width);
    }
    (part.draw.threshold == 0 ? weigh<false> : weigh<true>)(of_weights, of_gradients, width, tile.keys,
                                                            scratch.log_sums + lane, scratch.means + lane,
                                                            part.draw, query_position + lane, key_position);
  }
  multiply_gradients<Factors>(problem, scratch, tile);
}

// What the steps need of a chunk's queries, one per lane; lanes past the last repeat it.
template <typename Factors>
void load_lanes(const Problem& problem, const Scratch& scratch, const Part& part, int64_t first,
                int64_t queries, int64_t width) {
  const int64_t row = part.first_query + first, head = part.column / problem.head_dim;
  columns_to_lanes(problem.query.at(row, part.column), problem.query.stride, queries, problem.head_dim,
                   Factors::paired ? 1.0f : problem.exponent_scale, scratch.query_lanes, width);
  columns_to_lanes(problem.output_gradient.at(row, part.column), problem.output_gradient.stride, queries,
                   problem.head_dim, Factors::paired ? 1.0f : problem.kept_factor, scratch.gradient_lanes,
                   width);
  if constexpr (Factors::paired) {
    pair_rows<Factors>(scratch.query_lanes, width, problem.head_dim, width, width, scratch.query_lanes);
    pair_rows<Factors>(scratch.gradient_lanes, width, problem.head_dim, width, width, scratch.gradient_lanes);
  }
  row_products<Factors>(problem.output_gradient.at(row, part.column), problem.output_gradient.stride,
                        problem.output.at(row, part.column), problem.output.stride, queries, problem.head_dim,
                        scratch.means);
  const float* log_sum = problem.log_sum_exp.at(row, head);
  for (int64_t i = 0; i < queries; i++, log_sum += problem.log_sum_exp.stride) {
    // Infinite where a query saw nothing: its weights are then 2^-infinity = 0.
    scratch.log_sums[i] =
        *log_sum == -__builtin_inff() ? __builtin_inff() : *log_sum * static_cast<float>(log2_e);
  }
  for (int64_t i = queries; i < width; i++) {
    scratch.means[i] = scratch.means[queries - 1];
    scratch.log_sums[i] = scratch.log_sums[queries - 1];
  }
  if (problem.query_rank == nullptr) return;
  for (int64_t i = 0; i < width; i++)
    scratch.ranks[i] = problem.query_rank[row + (i < queries ? i : queries - 1)];
}

Sight sight_of(const Problem& problem, int64_t query, int64_t queries, int64_t key, int64_t keys) {
  if (problem.query_rank == nullptr) return Sight::all;
  return sight(RankSpan(problem.query_rank + query, queries), RankSpan(problem.key_rank + key, keys),
               problem.strict);
}

const int32_t* ranks_to_compare(const Problem& problem, Sight seen, int64_t key) {
  return seen == Sight::some ? problem.key_rank + key : nullptr;
}

Rows at(const Rows& rows, int64_t row, int64_t column) { return {rows.at(row, column), rows.stride}; }

// A chunk's queries and output gradients, as the gradients of keys and values take them.
template <typename Factors>
void load_queries(const Problem& problem, const Scratch& scratch, const Part& part, int64_t first,
                  int64_t queries) {
  const auto load_rows = [&](const Rows& rows, float* destination) {
    const float* source = rows.at(part.first_query + first, part.column);
    if constexpr (Factors::paired) {
      pair_rows<Factors>(source, rows.stride, queries, problem.head_dim, problem.padded, destination);
    } else {
      pad_rows(source, rows.stride, queries, problem.head_dim, problem.padded, destination);
    }
  };
  load_rows(problem.query, scratch.query);
  load_rows(problem.output_gradient, scratch.output_gradient);
}

// scratch.key_by_rows; of Tiles a left factor, and so turned.
template <typename Factors>
void pair_keys(const Problem& problem, const Scratch& scratch, const Part& part) {
  const Rows key = at(problem.key, part.first_key, part.column);
  const int64_t padded = problem.padded;
  if constexpr (Factors::tiled) {
    for (int64_t first = 0; first < part.keys; first += block_keys) {
      const int64_t keys = part.keys - first < block_keys ? part.keys - first : block_keys;
      float* pairs = scratch.query_gradient;
      pair_rows<Factors>(key.at(first, 0), key.stride, keys, problem.head_dim, padded, pairs);
      transpose(pairs, padded, Factors::whole_words(keys), whole_vectors(problem.head_dim),
                scratch.key_by_rows + first / 2 * padded, block_keys / 2);
    }
  } else {
    pair_rows<Factors>(key.data, key.stride, part.keys, problem.head_dim, padded, scratch.key_by_rows);
  }
}

template <typename Factors>
void load_keys(const Problem& problem, const Scratch& scratch, const Part& part) {
  const Rows key = at(problem.key, part.first_key, part.column),
             value = at(problem.value, part.first_key, part.column);
  const int64_t columns = problem.head_dim, padded = problem.padded;
  if constexpr (Factors::paired) {
    pack_rows(key.data, key.stride, part.keys, columns, padded, scratch.key);
    pack_rows(value.data, value.stride, part.keys, columns, padded, scratch.value);
    pair_keys<Factors>(problem, scratch, part);
  } else {
    pad_rows(key.data, key.stride, part.keys, columns, padded, scratch.key);
    pad_rows(value.data, value.stride, part.keys, columns, padded, scratch.value);
  }
}

// The loaded queries, and of the loaded keys and values the block that begins at `key`.
template <typename Factors>
Operands loaded(const Problem& problem, const Scratch& scratch, int64_t key) {
  const int64_t padded = problem.padded, stride = Factors::paired ? padded / 2 : padded;
  const Rows by_columns{scratch.key + key * stride, stride};
  const Rows by_rows{scratch.key_by_rows + key / 2 * padded, Factors::tiled ? block_keys / 2 : padded};
  return {{scratch.query, padded},
          {scratch.output_gradient, padded},
          by_columns,
          {scratch.value + key * stride, stride},
          Factors::paired ? by_rows : by_columns};
}

// Short sequences: one chunk, one block, no gradient copied.
template <typename Factors>
void differentiate_tile(const Problem& problem, const Scratch& scratch, const Part& part) {
  const Sight seen = sight_of(problem, part.first_query, part.queries, part.first_key, part.keys);
  const Rows query_gradient = at(problem.query_gradient, part.first_query, part.column),
             key_gradient = at(problem.key_gradient, part.first_key, part.column),
             value_gradient = at(problem.value_gradient, part.first_key, part.column);
  if (seen == Sight::none) {
    put_rows<false>(nullptr, 0, 0, part.queries, problem.head_dim, query_gradient);
    put_rows<false>(nullptr, 0, 0, part.keys, problem.head_dim, key_gradient);
    put_rows<false>(nullptr, 0, 0, part.keys, problem.head_dim, value_gradient);
    return;
  }
  const int64_t width = whole_vectors(part.queries);
  load_lanes<Factors>(problem, scratch, part, 0, part.queries, width);
  const Rows key = at(problem.key, part.first_key, part.column);
  Operands from{at(problem.query, part.first_query, part.column),
                at(problem.output_gradient, part.first_query, part.column), key,
                at(problem.value, part.first_key, part.column), key};
  if constexpr (Factors::paired) {
    load_queries<Factors>(problem, scratch, part, 0, part.queries);
    load_keys<Factors>(problem, scratch, part);
    from = loaded<Factors>(problem, scratch, 0);
  }
  meet<Factors>(problem, scratch, part,
                {from, query_gradient, key_gradient, value_gradient, part.queries, part.keys, width, false,
                 false, problem.scale, problem.scale, problem.kept_factor},
                ranks_to_compare(problem, seen, part.first_key), part.query_position, part.key_position);
}

// The gradient of a chunk's queries, where put takes it from.
template <typename Factors>
const float* query_gradient_rows(const Problem& problem, const Scratch& scratch, int64_t width) {
  if constexpr (!Factors::tiled) return scratch.query_gradient;
  transpose(scratch.query_gradient, width, whole_vectors(problem.head_dim), width, scratch.query_lanes,
            problem.padded);
  return scratch.query_lanes;
}

void put(const Part& part, const float* source, int64_t padded, float factor, int64_t rows, int64_t columns,
         const Rows& destination) {
  if (part.first_round) {
    put_rows<false>(source, padded, factor, rows, columns, destination);
  } else if (source != nullptr) {
    put_rows<true>(source, padded, factor, rows, columns, destination);
  }
}

// One chunk of queries against every block of keys of the part.
template <typename Factors>
void differentiate_chunk(const Problem& problem, const Scratch& scratch, const Part& part, int64_t first,
                         bool (&touched)[part_rows / block_keys]) {
  const int64_t left = part.queries - first, queries = left < chunk_queries ? left : chunk_queries;
  const int64_t row = part.first_query + first, width = whole_vectors(queries), padded = problem.padded;
  const auto of_scratch = [padded](float* rows, int64_t row) { return Rows{rows + row * padded, padded}; };
  const Rows query_gradient{scratch.query_gradient, Factors::tiled ? width : padded};
  bool any = false;
  for (int64_t key = 0, block = 0; key < part.keys; key += block_keys, block++) {
    const int64_t keys = part.keys - key < block_keys ? part.keys - key : block_keys;
    const Sight seen = sight_of(problem, row, queries, part.first_key + key, keys);
    if (seen == Sight::none) continue;
    if (!any) {
      load_lanes<Factors>(problem, scratch, part, first, queries, width);
      load_queries<Factors>(problem, scratch, part, first, queries);
    }
    meet<Factors>(problem, scratch, part,
                  {loaded<Factors>(problem, scratch, key), query_gradient,
                   of_scratch(scratch.key_gradient, key), of_scratch(scratch.value_gradient, key), queries,
                   keys, width, any, touched[block], 1.0f, 1.0f, 1.0f},
                  ranks_to_compare(problem, seen, part.first_key + key), part.query_position + first,
                  part.key_position + key);
    any = touched[block] = true;
  }
  put(part, any ? query_gradient_rows<Factors>(problem, scratch, width) : nullptr, padded, problem.scale,
      queries, problem.head_dim, at(problem.query_gradient, row, part.column));
}

template <typename Factors>
void differentiate_part(const Problem& problem, const Scratch& scratch, const Part& part) {
  const int64_t padded = problem.padded;
  if (!Factors::tiled && part.queries > 0 && part.keys > 0 && part.queries <= chunk_queries &&
      part.keys <= block_keys && whole_vectors(problem.head_dim) == problem.head_dim && part.first_round) {
    return differentiate_tile<Factors>(problem, scratch, part);
  }
  if (part.queries > 0) load_keys<Factors>(problem, scratch, part);
  bool touched[part_rows / block_keys] = {};
  for (int64_t first = 0; first < part.queries; first += chunk_queries)
    differentiate_chunk<Factors>(problem, scratch, part, first, touched);
  for (int64_t key = 0, block = 0; key < part.keys; key += block_keys, block++) {
    const int64_t keys = part.keys - key < block_keys ? part.keys - key : block_keys;
    const bool some = touched[block];
    put(part, some ? scratch.key_gradient + key * padded : nullptr, padded, problem.scale, keys,
        problem.head_dim, at(problem.key_gradient, part.first_key + key, part.column));
    put(part, some ? scratch.value_gradient + key * padded : nullptr, padded, problem.kept_factor, keys,
        problem.head_dim, at(problem.value_gradient, part.first_key + key, part.column));
  }
}

}  // namespace

}  // namespace likewise::LIKEWISE_ISA
