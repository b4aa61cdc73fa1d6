// Checks of ids and offsets; see data_checks.h.
#include "data_checks.h"

namespace likewise {

namespace {

Status check_ids(const OpCall& call, const char* op, const char* name, const TensorView& ids,
                 const char* table_name, const TensorView& table) {
  if (!ids) return Status::ok;
  const int32_t* values = static_cast<const int32_t*>(ids.data);
  for (int64_t i = 0; i < ids.shape[0]; ++i) {
    if (values[i] >= 0 && values[i] < table.shape[0]) continue;
    return fail(call, Status::invalid_value,
                "[%s] expected %s[%lld] to be a row of %s, which has %lld, but received %d", op, name,
                static_cast<long long>(i), table_name, static_cast<long long>(table.shape[0]), values[i]);
  }
  return Status::ok;
}

Status check_offsets(const OpCall& call, const char* op, const char* name, const TensorView& offsets,
                     int64_t tokens) {
  const int32_t* values = static_cast<const int32_t*>(offsets.data);
  const int64_t last = offsets.shape[0] - 1;
  if (values[0] != 0) {
    return fail(call, Status::invalid_value, "[%s] expected %s to start with 0 but received %d", op, name,
                values[0]);
  }
  for (int64_t i = 1; i <= last; ++i) {
    if (values[i] >= values[i - 1]) continue;
    return fail(call, Status::invalid_value, "[%s] expected %s never to fall but %s[%lld] is %d after %d", op,
                name, name, static_cast<long long>(i), values[i], values[i - 1]);
  }
  if (values[last] != tokens) {
    return fail(call, Status::invalid_value,
                "[%s] expected %s to end with %lld, the number of tokens, but received %d", op, name,
                static_cast<long long>(tokens), values[last]);
  }
  return Status::ok;
}

// in: token_ids, word, position_ids, position, type_ids, type, in this order
Status check_table_ids(const OpCall& call, const char* op, const TensorView* in) {
  Status status = check_ids(call, op, "tokenIds", in[0], "word", in[1]);
  if (status == Status::ok) status = check_ids(call, op, "positionIds", in[2], "position", in[3]);
  if (status == Status::ok) status = check_ids(call, op, "typeIds", in[4], "type", in[5]);
  return status;
}

Status check_pooled(const OpCall& call, const char* op, const TensorView& offsets, const TensorView& skip,
                    int64_t tokens) {
  const Status status = check_offsets(call, op, "offsets", offsets, tokens);
  if (status != Status::ok || !skip) return status;
  const int32_t* values = static_cast<const int32_t*>(skip.data);
  for (int64_t s = 0; s < skip.shape[0]; ++s) {
    if (values[s] >= 0) continue;
    return fail(call, Status::invalid_value, "[%s] expected skip[%lld] to be 0 or more but received %d", op,
                static_cast<long long>(s), values[s]);
  }
  return Status::ok;
}

}  // namespace

Status check_embedding_data(const OpCall& call) {
  return check_table_ids(call, "embedding", call.inputs + embedding_op::token_ids);
}

Status check_embedding_gradient_data(const OpCall& call) {
  return check_table_ids(call, "embeddingGradient", call.inputs + embedding_gradient_op::token_ids);
}

Status check_scatter_rows_data(const OpCall& call) {
  using namespace scatter_rows_op;
  return check_ids(call, "scatterRows", "ids", call.inputs[ids], "table", call.outputs[table]);
}

Status check_gather_rows_data(const OpCall& call) {
  using namespace gather_rows_op;
  return check_ids(call, "gatherRows", "ids", call.inputs[ids], "table", call.inputs[table]);
}

Status check_gather_rows_int8_data(const OpCall& call) {
  using namespace gather_rows_int8_op;
  return check_ids(call, "gatherRowsInt8", "ids", call.inputs[ids], "table", call.inputs[table]);
}

Status check_attention_data(const OpCall& call) {
  using namespace attention_op;
  const TensorView* in = call.inputs;
  const Status status =
      check_offsets(call, "attention", "queryOffsets", in[query_offsets], in[query].shape[0]);
  if (status != Status::ok) return status;
  return check_offsets(call, "attention", "keyOffsets", in[key_offsets], in[key].shape[0]);
}

Status check_attention_gradient_data(const OpCall& call) {
  using namespace attention_gradient_op;
  const TensorView* in = call.inputs;
  const Status status =
      check_offsets(call, "attentionGradient", "queryOffsets", in[query_offsets], in[query].shape[0]);
  if (status != Status::ok) return status;
  return check_offsets(call, "attentionGradient", "keyOffsets", in[key_offsets], in[key].shape[0]);
}

Status check_pool_data(const OpCall& call) {
  using namespace pool_op;
  const TensorView* in = call.inputs;
  return check_pooled(call, "pool", in[offsets], in[skip], in[input].shape[0]);
}

Status check_pool_gradient_data(const OpCall& call) {
  using namespace pool_gradient_op;
  const TensorView* in = call.inputs;
  return check_pooled(call, "poolGradient", in[offsets], in[skip], call.outputs[input_gradient].shape[0]);
}

namespace {

Status check_group_ends(const OpCall& call, const char* op, const TensorView& ends, int64_t elements) {
  const int32_t* values = static_cast<const int32_t*>(ends.data);
  const int64_t last = ends.shape[0] - 1;
  for (int64_t g = 0; g <= last; ++g) {
    if (values[g] >= (g == 0 ? 0 : values[g - 1])) continue;
    return fail(call, Status::invalid_value,
                "[%s] expected groupEnds not to be negative nor to fall but groupEnds[%lld] is %d", op,
                static_cast<long long>(g), values[g]);
  }
  if (values[last] == elements) return Status::ok;
  return fail(call, Status::invalid_value,
              "[%s] expected groupEnds to end with %lld, the number of elements, but received %d", op,
              static_cast<long long>(elements), values[last]);
}

}  // namespace

Status check_adamw_data(const OpCall& call) {
  using namespace adamw_op;
  return check_group_ends(call, "adamw", call.inputs[group_ends], call.inputs[gradient].shape[0]);
}

Status check_lamb_data(const OpCall& call) {
  using namespace lamb_op;
  return check_group_ends(call, "lamb", call.inputs[group_ends], call.inputs[gradient].shape[0]);
}

}  // namespace likewise
