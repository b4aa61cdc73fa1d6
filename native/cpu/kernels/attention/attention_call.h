// Softmax attention over ragged sequences in one pass over the keys (online softmax: Milakov and Gimelshein 2018; tiled
// as in FlashAttention, Dao et al. 2022). Nothing of size queries x keys is stored.
//
// A tile is one head and those chunks of up to 128 queries that begin within one stretch of 128 rows; sequences are
// cut into chunks from their own start, so that a tile holds one long chunk or several short sequences, found by
// arithmetic from the offsets.
#pragma once

#include "../../../core/data_checks.h"
#include "attention_chunk.h"

namespace likewise::LIKEWISE_ISA {

namespace {

// That a tile goes through, one after another: their columns lie side by side.
constexpr int64_t group_heads = 4;

template <typename Factors>
void attend_either(const Problem& problem, const Scratch& scratch, const Chunk& chunk) {
  if constexpr (Factors::tiled) {
    if (!Factors::pay(chunk.keys, problem.head_dim)) {
      return attend_chunk<typename Factors::OfShort>(problem, scratch, chunk);
    }
  }
  attend_chunk<Factors>(problem, scratch, chunk);
}

// Every chunk that begins within rows first .. last - 1, at most chunk_queries of them, for some heads.
template <typename Factors>
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
      attend_either<Factors>(problem, scratch, {row, queries, first_key, keys, head, row - begin, draw});
    }
  }
}

template <typename Factors>
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
  problem.padded = Factors::padded(problem.head_dim);
  problem.scale = static_cast<float>(call.parameters[scale] * 1.4426950408889634);
  problem.strict = call.parameters[strict] != 0;
  problem.sequence_ids = static_cast<const int32_t*>(in[sequence_ids].data);
  problem.draw = Draw(call.parameters + dropout);
  problem.kept_factor = dropout_factor(problem.draw.threshold);
  return problem;
}

template <typename Factors>
Status attention(const OpCall& call) {
  using namespace attention_op;
  const Status checked = check_attention_data(call);
  if (checked != Status::ok) return checked;
  const Problem problem = describe<Factors>(call);
  const int64_t rows = call.inputs[query].shape[0];
  const int64_t head_groups = (problem.heads + group_heads - 1) / group_heads;
  Workers& workers = *call.workers;
  int32_t starved = 0;
  auto tile = [&](int64_t index, int32_t participant) {
    void* memory = workers.scratch(workers, participant, Scratch::floats(problem.padded) * sizeof(float));
    if (memory == nullptr) return __atomic_store_n(&starved, 1, __ATOMIC_RELAXED);
    [[maybe_unused]] typename Factors::Session session;
    const int64_t first = index / head_groups * chunk_queries, head = index % head_groups * group_heads;
    const int64_t last = first + chunk_queries < rows ? first + chunk_queries : rows;
    attend_stretch<Factors>(problem, Scratch(memory, problem.padded), first, last, head,
                            head + group_heads < problem.heads ? head + group_heads : problem.heads);
  };
  for_each_tile(workers, (rows + chunk_queries - 1) / chunk_queries * head_groups, tile);
  if (starved != 0)
    return fail(call, Status::out_of_memory, "[attention] expected scratch memory for one tile");
  return Status::ok;
}

}  // namespace

}  // namespace likewise::LIKEWISE_ISA
