// One part of attention's gradient: one head, up to part_rows queries and as many keys of one sequence. Chunks of queries
// walk over blocks of keys; keys, values and their gradients stay in scratch memory that fits the second cache level. A
// part that is a single chunk and block, as short texts are, is computed from where its rows lie to where its gradients go.
#pragma once

#include "attention_gradient_steps.h"
#include "transpose.h"

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
  int64_t padded;               // head_dim, up to whole vectors
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
  float* query;           // [chunk_queries, padded], as are the next two
  float* output_gradient;
  float* query_gradient;
  float* key;  // [part_rows, padded], as are the next three
  float* value;
  float* key_gradient;
  float* value_gradient;

  static size_t floats(int64_t padded) {
    return static_cast<size_t>(3 * chunk_queries + 2 * block_keys * chunk_queries +
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
    query_lanes = take(chunk_queries * padded);
    gradient_lanes = take(chunk_queries * padded);
    query = take(chunk_queries * padded);
    output_gradient = take(chunk_queries * padded);
    query_gradient = take(chunk_queries * padded);
    key = take(part_rows * padded);
    value = take(part_rows * padded);
    key_gradient = take(part_rows * padded);
    value_gradient = take(part_rows * padded);
  }
};

// A chunk of queries and a block of keys that meet: where their rows are and where their gradients go.
struct Tile {
  Rows query, output_gradient, key, value;
  Rows query_gradient, key_gradient, value_gradient;
  int64_t queries, keys, width;
  bool add_to_query, add_to_key;  // there are gradients already
  float query_factor, key_factor, value_factor;
};

void meet(const Problem& problem, const Scratch& scratch, const Part& part, const Tile& tile,
          const int32_t* key_ranks, int64_t query_position, int64_t key_position) {
  const int64_t width = tile.width, columns = problem.padded;
  const Rows weights{scratch.weights, width}, gradients{scratch.gradients, width};
  add_product({tile.key.data,
               tile.key.stride,
               1,
               {scratch.query_lanes, width},
               problem.head_dim,
               nullptr,
               weights,
               1.0f},
              tile.keys, width);
  add_product({tile.value.data,
               tile.value.stride,
               1,
               {scratch.gradient_lanes, width},
               problem.head_dim,
               nullptr,
               gradients,
               1.0f},
              tile.keys, width);
  for (int64_t lane = 0; lane < width; lane += lanes) {
    float *of_weights = weights.data + lane, *of_gradients = gradients.data + lane;
    if (key_ranks != nullptr) {
      hide_keys(scratch.ranks + lane, key_ranks, tile.keys, problem.strict, of_weights, width);
    }
    (part.draw.threshold == 0 ? weigh<false> : weigh<true>)(of_weights, of_gradients, width, tile.keys,
                                                            scratch.log_sums + lane, scratch.means + lane,
                                                            part.draw, query_position + lane, key_position);
  }
  const auto start = [](bool add, const Rows& rows) { return add ? rows.data : nullptr; };
  add_product({weights.data, width, 1, tile.output_gradient, tile.queries,
               start(tile.add_to_key, tile.value_gradient), tile.value_gradient, tile.value_factor},
              tile.keys, columns);
  add_product({gradients.data, width, 1, tile.query, tile.queries, start(tile.add_to_key, tile.key_gradient),
               tile.key_gradient, tile.key_factor},
              tile.keys, columns);
  add_product({gradients.data, 1, width, tile.key, tile.keys, start(tile.add_to_query, tile.query_gradient),
               tile.query_gradient, tile.query_factor},
              tile.queries, columns);
}

