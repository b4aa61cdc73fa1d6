// output[t] = LayerNorm(word[token_ids[t]] + position[position_ids[t]] + type[type_ids[t]]) * gamma + beta.
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

}  // namespace

void fill_embedding(Backend& backend) { backend[OpId::embedding] = {embedding<float>, embedding<double>}; }

}  // namespace likewise::reference
