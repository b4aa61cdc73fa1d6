// The checks of the ops that work row by row when training: layer_norm with dropout, the gradients of the row ops and
// of pool, and rows moved between a table and a batch.
#include <iterator>

#include "call_checker.h"

namespace likewise {

// row_keys int32 [rows, 2]: sequence and position of each row.
static bool check_row_keys(CallChecker& check, int32_t keys, Dim& rows) {
  Dim two{"2", 2};
  return check.int_input(keys, {&rows, &two});
}

bool check_layer_norm(CallChecker& check, const OpCall&) {
  using namespace layer_norm_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(input, {&rows, &width}) && check.real_input(residual, {&rows, &width}) &&
         check.real_input(gamma, {&width}) && check.real_input(beta, {&width}) &&
         check_row_keys(check, row_keys, rows) && check.real_output(output, {&rows, &width}) &&
         check.not_negative(epsilon) && check.dropout(dropout, seed, site, row_keys) && check.apart();
}

bool check_layer_norm_gradient(CallChecker& check, const OpCall& call) {
  using namespace layer_norm_gradient_op;
  Dim rows{"rows"}, width{"width"};
  if (call.outputs[residual_gradient] && !call.inputs[residual]) {
    return check.refuse(Problem::Kind::argument, "expected residual, whose gradient is asked for");
  }
  return check.real_input(output_gradient, {&rows, &width}) && check.real_input(input, {&rows, &width}) &&
         check.real_input(residual, {&rows, &width}) && check.real_input(gamma, {&width}) &&
         check_row_keys(check, row_keys, rows) && check.real_output(input_gradient, {&rows, &width}) &&
         check.real_output(residual_gradient, {&rows, &width}) &&
         check.real_output(gamma_gradient, {&width}) && check.real_output(beta_gradient, {&width}) &&
         check.not_negative(epsilon) && check.dropout(dropout, seed, site, row_keys) &&
         check.integer(accumulate, 0, 1) && check.apart();
}

bool check_dropout(CallChecker& check, const OpCall&) {
  using namespace dropout_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(input, {&rows, &width}) && check_row_keys(check, row_keys, rows) &&
         check.real_output(output, {&rows, &width}) &&
         check.dropout(dropout_op::dropout, seed, site, row_keys) && check.apart();
}

bool check_embedding_gradient(CallChecker& check, const OpCall& call) {
  using namespace embedding_gradient_op;
  Dim tokens{"tokens"}, width{"width"}, words{"rows"}, positions{"rows"}, types{"rows"};
  if (call.inputs[type_ids] && !check.both_or_neither(type_ids, type)) return false;
  return check.real_input(output_gradient, {&tokens, &width}) && check.int_input(token_ids, {&tokens}) &&
         check.real_input(word, {&words, &width}) && check.both_or_neither(position_ids, position) &&
         check.int_input(position_ids, {&tokens}) && check.real_input(position, {&positions, &width}) &&
         check.int_input(type_ids, {&tokens}) && check.real_input(type, {&types, &width}) &&
         check.at_least(types, type, call.inputs[type_ids] ? 0 : 1) && check.real_input(gamma, {&width}) &&
         check.real_output(sum_gradient, {&tokens, &width}) && check.real_output(gamma_gradient, {&width}) &&
         check.real_output(beta_gradient, {&width}) && check.not_negative(epsilon) &&
         check.integer(accumulate, 0, 1) && check.apart();
}

bool check_scatter_rows(CallChecker& check, const OpCall&) {
  using namespace scatter_rows_op;
  Dim tokens{"tokens"}, width{"width"}, entries{"entries"};
  return check.real_input(rows, {&tokens, &width}) && check.int_input(ids, {&tokens}) &&
         check.real_output(table, {&entries, &width}) && check.integer(accumulate, 0, 1) && check.apart();
}

bool check_gather_rows(CallChecker& check, const OpCall&) {
  using namespace gather_rows_op;
  Dim tokens{"tokens"}, width{"width"}, entries{"entries"};
  return check.real_input(table, {&entries, &width}) && check.int_input(ids, {&tokens}) &&
         check.real_output(output, {&tokens, &width}) && check.apart();
}

bool check_pool_gradient(CallChecker& check, const OpCall& call) {
  using namespace pool_gradient_op;
  Dim tokens{"tokens"}, width{"width"}, sequences{"sequences"}, bounds{"sequences + 1"};
  if (!check.real_input(output_gradient, {&sequences, &width})) return false;
  bounds.size = sequences.size + 1;
  if (!check.real_input(input, {&tokens, &width}) || !check.int_input(offsets, {&bounds}) ||
      !check.int_input(skip, {&sequences}) || !check.real_output(input_gradient, {&tokens, &width}) ||
      !check.integer(mode, 0, std::ssize(pooling_names()) - 1)) {
    return false;
  }
  if (call.parameters[mode] == static_cast<double>(Pooling::max) && !call.inputs[input]) {
    return check.refuse(Problem::Kind::argument, "expected input, whose largest components max picks");
  }
  return check.apart();
}

bool check_l2_normalize_gradient(CallChecker& check, const OpCall&) {
  using namespace l2_normalize_gradient_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(output_gradient, {&rows, &width}) && check.real_input(input, {&rows, &width}) &&
         check.real_output(input_gradient, {&rows, &width}) && check.not_negative(epsilon) && check.apart();
}

}  // namespace likewise
