// Cases of the ops that work row by row: embedding, layer_norm, l2_normalize, weighted_sum.
#include <cmath>

#include "op_case.h"

namespace likewise::test {

namespace {

constexpr int64_t widths[] = {0,  1,  2,  3,  7,  8,  9,  15,  16,  17,  23,
                              31, 32, 33, 47, 63, 64, 65, 127, 128, 129, 387};
constexpr int64_t row_counts[] = {0, 1, 2, 31, 32, 33, 63, 64, 65, 100, 129};

std::string sizes_text(int64_t rows, int64_t width) {
  return std::to_string(rows) + " x " + std::to_string(width);
}

// offset: added to every input, to which the variance must not be sensitive
OpCase layer_norm_case(int64_t rows, int64_t width, bool with_residual, double offset = 0) {
  using namespace layer_norm_op;
  OpCase one{OpId::layer_norm,
             "layer_norm " + sizes_text(rows, width) + (with_residual ? " residual" : ""),
             std::vector<Operand>(4),
             {{rows, width}},
             {1e-12}};
  one.inputs[input] = spread_operand(rows, width, 1, true, offset);
  if (with_residual) one.inputs[residual] = spread_operand(rows, width, 2, true);
  one.inputs[gamma] = random_operand({width}, 3);
  one.inputs[beta] = random_operand({width}, 4);
  one.error_units = 16 + std::sqrt(static_cast<double>(width)) + 8 * std::fabs(offset);
  return one;
}

OpCase embedding_case(int64_t tokens, int64_t width, bool with_position, bool with_type, bool with_type_ids) {
  using namespace embedding_op;
  OpCase one{OpId::embedding,
             "embedding " + sizes_text(tokens, width),
             std::vector<Operand>(8),
             {{tokens, width}},
             {1e-5}};
  one.inputs[token_ids] = int_operand(random_ids(tokens, 40, 1), true);
  one.inputs[word] = spread_operand(40, width, 2, false);
  if (with_position) {
    one.name += " position";
    one.inputs[position_ids] = int_operand(random_ids(tokens, 9, 3), true);
    one.inputs[position] = spread_operand(9, width, 4, false);
  }
  if (with_type) one.inputs[type] = spread_operand(2, width, 6, false);
  if (with_type_ids) one.inputs[type_ids] = int_operand(random_ids(tokens, 2, 5), true);
  if (with_type) one.name += with_type_ids ? " typeIds" : " type";
  one.inputs[gamma] = random_operand({width}, 7);
  one.inputs[beta] = random_operand({width}, 8);
  one.error_units = 32 + std::sqrt(static_cast<double>(width));
  return one;
}

OpCase l2_case(int64_t rows, int64_t width, double epsilon) {
  return {OpId::l2_normalize,
          "l2_normalize " + sizes_text(rows, width),
          {random_operand({rows, width}, 1, true)},
          {{rows, width}},
          {epsilon},
          4};
}

OpCase weighted_sum_case(int64_t rows, int64_t width, double left, double right) {
  return {OpId::weighted_sum,
          "weighted_sum " + sizes_text(rows, width),
          {random_operand({rows, width}, 1, true), random_operand({rows, width}, 2, true)},
          {{rows, width}},
          {left, right},
          4 * (std::fabs(left) + std::fabs(right))};
}

void add_cases(std::vector<OpCase>& cases, int64_t rows, int64_t width) {
  cases.push_back(layer_norm_case(rows, width, false));
  cases.push_back(layer_norm_case(rows, width, true));
  cases.push_back(embedding_case(rows, width, true, true, true));
  cases.push_back(l2_case(rows, width, 1e-12));
  cases.push_back(weighted_sum_case(rows, width, 0.5, 0.5));
}

}  // namespace

std::vector<OpCase> row_cases() {
  std::vector<OpCase> cases;
  for (const int64_t width : widths) add_cases(cases, 3, width);
  for (const int64_t rows : row_counts) add_cases(cases, rows, 19);
  cases.push_back(layer_norm_case(5, 70, false, 1000));
  cases.push_back(layer_norm_case(5, 70, true, -1000));
  for (const int64_t width : {9, 40}) {
    cases.push_back(embedding_case(6, width, false, false, false));
    cases.push_back(embedding_case(6, width, true, false, false));
    cases.push_back(embedding_case(6, width, false, true, false));
    cases.push_back(embedding_case(6, width, false, true, true));
    cases.push_back(embedding_case(6, width, true, true, false));
    cases.push_back(l2_case(6, width, 1e9));  // epsilon decides
    cases.push_back(weighted_sum_case(6, width, -3, 0.125));
  }
  OpCase zeros = l2_case(2, 11, 1e-12);
  zeros.name += " of zeros";
  for (double& value : zeros.inputs[0].values) value = 0;
  cases.push_back(zeros);
  return cases;
}

}  // namespace likewise::test
