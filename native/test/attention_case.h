// One attention call with everything it needs, for the check and the bench beside this file: a ragged batch whose
// query, key and value are column slices of one [tokens, 3 * hidden] matrix when both sides have the same lengths.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "../core/backend.h"
#include "../core/thread_pool.h"

namespace likewise::test {

struct AttentionCase {
  int64_t heads, head_dim;
  std::vector<int32_t> query_lengths, key_lengths;
  std::vector<int32_t> query_offsets, key_offsets;
  std::vector<int32_t> query_rank, key_rank;  // empty: none
  std::vector<float> fused,
      keys_values;  // [query tokens, 3 * hidden], [key tokens, 2 * hidden] when they differ
  std::vector<float> output, log_sum_exp;
  double scale;
  bool strict = false;
  bool shared;

  AttentionCase(int64_t heads, int64_t head_dim, std::vector<int32_t> queries, std::vector<int32_t> keys,
                uint32_t seed, float spread = 1.0f)
      : heads(heads),
        head_dim(head_dim),
        query_lengths(std::move(queries)),
        key_lengths(std::move(keys)),
        query_offsets(running_sum(query_lengths)),
        key_offsets(running_sum(key_lengths)),
        scale(1.0 / __builtin_sqrt(static_cast<double>(head_dim))),
        shared(query_lengths == key_lengths) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, spread);
    fused.resize(static_cast<size_t>(query_tokens() * 3 * hidden()));
    for (float& x : fused) x = normal(random);
    if (!shared) keys_values.resize(static_cast<size_t>(key_tokens() * 2 * hidden()));
    for (float& x : keys_values) x = normal(random);
    output.assign(static_cast<size_t>(query_tokens() * hidden()), -1.0f);
    log_sum_exp.assign(static_cast<size_t>(query_tokens() * heads), -1.0f);
  }

  int64_t hidden() const { return heads * head_dim; }
  int64_t query_tokens() const { return query_offsets.back(); }
  int64_t key_tokens() const { return key_offsets.back(); }

  float* query() { return fused.data(); }
  float* key() { return shared ? fused.data() + hidden() : keys_values.data(); }
  float* value() { return key() + hidden(); }
  int64_t query_stride() const { return 3 * hidden(); }
  int64_t key_stride() const { return (shared ? 3 : 2) * hidden(); }

  Status run(OpFunction function, int32_t threads, bool with_log_sum_exp = true) {
    using namespace attention_op;
    StreamWorkers workers(ThreadPool::shared(), threads);
    char message[message_size] = "";
    float nothing = 0;  // an empty vector's data() is null, which would mean "absent"
    OpCall call;
    call.workers = &workers;
    call.message = message;
    call.inputs[attention_op::query] =
        matrix(query_tokens() ? query() : &nothing, query_tokens(), query_stride());
    call.inputs[attention_op::key] = matrix(key_tokens() ? key() : &nothing, key_tokens(), key_stride());
    call.inputs[attention_op::value] = matrix(key_tokens() ? value() : &nothing, key_tokens(), key_stride());
    call.inputs[attention_op::query_offsets] = integers(query_offsets);
    call.inputs[attention_op::key_offsets] = integers(key_offsets);
    if (!query_rank.empty()) {
      call.inputs[attention_op::query_rank] = integers(query_rank);
      call.inputs[attention_op::key_rank] = integers(key_rank);
    }
    call.outputs[attention_op::output] =
        matrix(query_tokens() ? output.data() : &nothing, query_tokens(), hidden());
    if (with_log_sum_exp) {
      TensorView& sums = call.outputs[attention_op::log_sum_exp];
      sums = matrix(query_tokens() ? log_sum_exp.data() : &nothing, query_tokens(), heads);
      sums.shape[1] = heads;
    }
    call.parameters[attention_op::heads] = static_cast<double>(heads);
    call.parameters[attention_op::scale] = scale;
    call.parameters[attention_op::strict] = strict ? 1 : 0;
    return function(call);
  }

  static std::vector<int32_t> running_sum(const std::vector<int32_t>& lengths) {
    std::vector<int32_t> offsets = {0};
    for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
    return offsets;
  }

 private:
  TensorView matrix(float* data, int64_t rows, int64_t stride) const {
    TensorView view;
    view.data = data;
    view.rank = 2;
    view.shape[0] = rows;
    view.shape[1] = hidden();
    view.row_stride = stride;
    return view;
  }

  static TensorView integers(std::vector<int32_t>& values) {
    TensorView view;
    view.data = values.data();
    view.dtype = DType::int32;
    view.rank = 1;
    view.shape[0] = static_cast<int64_t>(values.size());
    return view;
  }
};

}  // namespace likewise::test
