// Cases of pool and its gradient: every way of pooling over ragged batches, with and without skipped tokens.
#include "op_case.h"

namespace likewise::test {

namespace {

OpCase pool_case(const std::vector<int32_t>& lengths, int64_t width, Pooling mode, bool with_skip) {
  std::vector<int32_t> offsets = {0}, skip;
  for (const int32_t length : lengths) {
    offsets.push_back(offsets.back() + length);
    skip.push_back(static_cast<int32_t>(skip.size() * 2 % 7));
  }
  if (with_skip && !skip.empty()) skip[0] = INT32_MAX;
  const int64_t tokens = offsets.back(), sequences = static_cast<int64_t>(lengths.size());
  OpCase one{OpId::pool,
             "pool mode " + std::to_string(static_cast<int32_t>(mode)) + ", " + std::to_string(sequences) +
                 " sequences, " + std::to_string(tokens) + " x " + std::to_string(width),
             std::vector<Operand>(3),
             {{sequences, width}},
             {static_cast<double>(mode)}};
  one.inputs[pool_op::input] = random_operand({tokens, width}, 1);
  one.inputs[pool_op::offsets] = int_operand(offsets);
  if (with_skip) one.inputs[pool_op::skip] = int_operand(skip);
  int32_t longest = 0;
  for (const int32_t length : lengths) longest = length > longest ? length : longest;
  one.error_units = 8 + longest;
  return one;
}

}  // namespace

std::vector<OpCase> pool_cases() {
  std::vector<OpCase> cases;
  for (int32_t number = 0; number < static_cast<int32_t>(Pooling::last_token) + 1; ++number) {
    const Pooling mode = static_cast<Pooling>(number);
    for (const bool with_skip : {false, true}) {
      for (const int64_t width : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65, 100}) {
        cases.push_back(pool_case({3, 0, 1, 2, 4, 5, 9}, width, mode, with_skip));
      }
      cases.push_back(pool_case({}, 9, mode, with_skip));
      for (const int32_t length : {0, 1, 3, 4, 5, 7, 8, 9, 300}) {
        cases.push_back(pool_case({length}, 19, mode, with_skip));
      }
      for (const size_t sequences : {2, 3, 4, 5, 8, 9, 33}) {
        cases.push_back(pool_case(std::vector<int32_t>(sequences, 6), 11, mode, with_skip));
      }
    }
  }
  return cases;
}

// Of the same batches. Every third value of a column is the same, so that max has ties.
std::vector<OpCase> pool_gradient_cases() {
  std::vector<OpCase> cases;
  for (const OpCase& forward : pool_cases()) {
    using namespace pool_gradient_op;
    OpCase one{OpId::pool_gradient,
               "gradient of " + forward.name,
               std::vector<Operand>(4),
               {forward.inputs[pool_op::input].shape},
               forward.parameters};
    one.inputs[output_gradient] = random_operand(forward.outputs[0], 2);
    one.inputs[input] = forward.inputs[pool_op::input];
    for (size_t i = 0; i < one.inputs[input].values.size(); i += 3) one.inputs[input].values[i] = 0.75;
    one.inputs[offsets] = forward.inputs[pool_op::offsets];
    one.inputs[skip] = forward.inputs[pool_op::skip];
    one.error_units = 4;
    cases.push_back(one);
    if (forward.parameters[0] == static_cast<double>(Pooling::max)) continue;
    cases.back().inputs[input] = {};
  }
  return cases;
}

}  // namespace likewise::test
