// output[t] = LayerNorm(word[token_ids[t]] + position[position_ids[t]] + type[type_ids[t]]) * gamma + beta, and the
// gradient of the sum.
#include "../core/data_checks.h"
#include "normalize.h"
#include "reference.h"

namespace likewise::reference {

namespace {

// sum += table[ids[t]]; without a table nothing, without ids row 0
template <typename T>
void add_entry(const TensorView& table, const TensorView& ids, int64_t t, std::vector<double>& sum) {
  if (!table) return;
  const T* entry = Matrix<T>(table)[ids ? values<int32_t>(ids)[t] : 0];
  for (size_t j = 0; j < sum.size(); ++j) sum[j] += entry[j];
}

template <typename T>
Status embedding(const OpCall& call) {
  using namespace embedding_op;
  const Status checked = check_embedding_data(call);
  if (checked != Status::ok) return checked;
  const TensorView* in = call.inputs;
  const Matrix<T> y(call.outputs[output]);  // [tokens, width]
  std::vector<double> sum;
  for (int64_t t = 0; t < y.rows; ++t) {
    sum.assign(static_cast<size_t>(y.columns), 0.0);
    add_entry<T>(in[word], in[token_ids], t, sum);
    add_entry<T>(in[position], in[position_ids], t, sum);
    add_entry<T>(in[type], in[type_ids], t, sum);
    normalize_row(sum, values<T>(in[gamma]), values<T>(in[beta]), call.parameters[epsilon], y[t]);
  }
  return Status::ok;
}

template <typename T>
Status embedding_gradient(const OpCall& call) {
  using namespace embedding_gradient_op;
  const Status checked = check_embedding_gradient_data(call);
  if (checked != Status::ok) return checked;
  const TensorView *in = call.inputs, *out = call.outputs;
  const Matrix<T> dy(in[output_gradient]), dx(out[sum_gradient]);  // [tokens, width]
  AffineGradients sums(dx.columns);
  std::vector<double> sum;
  for (int64_t t = 0; t < dx.rows; ++t) {
    sum.assign(static_cast<size_t>(dx.columns), 0.0);
    add_entry<T>(in[word], in[token_ids], t, sum);
    add_entry<T>(in[position], in[position_ids], t, sum);
    add_entry<T>(in[type], in[type_ids], t, sum);
    const std::vector<double> gradient =
        normalize_gradient_row(sum, dy[t], values<T>(in[gamma]), call.parameters[epsilon], sums);
    for (int64_t j = 0; j < dx.columns; ++j) dx[t][j] = static_cast<T>(gradient[j]);
  }
  sums.store<T>(out[gamma_gradient], out[beta_gradient], call.parameters[accumulate] != 0);
  return Status::ok;
}

}  // namespace

void fill_embedding(Backend& backend) {
  backend[OpId::embedding] = {embedding<float>, embedding<double>};
  backend[OpId::embedding_gradient] = {embedding_gradient<float>, embedding_gradient<double>};
}

}  // namespace likewise::reference
