// Attention's gradient and dropout beyond the op table: the reference against differences of its own forward, the
// decisions of every table against core/philox.h, what dropout leaves alone, and threads on batches of several parts. But
// for the differences, of which rounding leaves nothing, in float32 and in bfloat16.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "../core/op_specs.h"
#include "../core/philox.h"
#include "attention_case.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

void fill_attention_call(OpId id, GoodCall& call) {
  const DType real = DType::float32, whole = DType::int32;
  const bool gradient = id == OpId::attention_gradient || id == OpId::attention_gradient_bfloat16;
  const int32_t shift = gradient ? 1 : 0;  // its inputs: the forward's after one, then two more
  call.in(attention_op::query + shift, real, {5, 12});
  call.in(attention_op::key + shift, real, {7, 12});
  call.in(attention_op::value + shift, real, {7, 12});
  call.in(attention_op::query_offsets + shift, whole, {3});
  call.in(attention_op::key_offsets + shift, whole, {3});
  call.in(attention_op::query_rank + shift, whole, {5});
  call.in(attention_op::key_rank + shift, whole, {7});
  call.in(attention_op::sequence_ids + shift, whole, {2});
  if (gradient) {
    call.in(attention_gradient_op::output_gradient, real, {5, 12});
    call.in(attention_gradient_op::output, real, {5, 12});
    call.in(attention_gradient_op::log_sum_exp, real, {5, 3});
    call.out(attention_gradient_op::query_gradient, {5, 12});
    call.out(attention_gradient_op::key_gradient, {7, 12});
    call.out(attention_gradient_op::value_gradient, {7, 12});
  } else {
    call.out(attention_op::output, {5, 12});
    call.out(attention_op::log_sum_exp, {5, 3});
  }
  call.parameters[attention_op::heads] = 3;
  call.parameters[attention_op::scale] = 0.5;
  call.parameters[attention_op::dropout] = 0.1;
}

