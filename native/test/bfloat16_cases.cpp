// The cases of linear and its weight's gradient again in bfloat16. Every table rounds the factors alike and their products
// are exact, so that sums in float32 err by no more than linear's own: the same bounds.
#include "op_case.h"

namespace likewise::test {

namespace {

std::vector<OpCase> in_bfloat16(const std::vector<OpCase>& cases, OpId from, OpId to) {
  std::vector<OpCase> result;
  for (const OpCase& one : cases) {
    if (one.op != from) continue;
    result.push_back(one);
    result.back().op = to;
    result.back().name += " in bfloat16";
  }
  return result;
}

}  // namespace

std::vector<OpCase> bfloat16_linear_cases() {
  return in_bfloat16(linear_cases(), OpId::linear, OpId::linear_bfloat16);
}

std::vector<OpCase> bfloat16_gradient_cases() {
  return in_bfloat16(linear_gradient_cases(), OpId::linear_weight_gradient,
                     OpId::linear_weight_gradient_bfloat16);
}

}  // namespace likewise::test
