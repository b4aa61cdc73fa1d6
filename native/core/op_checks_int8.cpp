// The checks of the ops in int8, as ops.def describes their tensors.
#include <iterator>

#include "call_checker.h"

namespace likewise {

namespace {

constexpr DType real = DType::float32, small = DType::int8;

// A panel's depth: the inputs, rounded up to a row of an AMX tile. Unknown until they are known.
Dim panel_depth(const TensorView& matrix) {
  const int64_t inputs = matrix.rank == 2 ? matrix.shape[1] : -1;
  return {"inputs in 64s", inputs < 0 ? -1 : (inputs + 63) / 64 * 64};
}

}  // namespace

bool check_quantize_weight(CallChecker& check, const OpCall&) {
  using namespace quantize_weight_op;
  Dim outputs{"outputs"}, inputs{"inputs"};
  return check.input(weight, real, {&outputs, &inputs}) &&
         check.output(quantized, small, {&outputs, &inputs}) && check.output(scales, real, {&outputs}) &&
         check.apart();
}

bool check_pack_weight_int8(CallChecker& check, const OpCall& call) {
  using namespace pack_weight_int8_op;
  Dim outputs{"outputs"}, inputs{"inputs"}, panels{"panels"}, width{"width"};
  Dim depth = panel_depth(call.inputs[quantized]);
  return check.input(quantized, small, {&outputs, &inputs}) &&
         check.output(packed, small, {&panels, &depth, &width}) && check.panels_fit(outputs, panels, width) &&
         check.apart();
}

bool check_linear_int8(CallChecker& check, const OpCall& call) {
  using namespace linear_int8_op;
  constexpr int64_t most_inputs =
      INT32_MAX / (127 * 128);  // a sum of as many products fits int32, whatever the bytes
  Dim rows{"rows"}, inputs{"inputs"}, outputs{"outputs"}, panels{"panels"}, width{"width"};
  Dim depth = panel_depth(call.inputs[input]);
  if (!check.input(input, real, {&rows, &inputs})) return false;
  if (inputs.size > most_inputs) {
    return check.refuse(Problem::Kind::shape,
                        "expected input of at most %lld columns, whose sums fit int32, but received %lld",
                        static_cast<long long>(most_inputs), static_cast<long long>(inputs.size));
  }
  return check.input(packed, small, {&panels, &depth, &width}) &&
         check.output(output, real, {&rows, &outputs}) && check.panels_fit(outputs, panels, width) &&
         check.input(scales, real, {&outputs}) && check.input(bias, real, {&outputs}) &&
         check.input(residual, real, {&rows, &outputs}) &&
         check.integer(activation, 0, std::ssize(activation_names()) - 1) && check.apart(residual);
}

bool check_gather_rows_int8(CallChecker& check, const OpCall&) {
  using namespace gather_rows_int8_op;
  Dim tokens{"tokens"}, width{"width"}, entries{"entries"};
  return check.input(table, small, {&entries, &width}) && check.input(scales, real, {&entries}) &&
         check.int_input(ids, {&tokens}) && check.output(output, real, {&tokens, &width}) && check.apart();
}

}  // namespace likewise