namespace {

const std::vector<int32_t> ids = {-5, 12};

struct Precision {
  OpId forward, gradient;
  double rounding;  // of a weight, as a share of it
};
const Precision precisions[] = {
    {OpId::attention, OpId::attention_gradient, 1e-4},
    {OpId::attention_bfloat16, OpId::attention_gradient_bfloat16, 0x1p-8 + 1e-4},
};

OpResult run(const OpCase& one, const Backend& backend, DType real) {
  SerialWorkers serial;
  OpResult result = run_case(one, backend, real, 1, layouts[0], serial);
  CHECK(result.refused.empty() && result.status == Status::ok, "%s: %s", one.name.c_str(),
        result.refused.c_str());
  return result;
}

// Two sequences, two heads of 5, ranks where `masked`.
OpCase small_attention(double dropout, bool masked) {
  using namespace attention_op;
  OpCase one{OpId::attention,
             "attention, dropout " + std::to_string(dropout) + (masked ? ", masked" : ""),
             {random_operand({7, 10}, 1), random_operand({12, 10}, 2), random_operand({12, 10}, 3),
              int_operand({0, 4, 7}), int_operand({0, 10, 12})},
             {{7, 10}, {7, 2}},
             {2, 1.3, 0, dropout, 99, 4294967295}};
  one.inputs.resize(8);
  if (masked) {
    one.inputs[query_rank] = int_operand({0, 1, 2, -1, 3, 0, 1});
    one.inputs[key_rank] = int_operand({0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 0, 1});
  }
  one.inputs[sequence_ids] = int_operand(ids);
  return one;
}

OpCase gradient_of(const OpCase& forward, const Operand& output_gradient, const OpResult& result) {
  OpCase one{forward.op == OpId::attention ? OpId::attention_gradient : OpId::attention_gradient_bfloat16,
             "gradient of " + forward.name,
             {output_gradient},
             {},
             forward.parameters};
  one.inputs.insert(one.inputs.end(), forward.inputs.begin(), forward.inputs.end());
  for (size_t o = 0; o < 2; ++o) {
    one.inputs.push_back({forward.outputs[o], result.outputs[o]});
  }
  for (const size_t i : {0, 1, 2}) one.outputs.push_back(forward.inputs[i].shape);
  return one;
}

// d/dx sum(output_gradient * output) by differences of either side.
double difference(const OpCase& forward, const Operand& output_gradient, size_t input, size_t element) {
  constexpr double step = 1e-5;
  const auto sum_at = [&](double shift) {
    OpCase moved = forward;
    moved.inputs[input].values[element] += shift;
    const OpResult result = run(moved, test_backends()[0], DType::float64);
    double sum = 0;
    for (size_t i = 0; i < result.outputs[0].size(); ++i)
      sum += output_gradient.values[i] * result.outputs[0][i];
    return sum;
  };
  return (sum_at(step) - sum_at(-step)) / (2 * step);
}

void check_differences(double dropout, bool masked) {
  const OpCase forward = small_attention(dropout, masked);
  const Operand output_gradient = random_operand({7, 10}, 4);
  const OpResult result = run(forward, test_backends()[0], DType::float64);
  const OpResult gradients =
      run(gradient_of(forward, output_gradient, result), test_backends()[0], DType::float64);
  for (size_t input = 0; input < 3; ++input) {
    const std::vector<double>& gradient = gradients.outputs[input];
    double largest = 0;
    for (const double value : gradient) largest = std::max(largest, std::fabs(value));
    CHECK(largest > 0.01, "%s: a gradient of input %zu", forward.name.c_str(), input);
    for (size_t i = 0; i < gradient.size(); ++i) {
      const double expected = difference(forward, output_gradient, input, i);
      CHECK(std::fabs(gradient[i] - expected) <= 1e-6 * largest,
            "%s: input %zu, element %zu: %.12g, by differences %.12g", forward.name.c_str(), input, i,
            gradient[i], expected);
    }
  }
}

// Keys that differ in nothing, values one-hot (and output gradients, for the gradient): element (i, j) of the output is
// 0 exactly where j is dropped for i. Two sequences of `tokens`, two heads of as many columns.
OpCase revealing(int64_t tokens, double dropout, uint32_t seed, uint32_t site) {
  const int64_t width = 2 * tokens;
  Operand zeros{{2 * tokens, width}, std::vector<double>(static_cast<size_t>(2 * tokens * width))};
  Operand one_hot = zeros;
  for (int64_t row = 0; row < 2 * tokens; ++row) {
    for (const int64_t head : {0, 1})
      one_hot.values[static_cast<size_t>(row * width + head * tokens + row % tokens)] = 1;
  }
  const int32_t length = static_cast<int32_t>(tokens);
  OpCase one{
      OpId::attention,
      "attention that shows its dropout",
      {zeros, zeros, one_hot, int_operand({0, length, 2 * length}), int_operand({0, length, 2 * length})},
      {{2 * tokens, width}, {2 * tokens, 2}},
      {2, 1, 0, dropout, static_cast<double>(seed), static_cast<double>(site)}};
  one.inputs.resize(8);
  one.inputs[attention_op::sequence_ids] = int_operand(ids);
  return one;
}

// Decisions as the output of `revealing` lies: 1 where kept.
std::vector<char> decisions(int64_t tokens, double dropout, uint32_t seed, uint32_t site) {
  std::vector<char> kept;
  for (int64_t row = 0; row < 2 * tokens; ++row) {
    for (int64_t column = 0; column < 2 * tokens; ++column) {
      const uint32_t head = static_cast<uint32_t>(column / tokens),
                     key = static_cast<uint32_t>(column % tokens);
      const PhiloxBlock block =
          philox(key / 8, static_cast<uint32_t>(row % tokens),
                 static_cast<uint32_t>(ids[size_t(row / tokens)]), head + 1, seed, site);
      kept.push_back(block.decision(static_cast<int32_t>(key % 8)) >= dropout_threshold(dropout));
    }
  }
  return kept;
}

void check_decisions(const Precision& precision, int64_t tokens, double dropout) {
  OpCase forward = revealing(tokens, dropout, 4000000000u, 3);
  forward.op = precision.forward;
  const std::vector<char> kept = decisions(tokens, dropout, 4000000000u, 3);
  OpCase plain = forward;
  plain.parameters[attention_op::dropout] = 0;
  const double weight = 1.0 / (static_cast<double>(tokens) * (1 - dropout));
  for (const Backend& backend : test_backends()) {
    const OpResult result = run(forward, backend, DType::float32),
                   without = run(plain, backend, DType::float32);
    CHECK(result.outputs[1] == without.outputs[1], "on %s: dropout changes logSumExp", backend.name);
    // With one-hot output gradients the values' gradient is the output, transposed within each sequence and head.
    const OpResult gradients =
        run(gradient_of(forward, forward.inputs[attention_op::value], result), backend, DType::float32);
    int64_t wrong = 0, wrong_backwards = 0;
    const int64_t width = 2 * tokens;
    for (int64_t i = 0; i < static_cast<int64_t>(kept.size()); ++i) {
      const int64_t row = i / width, column = i % width;
      const int64_t mirrored =
          (row - row % tokens + column % tokens) * width + column - column % tokens + row % tokens;
      const double expected = kept[static_cast<size_t>(i)] != 0 ? weight : 0;
      const auto differs = [&](double got) {
        return std::fabs(got - expected) > precision.rounding * expected;
      };
      wrong += differs(result.outputs[0][static_cast<size_t>(i)]);
      wrong_backwards += differs(gradients.outputs[2][static_cast<size_t>(mirrored)]);
    }
    CHECK(wrong == 0 && wrong_backwards == 0,
          "%s on %s, %lld tokens: %lld and, backwards, %lld decisions differ",
          op_spec(precision.forward).name.c_str(), backend.name, static_cast<long long>(tokens),
          static_cast<long long>(wrong), static_cast<long long>(wrong_backwards));
  }
}

double share(const std::vector<char>& a, const std::vector<char>& b, bool (*counts)(char, char)) {
  double total = 0;
  for (size_t i = 0; i < a.size(); ++i) total += counts(a[i], b[i]);
  return total / static_cast<double>(a.size());
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

void check_threads(const Backend& backend, const Precision& precision, const std::vector<int32_t>& lengths) {
  AttentionCase one(5, 16, lengths, lengths, 1);
  one.dropout = 0.1;
  one.run(backend[precision.forward].float32, 1);
  const OpFunction gradient = backend[precision.gradient].float32;
  CHECK(one.run_gradient(gradient, 1) == Status::ok, "on %s", backend.name);
  const std::vector<float> alone = one.gradients;
  for (const int32_t threads : {2, 7}) {
    std::fill(one.gradients.begin(), one.gradients.end(), -2.0f);
    one.run_gradient(gradient, threads);
    CHECK(same_bits(one.gradients, alone), "%s on %s: other bits on %d threads",
          op_spec(precision.gradient).name.c_str(), backend.name, threads);
  }
}

}  // namespace

TEST(attention_gradient_differences) {
  for (const double dropout : {0.0, 0.1, 0.5}) {
    for (const bool masked : {false, true}) check_differences(dropout, masked);
  }
}

TEST(attention_dropout_decisions) {
  for (const Precision& precision : precisions) {
    for (const int64_t tokens : {1, 7, 8, 9, 33, 64, 65, 130}) check_decisions(precision, tokens, 0.5);
    check_decisions(precision, 130, 0.1);
  }
}

// Nine in ten are kept, in each sequence and head as in all; other seeds, sites, sequences and heads decide anew.
TEST(attention_dropout_statistics) {
  constexpr int64_t tokens = 256, width = 2 * tokens;
  const std::vector<char> kept = decisions(tokens, 0.1, 1, 2);
  const double deviation =
      std::sqrt(0.1 * 0.9 / static_cast<double>(tokens * tokens));  // of one sequence and head
  std::vector<std::vector<char>> quarters(4);
  for (int64_t i = 0; i < static_cast<int64_t>(kept.size()); ++i) {
    const int64_t sequence = i / width / tokens, head = i % width / tokens;
    quarters[static_cast<size_t>(sequence * 2 + head)].push_back(kept[static_cast<size_t>(i)]);
  }
  const auto both = [](char a, char b) { return a != 0 && b != 0; };
  for (size_t a = 0; a < 4; ++a) {
    for (size_t b = a; b < 4; ++b) {
      const double expected = a == b ? 0.9 : 0.81;
      const double got = share(quarters[a], quarters[b], both);
      CHECK(std::fabs(got - expected) < 5 * deviation, "kept in %zu and %zu: %.5f", a, b, got);
    }
  }
  for (const auto& [seed, site] : {std::pair{2u, 2u}, {1u, 3u}}) {
    const double got = share(kept, decisions(tokens, 0.1, seed, site), both);
    CHECK(std::fabs(got - 0.81) < 5 * deviation, "kept with seed %u and site %u too: %.5f", seed, site, got);
  }
}

// Rounds of several parts, shared tiles of heads, gradients as columns of one matrix: the same bits on 1, 2 and 7 threads.
TEST(attention_gradient_threads) {
  for (size_t b = 1; b < test_backends().size(); ++b) {
    for (const Precision& precision : precisions) {
      check_threads(test_backends()[b], precision, {3, 30, 0, 64, 1, 17, 100});
      check_threads(test_backends()[b], precision, {1100, 5, 513});
    }
  }
}

}  // namespace likewise::test
