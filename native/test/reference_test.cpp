// The reference against numbers worked out by hand or taken from tables: the truth that everything else is
// held to.
#include <cmath>

#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

Operand matrix(int64_t rows, int64_t columns, std::vector<double> values) {
  return {{rows, columns}, std::move(values)};
}

Operand vector(std::vector<double> values) {
  const int64_t size = static_cast<int64_t>(values.size());
  return {{size}, std::move(values)};
}

void expect(const OpCase& one, const std::vector<double>& values, size_t output = 0) {
  SerialWorkers serial;
  const Backend& reference = test_backends().front();
  const OpResult result = run_case(one, reference, DType::float64, 2, layouts[3], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s%s", one.name.c_str(),
        result.refused.c_str(), result.message.c_str());
  if (!result.refused.empty()) return;
  CHECK(result.outputs[output].size() == values.size(), "%s", one.name.c_str());
  for (size_t i = 0; i < values.size(); ++i) {
    const double got = result.outputs[output][i];
    CHECK(got == values[i] || std::fabs(got - values[i]) < 1e-9, "%s: element %zu: %.12g, expected %.12g",
          one.name.c_str(), i, got, values[i]);
  }
}

OpCase pool(Pooling mode) {
  // lengths 3, 0, 2 of which 1, 0, 2 are skipped
  return {OpId::pool,
          "pool " + std::to_string(static_cast<int32_t>(mode)),
          {matrix(5, 1, {1, 2, 5, 7, 8}), int_operand({0, 3, 3, 5}), int_operand({1, 0, 2})},
          {{3, 1}},
          {static_cast<double>(mode)}};
}

}  // namespace

TEST(reference_linear) {
  const Operand weight = matrix(3, 2, {1, 2, 3, 4, 5, 6});
  expect({OpId::pack_weight, "pack", {weight}, {{0}}, {0}}, {1, 3, 2, 4, 5, 0, 6, 0});
  expect({OpId::pack_weight, "pack", {weight}, {{0}}, {1}}, {1, 2, 3, 4, 5, 6});
  Operand packed = weight;
  packed.to_pack = true;
  OpCase one{OpId::linear,
             "linear",
             {matrix(1, 2, {1, -1}), packed, vector({0, 0, 4}), matrix(1, 3, {10, 20, 30})},
             {{1, 3}},
             {static_cast<double>(Activation::identity)}};
  expect(one, {9, 19, 33});
  const auto with = [&](Activation activation) {
    OpCase other = one;
    other.parameters[0] = static_cast<double>(activation);
    other.inputs[3] = {};
    return other;
  };  // of -1, -1, 3
  expect(with(Activation::relu), {0, 0, 3});
  OpCase kept = with(Activation::relu);
  kept.outputs.push_back({1, 3});
  expect(kept, {-1, -1, 3}, 1);
  expect(with(Activation::tanh), {-0.761594155956, -0.761594155956, 0.995054753687});
  expect(with(Activation::gelu_erf), {-0.158655253931, -0.158655253931, 2.995950305905});
  expect(with(Activation::gelu_tanh), {-0.158808009393, -0.158808009393, 2.996362607918});
}

TEST(reference_rows) {
  OpCase norm{OpId::layer_norm,
              "layer_norm",
              {matrix(1, 4, {1, 2, 3, 4}), {}, vector({1, 1, 1, 2}), vector({0, 0, 0, 1})},
              {{1, 4}},
              {0.75}};
  const double unit = 0.5 / std::sqrt(2.0);  // variance 1.25 + 0.75
  expect(norm, {-3 * unit, -unit, unit, 6 * unit + 1});
  norm.inputs[1] = matrix(1, 4, {3, 2, 1, 0});
  expect(norm, {0, 0, 0, 1});

  OpCase embedding{OpId::embedding,
                   "embedding",
                   {int_operand({1}),
                    matrix(2, 2, {9, 9, 1, 2}),
                    int_operand({0}),
                    matrix(1, 2, {1, 2}),
                    {},
                    matrix(2, 2, {0, 2, 9, 9}),
                    vector({1, 1}),
                    vector({0, 0})},
                   {{1, 2}},
                   {0}};
  expect(embedding, {-1, 1});

  expect({OpId::l2_normalize, "l2_normalize", {matrix(2, 2, {3, 4, 0, 0})}, {{2, 2}}, {1e-12}},
         {0.6, 0.8, 0, 0});
  expect({OpId::weighted_sum,
          "weighted_sum",
          {matrix(1, 2, {1, 2}), matrix(1, 2, {10, 20})},
          {{1, 2}},
          {2, 0.5}},
         {7, 14});
}

TEST(reference_attention) {
  // Two heads of one dimension; head 0 weighs its two keys evenly, head 1 as 1 to 3.
  const double log3 = std::log(3.0);
  OpCase one{OpId::attention,
             "attention",
             {matrix(2, 2, {0, 1, 0, 1}), matrix(2, 2, {5, 0, 6, log3}), matrix(2, 2, {1, 1, 3, 5}),
              int_operand({0, 2}), int_operand({0, 2})},
             {{2, 2}, {2, 2}},
             {2, 1, 0}};
  one.inputs.resize(7);
  expect(one, {2, 4, 2, 4});
  expect(one, {std::log(2.0), std::log(4.0), std::log(2.0), std::log(4.0)}, 1);
  one.inputs[attention_op::query_rank] = int_operand({0, 1});
  one.inputs[attention_op::key_rank] = int_operand({0, 1});
  expect(one, {1, 1, 2, 4});
  one.parameters[attention_op::strict] = 1;
  expect(one, {0, 0, 1, 1});
  expect(one, {-INFINITY, -INFINITY, 0, 0}, 1);
}

TEST(reference_pool) {
  expect(pool(Pooling::cls), {2, 0, 0});
  expect(pool(Pooling::mean), {3.5, 0, 0});
  expect(pool(Pooling::max), {5, 0, 0});
  expect(pool(Pooling::mean_sqrt_len), {7 / std::sqrt(2.0), 0, 0});
  expect(pool(Pooling::weighted_mean), {(2 * 2 + 3 * 5) / 5.0, 0, 0});
  expect(pool(Pooling::last_token), {5, 0, 0});
}

}  // namespace likewise::test
