// The checks of attention and its gradient, as ops.def describes their tensors; in bfloat16 they are the same.
#include "call_checker.h"
#include "philox.h"

namespace likewise {

namespace {

struct AttentionDims {
  Dim queries{"query tokens"}, keys{"key tokens"}, width{"width"}, bounds{"sequences + 1"}, heads{"heads"};
};

bool check_heads(CallChecker& check, const OpCall& call, int32_t parameter, AttentionDims& dims) {
  if (!check.integer(parameter, 1, dims.width.size)) return false;
  dims.heads.size = static_cast<int64_t>(call.parameters[parameter]);
  return dims.width.size % dims.heads.size == 0 ||
         check.refuse(Problem::Kind::argument, "expected heads to divide the width %lld but received %lld",
                      static_cast<long long>(dims.width.size), static_cast<long long>(dims.heads.size));
}

bool check_strict(CallChecker& check, const OpCall& call, int32_t strict, int32_t query_rank) {
  if (!check.integer(strict, 0, 1)) return false;
  return call.parameters[strict] == 0 || call.inputs[query_rank] ||
         check.refuse(Problem::Kind::argument, "expected queryRank and keyRank, which strict compares");
}

}  // namespace

bool check_attention(CallChecker& check, const OpCall& call) {
  using namespace attention_op;
  AttentionDims dims;
  if (!check.real_input(query, {&dims.queries, &dims.width}) ||
      !check.real_input(key, {&dims.keys, &dims.width}) ||
      !check.real_input(value, {&dims.keys, &dims.width}) ||
      !check.int_input(query_offsets, {&dims.bounds}) || !check.at_least(dims.bounds, query_offsets, 1) ||
      !check.int_input(key_offsets, {&dims.bounds}) || !check.both_or_neither(query_rank, key_rank) ||
      !check.int_input(query_rank, {&dims.queries}) || !check.int_input(key_rank, {&dims.keys}) ||
      !check.real_output(output, {&dims.queries, &dims.width}) || !check.at_least(dims.width, query, 1)) {
    return false;
  }
  Dim sequences{"sequences", dims.bounds.size - 1};
  return check_heads(check, call, heads, dims) &&
         check.real_output(log_sum_exp, {&dims.queries, &dims.heads}) &&
         check.int_input(sequence_ids, {&sequences}) && check.finite(scale) &&
         check_strict(check, call, strict, query_rank) && check.dropout(dropout, seed, site, sequence_ids) &&
         check.apart();
}

bool check_attention_bfloat16(CallChecker& check, const OpCall& call) { return check_attention(check, call); }

bool check_attention_gradient(CallChecker& check, const OpCall& call) {
  using namespace attention_gradient_op;
  AttentionDims dims;
  if (!check.real_input(output_gradient, {&dims.queries, &dims.width}) ||
      !check.real_input(query, {&dims.queries, &dims.width}) ||
      !check.real_input(key, {&dims.keys, &dims.width}) ||
      !check.real_input(value, {&dims.keys, &dims.width}) ||
      !check.int_input(query_offsets, {&dims.bounds}) || !check.at_least(dims.bounds, query_offsets, 1) ||
      !check.int_input(key_offsets, {&dims.bounds}) || !check.both_or_neither(query_rank, key_rank) ||
      !check.int_input(query_rank, {&dims.queries}) || !check.int_input(key_rank, {&dims.keys}) ||
      !check.real_input(output, {&dims.queries, &dims.width}) || !check.at_least(dims.width, query, 1)) {
    return false;
  }
  Dim sequences{"sequences", dims.bounds.size - 1};
  return check_heads(check, call, heads, dims) &&
         check.real_input(log_sum_exp, {&dims.queries, &dims.heads}) &&
         check.int_input(sequence_ids, {&sequences}) &&
         check.real_output(query_gradient, {&dims.queries, &dims.width}) &&
         check.real_output(key_gradient, {&dims.keys, &dims.width}) &&
         check.real_output(value_gradient, {&dims.keys, &dims.width}) && check.finite(scale) &&
         check_strict(check, call, strict, query_rank) && check.dropout(dropout, seed, site, sequence_ids) &&
         check.apart();
}

bool check_attention_gradient_bfloat16(CallChecker& check, const OpCall& call) {
  return check_attention_gradient(check, call);
}

}  // namespace likewise
