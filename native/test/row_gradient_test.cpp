// The gradients of the row ops and of pool, on the reference in float64, against central finite differences of their
// forwards; and what dropout's masks must be: as random as they should, and independent wherever a key differs.
#include <cmath>
#include <functional>

#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

OpResult run_reference(const OpCase& one) {
  SerialWorkers serial;
  const OpResult result = run_case(one, test_backends().front(), DType::float64, 4, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s%s", one.name.c_str(),
        result.refused.c_str(), result.message.c_str());
  return result;
}

// sum of output * weights
double loss(const OpCase& forward, const std::vector<double>& weights) {
  const std::vector<double> output = run_reference(forward).outputs[0];
  double sum = 0;
  for (size_t i = 0; i < output.size(); ++i) sum += output[i] * weights[i];
  return sum;
}

// gradient: of `loss` by an input of the forward. Errors are relative to the largest component.
void check_derivative(const OpCase& forward, size_t input, const std::vector<double>& weights,
                      const std::vector<double>& gradient) {
  constexpr double step = 1e-5;
  double largest = 0;
  for (const double value : gradient) largest = std::fmax(largest, std::fabs(value));
  CHECK(largest > 1e-3, "%s: the gradient of input %zu vanishes", forward.name.c_str(), input);
  CHECK(gradient.size() == forward.inputs[input].values.size(), "%s: size", forward.name.c_str());
  for (size_t i = 0; i < gradient.size(); ++i) {
    OpCase up = forward, down = forward;
    up.inputs[input].values[i] += step;
    down.inputs[input].values[i] -= step;
    const double slope = (loss(up, weights) - loss(down, weights)) / (2 * step);
    CHECK(std::fabs(slope - gradient[i]) <= 1e-6 * largest,
          "%s: input %zu, element %zu: %.12g, differences give %.12g", forward.name.c_str(), input, i,
          gradient[i], slope);
  }
}

OpCase layer_norm(double dropout, bool with_residual) {
  using namespace layer_norm_op;
  OpCase one{OpId::layer_norm, "layer_norm", std::vector<Operand>(5), {{4, 9}}, {0.1, dropout, 3, 5}};
  one.inputs[input] = random_operand({4, 9}, 1);
  if (with_residual) one.inputs[residual] = random_operand({4, 9}, 2);
  one.inputs[gamma] = random_operand({9}, 3);
  one.inputs[beta] = random_operand({9}, 4);
  one.inputs[row_keys] = row_keys_operand(4, 5);
  return one;
}

std::vector<float> dropped(int64_t rows, int64_t width, double dropout, std::vector<double> keys, double seed,
                           double site) {
  Operand ones = random_operand({rows, width}, 1);
  for (double& value : ones.values) value = 1;
  const Operand row_keys{{rows, 2}, std::move(keys), true};
  const std::vector<double> output =
      run_reference({OpId::dropout, "dropout", {ones, row_keys}, {{rows, width}}, {dropout, seed, site}})
          .outputs[0];
  std::vector<float> gone;
  for (const double value : output) {
    CHECK(value == 0 || std::fabs(value * (1 - dropout) - 1) < 1e-5, "kept elements are scaled up: %g",
          value);
    gone.push_back(value == 0);
  }
  return gone;
}

// Whether `count` of `total` independent events of this probability are within so many standard deviations.
bool plausible(double count, double total, double probability, double deviations) {
  const double sigma = std::sqrt(total * probability * (1 - probability));
  return std::fabs(count - total * probability) <= deviations * sigma;
}

}  // namespace

TEST(gradient_of_layer_norm_by_differences) {
  for (const double dropout : {0.0, 0.3}) {
    for (const bool with_residual : {false, true}) {
      const OpCase forward = layer_norm(dropout, with_residual);
      const Operand weights = random_operand({4, 9}, 7);
      OpCase backward{OpId::layer_norm_gradient,
                      "layer_norm_gradient",
                      {weights, forward.inputs[0], forward.inputs[1], forward.inputs[2], forward.inputs[4]},
                      {{4, 9}, {}, {9}, {9}},
                      forward.parameters};
      if (with_residual) backward.outputs[1] = {4, 9};
      backward.parameters.push_back(0);
      const OpResult result = run_reference(backward);
      check_derivative(forward, layer_norm_op::input, weights.values, result.outputs[0]);
      if (with_residual)
        check_derivative(forward, layer_norm_op::residual, weights.values, result.outputs[1]);
      check_derivative(forward, layer_norm_op::gamma, weights.values, result.outputs[2]);
      check_derivative(forward, layer_norm_op::beta, weights.values, result.outputs[3]);
    }
  }
}

