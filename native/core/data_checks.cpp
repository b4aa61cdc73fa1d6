// Checks of ids and offsets; see data_checks.h.
#include "data_checks.h"

namespace likewise {

namespace {

Status check_ids(const OpCall& call, const char* name, const TensorView& ids, const char* table_name,
                 const TensorView& table) {
  if (!ids) return Status::ok;
  const int32_t* values = static_cast<const int32_t*>(ids.data);
  for (int64_t i = 0; i < ids.shape[0]; ++i) {
    if (values[i] >= 0 && values[i] < table.shape[0]) continue;
    return fail(call, Status::invalid_value,
                "[embedding] expected %s[%lld] to be a row of %s, which has %lld, but received %d", name,
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

}  // namespace

Status check_embedding_data(const OpCall& call) {
  using namespace embedding_op;
  const TensorView* in = call.inputs;
  Status status = check_ids(call, "tokenIds", in[token_ids], "word", in[word]);
  if (status == Status::ok)
    status = check_ids(call, "positionIds", in[position_ids], "position", in[position]);
  if (status == Status::ok) status = check_ids(call, "typeIds", in[type_ids], "type", in[type]);
  return status;
}

Status check_attention_data(const OpCall& call) {
  using namespace attention_op;
  const TensorView* in = call.inputs;
  const Status status =
      check_offsets(call, "attention", "queryOffsets", in[query_offsets], in[query].shape[0]);
  if (status != Status::ok) return status;
  return check_offsets(call, "attention", "keyOffsets", in[key_offsets], in[key].shape[0]);
}

Status check_pool_data(const OpCall& call) {
  using namespace pool_op;
  const TensorView* in = call.inputs;
  const Status status = check_offsets(call, "pool", "offsets", in[offsets], in[input].shape[0]);
  if (status != Status::ok || !in[skip]) return status;
  const int32_t* values = static_cast<const int32_t*>(in[skip].data);
  for (int64_t s = 0; s < in[skip].shape[0]; ++s) {
    if (values[s] >= 0) continue;
    return fail(call, Status::invalid_value, "[pool] expected skip[%lld] to be 0 or more but received %d",
                static_cast<long long>(s), values[s]);
  }
  return Status::ok;
}

}  // namespace likewise
