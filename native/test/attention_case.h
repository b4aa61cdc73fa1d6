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
  std::vector<float> output_gradient,
      gradients;  // [query tokens, hidden], laid out as fused and keys_values are
  std::vector<int32_t> sequence_ids;
  double dropout = 0;
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
    output_gradient.resize(output.size());
    for (float& x : output_gradient) x = normal(random);
    gradients.assign(fused.size() + keys_values.size(), -1.0f);
    for (size_t s = 0; s < query_lengths.size(); s++) sequence_ids.push_back(static_cast<int32_t>(s * 7 + 3));
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
    OpCall call;
    describe_inputs(call, 0, attention_op::heads);
    call.outputs[attention_op::output] = of_queries(output.data(), hidden());
    if (with_log_sum_exp) call.outputs[attention_op::log_sum_exp] = sums();
    return run(function, call, threads);
  }

  // Of what run left in output and log_sum_exp.
  Status run_gradient(OpFunction function, int32_t threads) {
    using namespace attention_gradient_op;
    OpCall call;
    describe_inputs(call, 1, attention_gradient_op::heads);
    call.inputs[attention_gradient_op::output_gradient] = of_queries(output_gradient.data(), hidden());
    call.inputs[attention_gradient_op::output] = of_queries(output.data(), hidden());
    call.inputs[attention_gradient_op::log_sum_exp] = sums();
    float* of_keys = gradients.data() + (shared ? hidden() : query_tokens() * query_stride());
    call.outputs[query_gradient] = of_queries(gradients.data(), query_stride());
    call.outputs[key_gradient] = matrix(of_keys, key_tokens(), key_stride(), hidden());
    call.outputs[value_gradient] = matrix(of_keys + hidden(), key_tokens(), key_stride(), hidden());
    return run(function, call, threads);
  }

  static std::vector<int32_t> running_sum(const std::vector<int32_t>& lengths) {
    std::vector<int32_t> offsets = {0};
    for (int32_t length : lengths) offsets.push_back(offsets.back() + length);
    return offsets;
  }

 private:
  static Status run(OpFunction function, OpCall& call, int32_t threads) {
    StreamWorkers workers(ThreadPool::shared(), threads);
    char message[message_size] = "";
    call.workers = &workers;
    call.message = message;
    return function(call);
  }

  // `first`: the input that is the query; the others follow in the same order in both ops, as the parameters do.
  void describe_inputs(OpCall& call, int32_t first, int32_t first_parameter) {
    using namespace attention_op;
    TensorView* in = call.inputs + first;
    in[attention_op::query] = of_queries(query(), query_stride());
    in[attention_op::key] = matrix(key(), key_tokens(), key_stride(), hidden());
    in[attention_op::value] = matrix(value(), key_tokens(), key_stride(), hidden());
    in[attention_op::query_offsets] = integers(query_offsets);
    in[attention_op::key_offsets] = integers(key_offsets);
    if (!query_rank.empty()) {
      in[attention_op::query_rank] = integers(query_rank);
      in[attention_op::key_rank] = integers(key_rank);
    }
    if (dropout > 0) in[attention_op::sequence_ids] = integers(sequence_ids);
    double* parameters = call.parameters + first_parameter;
    parameters[attention_op::heads] = static_cast<double>(heads);
    parameters[attention_op::scale] = scale;
    parameters[attention_op::strict] = strict ? 1 : 0;
    parameters[attention_op::dropout] = dropout;
    parameters[attention_op::seed] = 12345;
    parameters[attention_op::site] = 678;
  }

  TensorView of_queries(float* data, int64_t stride) {
    return matrix(data, query_tokens(), stride, hidden());
  }
  TensorView sums() { return matrix(log_sum_exp.data(), query_tokens(), heads, heads); }

  static TensorView matrix(float* data, int64_t rows, int64_t stride, int64_t columns) {
    static float nothing = 0;  // an empty vector's data() is null, which would mean "absent"
    TensorView view;
    view.data = rows > 0 ? data : &nothing;
    view.rank = 2;
    view.shape[0] = rows;
    view.shape[1] = columns;
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