// The gradients of the three tables: the sum's, scattered by the ids.
TEST(gradient_of_embedding_by_differences) {
  using namespace embedding_op;
  const Operand weights = random_operand({6, 7}, 9);
  OpCase forward{OpId::embedding, "embedding", std::vector<Operand>(8), {{6, 7}}, {0.1}};
  const std::vector<int32_t> ids[] = {{1, 3, 1, 1, 0, 3}, {0, 1, 2, 0, 1, 2}, {0, 0, 1, 1, 1, 0}};
  const int64_t entries[] = {4, 3, 2};  // ids are input 2 t, the table is the next
  for (size_t t = 0; t < 3; ++t) {
    forward.inputs[2 * t] = int_operand(ids[t]);
    forward.inputs[2 * t + 1] = random_operand({entries[t], 7}, static_cast<uint32_t>(t));
  }
  forward.inputs[gamma] = random_operand({7}, 4);
  forward.inputs[beta] = random_operand({7}, 5);
  OpCase backward{OpId::embedding_gradient, "embedding_gradient", {weights}, {{6, 7}, {7}, {7}}, {0.1, 0}};
  for (size_t i = 0; i <= gamma; ++i) backward.inputs.push_back(forward.inputs[i]);
  const OpResult result = run_reference(backward);
  for (size_t t = 0; t < 3; ++t) {
    OpCase scatter{OpId::scatter_rows,
                   "scatter_rows",
                   {{{6, 7}, result.outputs[0]}, int_operand(ids[t])},
                   {{entries[t], 7}},
                   {0}};
    check_derivative(forward, 2 * t + 1, weights.values, run_reference(scatter).outputs[0]);
  }
  check_derivative(forward, gamma, weights.values, result.outputs[1]);
  check_derivative(forward, beta, weights.values, result.outputs[2]);
}

TEST(gradient_of_pool_by_differences) {
  for (int32_t mode = 0; mode <= static_cast<int32_t>(Pooling::last_token); ++mode) {
    const double pooling = mode;
    const Operand weights = random_operand({4, 3}, 2), input = random_operand({9, 3}, 1);
    const Operand offsets = int_operand({0, 3, 3, 8, 9}), skip = int_operand({1, 0, 2, 5});
    const OpCase forward{
        OpId::pool, "pool " + std::to_string(mode), {input, offsets, skip}, {{4, 3}}, {pooling}};
    const OpCase backward{
        OpId::pool_gradient, "pool_gradient", {weights, input, offsets, skip}, {{9, 3}}, {pooling}};
    check_derivative(forward, 0, weights.values, run_reference(backward).outputs[0]);
  }
}

TEST(gradient_of_l2_normalize_by_differences) {
  for (const double epsilon : {1e-12, 1.5, 50.0}) {  // 1.5: between the norms of the rows
    const Operand weights = random_operand({5, 6}, 2);
    Operand input = random_operand({5, 6}, 1);
    for (size_t i = 0; i < 12; ++i) input.values[i] *= 0.1;
    const OpCase forward{OpId::l2_normalize, "l2_normalize", {input}, {{5, 6}}, {epsilon}};
    const OpCase backward{
        OpId::l2_normalize_gradient, "l2_normalize_gradient", {weights, input}, {{5, 6}}, {epsilon}};
    check_derivative(forward, 0, weights.values, run_reference(backward).outputs[0]);
  }
}

TEST(gradient_of_gather_rows_by_differences) {
  const Operand weights = random_operand({5, 3}, 2), table = random_operand({4, 3}, 1);
  const Operand ids = int_operand({2, 0, 2, 2, 3});
  const OpCase forward{OpId::gather_rows, "gather_rows", {table, ids}, {{5, 3}}, {}};
  const OpCase backward{OpId::scatter_rows, "scatter_rows", {weights, ids}, {{4, 3}}, {0}};
  check_derivative(forward, 0, weights.values, run_reference(backward).outputs[0]);
}

