// Cases of pack_weight and linear.
#include "op_case.h"

namespace likewise::test {

namespace {

constexpr int64_t few = 5;

struct Sizes {
  int64_t rows, inputs, outputs;
};

OpCase pack_case(int64_t outputs, int64_t inputs, bool transposed) {
  OpCase one{OpId::pack_weight,
             "pack_weight " + std::to_string(outputs) + " x " + std::to_string(inputs) +
                 (transposed ? " transposed" : ""),
             {random_operand({outputs, inputs}, 1)},
             {{0}},
             {transposed ? 1.0 : 0.0}};  // the output's shape follows the backend
  return one;
}

// spread: inputs lie in [-spread, spread]
OpCase linear_case(Sizes n, Activation activation, bool with_bias, bool with_residual, double spread = 1) {
  using namespace linear_op;
  OpCase one{OpId::linear,
             "linear ",
             std::vector<Operand>(4),
             {{n.rows, n.outputs}},
             {static_cast<double>(activation)}};
  one.name += std::to_string(n.rows) + " x " + std::to_string(n.inputs) + " -> " + std::to_string(n.outputs) +
              " activation " + std::to_string(static_cast<int32_t>(activation)) + (with_bias ? " bias" : "") +
              (with_residual ? " residual" : "");
  one.inputs[input] = random_operand({n.rows, n.inputs}, 2, true);
  for (double& value : one.inputs[input].values) value = static_cast<float>(value * spread);
  one.inputs[packed] = random_operand({n.outputs, n.inputs}, 3);
  one.inputs[packed].to_pack = true;
  if (with_bias) one.inputs[bias] = random_operand({n.outputs}, 4);
  if (with_residual) one.inputs[residual] = random_operand({n.rows, n.outputs}, 5, true);
  one.error_units = spread * static_cast<double>(n.inputs + 16);
  return one;
}

}  // namespace

std::vector<OpCase> linear_cases() {
  std::vector<OpCase> cases;
  for (const int64_t outputs : {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100}) {
    for (const int64_t inputs : {0, 1, 2, 3, 7, 8, 9, 16, 17, 33, 70}) {
      cases.push_back(pack_case(outputs, inputs, false));
      cases.push_back(pack_case(outputs, inputs, true));
    }
  }

  std::vector<Sizes> sizes;
  for (int64_t rows = 0; rows <= 33; ++rows) sizes.push_back({rows, 21, 19});
  for (const int64_t rows : {47, 48, 49, 63, 64, 65, 95, 96, 97, 127, 128, 129, 257})
    sizes.push_back({rows, 9, 35});
  for (int64_t outputs = 0; outputs <= 36; ++outputs) sizes.push_back({few, 13, outputs});
  for (const int64_t outputs : {47, 48, 49, 63, 64, 65, 95, 96, 97, 127, 128, 129, 513}) {
    sizes.push_back({few, 6, outputs});
  }
  for (const int64_t inputs :
       {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 255, 256, 257, 1025}) {
    sizes.push_back({7, inputs, 33});
    sizes.push_back({1, inputs, 33});
  }
  sizes.push_back({131, 515, 197});
  sizes.push_back({1, 384, 1536});
  for (const Sizes& n : sizes) {
    cases.push_back(linear_case(n, Activation::identity, true, false));
    cases.push_back(linear_case(n, Activation::gelu_erf, true, true));
    cases.back().name += " preActivation";
    cases.back().outputs.push_back({n.rows, n.outputs});
  }

  for (const Activation activation : {Activation::identity, Activation::gelu_erf, Activation::gelu_tanh,
                                      Activation::tanh, Activation::relu}) {
    for (const bool with_bias : {false, true}) {
      for (const bool with_residual : {false, true}) {
        cases.push_back(linear_case({11, 18, 37}, activation, with_bias, with_residual));
      }
    }
    cases.push_back(linear_case({40, 2, 70}, activation, true, true, 12));  // far into the tails
    OpCase in_place = linear_case({9, 10, 35}, activation, true, true);
    in_place.name += " in place";
    in_place.in_place = linear_op::residual;
    cases.push_back(in_place);
  }
  return cases;
}

}  // namespace likewise::test
