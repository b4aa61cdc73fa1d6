// The checks of the encoder's ops, as ops.def describes their tensors, and the way to the checks of all ops.
#include "op_checks.h"

#include <cstdio>
#include <iterator>

#include "call_checker.h"

namespace likewise {

// packed [ceil(outputs / width), inputs, width]
static bool check_panels(CallChecker& check, const Dim& outputs, const Dim& panels, const Dim& width) {
  if (width.size < 1) {
    return check.refuse(Problem::Kind::shape,
                        "expected packed with panels of at least 1 column but received 0");
  }
  const int64_t needed = outputs.size / width.size + (outputs.size % width.size != 0);
  return panels.size == needed ||
         check.refuse(Problem::Kind::shape,
                      "expected packed of %lld panels, for %lld outputs in panels of %lld, but received %lld",
                      static_cast<long long>(needed), static_cast<long long>(outputs.size),
                      static_cast<long long>(width.size), static_cast<long long>(panels.size));
}

bool check_pack_weight(CallChecker& check, const OpCall&) {
  using namespace pack_weight_op;
  Dim outputs{"outputs"}, inputs{"inputs"}, panels{"panels"}, width{"width"};
  return check.real_input(weight, {&outputs, &inputs}) &&
         check.real_output(packed, {&panels, &inputs, &width}) &&
         check_panels(check, outputs, panels, width) && check.apart();
}

bool check_embedding(CallChecker& check, const OpCall& call) {
  using namespace embedding_op;
  Dim tokens{"tokens"}, width{"width"}, words{"rows"}, positions{"rows"}, types{"rows"};
  if (call.inputs[type_ids] && !check.both_or_neither(type_ids, type)) return false;
  return check.int_input(token_ids, {&tokens}) && check.real_input(word, {&words, &width}) &&
         check.both_or_neither(position_ids, position) && check.int_input(position_ids, {&tokens}) &&
         check.real_input(position, {&positions, &width}) && check.int_input(type_ids, {&tokens}) &&
         check.real_input(type, {&types, &width}) &&
         check.at_least(types, type, call.inputs[type_ids] ? 0 : 1) && check.real_input(gamma, {&width}) &&
         check.real_input(beta, {&width}) && check.real_output(output, {&tokens, &width}) &&
         check.not_negative(epsilon) && check.apart();
}

bool check_linear(CallChecker& check, const OpCall&) {
  using namespace linear_op;
  Dim rows{"rows"}, inputs{"inputs"}, outputs{"outputs"}, panels{"panels"}, width{"width"};
  return check.real_input(input, {&rows, &inputs}) && check.real_input(packed, {&panels, &inputs, &width}) &&
         check.real_output(output, {&rows, &outputs}) && check_panels(check, outputs, panels, width) &&
         check.real_input(bias, {&outputs}) && check.real_input(residual, {&rows, &outputs}) &&
         check.integer(activation, 0, std::ssize(activation_names()) - 1) && check.apart(residual);
}

bool check_layer_norm(CallChecker& check, const OpCall&) {
  using namespace layer_norm_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(input, {&rows, &width}) && check.real_input(residual, {&rows, &width}) &&
         check.real_input(gamma, {&width}) && check.real_input(beta, {&width}) &&
         check.real_output(output, {&rows, &width}) && check.not_negative(epsilon) && check.apart();
}

bool check_attention(CallChecker& check, const OpCall& call) {
  using namespace attention_op;
  Dim queries{"query tokens"}, keys{"key tokens"}, width{"width"}, bounds{"sequences + 1"},
      head_count{"heads"};
  if (!check.real_input(query, {&queries, &width}) || !check.real_input(key, {&keys, &width}) ||
      !check.real_input(value, {&keys, &width}) || !check.int_input(query_offsets, {&bounds}) ||
      !check.at_least(bounds, query_offsets, 1) || !check.int_input(key_offsets, {&bounds}) ||
      !check.both_or_neither(query_rank, key_rank) || !check.int_input(query_rank, {&queries}) ||
      !check.int_input(key_rank, {&keys}) || !check.real_output(output, {&queries, &width}) ||
      !check.at_least(width, query, 1) || !check.integer(heads, 1, width.size)) {
    return false;
  }
  head_count.size = static_cast<int64_t>(call.parameters[heads]);
  if (width.size % head_count.size != 0) {
    return check.refuse(Problem::Kind::argument, "expected heads to divide the width %lld but received %lld",
                        static_cast<long long>(width.size), static_cast<long long>(head_count.size));
  }
  if (!check.real_output(log_sum_exp, {&queries, &head_count}) || !check.finite(scale) ||
      !check.integer(strict, 0, 1)) {
    return false;
  }
  if (call.parameters[strict] == 1 && !call.inputs[query_rank]) {
    return check.refuse(Problem::Kind::argument, "expected queryRank and keyRank, which strict compares");
  }
  return check.apart();
}

bool check_pool(CallChecker& check, const OpCall& call) {
  using namespace pool_op;
  Dim tokens{"tokens"}, width{"width"}, bounds{"sequences + 1"};
  if (!check.real_input(input, {&tokens, &width}) || !check.int_input(offsets, {&bounds}) ||
      !check.at_least(bounds, offsets, 1)) {
    return false;
  }
  Dim sequences{"sequences", call.inputs[offsets].shape[0] - 1};
  return check.int_input(skip, {&sequences}) && check.real_output(output, {&sequences, &width}) &&
         check.integer(mode, 0, std::ssize(pooling_names()) - 1) && check.apart();
}

bool check_l2_normalize(CallChecker& check, const OpCall&) {
  using namespace l2_normalize_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(input, {&rows, &width}) && check.real_output(output, {&rows, &width}) &&
         check.not_negative(epsilon) && check.apart();
}

bool check_weighted_sum(CallChecker& check, const OpCall&) {
  using namespace weighted_sum_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(left, {&rows, &width}) && check.real_input(right, {&rows, &width}) &&
         check.real_output(output, {&rows, &width}) && check.finite(left_weight) &&
         check.finite(right_weight) && check.apart();
}

namespace {

using Check = bool (*)(CallChecker& check, const OpCall& call);
constexpr Check checks[] = {
#define OP(name, inputs, outputs, parameters) check_##name,
#include "../ops.def"
#undef OP
};

}  // namespace

bool check_call(OpId id, const OpCall& call, Problem& problem) {
  if (id < OpId{0} || id >= OpId::count) {
    problem.kind = Problem::Kind::argument;
    std::snprintf(problem.message, message_size, "expected an op of ops.def but received number %d",
                  static_cast<int32_t>(id));
    return false;
  }
  CallChecker check(id, call, problem);
  return check.tensors() && checks[static_cast<int32_t>(id)](check, call);
}

}  // namespace likewise
