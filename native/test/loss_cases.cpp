// Cases of cosine_softmax_loss: every form of contrastive loss by its description, sizes about the tiles and past the
// blocks of the kernel, lengths of zero and below epsilon, large scales.
#include <algorithm>
#include <cmath>

#include "op_case.h"

namespace likewise::test {

namespace {

using namespace cosine_softmax_loss_op;

constexpr int64_t inputs = 9;

Operand pairs_operand(int64_t rows, const std::vector<int32_t>& values) {
  Operand operand = int_operand(values);
  operand.shape = {rows, static_cast<int64_t>(values.size()) / rows};
  return operand;
}

std::vector<int32_t> numbers(int64_t count, int32_t (*of)(int32_t)) {
  std::vector<int32_t> values;
  for (int32_t i = 0; i < count; ++i) values.push_back(of(i));
  return values;
}

Operand& input(OpCase& one, int32_t index) { return one.inputs[static_cast<size_t>(index)]; }

// Row i of the queries belongs to row i of the candidates.
OpCase pairs_case(const std::string& name, int64_t rows, int64_t columns, int64_t width, double by = 20) {
  OpCase one{OpId::cosine_softmax_loss,
             "loss " + name + " " + std::to_string(rows) + " x " + std::to_string(columns) + " x " +
                 std::to_string(width),
             std::vector<Operand>(inputs),
             {{1}, {rows, width}, {columns, width}, {1}},
             {by, 0, 0, 1e-12}};
  input(one, queries) = random_operand({rows, width}, 1);
  input(one, candidates) = random_operand({columns, width}, 2);
  input(one, positives) = int_operand(numbers(std::min(rows, columns), [](int32_t i) { return i; }));
  for (int64_t i = columns; i < rows; ++i) {  // rows without a candidate of their own share one, or have none
    input(one, positives).values.push_back(static_cast<double>(columns > 0 && i % 2 == 0 ? i % columns : -1));
  }
  input(one, positives).shape = {rows};
  // A cosine errs by some 2^-23, a logit by `by` times that, its exponential relatively so; the gradient of a row of
  // length about sqrt(width / 3) is of the size of `by` over that.
  one.error_units = by * by * 8 + 4;
  return one;
}

OpCase symmetric_case(int64_t rows, int64_t columns, int64_t width, double by = 20) {
  OpCase one = pairs_case("symmetric", rows, columns, width, by);
  one.parameters[symmetric] = 1;
  return one;
}

// Su's and SimBERT's: rows 2k and 2k + 1 belong together, no row sees itself.
OpCase nt_xent_case(int64_t rows, int64_t width, double by) {
  OpCase one = pairs_case("NT-Xent", rows, rows, width, by);
  input(one, candidates) = input(one, queries);
  input(one, positives) = int_operand(numbers(rows, [](int32_t i) { return i ^ 1; }));
  std::vector<int32_t> own;
  for (int32_t i = 0; i < rows; ++i)
    for (const int32_t bound : {i, i + 1}) own.push_back(bound);
  input(one, excluded) = pairs_operand(rows, own);
  return one;
}

// SimCSE's: each query has a positive and a hard negative of its own, whose logit is raised.
OpCase hard_negatives_case(int64_t rows, int64_t width, double weight) {
  OpCase one = pairs_case("hard negatives", rows, 2 * rows, width);
  input(one, weighted) = int_operand(numbers(rows, [](int32_t i) { return i; }));
  for (double& value : input(one, weighted).values) value += static_cast<double>(rows);
  input(one, weighted).values[0] = -1;
  input(one, weighted).values[1] = 1;  // its own positive
  one.parameters[log_weight] = weight;
  return one;
}

OpCase ids_case(int64_t rows, int64_t columns, int64_t width, bool both) {
  OpCase one = both ? symmetric_case(rows, columns, width) : pairs_case("ids", rows, columns, width);
  input(one, query_ids) = int_operand(numbers(rows, [](int32_t i) { return i % 5; }));
  input(one, candidate_ids) = int_operand(numbers(columns, [](int32_t j) { return j * j % 7; }));
  return one;
}

// sentence-transformers' four directions in one partition: rows and columns are the queries, then the documents; a
// query and its document are one group, and neither sees itself.
OpCase joint_case(int64_t count, int64_t width) {
  OpCase one = pairs_case("joint", 2 * count, 2 * count, width);
  input(one, candidates) = input(one, queries);
  std::vector<int32_t> positive, group, hidden;
  const int32_t n = static_cast<int32_t>(count);
  for (int32_t i = 0; i < 2 * n; ++i) {
    positive.push_back(i < n ? n + i : -1);
    group.push_back(i % n);
    for (const int32_t bound : {i, i + 1, i % 3, 2 * i % 3}) hidden.push_back(bound);
    if (hidden.back() < i % 3) hidden.back() = i % 3;
  }
  input(one, positives) = int_operand(positive);
  input(one, row_groups) = int_operand(group);
  input(one, excluded) = pairs_operand(2 * count, hidden);
  return one;
}

OpCase without(OpCase one, std::initializer_list<int32_t> absent) {
  one.name += " without outputs";
  for (const int32_t output : absent) one.outputs[static_cast<size_t>(output)] = {};
  return one;
}

// Most rows hide all columns but the last few, the others hide those: whole tiles and blocks are left out.
OpCase hidden_blocks_case(int64_t rows, int64_t columns, int64_t width) {
  OpCase one = pairs_case("hidden blocks", rows, columns, width);
  const int32_t end = static_cast<int32_t>(columns), middle = end - 9;
  std::vector<int32_t> hidden, positive;
  for (int32_t i = 0; i < rows; ++i) {
    const bool late = i >= rows - 5;
    for (const int32_t bound : {late ? middle : 0, late ? end : middle}) hidden.push_back(bound);
    positive.push_back(late ? i % middle : middle + i % 9);
  }
  input(one, excluded) = pairs_operand(rows, hidden);
  input(one, positives) = int_operand(positive);
  return one;
}

}  // namespace

std::vector<OpCase> loss_cases() {
  std::vector<OpCase> cases;
  for (const int64_t rows : {0, 1, 2, 7, 13, 95, 97}) {
    cases.push_back(pairs_case("pairs", rows, rows + 3, 19));
    cases.push_back(symmetric_case(rows, rows + 1, 21));
  }
  for (const int64_t columns : {0, 1, 15, 16, 33, 255, 258}) {
    cases.push_back(pairs_case("pairs", 5, columns, 9));
    cases.push_back(symmetric_case(5, columns, 9));
  }
  for (const int64_t width : {1, 2, 7, 8, 15, 16, 17, 33, 400}) {
    cases.push_back(symmetric_case(6, 11, width));
    cases.push_back(nt_xent_case(8, width, 30));
  }
  cases.push_back(hard_negatives_case(17, 24, 1.5));
  cases.push_back(ids_case(23, 40, 24, false));
  cases.push_back(ids_case(23, 40, 24, true));
  cases.push_back(joint_case(11, 24));
  cases.push_back(symmetric_case(20, 20, 24, 100));
  cases.push_back(symmetric_case(20, 20, 24, 0));
  cases.push_back(symmetric_case(20, 20, 24, -3));
  cases.push_back(without(symmetric_case(20, 30, 24), {query_gradient, scale_gradient}));
  cases.push_back(without(nt_xent_case(20, 24, 20), {candidate_gradient}));
  cases.push_back(without(nt_xent_case(20, 24, 20), {query_gradient, candidate_gradient, scale_gradient}));
  OpCase alone = symmetric_case(5, 9, 24);  // every pair is hidden but for the positives
  input(alone, excluded) = pairs_operand(5, {0, 9, 0, 9, 0, 9, 0, 9, 0, 9});
  alone.name += " alone";
  cases.push_back(alone);
  OpCase learned = symmetric_case(9, 12, 24);
  input(learned, learned_scale) = random_operand({1}, 9);
  cases.push_back(learned);
  OpCase zeros = symmetric_case(9, 12, 24);
  zeros.parameters[epsilon] = 0.25;
  for (size_t k = 0; k < 3 * 24; ++k)
    input(zeros, queries).values[k] = input(zeros, candidates).values[24 + k] = 0;
  zeros.name += " with zero rows";
  cases.push_back(zeros);
  OpCase short_rows = symmetric_case(9, 12, 24);
  short_rows.parameters[epsilon] = 2.8;  // about the length of a row
  short_rows.name += " about epsilon";
  cases.push_back(short_rows);
  return cases;
}

std::vector<OpCase> loss_gradient_cases() {
  std::vector<OpCase> cases = {
      pairs_case("pairs", 3, 5, 4),   symmetric_case(3, 4, 5),
      symmetric_case(4, 3, 3, 5),     nt_xent_case(4, 3, 20),
      hard_negatives_case(3, 4, 1.5), ids_case(4, 6, 3, false),
      ids_case(4, 6, 3, true),        joint_case(3, 3),
      symmetric_case(3, 3, 3, 0),     symmetric_case(1, 1, 2),
      pairs_case("one", 2, 3, 1),
  };
  for (OpCase& one : cases) input(one, learned_scale) = {{1}, {one.parameters[scale]}};
  OpCase short_rows = symmetric_case(3, 4, 3);
  short_rows.parameters[epsilon] = 10;  // no row is as long
  cases.push_back(short_rows);
  return cases;
}

std::vector<OpCase> loss_block_cases() {
  return {symmetric_case(1130, 1040, 3), hidden_blocks_case(1130, 1040, 3)};
}

}  // namespace likewise::test
