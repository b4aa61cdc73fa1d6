// Cases of dropout, of layer_norm with it, and of the gradients of layer_norm, embedding and l2_normalize.
#include <cmath>

#include "op_case.h"

namespace likewise::test {

namespace {

// About a register, and about the columns that one stride of dropout's blocks holds (128, 256).
constexpr int64_t widths[] = {0,  1,  2,  3,  7,   8,   9,   15,  16,  17,  31,  32,  33,
                              47, 64, 65, 96, 112, 113, 127, 128, 129, 145, 256, 257, 387};
constexpr int64_t row_counts[] = {0, 1, 2, 31, 32, 33, 63, 64, 65, 129, 200};

constexpr double seed = 4000000007, site = 77;

std::string text(const char* op, int64_t rows, int64_t width, double dropout, bool with_residual) {
  return std::string(op) + " " + std::to_string(rows) + " x " + std::to_string(width) +
         (dropout > 0 ? " dropout " + std::to_string(dropout) : "") + (with_residual ? " residual" : "");
}

OpCase dropout_case(int64_t rows, int64_t width, double dropout) {
  return {OpId::dropout,
          text("dropout", rows, width, dropout, false),
          {spread_operand(rows, width, 1, true), row_keys_operand(rows, 2)},
          {{rows, width}},
          {dropout, seed, site}};
}

OpCase norm_case(int64_t rows, int64_t width, double dropout, bool with_residual) {
  using namespace layer_norm_op;
  OpCase one{OpId::layer_norm,
             text("layer_norm", rows, width, dropout, with_residual),
             std::vector<Operand>(5),
             {{rows, width}},
             {0.01, dropout, seed, site}};
  one.inputs[input] = spread_operand(rows, width, 1, true);
  if (with_residual) one.inputs[residual] = spread_operand(rows, width, 2, true);
  one.inputs[gamma] = random_operand({width}, 3);
  one.inputs[beta] = random_operand({width}, 4);
  one.inputs[row_keys] = row_keys_operand(rows, 5);
  one.error_units = 32 + std::sqrt(static_cast<double>(width));
  return one;
}

OpCase norm_gradient_case(int64_t rows, int64_t width, double dropout, bool with_residual) {
  using namespace layer_norm_gradient_op;
  OpCase one{OpId::layer_norm_gradient,
             text("layer_norm_gradient", rows, width, dropout, with_residual),
             std::vector<Operand>(5),
             {{rows, width}, {}, {}, {}},
             {0.01, dropout, seed, site, 0}};
  one.inputs[output_gradient] = random_operand({rows, width}, 1, true);
  one.inputs[input] = spread_operand(rows, width, 2, true);
  if (with_residual) {
    one.inputs[residual] = spread_operand(rows, width, 3, true);
    one.outputs[residual_gradient] = {rows, width};
  }
  one.inputs[gamma] = random_operand({width}, 4);
  if (dropout > 0) one.inputs[row_keys] = row_keys_operand(rows, 5);
  one.error_units = 64 + 4 * std::sqrt(static_cast<double>(width));
  return one;
}

OpCase l2_gradient_case(int64_t rows, int64_t width, double epsilon) {
  return {OpId::l2_normalize_gradient,
          text("l2_normalize_gradient", rows, width, 0, false) + " epsilon " + std::to_string(epsilon),
          {random_operand({rows, width}, 1, true), spread_operand(rows, width, 2, true)},
          {{rows, width}},
          {epsilon},
          32};
}

OpCase embedding_gradient_case(int64_t tokens, int64_t width, bool with_position, bool with_type,
                               bool with_type_ids) {
  using namespace embedding_gradient_op;
  OpCase one{OpId::embedding_gradient,
             text("embedding_gradient", tokens, width, 0, false),
             std::vector<Operand>(8),
             {{tokens, width}, {}, {}},
             {0.01, 0}};
  one.inputs[output_gradient] = random_operand({tokens, width}, 9);
  one.inputs[token_ids] = int_operand(random_ids(tokens, 13, 1));
  one.inputs[word] = spread_operand(13, width, 2, false);
  if (with_position) {
    one.name += " position";
    one.inputs[position_ids] = int_operand(random_ids(tokens, 9, 3));
    one.inputs[position] = spread_operand(9, width, 4, false);
  }
  if (with_type) one.inputs[type] = spread_operand(2, width, 6, false);
  if (with_type_ids) one.inputs[type_ids] = int_operand(random_ids(tokens, 2, 5));
  if (with_type) one.name += with_type_ids ? " typeIds" : " type";
  one.inputs[gamma] = random_operand({width}, 7);
  return one;
}

// The same with the gradients of gamma and beta in outputs `first` and the next, either of them where asked for.
OpCase with_sums(OpCase one, size_t first, bool of_gamma, bool of_beta, bool accumulate) {
  const int64_t rows = one.outputs[0][0], width = one.outputs[0][1];
  one.name +=
      std::string(of_gamma ? " gamma" : "") + (of_beta ? " beta" : "") + (accumulate ? " accumulate" : "");
  one.before.resize(one.outputs.size());
  for (size_t o = first; o < first + 2; ++o) {
    if (!(o == first ? of_gamma : of_beta)) continue;
    one.outputs[o] = {width};
    if (accumulate) one.before[o] = random_values(width, static_cast<uint32_t>(70 + o));
  }
  one.parameters.back() = accumulate;
  one.error_units = 64 + 4 * std::sqrt(static_cast<double>(width)) + 4 * static_cast<double>(rows);
  return one;
}

}  // namespace

std::vector<OpCase> dropped_row_cases() {
  std::vector<OpCase> cases;
  const auto add = [&cases](int64_t rows, int64_t width) {
    cases.push_back(dropout_case(rows, width, 0.1));
    cases.push_back(norm_case(rows, width, 0.1, true));
    cases.push_back(norm_case(rows, width, 0.5, false));
  };
  for (const int64_t width : widths) add(5, width);
  for (const int64_t rows : row_counts) add(rows, 19);
  for (const double dropout : {0.0, 1e-6, 1.0 / 65536, 0.9, 65535.0 / 65536}) {
    cases.push_back(dropout_case(7, 300, dropout));
    cases.push_back(norm_case(7, 300, dropout, true));
  }
  return cases;
}

std::vector<OpCase> row_gradient_cases() {
  std::vector<OpCase> cases;
  const auto add = [&cases](int64_t rows, int64_t width) {
    cases.push_back(norm_gradient_case(rows, width, 0, true));
    cases.push_back(norm_gradient_case(rows, width, 0, false));
    cases.push_back(norm_gradient_case(rows, width, 0.1, true));
    cases.push_back(norm_gradient_case(rows, width, 0.5, false));
    cases.push_back(l2_gradient_case(rows, width, 1e-12));
  };
  for (const int64_t width : widths) add(3, width);
  for (const int64_t rows : row_counts) add(rows, 19);
  cases.push_back(l2_gradient_case(4, 40, 100));  // epsilon decides
  OpCase alone = norm_gradient_case(5, 40, 0.1, true);
  alone.name += " without its gradient";
  alone.outputs[layer_norm_gradient_op::residual_gradient] = {};
  cases.push_back(alone);
  OpCase plain = alone;
  plain.name += " nor dropout";
  plain.inputs[layer_norm_gradient_op::row_keys] = {};
  plain.parameters[layer_norm_gradient_op::dropout] = 0;
  cases.push_back(plain);
  return cases;
}

std::vector<OpCase> affine_gradient_cases() {
  using namespace layer_norm_gradient_op;
  std::vector<OpCase> cases;
  const auto add = [&cases](int64_t rows, int64_t width) {
    const size_t first = gamma_gradient;
    cases.push_back(with_sums(norm_gradient_case(rows, width, 0.1, true), first, true, true, false));
    cases.push_back(with_sums(norm_gradient_case(rows, width, 0, true), first, true, true, true));
    cases.push_back(with_sums(embedding_gradient_case(rows, width, true, true, true), 1, true, true, true));
  };
  for (const int64_t width : widths) add(3, width);
  for (const int64_t rows : row_counts) add(rows, 19);
  for (const bool accumulate : {false, true}) {
    cases.push_back(with_sums(norm_gradient_case(70, 20, 0, false), gamma_gradient, true, false, accumulate));
    cases.push_back(
        with_sums(norm_gradient_case(70, 20, 0.2, false), gamma_gradient, false, true, accumulate));
    for (int32_t tables = 0; tables < 6; ++tables) {
      const bool with_position = tables % 2 == 1, with_type = tables >= 2, with_ids = tables >= 4;
      const OpCase one = embedding_gradient_case(70, 20, with_position, with_type, with_ids);
      cases.push_back(with_sums(one, 1, tables != 4, tables != 5, accumulate));
    }
  }
  cases.push_back(with_sums(embedding_gradient_case(6, 33, true, true, true), 1, false, false, false));
  return cases;
}

}  // namespace likewise::test
