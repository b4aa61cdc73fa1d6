// The checks of the ops in bfloat16, as ops.def describes their tensors.
#include <iterator>

#include "call_checker.h"

namespace likewise {

namespace {

constexpr DType real = DType::float32, half = DType::bfloat16;

// A panel's depth: the inputs, rounded up to a multiple of 32. Unknown until they are known.
Dim panel_depth(const TensorView& matrix, int32_t axis) {
  const int64_t inputs = matrix.rank == 2 ? matrix.shape[axis] : -1;
  return {"inputs in steps of 32", inputs < 0 ? -1 : (inputs + 31) / 32 * 32};
}

}  // namespace

bool check_pack_weight_bfloat16(CallChecker& check, const OpCall& call) {
  using namespace pack_weight_bfloat16_op;
  Dim rows{"outputs"}, columns{"inputs"}, panels{"panels"}, width{"width"};
  if (!check.input(weight, real, {&rows, &columns}) || !check.integer(transposed, 0, 1)) return false;
  const bool turned = call.parameters[transposed] == 1;
  Dim depth = panel_depth(call.inputs[weight], turned ? 0 : 1);
  return check.output(packed, half, {&panels, &depth, &width}) &&
         check.panels_fit(turned ? columns : rows, panels, width) && check.apart();
}

bool check_linear_bfloat16(CallChecker& check, const OpCall& call) {
  using namespace linear_bfloat16_op;
  Dim rows{"rows"}, inputs{"inputs"}, outputs{"outputs"}, panels{"panels"}, width{"width"};
  Dim depth = panel_depth(call.inputs[input], 1);
  return check.input(input, real, {&rows, &inputs}) && check.input(packed, half, {&panels, &depth, &width}) &&
         check.output(output, real, {&rows, &outputs}) && check.panels_fit(outputs, panels, width) &&
         check.input(bias, real, {&outputs}) && check.input(residual, real, {&rows, &outputs}) &&
         check.output(pre_activation, real, {&rows, &outputs}) &&
         check.integer(activation, 0, std::ssize(activation_names()) - 1) && check.apart(residual);
}

bool check_linear_weight_gradient_bfloat16(CallChecker& check, const OpCall&) {
  using namespace linear_weight_gradient_bfloat16_op;
  Dim tokens{"tokens"}, inputs{"inputs"}, outputs{"outputs"};
  return check.input(input, real, {&tokens, &inputs}) &&
         check.input(output_gradient, real, {&tokens, &outputs}) &&
         check.output(weight_gradient, real, {&outputs, &inputs}) &&
         check.output(bias_gradient, real, {&outputs}) && check.integer(accumulate, 0, 1) && check.apart();
}

}  // namespace likewise
