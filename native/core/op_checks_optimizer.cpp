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

namespace {

// adamw and lamb, whose tensors and parameters have the same places; `settings` to a group.
bool check_step(CallChecker& check, Dim settings) {
  using namespace adamw_op;
  static_assert(int32_t{lamb_op::second_moment} == int32_t{second_moment} &&
                int32_t{lamb_op::group_settings} == int32_t{group_settings} &&
                int32_t{lamb_op::max_norm} == int32_t{max_norm});
  Dim elements{"elements"}, groups{"groups"}, one{"1", 1};
  return check.real_input(gradient, {&elements}) && check.real_input(gradient_norm_squared, {&one}) &&
         check.int_input(group_ends, {&groups}) && check.at_least(groups, group_ends, 1) &&
         check.real_input(group_settings, {&groups, &settings}) && check.real_output(value, {&elements}) &&
         check.real_output(first_moment, {&elements}) && check.real_output(second_moment, {&elements}) &&
         check.not_negative(learning_rate) && check.fraction(beta1) && check.fraction(beta2) &&
         check.not_negative(epsilon) && check.positive(first_correction) &&
         check.positive(second_correction) && check.not_negative(max_norm) && check.apart();
}

}  // namespace

bool check_adamw(CallChecker& check, const OpCall&) { return check_step(check, {"2", 2}); }

bool check_lamb(CallChecker& check, const OpCall&) { return check_step(check, {"3", 3}); }

}  // namespace likewise
