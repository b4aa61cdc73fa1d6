// The gradient of attention, its probabilities made again from log_sum_exp (Dao et al. 2022, appendix B.2):
//   p_ij = exp(scale query_i . key_j - log_sum_exp_i), m_ij = 0 or 1 / (1 - dropout)
//   value_gradient_j = sum_i m_ij p_ij output_gradient_i
//   g_ij = p_ij (m_ij output_gradient_i . value_j - output_gradient_i . output_i)
//   query_gradient_i = scale sum_j g_ij key_j        key_gradient_j = scale sum_i g_ij query_i
// In bfloat16 every query, key, value, output gradient, p_ij and g_ij is rounded where it is a factor of a product.
#include <cmath>
#include <vector>

#include "../core/data_checks.h"
#include "attention.h"

namespace likewise::reference {

namespace {

template <typename T, Factor factor>
struct Operands {
  Factors<T, factor> query, key, value, output_gradient;

  explicit Operands(const OpCall& call)
      : query(call.inputs[attention_gradient_op::query]),
        key(call.inputs[attention_gradient_op::key]),
        value(call.inputs[attention_gradient_op::value]),
        output_gradient(call.inputs[attention_gradient_op::output_gradient]) {}
};

// One sequence and one head.
template <typename T, Factor factor>
void attend_backwards(const OpCall& call, const Operands<T, factor>& of, int64_t s, int64_t head,
                      int64_t head_dim) {
  using namespace attention_gradient_op;
  const TensorView* in = call.inputs;
  const Matrix<T> y(in[output]), dq(call.outputs[query_gradient]), dk(call.outputs[key_gradient]),
      dv(call.outputs[value_gradient]), sums(in[log_sum_exp]);
  const Span of_queries(in[query_offsets], s), of_keys(in[key_offsets], s);
  const ScoreDropout dropped(in[sequence_ids], s, call.parameters + dropout);
  const double of_scores = call.parameters[scale];
  const int64_t column = head * head_dim;
  const size_t size = static_cast<size_t>(of_keys.size() * head_dim);
  std::vector<double> of_k(size), of_v(size);  // [keys, head_dim]
  for (int64_t i = of_queries.first; i < of_queries.last; ++i) {
    const double *query_row = of.query[i] + column, *gradient_row = of.output_gradient[i] + column;
    const double sum = double(sums[i][head]);
    const double mean = dot(gradient_row, y[i] + column, head_dim);
    std::vector<double> of_q(static_cast<size_t>(head_dim));
    for (int64_t j = of_keys.first; j < of_keys.last; ++j) {
      if (sum == -HUGE_VAL) break;  // it saw nothing
      if (!sees(in[query_rank], in[key_rank], call.parameters[strict] != 0, i, j)) continue;
      const double* key_row = of.key[j] + column;
      const double p = std::exp(of_scores * dot(query_row, key_row, head_dim) - sum);
      const double m = dropped.factor(i - of_queries.first, j - of_keys.first, head);
      const double g = factor(p * (m * dot(gradient_row, of.value[j] + column, head_dim) - mean));
      const double kept = m * factor(p);
      const size_t row = static_cast<size_t>((j - of_keys.first) * head_dim);
      for (size_t c = 0; c < static_cast<size_t>(head_dim); ++c) {
        of_v[row + c] += kept * gradient_row[c];
        of_k[row + c] += of_scores * g * query_row[c];
        of_q[c] += of_scores * g * key_row[c];
      }
    }
    for (int64_t c = 0; c < head_dim; ++c) dq[i][column + c] = static_cast<T>(of_q[static_cast<size_t>(c)]);
  }
  for (int64_t j = 0; j < of_keys.size(); ++j) {
    for (int64_t c = 0; c < head_dim; ++c) {
      dk[of_keys.first + j][column + c] = static_cast<T>(of_k[static_cast<size_t>(j * head_dim + c)]);
      dv[of_keys.first + j][column + c] = static_cast<T>(of_v[static_cast<size_t>(j * head_dim + c)]);
    }
  }
}

template <typename T, Factor factor>
Status attention_gradient(const OpCall& call) {
  using namespace attention_gradient_op;
  const Status checked = check_attention_gradient_data(call);
  if (checked != Status::ok) return checked;
  const int64_t sequences = call.inputs[query_offsets].shape[0] - 1;
  const int64_t head_count = static_cast<int64_t>(call.parameters[heads]);
  const Operands<T, factor> of(call);
  for (int64_t s = 0; s < sequences; ++s) {
    for (int64_t h = 0; h < head_count; ++h) {
      attend_backwards(call, of, s, h, call.inputs[query].shape[1] / head_count);
    }
  }
  return Status::ok;
}

}  // namespace

void fill_attention_gradient(Backend& backend) {
  backend[OpId::attention_gradient] = {attention_gradient<float, as_it_is>,
                                       attention_gradient<double, as_it_is>};
  backend[OpId::attention_gradient_bfloat16] = {attention_gradient<float, in_bfloat16>,
                                                attention_gradient<double, in_bfloat16>};
}

}  // namespace likewise::reference
