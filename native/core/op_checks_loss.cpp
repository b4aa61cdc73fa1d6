// The checks of the losses, as ops.def describes their tensors, and of the columns they name.
#include "call_checker.h"
#include "data_checks.h"

namespace likewise {

bool check_cosine_softmax_loss(CallChecker& check, const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  const Problem::Kind argument = Problem::Kind::argument;
  Dim rows{"queries"}, columns{"candidates"}, width{"width"}, bounds{"2 ranges"}, one{"1", 1};
  if (!check.real_input(queries, {&rows, &width}) || !check.at_least(width, queries, 1) ||
      !check.real_input(candidates, {&columns, &width}) || !check.int_input(positives, {&rows}) ||
      !check.int_input(excluded, {&rows, &bounds}) || !check.both_or_neither(query_ids, candidate_ids) ||
      !check.int_input(query_ids, {&rows}) || !check.int_input(candidate_ids, {&columns}) ||
      !check.int_input(weighted, {&rows}) || !check.int_input(row_groups, {&rows}) ||
      !check.real_input(learned_scale, {&one}) || !check.real_output(loss, {&one}) ||
      !check.real_output(query_gradient, {&rows, &width}) ||
      !check.real_output(candidate_gradient, {&columns, &width}) ||
      !check.real_output(scale_gradient, {&one}) || !check.finite(scale) || !check.finite(log_weight) ||
      !check.integer(symmetric, 0, 1) || !check.not_negative(epsilon)) {
    return false;
  }
  if (call.inputs[excluded] && bounds.size % 2 != 0) {
    return check.refuse(Problem::Kind::shape,
                        "expected excluded to have two columns for each range but received %lld",
                        static_cast<long long>(bounds.size));
  }
  if (call.inputs[row_groups] && call.parameters[symmetric] == 1) {
    return check.refuse(argument, "expected rowGroups or symmetric but received both");
  }
  if (call.outputs[scale_gradient] && !call.outputs[query_gradient]) {
    return check.refuse(argument, "expected queryGradient, from which scaleGradient is taken");
  }
  return check.apart();
}

namespace {

// Every number is at least `lowest` and below `end`.
Status check_numbers(const OpCall& call, const char* name, const TensorView& numbers, const char* what,
                     int32_t lowest, int64_t end) {
  if (!numbers) return Status::ok;
  const int32_t* values = static_cast<const int32_t*>(numbers.data);
  for (int64_t i = 0; i < numbers.shape[0]; ++i) {
    if (values[i] >= lowest && values[i] < end) continue;
    return fail(call, Status::invalid_value,
                "[cosineSoftmaxLoss] expected %s[%lld] to be %s, of which there are %lld,%s but received %d",
                name, static_cast<long long>(i), what, static_cast<long long>(end),
                lowest < 0 ? " or -1" : "", values[i]);
  }
  return Status::ok;
}

}  // namespace

Status check_cosine_softmax_loss_data(const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  const TensorView* in = call.inputs;
  const int64_t rows = in[queries].shape[0], columns = in[candidates].shape[0];
  Status status = check_numbers(call, "positives", in[positives], "a candidate", -1, columns);
  if (status == Status::ok)
    status = check_numbers(call, "weighted", in[weighted], "a candidate", -1, columns);
  if (status == Status::ok)
    status = check_numbers(call, "rowGroups", in[row_groups], "a query's number", 0, rows);
  if (status != Status::ok || !in[excluded]) return status;
  for (int64_t i = 0; i < rows; ++i) {
    const int32_t* range = static_cast<const int32_t*>(in[excluded].data) + i * in[excluded].row_stride;
    for (int64_t m = 0; m < in[excluded].shape[1]; m += 2) {
      if (range[m] >= 0 && range[m] <= range[m + 1] && range[m + 1] <= columns) continue;
      return fail(call, Status::invalid_value,
                  "[cosineSoftmaxLoss] expected excluded[%lld] to hold ranges of the %lld candidates but "
                  "received %d to %d",
                  static_cast<long long>(i), static_cast<long long>(columns), range[m], range[m + 1]);
    }
  }
  return Status::ok;
}

bool check_vocabulary_loss(CallChecker& check, const OpCall&) {
  using namespace vocabulary_loss_op;
  Dim positions{"positions"}, words{"words"}, width{"width"};
  return check.real_input(states, {&positions, &width}) && check.at_least(width, states, 1) &&
         check.real_input(table, {&words, &width}) && check.at_least(words, table, 1) &&
         check.real_input(bias, {&words}) && check.int_input(targets, {&positions}) &&
         check.real_input(weights, {&positions}) && check.real_output(losses, {&positions}) &&
         check.real_output(hits, {&positions}) && check.real_output(state_gradient, {&positions, &width}) &&
         check.real_output(table_gradient, {&words, &width}) && check.real_output(bias_gradient, {&words}) &&
         check.integer(accumulate, 0, 1) && check.apart();
}

// The tensors of both have the same places; the first real one decides the dtype of the others.
bool check_vocabulary_loss_bfloat16(CallChecker& check, const OpCall& call) {
  using namespace vocabulary_loss_bfloat16_op;
  static_assert(int32_t{weights} == int32_t{vocabulary_loss_op::weights} &&
                int32_t{bias_gradient} == int32_t{vocabulary_loss_op::bias_gradient});
  Dim positions{"positions"}, width{"width"};
  return check.input(states, DType::float32, {&positions, &width}) && check_vocabulary_loss(check, call);
}

Status check_vocabulary_loss_data(const OpCall& call) {
  using namespace vocabulary_loss_op;
  const TensorView& words = call.inputs[targets];
  const int64_t end = call.inputs[table].shape[0];
  const int32_t* values = static_cast<const int32_t*>(words.data);
  for (int64_t i = 0; i < words.shape[0]; ++i) {
    if (values[i] >= 0 && values[i] < end) continue;
    return fail(
        call, Status::invalid_value,
        "[vocabularyLoss] expected targets[%lld] to be a row of table, which has %lld, but received %d",
        static_cast<long long>(i), static_cast<long long>(end), values[i]);
  }
  return Status::ok;
}

}  // namespace likewise
