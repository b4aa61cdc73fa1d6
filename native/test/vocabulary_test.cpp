// vocabulary_loss against numbers worked out by hand and central differences of the reference in double; what it may take of
// memory; and what its checks refuse.
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

using namespace vocabulary_loss_op;

namespace {

OpResult run_double(const OpCase& one) {
  SerialWorkers serial;
  const OpResult result = run_case(one, test_backends().front(), DType::float64, 1, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s%s", one.name.c_str(),
        result.refused.c_str(), result.message.c_str());
  return result;
}

// sum_i weights[i] losses[i] with one number of an input changed.
double total_with(OpCase one, size_t input, size_t index, double change) {
  one.inputs[input].values[index] += change;
  const std::vector<double> all = run_double(one).outputs[losses];
  double sum = 0;
  for (size_t i = 0; i < all.size(); ++i) sum += one.inputs[weights].values[i] * all[i];
  return sum;
}

void check_slopes(const OpCase& one, size_t input, const std::vector<double>& gradient) {
  constexpr double step = 1e-4;
  CHECK(gradient.size() == one.inputs[input].values.size(), "%s: as many", one.name.c_str());
  for (size_t i = 0; i < gradient.size(); ++i) {
    const auto quotient = [&](double h) {
      return (total_with(one, input, i, h) - total_with(one, input, i, -h)) / (2 * h);
    };
    const double expected = (4 * quotient(step / 2) - quotient(step)) / 3;
    CHECK(std::fabs(gradient[i] - expected) < 1e-9 + 1e-6 * std::fabs(expected),
          "%s: input %zu, element %zu: gradient %.12g, difference quotient %.12g", one.name.c_str(), input, i,
          gradient[i], expected);
  }
}

Operand matrix(int64_t rows, int64_t columns, std::vector<double> values) {
  return {{rows, columns}, std::move(values)};
}

// Logits 1 2 3 and 4 -3 0.5.
OpCase by_hand() {
  OpCase one{OpId::vocabulary_loss, "by hand", std::vector<Operand>(5), {{2}, {2}, {}, {}, {}}, {0}};
  one.inputs[states] = matrix(2, 1, {1, 2});
  one.inputs[table] = matrix(3, 1, {0.5, -1, 0.25});
  one.inputs[bias] = {{3}, {0.5, 3, 2.75}};
  one.inputs[targets] = int_operand({2, 1});
  return one;
}

}  // namespace

TEST(vocabulary_by_hand) {
  SerialWorkers serial;
  const double first = std::log(std::exp(1) + std::exp(2) + std::exp(3)) - 3;
  const double second = std::log(std::exp(1.5) + std::exp(1) + std::exp(3.25)) - 1;
  for (const Backend& backend : test_backends()) {
    const OpResult got = run_case(by_hand(), backend, DType::float32, 1, layouts[0], serial);
    CHECK(
        std::fabs(got.outputs[losses][0] - first) < 1e-6 && std::fabs(got.outputs[losses][1] - second) < 1e-6,
        "%s: losses %.9g and %.9g", backend.name, got.outputs[losses][0], got.outputs[losses][1]);
    CHECK(got.outputs[hits] == std::vector<double>({1, 0}), "%s: the first is the likeliest", backend.name);
  }
}

TEST(vocabulary_slopes) {
  for (const OpCase& one : vocabulary_gradient_cases()) {
    const OpResult result = run_double(one);
    check_slopes(one, states, result.outputs[state_gradient]);
    check_slopes(one, table, result.outputs[table_gradient]);
    if (!one.inputs[bias].shape.empty()) check_slopes(one, bias, result.outputs[bias_gradient]);
  }
}

// A target whose probability is nothing in float32 keeps its loss, and words that may not be have no share.
TEST(vocabulary_of_far_logits) {
  SerialWorkers serial;
  OpCase one = by_hand();
  one.inputs[bias].values = {1000, -500, -INFINITY};
  one.inputs[targets].values = {1, 0};
  for (const Backend& backend : test_backends()) {
    const OpResult got = run_case(one, backend, DType::float32, 1, layouts[0], serial);
    CHECK(got.outputs[losses] == std::vector<double>({1501.5, 0}), "%s: losses %.9g and %.9g", backend.name,
          got.outputs[losses][0], got.outputs[losses][1]);
  }
}

