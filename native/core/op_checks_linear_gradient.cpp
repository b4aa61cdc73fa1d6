// The checks of linear's gradients, as ops.def describes their tensors.
#include <iterator>

#include "call_checker.h"

namespace likewise {

bool check_linear_weight_gradient(CallChecker& check, const OpCall&) {
  using namespace linear_weight_gradient_op;
  Dim tokens{"tokens"}, inputs{"inputs"}, outputs{"outputs"};
  return check.real_input(input, {&tokens, &inputs}) &&
         check.real_input(output_gradient, {&tokens, &outputs}) &&
         check.real_output(weight_gradient, {&outputs, &inputs}) &&
         check.real_output(bias_gradient, {&outputs}) && check.integer(accumulate, 0, 1) && check.apart();
}

bool check_activation_gradient(CallChecker& check, const OpCall&) {
  using namespace activation_gradient_op;
  Dim rows{"rows"}, width{"width"};
  return check.real_input(output_gradient, {&rows, &width}) &&
         check.real_input(pre_activation, {&rows, &width}) &&
         check.real_output(input_gradient, {&rows, &width}) &&
         check.integer(activation, 0, std::ssize(activation_names()) - 1) && check.apart();
}

}  // namespace likewise
