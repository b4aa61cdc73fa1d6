// The gradient of attention over ragged sequences (FlashAttention-2: Dao 2023), weights made again block by block from
// the saved logarithms of their sums, dropout drawn again. Nothing of size queries x keys is stored.
//
// Work is cut into parts: one head, up to 512 queries and up to 512 keys of one sequence. A sequence of n such stretches
// takes n rounds: in round r, stretch a of its queries meets stretch (a + r) mod n of its keys, so that the parts of a
// round share no gradient, each pair of query and key is met once (five products, not seven), and every sum has one
// order, whatever the number of threads. In round 0 gradients are written, later added to. Most batches need one round.
// A query's or key's bits depend on its own sequence alone. (Values must be finite for that, as for the forward.)
#pragma once

#include "../../../core/data_checks.h"
#include "attention_gradient_part.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t stretch_rows = 256;  // the parts that begin within so many rows are one tile
constexpr int64_t group_heads = 4;     // of one tile, where no sequence is longer than
constexpr int64_t short_rows = 128;

int64_t longer(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t sequence_rows(const Problem& problem, int64_t s) {
  return longer(problem.query_offsets[s + 1] - problem.query_offsets[s],
                problem.key_offsets[s + 1] - problem.key_offsets[s]);
}

int64_t parts_of(const Problem& problem, int64_t s) {
  return (sequence_rows(problem, s) + part_rows - 1) / part_rows;
}

// Part `index` of sequence s in `round`.
Part part_of(const Problem& problem, int64_t s, int64_t index, int64_t round, int64_t parts, int64_t head) {
  const auto within = [](int64_t left) { return left < 0 ? 0 : left < part_rows ? left : part_rows; };
  const int64_t query = index * part_rows, key = (index + round) % parts * part_rows;
  const int64_t query_row = problem.query_offsets[s] + query, key_row = problem.key_offsets[s] + key;
  return {query_row,
          within(problem.query_offsets[s + 1] - query_row),
          query,
          key_row,
          within(problem.key_offsets[s + 1] - key_row),
          key,
          head * problem.head_dim,
          round == 0,
          problem.draw.of(problem.sequence_ids, s, head)};
}

// Queries and keys before sequence s; part `a` of it begins at start_of(s) + a * part_rows.
int64_t start_of(const Problem& problem, int64_t s) {
  return int64_t{problem.query_offsets[s]} + problem.key_offsets[s];
}

void prefetch_part(const Problem& problem, const Part& part, int64_t column) {
  prefetch_rows(problem.query, part.first_query, part.queries, column, problem.head_dim);
  prefetch_rows(problem.output_gradient, part.first_query, part.queries, column, problem.head_dim);
  prefetch_rows(problem.output, part.first_query, part.queries, column, problem.head_dim);
  prefetch_rows(problem.key, part.first_key, part.keys, column, problem.head_dim);
  prefetch_rows(problem.value, part.first_key, part.keys, column, problem.head_dim);
}

// A part of a sequence of `keys`.
template <typename Factors>
void differentiate_either(const Problem& problem, const Scratch& scratch, const Part& part, int64_t keys) {
  if constexpr (Factors::tiled) {
    if (!Factors::pay(keys, problem.head_dim)) {
      return differentiate_part<typename Factors::OfShort>(problem, scratch, part);
    }
  }
  differentiate_part<Factors>(problem, scratch, part);
}

// Every part that begins within rows first .. last - 1, no more than part_rows of them, for some heads.
template <typename Factors>
void differentiate_stretch(const Problem& problem, const Scratch& scratch, int64_t first, int64_t last,
                           int64_t first_head, int64_t last_head, int64_t round) {
  const auto start = [&problem](int64_t s) { return start_of(problem, s); };
  for (int64_t s = sequence_at(start, problem.sequences, first); s < problem.sequences; s++) {
    const int64_t begin = start(s), parts = parts_of(problem, s);
    if (begin >= last) return;
    const int64_t index = begin < first ? (first - begin + part_rows - 1) / part_rows : 0;
    if (index >= parts || round >= parts || begin + index * part_rows >= last) continue;
    const int64_t keys = problem.key_offsets[s + 1] - problem.key_offsets[s];
    for (int64_t head = first_head; head < last_head; head++) {
      const Part part = part_of(problem, s, index, round, parts, head);
      if (head + 1 < last_head) prefetch_part(problem, part, part.column + problem.head_dim);
      differentiate_either<Factors>(problem, scratch, part, keys);
    }
  }
}

template <typename Factors>
Problem describe(const OpCall& call) {
  using namespace attention_gradient_op;
  const TensorView* in = call.inputs;
  const auto ints = [in](int32_t input) { return static_cast<const int32_t*>(in[input].data); };
  Problem problem;
  problem.output_gradient = rows_of(in[output_gradient]);
  problem.query = rows_of(in[query]);
  problem.key = rows_of(in[key]);
  problem.value = rows_of(in[value]);
  problem.output = rows_of(in[output]);
  problem.log_sum_exp = rows_of(in[log_sum_exp]);
  problem.query_gradient = rows_of(call.outputs[query_gradient]);
  problem.key_gradient = rows_of(call.outputs[key_gradient]);
  problem.value_gradient = rows_of(call.outputs[value_gradient]);
  problem.query_offsets = ints(query_offsets);
  problem.key_offsets = ints(key_offsets);
  problem.query_rank = ints(query_rank);
  problem.key_rank = ints(key_rank);
  problem.sequence_ids = ints(sequence_ids);
  problem.sequences = in[query_offsets].shape[0] - 1;
  problem.heads = static_cast<int64_t>(call.parameters[heads]);
  problem.head_dim = in[query].shape[1] / problem.heads;
  problem.padded = Factors::padded(problem.head_dim);
  problem.scale = static_cast<float>(call.parameters[scale]);
  problem.exponent_scale = static_cast<float>(call.parameters[scale] * log2_e);
  problem.strict = call.parameters[strict] != 0;
  problem.draw = Draw(call.parameters + dropout);
  problem.kept_factor = dropout_factor(problem.draw.threshold);
  return problem;
}

template <typename Factors>
Status attention_gradient(const OpCall& call) {
  const Status checked = check_attention_gradient_data(call);
  if (checked != Status::ok) return checked;
  const Problem problem = describe<Factors>(call);
  const int64_t rows = start_of(problem, problem.sequences);
  const int64_t stretches = (rows + stretch_rows - 1) / stretch_rows;
  int64_t longest = 0;
  for (int64_t s = 0; s < problem.sequences; s++) longest = longer(longest, sequence_rows(problem, s));
  const int64_t together = longest <= short_rows ? group_heads : 1;  // heads of one tile
  const int64_t groups = (problem.heads + together - 1) / together;
  Workers& workers = *call.workers;
  int32_t starved = 0;
  for (int64_t round = 0; round * part_rows < longest; round++) {
    auto tile = [&](int64_t index, int32_t participant) {
      void* memory = workers.scratch(workers, participant, Scratch::floats(problem.padded) * sizeof(float));
      if (memory == nullptr) return __atomic_store_n(&starved, 1, __ATOMIC_RELAXED);
      [[maybe_unused]] typename Factors::Session session;
      const int64_t first = index / groups * stretch_rows, head = index % groups * together;
      differentiate_stretch<Factors>(problem, Scratch(memory, problem.padded), first, first + stretch_rows,
                                     head, head + together < problem.heads ? head + together : problem.heads,
                                     round);
    };
    for_each_tile(workers, stretches * groups, tile);
    if (starved != 0)
      return fail(call, Status::out_of_memory, "[attentionGradient] expected scratch memory for one part");
  }
  return Status::ok;
}

}  // namespace

}  // namespace likewise::LIKEWISE_ISA
