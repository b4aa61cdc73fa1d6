// The checks of the ops of whitening, as ops.def describes their tensors.
#include "call_checker.h"

namespace likewise {

bool check_covariance(CallChecker& check, const OpCall&) {
  using namespace covariance_op;
  Dim count{"rows"}, width{"width"};
  return check.real_input(rows, {&count, &width}) && check.real_input(shift, {&width}) &&
         check.output(sum, DType::float64, {&width}) &&
         check.output(products, DType::float64, {&width, &width}) &&
         check.integer(first, 0, int64_t{1} << 52) && check.apart();
}

bool check_symmetric_eigen(CallChecker& check, const OpCall& call) {
  using namespace symmetric_eigen_op;
  const int64_t n = call.inputs[matrix].rank == 2 ? call.inputs[matrix].shape[1] : -1;
  Dim size{"size", n}, work{"(5 size + 128) (size + 8)", n < 0 ? -1 : (5 * n + 128) * (n + 8)};
  return check.real_input(matrix, {&size, &size}) && check.real_output(values, {&size}) &&
         check.real_output(vectors, {&size, &size}) && check.real_output(workspace, {&work}) && check.apart();
}

bool check_whiten(CallChecker& check, const OpCall&) {
  using namespace whiten_op;
  Dim rows{"rows"}, inputs{"inputs"}, outputs{"outputs"}, panels{"panels"}, width{"width"};
  return check.real_input(input, {&rows, &inputs}) && check.real_input(mean, {&inputs}) &&
         check.real_input(packed, {&panels, &inputs, &width}) &&
         check.real_output(output, {&rows, &outputs}) && check.panels_fit(outputs, panels, width) &&
         check.integer(normalize, 0, 1) && check.not_negative(epsilon) && check.apart();
}

}  // namespace likewise
