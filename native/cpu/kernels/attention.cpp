// Softmax attention over ragged sequences in one pass over the keys (online softmax: Milakov and Gimelshein 2018; tiled
// as in FlashAttention, Dao et al. 2022). Nothing of size queries x keys is stored.
//
// A tile is one head and those chunks of up to 128 queries that begin within one stretch of 128 rows; sequences are
// cut into chunks from their own start, so that a tile holds one long chunk or several short sequences, found by
// arithmetic from the offsets. Keys are taken in blocks counted from the start of their sequence. A query's bits
// depend on its own sequence only: lanes never mix (attention_steps.h), every sum runs in the order of its index, and
// a block nobody sees may be skipped because it would multiply by exactly 1 and add exactly 0. Dropout clears weights
// after their total is taken; the factor of what is kept joins the division by that total. (Values must be finite
// for that: 0 * infinity of a key that is hidden from a query, but not from its neighbours, is NaN.)
#include "../../core/data_checks.h"
#include "attention_steps.h"
#include "register.h"
#include "transpose.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int32_t lanes = Vector::lanes;
constexpr int32_t group_queries = 2 * lanes;
constexpr int64_t chunk_queries = 128;
constexpr int64_t block_keys = 128;
constexpr int64_t group_heads =
    4;  // that a tile goes through, one after another: their columns lie side by side
constexpr int64_t copy_from_groups = 3;  // fewer groups of queries do not repay a copy of the keys and values

struct Problem {
  Rows query, key, value, output;
  Rows log_sum_exp;  // data may be null
  const int32_t* query_offsets;
  const int32_t* key_offsets;
  const int32_t* query_rank;  // null: every query sees every key
  const int32_t* key_rank;
  int64_t sequences, heads, head_dim;
  const int32_t* sequence_ids;
  float scale;  // times log2(e)
  float kept_factor;
  bool strict;
  Draw draw;
};

// What a participant holds while it works on a chunk. Query lanes are laid out group by group, each [head_dim][lanes].
struct Scratch {
  float* queries;  // [chunk_queries x head_dim]
  float* sums;     // [chunk_queries x head_dim]
  float* keys;     // [block_keys, head_dim]
  float* values;   // [block_keys, head_dim]
  float* scores;   // [block_keys, group_queries]
  float* maxima;   // [chunk_queries]
  float* totals;   // [chunk_queries]
  float* factors;  // [group_queries]
  int32_t* ranks;  // [chunk_queries]

  static size_t floats(int64_t head_dim) {
    return static_cast<size_t>(2 * (chunk_queries + block_keys) * head_dim + block_keys * group_queries +
                               3 * chunk_queries + group_queries);
  }

