// Cases of whiten.
#include "op_case.h"

namespace likewise::test {

namespace {

OpCase whiten_case(int64_t rows, int64_t inputs, int64_t outputs, bool normalized, double epsilon = 1e-12) {
  using namespace whiten_op;
  OpCase one{OpId::whiten,
             "whiten " + std::to_string(rows) + " x " + std::to_string(inputs) + " -> " +
                 std::to_string(outputs) + (normalized ? " normalized" : ""),
             std::vector<Operand>(3),
             {{rows, outputs}},
             {normalized ? 1.0 : 0.0, epsilon}};
  one.inputs[input] = random_operand({rows, inputs}, 1, true);
  one.inputs[mean] = random_operand({inputs}, 2);
  one.inputs[packed] = random_operand({outputs, inputs}, 3);
  one.inputs[packed].to_pack = true;
  one.error_units = 2 * static_cast<double>(inputs + 16);
  return one;
}

}  // namespace

std::vector<OpCase> whiten_cases() {
  std::vector<OpCase> cases;
  for (const int64_t rows : {0, 1, 2, 3, 5, 6, 7, 13, 14, 15, 47, 48, 49, 56, 57, 97, 113}) {
    cases.push_back(whiten_case(rows, 21, 19, rows % 2 == 1));
  }
  for (const int64_t outputs : {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65}) {
    cases.push_back(whiten_case(5, 13, outputs, false));
    cases.push_back(whiten_case(8, 40, outputs, true));
  }
  for (const int64_t inputs : {0, 1, 7, 8, 9, 17, 33, 383, 384, 385, 769}) {
    cases.push_back(whiten_case(7, inputs, 20, inputs % 2 == 1));
  }
  cases.push_back(whiten_case(4, 9, 6, true, 1e9));  // epsilon decides
  return cases;
}

}  // namespace likewise::test
