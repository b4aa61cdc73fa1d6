// cosine_softmax_loss against what it follows from: numbers worked out by hand, finite differences, and other ways to
// say the same loss; and what its checks refuse.
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "../core/thread_pool.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

using namespace cosine_softmax_loss_op;

namespace {

constexpr double step = 1e-4;

OpResult run_double(const OpCase& one) {
  SerialWorkers serial;
  const OpResult result = run_case(one, test_backends().front(), DType::float64, 1, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s%s", one.name.c_str(),
        result.refused.c_str(), result.message.c_str());
  return result;
}

// The loss with one number of an input changed.
double loss_with(OpCase one, size_t input, size_t index, double change) {
  one.inputs[input].values[index] += change;
  for (size_t output = 1; output < 4; ++output) one.outputs[output] = {};
  return run_double(one).outputs[loss][0];
}

// The difference quotients of two steps, extrapolated: the error is of the order of the step to the fourth.
double slope(const OpCase& one, size_t input, size_t index) {
  const auto quotient = [&](double h) {
    return (loss_with(one, input, index, h) - loss_with(one, input, index, -h)) / (2 * h);
  };
  return (4 * quotient(step / 2) - quotient(step)) / 3;
}

void check_slopes(const OpCase& one, size_t input, const std::vector<double>& gradient) {
  double largest = 0;
  for (const double value : gradient) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < gradient.size(); ++i) {
    const double expected = slope(one, input, i);
    const double error = std::fabs(gradient[i] - expected) / (std::fabs(expected) + 0.01 * largest + 1e-9);
    CHECK(error < 1e-6, "%s: input %zu, element %zu: gradient %.12g, difference quotient %.12g",
          one.name.c_str(), input, i, gradient[i], expected);
  }
}

Operand matrix(int64_t rows, int64_t columns, std::vector<double> values) {
  return {{rows, columns}, std::move(values)};
}

// Two queries of length 2 over three candidates of length 5: cosines 0.6 0.8 -0.6 and 0.8 -0.6 0.8.
OpCase by_hand() {
  OpCase one{
      OpId::cosine_softmax_loss, "by hand", std::vector<Operand>(9), {{1}, {}, {}, {}}, {1, 0, 0, 1e-12}};
  one.inputs[queries] = matrix(2, 2, {2, 0, 0, 2});
  one.inputs[candidates] = matrix(3, 2, {3, 4, 4, -3, -3, 4});
  one.inputs[positives] = int_operand({1, 0});
  return one;
}

void expect_loss(const OpCase& one, double expected) {
  const double got = run_double(one).outputs[loss][0];
  CHECK(std::fabs(got - expected) < 1e-12, "%s: %.15g, expected %.15g", one.name.c_str(), got, expected);
}

double log_sum(std::initializer_list<double> values) {
  double sum = 0;
  for (const double value : values) sum += std::exp(value);
  return std::log(sum);
}

}  // namespace

TEST(loss_by_hand) {
  OpCase one = by_hand();
  const double first = log_sum({0.6, 0.8, -0.6}), second = log_sum({0.8, -0.6, 0.8});
  expect_loss(one, (first - 0.8 + second - 0.8) / 2);
  one.parameters[symmetric] = 1;
  const double column0 = log_sum({0.6, 0.8}), column1 = log_sum({0.8, -0.6});
  expect_loss(one, ((first + column1) / 2 - 0.8 + (second + column0) / 2 - 0.8) / 2);
  one.parameters[symmetric] = 0;
  one.inputs[row_groups] = int_operand({1, 1});
  const double joint = log_sum({0.6, 0.8, -0.6, 0.8, -0.6, 0.8});
  expect_loss(one, joint - 0.8);
  one.inputs[positives] = int_operand({-1, 0});
  expect_loss(one, joint - 0.8);
  one.inputs[row_groups] = {};
  expect_loss(one, second - 0.8);

  one = by_hand();
  one.inputs[excluded] = int_operand({0, 1, 0, 3});  // the positive of the second row stays
  one.inputs[excluded].shape = {2, 2};
  expect_loss(one, (log_sum({0.8, -0.6}) - 0.8) / 2);
  one.inputs[excluded] = {};
  one.inputs[query_ids] = int_operand({7, 8});
  one.inputs[candidate_ids] = int_operand({7, 7, 8});  // the positive of the first row stays
  expect_loss(one, (log_sum({0.8, -0.6}) - 0.8 + log_sum({0.8, -0.6}) - 0.8) / 2);
  one.inputs[query_ids] = one.inputs[candidate_ids] = {};
  one.inputs[weighted] = int_operand({2, -1});
  one.parameters[log_weight] = 1.5;
  expect_loss(one, (log_sum({0.6, 0.8, 0.9}) - 0.8 + second - 0.8) / 2);
  one.inputs[weighted] = {};
  one.inputs[learned_scale] = {{1}, {10}};
  expect_loss(one, (log_sum({6, 8, -6}) - 8 + log_sum({8, -6, 8}) - 8) / 2);
  one.inputs[positives] = int_operand({-1, -1});
  expect_loss(one, 0);
}

