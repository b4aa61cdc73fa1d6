// output[t] = LayerNorm(word[token_ids[t]] + position[position_ids[t]] + type[type_ids[t]]) * gamma + beta:
// the tables' rows are added while the mean is summed, so the sum is never read back from memory.
#include "../../../core/data_checks.h"
#include "embedding_tables.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 32;

template <int32_t parts>
void normalize_entries(const OpCall& call, const Tables& tables) {
  using namespace embedding_op;
  const TensorView& out = call.outputs[output];  // [tokens, width]
  const float* scale = vector_of(call.inputs[gamma]);
  const float* shift = vector_of(call.inputs[beta]);
  const float small = static_cast<float>(call.parameters[epsilon]);
  for_each_row(*call.workers, out.shape[0], tile_rows, [&tables, &out, scale, shift, small](int64_t t) {
    const float* part[parts];
    tables.rows_of<parts>(t, out.shape[0], part);
    normalize_sum<parts>(part, scale, shift, small, out.shape[1], row_of(out, t));
  });
}

Status embedding(const OpCall& call) {
  using namespace embedding_op;
  const Status checked = check_embedding_data(call);
  if (checked != Status::ok) return checked;
  const TensorView* in = call.inputs;
  Tables tables;
  tables.add(in[word], in[token_ids]);
  tables.add(in[position], in[position_ids]);
  tables.add(in[type], in[type_ids]);
  if (tables.count == 1) normalize_entries<1>(call, tables);
  if (tables.count == 2) normalize_entries<2>(call, tables);
  if (tables.count == 3) normalize_entries<3>(call, tables);
  return Status::ok;
}

}  // namespace

void register_embedding(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::embedding)].float32 = embedding;
}

}  // namespace likewise::LIKEWISE_ISA
