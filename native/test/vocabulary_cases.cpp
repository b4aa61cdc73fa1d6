// Cases of vocabulary_loss, in float32 and in bfloat16: sizes about the panels of positions, the chunks and groups of words
// and the registers of the width, with and without each gradient.
#include <algorithm>

#include "op_case.h"

namespace likewise::test {

namespace {

using namespace vocabulary_loss_op;

OpCase vocabulary_case(int64_t positions, int64_t words, int64_t width) {
  OpCase one{OpId::vocabulary_loss,
             "vocabulary loss " + std::to_string(positions) + " x " + std::to_string(words) + " x " +
                 std::to_string(width),
             std::vector<Operand>(5),
             {{positions}, {positions}, {positions, width}, {words, width}, {words}},
             {0}};
  one.inputs[states] = random_operand({positions, width}, 1, true);
  one.inputs[table] = random_operand({words, width}, 2);
  one.inputs[bias] = random_operand({words}, 3);
  one.inputs[targets] = int_operand(random_ids(positions, words, 4), true);
  one.inputs[weights] = random_operand({positions}, 5, true);
  // A logit is a sum of `width` products below 1, a gradient of the table one of `positions`.
  one.error_units = static_cast<double>(8 * width + 4 * positions + 64);
  return one;
}

OpCase accumulated(OpCase one) {
  one.name += " accumulate";
  one.parameters[accumulate] = 1;
  const int64_t words = one.outputs[bias_gradient][0], width = one.outputs[table_gradient][1];
  one.before = {{}, {}, {}, random_values(words * width, 6), random_values(words, 7)};
  return one;
}

OpCase without(OpCase one, const std::string& what, std::initializer_list<int32_t> inputs,
               std::initializer_list<int32_t> outputs) {
  one.name += " without " + what;
  for (const int32_t input : inputs) one.inputs[static_cast<size_t>(input)] = {};
  for (const int32_t output : outputs) one.outputs[static_cast<size_t>(output)] = {};
  return one;
}

// Logits of hundreds: every chunk has its own maximum, and most words no probability at all.
OpCase steep_case(int64_t positions, int64_t words, int64_t width) {
  OpCase one = vocabulary_case(positions, words, width);
  one.name += " steep";
  for (double& value : one.inputs[states].values) value = static_cast<float>(value * 60);
  one.error_units *= 60;
  return one;
}

std::vector<OpCase> float_cases() {
  std::vector<OpCase> cases;
  for (const int64_t positions : {0, 1, 2, 15, 16, 17, 31, 32, 33, 65}) {
    cases.push_back(vocabulary_case(positions, 230, 9));
  }
  for (const int64_t words : {1, 2, 31, 95, 96, 97, 111, 112, 113, 225, 767, 768, 769, 895, 896, 897, 1900}) {
    cases.push_back(vocabulary_case(5, words, 7));
  }
  for (const int64_t width : {1, 2, 3, 8, 15, 16, 17, 31, 32, 33, 65, 400}) {
    cases.push_back(vocabulary_case(7, 130, width));
  }
  cases.push_back(accumulated(vocabulary_case(20, 240, 19)));
  cases.push_back(accumulated(vocabulary_case(0, 5, 3)));
  cases.push_back(steep_case(19, 1000, 24));
  const OpCase plain = vocabulary_case(21, 1000, 21);
  cases.push_back(without(plain, "bias and weights", {bias, weights}, {}));
  cases.push_back(without(plain, "gradients", {}, {state_gradient, table_gradient, bias_gradient}));
  cases.push_back(without(plain, "hits and the states'", {}, {hits, state_gradient}));
  cases.push_back(without(plain, "the table's", {}, {table_gradient}));
  cases.push_back(without(plain, "the states' and the table's", {}, {state_gradient, table_gradient}));
  cases.push_back(without(plain, "the bias's", {}, {bias_gradient}));
  return cases;
}

}  // namespace

std::vector<OpCase> vocabulary_cases() {
  std::vector<OpCase> cases = float_cases();
  for (OpCase one : float_cases()) {
    one.op = OpId::vocabulary_loss_bfloat16;
    one.name += " in bfloat16";
    cases.push_back(one);
  }
  return cases;
}

std::vector<OpCase> vocabulary_block_cases() {
  OpCase one = vocabulary_case(700, 2500, 3);
  OpCase two = accumulated(vocabulary_case(9000, 130, 2));
  return {one, two};
}

std::vector<OpCase> vocabulary_gradient_cases() {
  std::vector<OpCase> cases = {vocabulary_case(3, 5, 4), vocabulary_case(1, 1, 2), vocabulary_case(4, 3, 1)};
  cases.push_back(without(vocabulary_case(3, 6, 2), "bias", {bias}, {bias_gradient}));
  return cases;
}

}  // namespace likewise::test