TEST(loss_gradients_are_slopes) {
  for (const OpCase& one : loss_gradient_cases()) {
    const OpResult result = run_double(one);
    check_slopes(one, queries, result.outputs[query_gradient]);
    check_slopes(one, candidates, result.outputs[candidate_gradient]);
    if (!one.inputs[learned_scale].shape.empty())
      check_slopes(one, learned_scale, result.outputs[scale_gradient]);
  }
}

// Both directions at once are the mean of the two, each with the other's matrices in its place.
TEST(loss_symmetric_is_both_directions) {
  OpCase both{OpId::cosine_softmax_loss,
              "both",
              std::vector<Operand>(9),
              {{1}, {40, 9}, {40, 9}, {}},
              {20, 0, 1, 1e-12}};
  both.inputs[queries] = random_operand({40, 9}, 1);
  both.inputs[candidates] = random_operand({40, 9}, 2);
  std::vector<int32_t> forth, back(40);
  for (int32_t i = 0; i < 40; ++i) forth.push_back((i * 7 + 3) % 40);
  for (int32_t i = 0; i < 40; ++i) back[static_cast<size_t>(forth[static_cast<size_t>(i)])] = i;
  both.inputs[positives] = int_operand(forth);
  OpCase one = both, other = both;
  one.parameters[symmetric] = other.parameters[symmetric] = 0;
  std::swap(other.inputs[queries], other.inputs[candidates]);
  other.inputs[positives] = int_operand(back);
  const OpResult x = run_double(both), y = run_double(one), z = run_double(other);
  CHECK(std::fabs(x.outputs[0][0] - (y.outputs[0][0] + z.outputs[0][0]) / 2) < 1e-12, "the loss");
  for (size_t i = 0; i < x.outputs[1].size(); ++i) {
    CHECK(std::fabs(x.outputs[1][i] - (y.outputs[1][i] + z.outputs[2][i]) / 2) < 1e-12, "query gradient %zu",
          i);
    CHECK(std::fabs(x.outputs[2][i] - (y.outputs[2][i] + z.outputs[1][i]) / 2) < 1e-12,
          "candidate gradient %zu", i);
  }
}

// A row whose logits lie far below its neighbours' keeps its own scale.
TEST(loss_of_far_logits) {
  SerialWorkers serial;
  OpCase one = by_hand();
  one.parameters[scale] = 100;
  one.inputs[queries] = matrix(2, 2, {1, 0, -1, 0});
  one.inputs[candidates] = matrix(2, 2, {1, 0, 1, 0.1});
  const double cosine = 1 / std::sqrt(1.01), far = std::log(1 + std::exp(100 * (1 - cosine)));
  for (const Backend& backend : test_backends()) {
    const double got = run_case(one, backend, DType::float32, 1, layouts[0], serial).outputs[0][0];
    const double expected = (log_sum({100, 100 * cosine}) - 100 * cosine + far) / 2;
    CHECK(std::fabs(got - expected) < 2e-5, "%s: %.9g, expected %.9g", backend.name, got, expected);
  }
}

// What 16,384 pairs of width 384 take beside inputs and gradients; with every pair hidden there is nothing to compute.
TEST(loss_scratch_is_small) {
  struct CountingWorkers : SerialWorkers {
    size_t bytes = 0;
    CountingWorkers() {
      count = 8;
      scratch = [](Workers& workers, int32_t participant, size_t size) -> void* {
        CountingWorkers& self = static_cast<CountingWorkers&>(workers);
        self.bytes += size;
        std::free(self.scratches[participant]);
        return self.scratches[participant] = std::aligned_alloc(64, (size + 63) / 64 * 64);
      };
    }
  };
  constexpr int64_t rows = 16384, width = 384;
  const DType real = DType::float32, whole = DType::int32;
  std::vector<float> matrices(4 * rows * width), one(1);
  std::vector<int32_t> own(rows), range(2 * rows);
  for (size_t i = 0; i < own.size(); ++i) range[2 * i + 1] = static_cast<int32_t>(rows);
  for (int32_t& positive : own) positive = -1;
  const auto view = [&](int64_t index) {
    return TensorView{matrices.data() + index * rows * width, real, 2, {rows, width, 0, 0}, width};
  };
  for (const Backend& backend : test_backends()) {
    if (&backend == &test_backends().front()) continue;
    CountingWorkers workers;
    OpCall call;
    call.workers = &workers;
    call.inputs[queries] = view(0);
    call.inputs[candidates] = view(1);
    call.inputs[positives] = {own.data(), whole, 1, {rows, 0, 0, 0}, 0};
    call.inputs[excluded] = {range.data(), whole, 2, {rows, 2, 0, 0}, 2};
    call.outputs[loss] = {one.data(), real, 1, {1, 0, 0, 0}, 0};
    call.outputs[query_gradient] = view(2);
    call.outputs[candidate_gradient] = view(3);
    call.parameters[symmetric] = 1;
    Problem problem;
    CHECK(check_call(OpId::cosine_softmax_loss, call, problem), "%s", problem.message);
    CHECK(backend[OpId::cosine_softmax_loss].float32(call) == Status::ok, "on %s", backend.name);
    CHECK(workers.bytes > 0 && workers.bytes < 32 << 20, "%zu bytes of scratch on %s", workers.bytes,
          backend.name);
  }
}