  Scratch(void* memory, int64_t head_dim) {
    maxima = static_cast<float*>(memory);
    totals = maxima + chunk_queries;
    ranks = reinterpret_cast<int32_t*>(totals + chunk_queries);
    factors = totals + 2 * chunk_queries;
    scores = factors + group_queries;
    queries = scores + block_keys * group_queries;
    sums = queries + chunk_queries * head_dim;
    keys = sums + chunk_queries * head_dim;
    values = keys + block_keys * head_dim;
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

void copy_rows(const float* source, int64_t stride, int64_t rows, int64_t columns, float* destination) {
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

void load_group(const Problem& problem, const Scratch& scratch, const Chunk& chunk, const Group& group) {
  const int64_t row = chunk.first_query + group.first;
  const int64_t start = group.first * problem.head_dim;
  columns_to_lanes(problem.query.at(row, chunk.head * problem.head_dim), problem.query.stride, group.queries,
                   problem.head_dim, problem.scale, scratch.queries + start, group.width);
  for (int64_t i = 0; i < problem.head_dim * group.width; i += lanes) store(scratch.sums + start + i, zero());
  for (int64_t i = group.first; i < group.first + group.width; i += lanes) {
    store(scratch.maxima + i, broadcast(no_score));
    store(scratch.totals + i, zero());
  }
  if (problem.query_rank == nullptr) return;
  for (int64_t i = 0; i < group.width; i++) {
    scratch.ranks[group.first + i] = problem.query_rank[row + (i < group.queries ? i : group.queries - 1)];
  }
}

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
  if (group_count(chunk) >= copy_from_groups) {
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

template <int32_t vectors>
void attend(const Problem& problem, const Scratch& scratch, const Chunk& chunk, const Group& group,
            const Block& block, Sight seen) {
  const int64_t start = group.first * problem.head_dim;
  make_scores<vectors>(block.key.data, block.key.stride, block.keys, scratch.queries + start,
                       problem.head_dim, scratch.scores);
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
  add_values<vectors>(block.value.data, block.value.stride, block.keys, scratch.scores, problem.head_dim,
                      scratch.sums + start, scratch.factors);
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
  lanes_to_columns(scratch.sums + group.first * problem.head_dim, group.width, totals, group.queries,
                   problem.head_dim, problem.output.at(row, chunk.head * problem.head_dim),
                   problem.output.stride);
}

void attend_chunk(const Problem& problem, const Scratch& scratch, const Chunk& chunk) {
  const int64_t groups = group_count(chunk);
  for (int64_t g = 0; g < groups; g++) load_group(problem, scratch, chunk, Group(chunk, g));
  for (int64_t first = 0; first < chunk.keys; first += block_keys) {
    const Block block = take_block(problem, scratch, chunk, first);
    for (int64_t g = 0; g < groups; g++) {
      const Group group(chunk, g);
      const Sight seen = sight_of(problem, scratch, group, block);
      if (seen == Sight::none) continue;
      if (group.width == lanes) {
        attend<1>(problem, scratch, chunk, group, block, seen);
      } else {
        attend<2>(problem, scratch, chunk, group, block, seen);
      }
    }
  }
  for (int64_t g = 0; g < groups; g++) finish_group(problem, scratch, chunk, Group(chunk, g));
}

// Every chunk that begins within rows first .. last - 1, at most chunk_queries of them, for some heads.
void attend_stretch(const Problem& problem, const Scratch& scratch, int64_t first, int64_t last,
                    int64_t first_head, int64_t last_head) {
  const auto start = [&problem](int64_t s) { return problem.query_offsets[s]; };
  for (int64_t s = sequence_at(start, problem.sequences, first); s < problem.sequences; s++) {
    const int64_t begin = problem.query_offsets[s], end = problem.query_offsets[s + 1];
    if (begin >= last) return;
    const int64_t before = begin < first ? (first - begin + chunk_queries - 1) / chunk_queries : 0;
    const int64_t row = begin + before * chunk_queries;  // the one chunk of this sequence that can begin here
    if (row >= end || row >= last) continue;
    const int64_t queries = end - row < chunk_queries ? end - row : chunk_queries;
    const int64_t first_key = problem.key_offsets[s], keys = problem.key_offsets[s + 1] - first_key;
    for (int64_t head = first_head; head < last_head; head++) {
      if (head + 1 < last_head) {
        const int64_t column = (head + 1) * problem.head_dim;
        prefetch_rows(problem.query, row, queries, column, problem.head_dim);
        prefetch_rows(problem.key, first_key, keys, column, problem.head_dim);
        prefetch_rows(problem.value, first_key, keys, column, problem.head_dim);
      }
      const Draw draw = problem.draw.of(problem.sequence_ids, s, head);
      attend_chunk(problem, scratch, {row, queries, first_key, keys, head, row - begin, draw});
    }
  }
}

Problem describe(const OpCall& call) {
  using namespace attention_op;
  const TensorView* in = call.inputs;
  Problem problem;
  problem.query = rows_of(in[query]);
  problem.key = rows_of(in[key]);
  problem.value = rows_of(in[value]);
  problem.output = rows_of(call.outputs[output]);
  problem.query_offsets = static_cast<const int32_t*>(in[query_offsets].data);
  problem.key_offsets = static_cast<const int32_t*>(in[key_offsets].data);
  problem.query_rank = static_cast<const int32_t*>(in[query_rank].data);
  problem.key_rank = static_cast<const int32_t*>(in[key_rank].data);
  problem.log_sum_exp = rows_of(call.outputs[log_sum_exp]);
  problem.sequences = in[query_offsets].shape[0] - 1;
  problem.heads = static_cast<int64_t>(call.parameters[heads]);
  problem.head_dim = in[query].shape[1] / problem.heads;
  problem.scale = static_cast<float>(call.parameters[scale] * 1.4426950408889634);
  problem.strict = call.parameters[strict] != 0;
  problem.sequence_ids = static_cast<const int32_t*>(in[sequence_ids].data);
  problem.draw = Draw(call.parameters + dropout);
  problem.kept_factor = dropout_factor(problem.draw.threshold);
  return problem;
}

Status attention(const OpCall& call) {
  using namespace attention_op;
  const Status checked = check_attention_data(call);
  if (checked != Status::ok) return checked;
  const Problem problem = describe(call);
  const int64_t rows = call.inputs[query].shape[0];
  const int64_t head_groups = (problem.heads + group_heads - 1) / group_heads;
  Workers& workers = *call.workers;
  int32_t starved = 0;
  auto tile = [&](int64_t index, int32_t participant) {
    void* memory = workers.scratch(workers, participant, Scratch::floats(problem.head_dim) * sizeof(float));
    if (memory == nullptr) return __atomic_store_n(&starved, 1, __ATOMIC_RELAXED);
    const int64_t first = index / head_groups * chunk_queries, head = index % head_groups * group_heads;
    const int64_t last = first + chunk_queries < rows ? first + chunk_queries : rows;
    attend_stretch(problem, Scratch(memory, problem.head_dim), first, last, head,
                   head + group_heads < problem.heads ? head + group_heads : problem.heads);
  };
  for_each_tile(workers, (rows + chunk_queries - 1) / chunk_queries * head_groups, tile);
  if (starved != 0)
    return fail(call, Status::out_of_memory, "[attention] expected scratch memory for one tile");
  return Status::ok;
}

}  // namespace

void register_attention(Backend& backend) { backend[OpId::attention].float32 = attention; }

}  // namespace likewise::LIKEWISE_ISA
