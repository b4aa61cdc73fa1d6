// Softmax attention (Vaswani et al. 2017) within each sequence of a ragged batch; ranks say which keys a
// query sees, and dropout (Srivastava et al. 2014) which of the probabilities count. In float32 and, with the factors of
// both products rounded, in bfloat16.
#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../core/data_checks.h"

namespace likewise::reference {

namespace {

template <typename T, Factor factor>
struct Operands {
  Factors<T, factor> query, key, value;

  explicit Operands(const OpCall& call)
      : query(call.inputs[attention_op::query]),
        key(call.inputs[attention_op::key]),
        value(call.inputs[attention_op::value]) {}
};

// One query row i and one head: writes its part of the output, returns log sum_j exp(scale * query . key).
template <typename T, Factor factor>
double attend(const OpCall& call, const Operands<T, factor>& of, const ScoreDropout& dropped, int64_t i,
              const Span& of_keys, int64_t first_query, int64_t head, int64_t head_dim) {
  using namespace attention_op;
  const Matrix<T> y(call.outputs[output]);
  const int64_t column = head * head_dim;
  constexpr double infinity = std::numeric_limits<double>::infinity();

  std::vector<int64_t> seen;
  std::vector<double> weight;
  double largest = -infinity;
  for (int64_t j = of_keys.first; j < of_keys.last; ++j) {
    if (!sees(call.inputs[query_rank], call.inputs[key_rank], call.parameters[strict] != 0, i, j)) continue;
    seen.push_back(j);
    weight.push_back(call.parameters[scale] * dot(of.query[i] + column, of.key[j] + column, head_dim));
    largest = std::max(largest, weight.back());
  }
  if (seen.empty()) {
    std::fill_n(y[i] + column, head_dim, T(0));
    return -infinity;
  }
  double total = 0;
  for (double& w : weight) total += w = std::exp(w - largest);
  for (size_t n = 0; n < seen.size(); ++n) {
    weight[n] = factor(weight[n]) / total * dropped.factor(i - first_query, seen[n] - of_keys.first, head);
  }
  for (int64_t c = column; c < column + head_dim; ++c) {
    double sum = 0;
    for (size_t n = 0; n < seen.size(); ++n) sum += weight[n] * of.value[seen[n]][c];
    y[i][c] = static_cast<T>(sum);
  }
  return largest + std::log(total);
}

template <typename T, Factor factor>
Status attention(const OpCall& call) {
  using namespace attention_op;
  const Status checked = check_attention_data(call);
  if (checked != Status::ok) return checked;
  const int64_t sequences = call.inputs[query_offsets].shape[0] - 1;
  const int64_t head_count = static_cast<int64_t>(call.parameters[heads]);
  const int64_t head_dim = call.inputs[query].shape[1] / head_count;
  const Matrix<T> sums(call.outputs[log_sum_exp]);  // [query tokens, heads]
  const Operands<T, factor> of(call);
  for (int64_t s = 0; s < sequences; ++s) {
    const Span of_queries(call.inputs[query_offsets], s), of_keys(call.inputs[key_offsets], s);
    const ScoreDropout dropped(call.inputs[sequence_ids], s, call.parameters + dropout);
    for (int64_t i = of_queries.first; i < of_queries.last; ++i) {
      for (int64_t h = 0; h < head_count; ++h) {
        const double sum = attend(call, of, dropped, i, of_keys, of_queries.first, h, head_dim);
        if (sums.data != nullptr) sums[i][h] = static_cast<T>(sum);
      }
    }
  }
  return Status::ok;
}

}  // namespace

void fill_attention(Backend& backend) {
  backend[OpId::attention] = {attention<float, as_it_is>, attention<double, as_it_is>};
  backend[OpId::attention_bfloat16] = {attention<float, in_bfloat16>, attention<double, in_bfloat16>};
  fill_attention_gradient(backend);
}

}  // namespace likewise::reference