TEST(loss_refuses_bad_numbers) {
  SerialWorkers serial;
  const auto refused = [&](int32_t input, Operand operand, const char* message) {
    OpCase one = by_hand();
    one.inputs[static_cast<size_t>(input)] = std::move(operand);
    for (const Backend& backend : test_backends()) {
      for (const DType real : {DType::float32, DType::float64}) {
        const OpResult result = run_case(one, backend, real, 1, layouts[1], serial);
        CHECK(result.status == Status::invalid_value && result.message == message,
              "%s: \"%s\", expected \"%s\"", backend.name, result.message.c_str(), message);
        CHECK(std::isnan(result.outputs[loss][0]), "%s: the loss was written", backend.name);
      }
    }
  };
  Operand range = int_operand({0, 3, 2, 4});
  range.shape = {2, 2};
  refused(positives, int_operand({1, 3}),
          "[cosineSoftmaxLoss] expected positives[1] to be a candidate, of which there are 3, or -1 but "
          "received 3");
  refused(positives, int_operand({-2, 0}),
          "[cosineSoftmaxLoss] expected positives[0] to be a candidate, of which there are 3, or -1 but "
          "received -2");
  refused(
      weighted, int_operand({0, INT32_MAX}),
      "[cosineSoftmaxLoss] expected weighted[1] to be a candidate, of which there are 3, or -1 but received "
      "2147483647");
  refused(row_groups, int_operand({0, 2}),
          "[cosineSoftmaxLoss] expected rowGroups[1] to be a query's number, of which there are 2, but "
          "received 2");
  refused(row_groups, int_operand({-1, 0}),
          "[cosineSoftmaxLoss] expected rowGroups[0] to be a query's number, of which there are 2, but "
          "received -1");
  refused(excluded, range,
          "[cosineSoftmaxLoss] expected excluded[1] to hold ranges of the 3 candidates but received 2 to 4");
  range.values = {0, 3, 2, 1};
  refused(excluded, range,
          "[cosineSoftmaxLoss] expected excluded[1] to hold ranges of the 3 candidates but received 2 to 1");
}

TEST(loss_checks_say_what_is_wrong) {
  const auto refused = [](void (*change)(OpCall&), const char* message) {
    GoodCall call;
    fill_loss_call(call);
    change(call);
    Problem problem;
    CHECK(!check_call(OpId::cosine_softmax_loss, call, problem) && std::strcmp(problem.message, message) == 0,
          "\"%s\", expected \"%s\"", problem.message, message);
  };
  refused([](OpCall& call) { call.inputs[excluded].shape[1] = 3; },
          "[cosineSoftmaxLoss] expected excluded to have two columns for each range but received 3");
  refused([](OpCall& call) { call.parameters[symmetric] = 1; },
          "[cosineSoftmaxLoss] expected rowGroups or symmetric but received both");
  refused([](OpCall& call) { call.outputs[query_gradient].data = nullptr; },
          "[cosineSoftmaxLoss] expected queryGradient, from which scaleGradient is taken");
  refused(
      [](OpCall& call) { call.inputs[candidate_ids].data = nullptr; },
      "[cosineSoftmaxLoss] expected both queryIds and candidateIds, or neither, but received only queryIds");
  refused([](OpCall& call) { call.inputs[candidates].shape[1] = 5; },
          "[cosineSoftmaxLoss] expected candidates of shape [candidates, 6] but received [7, 5]");
}

void fill_loss_call(GoodCall& call) {
  const DType real = DType::float32, whole = DType::int32;
  call.in(queries, real, {5, 6});
  call.in(candidates, real, {7, 6});
  for (const int32_t of_queries : {positives, query_ids, weighted, row_groups})
    call.in(of_queries, whole, {5});
  call.in(candidate_ids, whole, {7});
  call.in(excluded, whole, {5, 4});
  call.in(learned_scale, real, {1});
  call.out(loss, {1});
  call.out(query_gradient, {5, 6});
  call.out(candidate_gradient, {7, 6});
  call.out(scale_gradient, {1});
}

}  // namespace likewise::test