TEST(masks_are_random) {
  constexpr int64_t rows = 512, width = 384;
  std::vector<double> keys;
  for (int64_t i = 0; i < rows; ++i) keys.insert(keys.end(), {double(i / 32), double(i % 32)});
  for (const double dropout : {0.1, 0.5}) {
    const std::vector<float> gone = dropped(rows, width, dropout, keys, 1, 2);
    const double total = rows * width;
    double count = 0;
    std::vector<double> by_row(rows), by_column(width);
    for (int64_t i = 0; i < rows * width; ++i) {
      count += gone[static_cast<size_t>(i)];
      by_row[static_cast<size_t>(i / width)] += gone[static_cast<size_t>(i)];
      by_column[static_cast<size_t>(i % width)] += gone[static_cast<size_t>(i)];
    }
    CHECK(plausible(count, total, dropout, 4), "%g of %g dropped", count, total);
    for (const double n : by_row)
      CHECK(plausible(n, width, dropout, 5), "%g of a row of %g dropped", n, double(width));
    for (const double n : by_column)
      CHECK(plausible(n, rows, dropout, 5), "%g of a column of %g", n, double(rows));

    // Elements so far apart are dropped together as often as chance has it: neighbours, columns of one block, rows.
    for (const int64_t distance : {int64_t{1}, int64_t{48}, int64_t{96}, width, 32 * width}) {
      double both = 0;
      for (int64_t i = 0; i + distance < rows * width; ++i) {
        both += gone[static_cast<size_t>(i)] * gone[static_cast<size_t>(i + distance)];
      }
      CHECK(plausible(both, total - static_cast<double>(distance), dropout * dropout, 4.5),
            "%g pairs at distance %lld", both, static_cast<long long>(distance));
    }
    const auto check_independent = [&](const char* change, const std::vector<float>& other) {
      double both = 0;
      for (size_t i = 0; i < gone.size(); ++i) both += gone[i] * other[i];
      CHECK(plausible(both, total, dropout * dropout, 4), "%g dropped in both masks of another %s", both,
            change);
    };
    check_independent("seed", dropped(rows, width, dropout, keys, 3, 2));
    check_independent("site", dropped(rows, width, dropout, keys, 1, 3));
    check_independent("site and seed", dropped(rows, width, dropout, keys, 2, 1));
    std::vector<double> moved = keys, later = keys, turned = keys;
    for (size_t i = 0; i < keys.size(); i += 2) {
      moved[i] += 16;
      later[i + 1] += 32;
      turned[i] = keys[i + 1] + 1000;
      turned[i + 1] = keys[i] + 1000;
    }
    check_independent("sequence", dropped(rows, width, dropout, moved, 1, 2));
    check_independent("position", dropped(rows, width, dropout, later, 1, 2));
    check_independent("key", dropped(rows, width, dropout, turned, 1, 2));
    CHECK(dropped(rows, width, dropout, keys, 1, 2) == gone, "the same key, the same mask");
  }
}

// 1e8 - 1e8 + 1 is 1 in this order alone, in float32.
TEST(scatter_rows_adds_in_order) {
  SerialWorkers scrambled(true);
  const Operand rows{{7, 1}, {1e8, 3, -1e8, 1, 1e8, -1e8, 1}};
  for (const Backend& backend : test_backends()) {
    const OpCase one{
        OpId::scatter_rows, "scatter_rows", {rows, int_operand({65, 0, 65, 65, 1, 1, 1})}, {{66, 1}}, {0}};
    const OpResult result = run_case(one, backend, DType::float32, 4, layouts[0], scrambled);
    for (const size_t entry : {0, 1, 2, 65}) {
      const double expected = entry == 0 ? 3 : entry == 2 ? 0 : 1, got = result.outputs[0][entry];
      CHECK(got == expected, "on %s: row %zu is %g, expected %g", backend.name, entry, got, expected);
    }
  }
}

// Without dropout the keys, the seed and the site change nothing.
TEST(layer_norm_without_dropout_reads_no_keys) {
  SerialWorkers serial;
  for (const Backend& backend : test_backends()) {
    OpCase with = layer_norm(0, true), without = with;
    without.inputs[layer_norm_op::row_keys] = {};
    without.parameters = {0.1};
    CHECK(same_bits(run_case(with, backend, DType::float32, 4, layouts[0], serial),
                    run_case(without, backend, DType::float32, 4, layouts[0], serial)),
          "on %s", backend.name);
  }
}

}  // namespace likewise::test
