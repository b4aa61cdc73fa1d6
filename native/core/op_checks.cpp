// The checks of the encoder's ops, as ops.def describes their tensors, and the way to the checks of all ops.
#include "op_checks.h"

#include <cstdio>
#include <iterator>

#include "call_checker.h"

namespace likewise {

bool check_pack_weight(CallChecker& check, const OpCall& call) {
  using namespace pack_weight_op;
  Dim rows{"outputs"}, columns{"inputs"}, panels{"panels"}, width{"width"};
  if (!check.real_input(weight, {&rows, &columns}) || !check.integer(transposed, 0, 1)) return false;
  const bool turned = call.parameters[transposed] == 1;
  return check.real_output(packed, {&panels, turned ? &rows : &columns, &width}) &&
         check.panels_fit(turned ? columns : rows, panels, width) && check.apart();
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
         check.real_output(output, {&rows, &outputs}) && check.panels_fit(outputs, panels, width) &&
         check.real_input(bias, {&outputs}) && check.real_input(residual, {&rows, &outputs}) &&
         check.real_output(pre_activation, {&rows, &outputs}) &&
         check.integer(activation, 0, std::ssize(activation_names()) - 1) && check.apart(residual);
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

DType real_dtype(const OpCall& call) {
  for (const TensorView& view : call.inputs) {
    if (view && (view.dtype == DType::float32 || view.dtype == DType::float64)) return view.dtype;
  }
  return call.outputs[0].dtype;
}

}  // namespace likewise