// What the steps need of a chunk's queries, one per lane; lanes past the last repeat it.
void load_lanes(const Problem& problem, const Scratch& scratch, const Part& part, int64_t first,
                int64_t queries, int64_t width) {
  const int64_t row = part.first_query + first, head = part.column / problem.head_dim;
  columns_to_lanes(problem.query.at(row, part.column), problem.query.stride, queries, problem.head_dim,
                   problem.exponent_scale, scratch.query_lanes, width);
  columns_to_lanes(problem.output_gradient.at(row, part.column), problem.output_gradient.stride, queries,
                   problem.head_dim, problem.kept_factor, scratch.gradient_lanes, width);
  row_products(problem.output_gradient.at(row, part.column), problem.output_gradient.stride,
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

int64_t whole_vectors(int64_t count) { return (count + lanes - 1) / lanes * lanes; }

Sight sight_of(const Problem& problem, int64_t query, int64_t queries, int64_t key, int64_t keys) {
  if (problem.query_rank == nullptr) return Sight::all;
  return sight(RankSpan(problem.query_rank + query, queries), RankSpan(problem.key_rank + key, keys),
               problem.strict);
}

const int32_t* ranks_to_compare(const Problem& problem, Sight seen, int64_t key) {
  return seen == Sight::some ? problem.key_rank + key : nullptr;
}

Rows at(const Rows& rows, int64_t row, int64_t column) { return {rows.at(row, column), rows.stride}; }

// Short sequences: one chunk, one block, nothing copied.
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
  load_lanes(problem, scratch, part, 0, part.queries, width);
  meet(problem, scratch, part,
       {at(problem.query, part.first_query, part.column),
        at(problem.output_gradient, part.first_query, part.column),
        at(problem.key, part.first_key, part.column), at(problem.value, part.first_key, part.column),
        query_gradient, key_gradient, value_gradient, part.queries, part.keys, width, false, false,
        problem.scale, problem.scale, problem.kept_factor},
       ranks_to_compare(problem, seen, part.first_key), part.query_position, part.key_position);
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
void differentiate_chunk(const Problem& problem, const Scratch& scratch, const Part& part, int64_t first,
                         bool (&touched)[part_rows / block_keys]) {
  const int64_t left = part.queries - first, queries = left < chunk_queries ? left : chunk_queries;
  const int64_t row = part.first_query + first, width = whole_vectors(queries), padded = problem.padded;
  const auto of_scratch = [padded](float* rows, int64_t row) { return Rows{rows + row * padded, padded}; };
  bool any = false;
  for (int64_t key = 0, block = 0; key < part.keys; key += block_keys, block++) {
    const int64_t keys = part.keys - key < block_keys ? part.keys - key : block_keys;
    const Sight seen = sight_of(problem, row, queries, part.first_key + key, keys);
    if (seen == Sight::none) continue;
    if (!any) {
      load_lanes(problem, scratch, part, first, queries, width);
      pad_rows(problem.query.at(row, part.column), problem.query.stride, queries, problem.head_dim, padded,
               scratch.query);
      pad_rows(problem.output_gradient.at(row, part.column), problem.output_gradient.stride, queries,
               problem.head_dim, padded, scratch.output_gradient);
    }
    meet(problem, scratch, part,
         {of_scratch(scratch.query, 0), of_scratch(scratch.output_gradient, 0), of_scratch(scratch.key, key),
          of_scratch(scratch.value, key), of_scratch(scratch.query_gradient, 0),
          of_scratch(scratch.key_gradient, key), of_scratch(scratch.value_gradient, key), queries, keys,
          width, any, touched[block], 1.0f, 1.0f, 1.0f},
         ranks_to_compare(problem, seen, part.first_key + key), part.query_position + first,
         part.key_position + key);
    any = touched[block] = true;
  }
  put(part, any ? scratch.query_gradient : nullptr, padded, problem.scale, queries, problem.head_dim,
      at(problem.query_gradient, row, part.column));
}

void differentiate_part(const Problem& problem, const Scratch& scratch, const Part& part) {
  const int64_t padded = problem.padded;
  if (part.queries > 0 && part.keys > 0 && part.queries <= chunk_queries && part.keys <= block_keys &&
      padded == problem.head_dim && part.first_round) {
    return differentiate_tile(problem, scratch, part);
  }
  if (part.queries > 0) {
    pad_rows(problem.key.at(part.first_key, part.column), problem.key.stride, part.keys, problem.head_dim,
             padded, scratch.key);
    pad_rows(problem.value.at(part.first_key, part.column), problem.value.stride, part.keys, problem.head_dim,
             padded, scratch.value);
  }
  bool touched[part_rows / block_keys] = {};
  for (int64_t first = 0; first < part.queries; first += chunk_queries)
    differentiate_chunk(problem, scratch, part, first, touched);
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
