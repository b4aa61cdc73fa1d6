// The checks of the plain ops, as ops.def describes their tensors.
#include <iterator>

#include "call_checker.h"

namespace likewise {

namespace {

// A tensor [rows or 1, columns or 1] beside one [rows, columns].
bool check_repeated(CallChecker& check, const char* name, const Dim& rows, const Dim& columns,
                    const Dim& all_rows, const Dim& all_columns) {
  if ((rows.size == all_rows.size || rows.size == 1) &&
      (columns.size == all_columns.size || columns.size == 1)) {
    return true;
  }
  return check.refuse(Problem::Kind::shape,
                      "expected %s of shape [%lld or 1, %lld or 1] but received [%lld, %lld]", name,
                      static_cast<long long>(all_rows.size), static_cast<long long>(all_columns.size),
                      static_cast<long long>(rows.size), static_cast<long long>(columns.size));
}

}  // namespace

bool check_fill(CallChecker& check, const OpCall&) {
  Dim elements{"elements"};
  return check.real_output(fill_op::output, {&elements}) && check.finite(fill_op::value);
}

bool check_copy(CallChecker& check, const OpCall&) {
  Dim rows{"rows"}, width{"width"};
  return check.real_input(copy_op::input, {&rows, &width}) &&
         check.real_output(copy_op::output, {&rows, &width}) && check.integer(copy_op::accumulate, 0, 1) &&
         check.apart();
}

bool check_unary(CallChecker& check, const OpCall&) {
  Dim rows{"rows"}, columns{"columns"};
  return check.real_input(unary_op::input, {&rows, &columns}) &&
         check.real_output(unary_op::output, {&rows, &columns}) &&
         check.integer(unary_op::function, 0, std::ssize(unary_function_names()) - 1) && check.apart();
}

bool check_binary(CallChecker& check, const OpCall&) {
  using namespace binary_op;
  Dim left_rows{"rows"}, left_columns{"columns"}, right_rows{"rows"}, right_columns{"columns"};
  Dim rows{"rows"}, columns{"columns"};
  return check.real_input(left, {&left_rows, &left_columns}) &&
         check.real_input(right, {&right_rows, &right_columns}) &&
         check.real_output(output, {&rows, &columns}) &&
         check_repeated(check, "left", left_rows, left_columns, rows, columns) &&
         check_repeated(check, "right", right_rows, right_columns, rows, columns) &&
         check.integer(function, 0, std::ssize(binary_function_names()) - 1) && check.apart();
}

bool check_reduce(CallChecker& check, const OpCall&) {
  using namespace reduce_op;
  Dim rows{"rows"}, columns{"columns"}, kept_rows{"rows"}, kept_columns{"columns"};
  return check.real_input(input, {&rows, &columns}) &&
         check.real_output(output, {&kept_rows, &kept_columns}) &&
         check_repeated(check, "output", kept_rows, kept_columns, rows, columns) &&
         check.integer(function, 0, std::ssize(reduction_names()) - 1) && check.apart();
}

bool check_matmul(CallChecker& check, const OpCall& call) {
  using namespace matmul_op;
  if (!check.integer(transpose_left, 0, 1) || !check.integer(transpose_right, 0, 1)) return false;
  Dim rows{"rows"}, inner{"inner"}, columns{"columns"};
  const bool turn_left = call.parameters[transpose_left] == 1,
             turn_right = call.parameters[transpose_right] == 1;
  return check.real_input(left, {turn_left ? &inner : &rows, turn_left ? &rows : &inner}) &&
         check.real_input(right, {turn_right ? &columns : &inner, turn_right ? &inner : &columns}) &&
         check.real_output(output, {&rows, &columns}) && check.apart();
}

bool check_transpose(CallChecker& check, const OpCall&) {
  Dim rows{"rows"}, columns{"columns"};
  return check.real_input(transpose_op::input, {&rows, &columns}) &&
         check.real_output(transpose_op::output, {&columns, &rows}) && check.apart();
}

}  // namespace likewise