// What 4,096 positions of a vocabulary of 30,522 words take beside inputs and gradients, on eight threads.
TEST(vocabulary_scratch_is_small) {
  struct CountingWorkers : SerialWorkers {
    size_t bytes = 0;
    CountingWorkers() {
      count = 8;
      scratch = [](Workers& workers, int32_t, size_t size) -> void* {
        static_cast<CountingWorkers&>(workers).bytes += size;
        return nullptr;
      };
    }
  };
  for (const int64_t width : {384, 1024}) {
    const int64_t positions = 4096, words = 30522;
    std::vector<float> numbers(static_cast<size_t>(words * width));  // whose values are not looked at
    std::vector<int32_t> own(static_cast<size_t>(positions));
    const auto view = [&](std::initializer_list<int64_t> shape) {
      TensorView made{numbers.data(), DType::float32, 0, {}, width};
      for (const int64_t size : shape) made.shape[made.rank++] = size;
      return made;
    };
    for (const Backend& backend : test_backends()) {
      if (&backend == &test_backends().front()) continue;
      for (const OpId op : {OpId::vocabulary_loss, OpId::vocabulary_loss_bfloat16}) {
        CountingWorkers workers;
        char message[message_size] = "";
        OpCall call;
        call.workers = &workers;
        call.message = message;
        call.inputs[states] = call.outputs[state_gradient] = view({positions, width});
        call.inputs[table] = call.outputs[table_gradient] = view({words, width});
        call.inputs[targets] = {own.data(), DType::int32, 1, {positions, 0, 0, 0}, 0};
        call.outputs[losses] = view({positions});
        CHECK(backend[op].float32(call) == Status::out_of_memory, "on %s", backend.name);
        CHECK(workers.bytes > 0 && workers.bytes < 64 * 1000 * 1000, "%zu bytes of scratch on %s",
              workers.bytes, backend.name);
      }
    }
  }
}

TEST(vocabulary_refuses_bad_targets) {
  SerialWorkers serial;
  for (const int32_t target : {-1, 3, INT32_MAX, INT32_MIN}) {
    OpCase one = by_hand();
    one.inputs[targets] = int_operand({0, target});
    const std::string message =
        "[vocabularyLoss] expected targets[1] to be a row of table, which has 3, but received " +
        std::to_string(target);
    for (const Backend& backend : test_backends()) {
      const OpResult result = run_case(one, backend, DType::float32, 1, layouts[1], serial);
      CHECK(result.status == Status::invalid_value && result.message == message, "%s: \"%s\"", backend.name,
            result.message.c_str());
      CHECK(std::isnan(result.outputs[losses][0]), "%s: the loss was written", backend.name);
    }
  }
}

TEST(vocabulary_checks_say_what_is_wrong) {
  const auto refused = [](void (*change)(OpCall&), const char* message) {
    GoodCall call;
    fill_vocabulary_call(call);
    change(call);
    Problem problem;
    CHECK(!check_call(OpId::vocabulary_loss, call, problem) && std::strcmp(problem.message, message) == 0,
          "\"%s\", expected \"%s\"", problem.message, message);
  };
  refused([](OpCall& call) { call.inputs[table].shape[1] = 5; },
          "[vocabularyLoss] expected table of shape [words, 6] but received [7, 5]");
  refused([](OpCall& call) { call.inputs[targets].shape[0] = 4; },
          "[vocabularyLoss] expected targets of shape [5] but received [4]");
  refused([](OpCall& call) { call.outputs[table_gradient].shape[0] = 5; },
          "[vocabularyLoss] expected tableGradient of shape [7, 6] but received [5, 6]");
  refused([](OpCall& call) { call.outputs[hits].data = call.outputs[losses].data; },
          "[vocabularyLoss] expected hits not to share memory with losses");
  refused([](OpCall& call) { call.parameters[accumulate] = 0.5; },
          "[vocabularyLoss] expected accumulate to be a whole number from 0 to 1 but received 0.5");
}

void fill_vocabulary_call(GoodCall& call) {
  const DType real = DType::float32;
  call.in(states, real, {5, 6});
  call.in(table, real, {7, 6});
  call.in(bias, real, {7});
  call.in(targets, DType::int32, {5});
  call.in(weights, real, {5});
  for (const int32_t of_positions : {losses, hits}) call.out(of_positions, {5});
  call.out(state_gradient, {5, 6});
  call.out(table_gradient, {7, 6});
  call.out(bias_gradient, {7});
}

}  // namespace likewise::test
