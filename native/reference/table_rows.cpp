// Rows between a table and a batch:
//   gather_rows    output[t] = table[ids[t]]
//   scatter_rows   table[ids[t]] += rows[t]
#include <algorithm>
#include <vector>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status gather_rows(const OpCall& call) {
  using namespace gather_rows_op;
  const Status checked = check_gather_rows_data(call);
  if (checked != Status::ok) return checked;
  const Matrix<T> from(call.inputs[table]), to(call.outputs[output]);  // [entries, width], [tokens, width]
  const int32_t* entries = values<int32_t>(call.inputs[ids]);
  for (int64_t t = 0; t < to.rows; ++t) std::copy_n(from[entries[t]], to.columns, to[t]);
  return Status::ok;
}

template <typename T>
Status scatter_rows(const OpCall& call) {
  using namespace scatter_rows_op;
  const Status checked = check_scatter_rows_data(call);
  if (checked != Status::ok) return checked;
  const Matrix<T> from(call.inputs[rows]), to(call.outputs[table]);  // [tokens, width], [entries, width]
  const int32_t* entries = values<int32_t>(call.inputs[ids]);
  for (int64_t j = 0; j < to.columns; ++j) {
    std::vector<double> sums(static_cast<size_t>(to.rows));
    if (call.parameters[accumulate] != 0) {
      for (int64_t e = 0; e < to.rows; ++e) sums[static_cast<size_t>(e)] = to[e][j];
    }
    for (int64_t t = 0; t < from.rows; ++t) sums[static_cast<size_t>(entries[t])] += from[t][j];
    for (int64_t e = 0; e < to.rows; ++e) to[e][j] = static_cast<T>(sums[static_cast<size_t>(e)]);
  }
  return Status::ok;
}

}  // namespace

void fill_table_rows(Backend& backend) {
  backend[OpId::gather_rows] = {gather_rows<float>, gather_rows<double>};
  backend[OpId::scatter_rows] = {scatter_rows<float>, scatter_rows<double>};
}

}  // namespace likewise::reference
