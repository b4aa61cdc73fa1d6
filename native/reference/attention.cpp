// Softmax attention (Vaswani et al. 2017) within each sequence of a ragged batch; ranks say which keys a
// query sees.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
double dot(const T* a, const T* b, int64_t count) {
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += double(a[c]) * double(b[c]);
  return sum;
}

bool sees(const OpCall& call, int64_t i, int64_t j) {
  using namespace attention_op;
  if (!call.inputs[query_rank]) return true;
  const int32_t of_query = values<int32_t>(call.inputs[query_rank])[i];
  const int32_t of_key = values<int32_t>(call.inputs[key_rank])[j];
  return call.parameters[strict] != 0 ? of_key < of_query : of_key <= of_query;
}

// One query row i and one head: writes its part of the output, returns log sum_j exp(scale * query . key).
template <typename T>
double attend(const OpCall& call, int64_t i, int64_t first_key, int64_t last_key, int64_t head,
              int64_t head_dim) {
  using namespace attention_op;
  const Matrix<T> q(call.inputs[query]), k(call.inputs[key]), v(call.inputs[value]), y(call.outputs[output]);
  const int64_t column = head * head_dim;
  constexpr double infinity = std::numeric_limits<double>::infinity();

  std::vector<int64_t> seen;
  std::vector<double> weight;
  double largest = -infinity;
  for (int64_t j = first_key; j < last_key; ++j) {
    if (!sees(call, i, j)) continue;
    seen.push_back(j);
    weight.push_back(call.parameters[scale] * dot(q[i] + column, k[j] + column, head_dim));
    largest = std::max(largest, weight.back());
  }
  if (seen.empty()) {
    std::fill_n(y[i] + column, head_dim, T(0));
    return -infinity;
  }
  double total = 0;
  for (double& w : weight) total += w = std::exp(w - largest);
  for (int64_t c = column; c < column + head_dim; ++c) {
    double sum = 0;
    for (size_t n = 0; n < seen.size(); ++n) sum += weight[n] / total * double(v[seen[n]][c]);
    y[i][c] = static_cast<T>(sum);
  }
  return largest + std::log(total);
}

template <typename T>
Status attention(const OpCall& call) {
  using namespace attention_op;
  const Status checked = check_attention_data(call);
  if (checked != Status::ok) return checked;
  const int32_t* first_query = values<int32_t>(call.inputs[query_offsets]);
  const int32_t* first_key = values<int32_t>(call.inputs[key_offsets]);
  const int64_t sequences = call.inputs[query_offsets].shape[0] - 1;
  const int64_t head_count = static_cast<int64_t>(call.parameters[heads]);
  const int64_t head_dim = call.inputs[query].shape[1] / head_count;
  const Matrix<T> sums(call.outputs[log_sum_exp]);  // [query tokens, heads]
  for (int64_t s = 0; s < sequences; ++s) {
    for (int64_t i = first_query[s]; i < first_query[s + 1]; ++i) {
      for (int64_t h = 0; h < head_count; ++h) {
        const double sum = attend<T>(call, i, first_key[s], first_key[s + 1], h, head_dim);
        if (sums.data != nullptr) sums[i][h] = static_cast<T>(sum);
      }
    }
  }
  return Status::ok;
}

}  // namespace

void fill_attention(Backend& backend) { backend[OpId::attention] = {attention<float>, attention<double>}; }

}  // namespace likewise::reference
