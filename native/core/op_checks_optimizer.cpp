// The checks of the optimizer's ops, as ops.def describes their tensors.
#include "call_checker.h"

namespace likewise {

bool check_squared_norm(CallChecker& check, const OpCall& call) {
  using namespace squared_norm_op;
  Dim rows{"rows"}, columns{"columns"}, one{"1", 1};
  const bool fits = call.inputs[values].rank == 2 ? check.real_input(values, {&rows, &columns})
                                                  : check.real_input(values, {&columns});
  return fits && check.real_output(norm_squared, {&one}) && check.apart();
}

bool check_adamw(CallChecker& check, const OpCall&) {
  using namespace adamw_op;
  Dim elements{"elements"}, groups{"groups"}, one{"1", 1}, two{"2", 2};
  return check.real_input(gradient, {&elements}) && check.real_input(gradient_norm_squared, {&one}) &&
         check.int_input(group_ends, {&groups}) && check.at_least(groups, group_ends, 1) &&
         check.real_input(group_settings, {&groups, &two}) && check.real_output(value, {&elements}) &&
         check.real_output(first_moment, {&elements}) && check.real_output(second_moment, {&elements}) &&
         check.not_negative(learning_rate) && check.fraction(beta1) && check.fraction(beta2) &&
         check.not_negative(epsilon) && check.positive(first_correction) &&
         check.positive(second_correction) && check.not_negative(max_norm) && check.apart();
}

}  // namespace likewise
