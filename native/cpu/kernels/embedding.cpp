// output[t] = LayerNorm(word[token_ids[t]] + position[position_ids[t]] + type[type_ids[t]]) * gamma + beta:
// the tables' rows are added while the mean is summed, so the sum is never read back from memory.
#include "../../core/data_checks.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 32;

// The tables in use and the ids into them; no ids: always row 0.
struct Tables {
  int32_t count = 0;
  const TensorView* table[3];
  const int32_t* ids[3];

  void add(const TensorView& rows, const TensorView& numbers) {
    if (rows.data == nullptr) return;
    table[count] = &rows;
    ids[count++] = static_cast<const int32_t*>(numbers.data);
  }
};

// Words are scattered over a table that no cache holds: ask for the next one while this one is computed.
LIKEWISE_INLINE void prefetch(const float* row, int64_t width) {
  for (int64_t j = 0; j < width; j += 16) __builtin_prefetch(row + j);
}

template <int32_t parts>
void normalize_entries(const OpCall& call, const Tables& tables) {
  using namespace embedding_op;
  const TensorView& out = call.outputs[output];  // [tokens, width]
  const float* scale = vector_of(call.inputs[gamma]);
  const float* shift = vector_of(call.inputs[beta]);
  const float small = static_cast<float>(call.parameters[epsilon]);
  for_each_row(*call.workers, out.shape[0], tile_rows, [&tables, &out, scale, shift, small](int64_t t) {
    if (t + 1 < out.shape[0]) prefetch(row_of(*tables.table[0], tables.ids[0][t + 1]), out.shape[1]);
    const float* part[parts];
    for (int32_t p = 0; p < parts; p++) {
      part[p] = row_of(*tables.table[p], tables.ids[p] == nullptr ? 0 : tables.ids[p][t]);
    }
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
