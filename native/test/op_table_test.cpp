// Every op on every table the CPU can run, held against the reference in double: right to the rounding that
// its formula allows, in every memory layout, with nothing written around the outputs; and the same bits
// whatever the layout, the number and order of participants, and the neighbours in the batch.
#include <cmath>

#include "../core/thread_pool.h"
#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

const Backend& reference() { return test_backends().front(); }

bool close(double expected, double actual, double units) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  if (expected == actual) return true;  // infinities too
  return std::fabs(expected - actual) <= std::ldexp(units + 16 * std::fabs(expected), -23);
}

void check_close(const OpCase& one, const char* backend, const OpResult& expected, const OpResult& actual) {
  for (size_t o = 0; o < expected.outputs.size(); ++o) {
    for (size_t i = 0; i < expected.outputs[o].size(); ++i) {
      const double want = expected.outputs[o][i], got = actual.outputs[o][i];
      const bool passed = close(want, got, one.error_units);
      CHECK(passed, "%s on %s: output %zu, element %zu: %.9g, expected %.9g", one.name.c_str(), backend, o, i,
            got, want);
      if (!passed) return;
    }
  }
}

OpResult run_checked(const OpCase& one, const Backend& backend, DType real, const Layout& layout,
                     Workers& workers) {
  OpResult result = run_case(one, backend, real, backend.panel_width, layout, workers);
  CHECK(result.refused.empty(), "%s on %s: %s", one.name.c_str(), backend.name, result.refused.c_str());
  CHECK(result.status == Status::ok, "%s on %s: %s", one.name.c_str(), backend.name, result.message.c_str());
  CHECK(result.surroundings_intact, "%s on %s, %s: wrote outside an output", one.name.c_str(), backend.name,
        layout.name);
  return result;
}

// Ops in bfloat16 know float32 alone, in which the reference sums in double.
bool knows_double(const OpCase& one) { return reference()[one.op].float64 != nullptr; }

// The op's truth in double, with the weights in this backend's panels.
OpResult truth(const OpCase& one, const Backend& backend) {
  SerialWorkers serial;
  const DType real = knows_double(one) ? DType::float64 : DType::float32;
  return run_case(one, reference(), real, backend.panel_width, layouts[0], serial);
}

void check_table(const std::vector<OpCase>& cases) {
  for (const OpCase& one : cases) {
    for (const Backend& backend : test_backends()) {
      SerialWorkers serial;
      const OpResult expected = truth(one, backend);
      const OpResult first = run_checked(one, backend, DType::float32, layouts[0], serial);
      check_close(one, backend.name, expected, first);
      for (const Layout& layout : layouts) {
        const OpResult other = run_checked(one, backend, DType::float32, layout, serial);
        CHECK(same_bits(first, other), "%s on %s: other bits when %s", one.name.c_str(), backend.name,
              layout.name);
        if (!knows_double(one)) continue;
        const OpResult in_double = run_checked(one, backend, DType::float64, layout, serial);
        CHECK(same_bits(expected, in_double), "%s in float64 on %s: other bits when %s", one.name.c_str(),
              backend.name, layout.name);
      }
    }
  }
}

void check_participants(const std::vector<OpCase>& cases) {
  SerialWorkers serial, scrambled(true);
  StreamWorkers two(ThreadPool::shared(), 2), seven(ThreadPool::shared(), 7);
  Workers* const others[] = {&scrambled, &two, &seven};
  for (const OpCase& one : cases) {
    for (const Backend& backend : test_backends()) {
      const OpResult alone = run_checked(one, backend, DType::float32, layouts[0], serial);
      for (Workers* workers : others) {
        const OpResult together = run_checked(one, backend, DType::float32, layouts[0], *workers);
        CHECK(same_bits(alone, together), "%s on %s: other bits with %d participants", one.name.c_str(),
              backend.name, workers->count);
      }
    }
  }
}

// Rows first .. last - 1 of a tensor whose first dimension is rows.
Operand rows_of(const Operand& whole, int64_t first, int64_t last) {
  Operand part = whole;
  if (whole.shape.empty()) return part;
  const int64_t size = whole.shape[0] == 0 ? 0 : static_cast<int64_t>(whole.values.size()) / whole.shape[0];
  part.shape[0] = last - first;
  part.values.assign(whole.values.begin() + first * size, whole.values.begin() + last * size);
  return part;
}

// The same call on some of its rows.
OpCase some_rows(const OpCase& whole, int64_t first, int64_t last) {
  OpCase part = whole;
  for (Operand& operand : part.inputs) {
    if (operand.per_row) operand = rows_of(operand, first, last);
  }
  for (std::vector<int64_t>& shape : part.outputs) {
    if (!shape.empty()) shape[0] = last - first;
  }
  return part;
}

bool is_attention(OpId op) { return op == OpId::attention || op == OpId::attention_bfloat16; }
bool is_attention_gradient(OpId op) {
  return op == OpId::attention_gradient || op == OpId::attention_gradient_bfloat16;
}

// The same call on one of its sequences, of attention or pool.
OpCase one_sequence(const OpCase& whole, size_t sequence) {
  OpCase part = whole;
  const auto bounds = [&](int32_t offsets) {
    const std::vector<double>& all = whole.inputs[static_cast<size_t>(offsets)].values;
    const double first = all[sequence], last = all[sequence + 1];
    part.inputs[static_cast<size_t>(offsets)] = int_operand({0, static_cast<int32_t>(last - first)});
    return std::pair<int64_t, int64_t>(first, last);
  };
  const auto cut = [&](int32_t input, int64_t first, int64_t last) {
    part.inputs[static_cast<size_t>(input)] = rows_of(whole.inputs[static_cast<size_t>(input)], first, last);
  };
  if (whole.op == OpId::pool) {
    const auto [first, last] = bounds(pool_op::offsets);
    cut(pool_op::input, first, last);
    cut(pool_op::skip, static_cast<int64_t>(sequence), static_cast<int64_t>(sequence) + 1);
    part.outputs[0][0] = 1;
    return part;
  }
  const bool gradient =
      is_attention_gradient(whole.op);  // its inputs: the forward's after one, then two more
  const int32_t shift = gradient ? 1 : 0;
  const auto [first_query, last_query] = bounds(attention_op::query_offsets + shift);
  const auto [first_key, last_key] = bounds(attention_op::key_offsets + shift);
  for (const int32_t input : {attention_op::query, attention_op::query_rank})
    cut(input + shift, first_query, last_query);
  for (const int32_t input : {attention_op::key, attention_op::value, attention_op::key_rank}) {
    cut(input + shift, first_key, last_key);
  }
  cut(attention_op::sequence_ids + shift, static_cast<int64_t>(sequence), static_cast<int64_t>(sequence) + 1);
  if (gradient) {
    for (const int32_t input : {attention_gradient_op::output_gradient, attention_gradient_op::output,
                                attention_gradient_op::log_sum_exp}) {
      cut(input, first_query, last_query);
    }
  }
  for (size_t o = 0; o < part.outputs.size(); ++o) {
    if (part.outputs[o].empty()) continue;
    part.outputs[o][0] = gradient && o > 0 ? last_key - first_key : last_query - first_query;
  }
  return part;
}

// The result of `part` has the bits of those rows of `whole` that begin at row `first`, for each output.
void check_part(const OpCase& whole, const OpCase& part, const Backend& backend, const OpResult& all,
                const std::vector<int64_t>& first) {
  SerialWorkers serial;
  const OpResult some = run_checked(part, backend, DType::float32, layouts[0], serial);
  OpResult expected = all;
  for (size_t o = 0; o < expected.outputs.size(); ++o) {
    if (whole.outputs[o].empty()) continue;
    const int64_t width = whole.outputs[o].size() == 1 ? 1 : whole.outputs[o][1];
    const auto start = all.outputs[o].begin() + first[o] * width;
    expected.outputs[o].assign(start, start + part.outputs[o][0] * width);
  }
  CHECK(same_bits(expected, some), "%s on %s: rows %lld .. depend on their neighbours", whole.name.c_str(),
        backend.name, static_cast<long long>(first[0]));
}

// The first row of sequence s in each output.
std::vector<int64_t> first_rows(const OpCase& one, size_t sequence) {
  const auto start = [&](int32_t offsets) {
    return static_cast<int64_t>(one.inputs[static_cast<size_t>(offsets)].values[sequence]);
  };
  if (one.op == OpId::pool) return {static_cast<int64_t>(sequence)};
  if (is_attention(one.op)) return {start(attention_op::query_offsets), start(attention_op::query_offsets)};
  const int64_t key = start(attention_gradient_op::key_offsets);
  return {start(attention_gradient_op::query_offsets), key, key};
}

void check_neighbours(const std::vector<OpCase>& cases) {
  SerialWorkers serial;
  for (const OpCase& one : cases) {
    const bool by_sequence = is_attention(one.op) || is_attention_gradient(one.op) || one.op == OpId::pool;
    if (one.op == OpId::pack_weight || one.outputs[0][0] < 2) continue;
    for (const Backend& backend : test_backends()) {
      const OpResult all = run_checked(one, backend, DType::float32, layouts[0], serial);
      if (by_sequence) {
        const int32_t index = one.op == OpId::pool   ? int32_t{pool_op::offsets}
                              : is_attention(one.op) ? int32_t{attention_op::query_offsets}
                                                     : int32_t{attention_gradient_op::query_offsets};
        const size_t sequences = one.inputs[static_cast<size_t>(index)].values.size() - 1;
        for (size_t s = 0; s < sequences && s < 7; ++s)
          check_part(one, one_sequence(one, s), backend, all, first_rows(one, s));
      } else {
        const int64_t rows = one.outputs[0][0];
        for (const int64_t first : {int64_t{1}, rows / 2, rows - 1}) {
          check_part(one, some_rows(one, first, rows), backend, all,
                     std::vector<int64_t>(one.outputs.size(), first));
        }
        check_part(one, some_rows(one, 0, rows / 2), backend, all, std::vector<int64_t>(one.outputs.size()));
      }
    }
  }
}

// A value that is not finite comes out where, and as, the formula in double says.
void check_not_finite(const std::vector<OpCase>& cases, double value) {
  SerialWorkers serial;
  for (const OpCase& one : cases) {
    OpCase poisoned = one;
    for (Operand& operand : poisoned.inputs) {
      if (operand.integer || operand.values.empty()) continue;
      operand.values[operand.values.size() / 2] = value;
      break;
    }
    for (const Backend& backend : test_backends()) {
      const OpResult actual = run_checked(poisoned, backend, DType::float32, layouts[0], serial);
      check_close(poisoned, backend.name, truth(poisoned, backend), actual);
    }
  }
}

// Without what is summed over the positions.
std::vector<OpCase> losses_alone(std::vector<OpCase> cases) {
  for (OpCase& one : cases) {
    for (const int32_t output : {vocabulary_loss_op::table_gradient, vocabulary_loss_op::bias_gradient}) {
      one.outputs[static_cast<size_t>(output)] = {};
    }
    one.before = {};
  }
  return cases;
}

// What a mask hides is multiplied by 0, and NaN shows through.
std::vector<OpCase> without_masks(std::vector<OpCase> gradients) {
  std::erase_if(gradients, [](const OpCase& one) {
    return !one.inputs[attention_gradient_op::query_rank].shape.empty();
  });
  return gradients;
}

}  // namespace

TEST(linear_against_truth) { check_table(linear_cases()); }
TEST(linear_participants) { check_participants(linear_cases()); }
TEST(linear_neighbours) { check_neighbours(linear_cases()); }
TEST(linear_nan) { check_not_finite(linear_cases(), NAN); }

TEST(linear_gradient_against_truth) { check_table(linear_gradient_cases()); }
TEST(linear_gradient_participants) { check_participants(linear_gradient_cases()); }
TEST(linear_gradient_nan) { check_not_finite(linear_gradient_cases(), NAN); }

TEST(bfloat16_linear_against_truth) { check_table(bfloat16_linear_cases()); }
TEST(bfloat16_linear_participants) { check_participants(bfloat16_linear_cases()); }
TEST(bfloat16_linear_neighbours) { check_neighbours(bfloat16_linear_cases()); }
TEST(bfloat16_linear_nan) { check_not_finite(bfloat16_linear_cases(), NAN); }

TEST(bfloat16_gradient_against_truth) { check_table(bfloat16_gradient_cases()); }
TEST(bfloat16_gradient_participants) { check_participants(bfloat16_gradient_cases()); }
TEST(bfloat16_gradient_nan) { check_not_finite(bfloat16_gradient_cases(), NAN); }

TEST(activation_gradient_against_truth) { check_table(activation_gradient_cases()); }
TEST(activation_gradient_participants) { check_participants(activation_gradient_cases()); }
TEST(activation_gradient_neighbours) { check_neighbours(activation_gradient_cases()); }
TEST(activation_gradient_nan) { check_not_finite(activation_gradient_cases(), NAN); }

TEST(optimizer_against_truth) { check_table(optimizer_cases()); }
TEST(optimizer_participants) { check_participants(optimizer_cases()); }
TEST(optimizer_nan) { check_not_finite(optimizer_cases(), NAN); }

TEST(rows_against_truth) { check_table(row_cases()); }
TEST(rows_participants) { check_participants(row_cases()); }
TEST(rows_neighbours) { check_neighbours(row_cases()); }
TEST(rows_nan) { check_not_finite(row_cases(), NAN); }
TEST(rows_infinity) { check_not_finite(row_cases(), -INFINITY); }

TEST(attention_against_truth) { check_table(attention_cases()); }
TEST(attention_participants) { check_participants(attention_cases()); }
TEST(attention_neighbours) { check_neighbours(attention_cases()); }
TEST(attention_nan) { check_not_finite(attention_cases(), NAN); }

TEST(attention_bfloat16_against_truth) { check_table(attention_bfloat16_cases()); }
TEST(attention_bfloat16_participants) { check_participants(attention_bfloat16_cases()); }
TEST(attention_bfloat16_neighbours) { check_neighbours(attention_bfloat16_cases()); }
TEST(attention_bfloat16_nan) { check_not_finite(attention_bfloat16_cases(), NAN); }

TEST(loss_against_truth) { check_table(loss_cases()); }
TEST(loss_participants) { check_participants(loss_cases()); }
TEST(loss_blocks_against_truth) { check_table(loss_block_cases()); }
TEST(loss_blocks_participants) { check_participants(loss_block_cases()); }
TEST(loss_nan) { check_not_finite(loss_cases(), NAN); }
TEST(loss_infinity) { check_not_finite(loss_cases(), -INFINITY); }

TEST(vocabulary_against_truth) { check_table(vocabulary_cases()); }
TEST(vocabulary_participants) { check_participants(vocabulary_cases()); }
TEST(vocabulary_neighbours) { check_neighbours(losses_alone(vocabulary_cases())); }
TEST(vocabulary_blocks_against_truth) { check_table(vocabulary_block_cases()); }
TEST(vocabulary_blocks_participants) { check_participants(vocabulary_block_cases()); }
TEST(vocabulary_nan) { check_not_finite(vocabulary_cases(), NAN); }
TEST(vocabulary_infinity) { check_not_finite(vocabulary_cases(), -INFINITY); }

TEST(attention_gradient_against_truth) { check_table(attention_gradient_cases()); }
TEST(attention_gradient_participants) { check_participants(attention_gradient_cases()); }
TEST(attention_gradient_neighbours) { check_neighbours(attention_gradient_cases()); }
TEST(attention_gradient_nan) { check_not_finite(without_masks(attention_gradient_cases()), NAN); }

TEST(attention_gradient_bfloat16_against_truth) { check_table(attention_gradient_bfloat16_cases()); }
TEST(attention_gradient_bfloat16_participants) { check_participants(attention_gradient_bfloat16_cases()); }
TEST(attention_gradient_bfloat16_neighbours) { check_neighbours(attention_gradient_bfloat16_cases()); }
TEST(attention_gradient_bfloat16_nan) {
  check_not_finite(without_masks(attention_gradient_bfloat16_cases()), NAN);
}

TEST(pool_against_truth) { check_table(pool_cases()); }
TEST(pool_participants) { check_participants(pool_cases()); }
TEST(pool_neighbours) { check_neighbours(pool_cases()); }
TEST(pool_nan) { check_not_finite(pool_cases(), NAN); }
TEST(whiten_against_truth) { check_table(whiten_cases()); }
TEST(whiten_participants) { check_participants(whiten_cases()); }
TEST(whiten_neighbours) { check_neighbours(whiten_cases()); }
TEST(whiten_nan) { check_not_finite(whiten_cases(), NAN); }

TEST(pool_infinity) { check_not_finite(pool_cases(), -INFINITY); }

TEST(pool_gradient_against_truth) { check_table(pool_gradient_cases()); }
TEST(pool_gradient_participants) { check_participants(pool_gradient_cases()); }
TEST(pool_gradient_nan) { check_not_finite(pool_gradient_cases(), NAN); }

TEST(dropped_rows_against_truth) { check_table(dropped_row_cases()); }
TEST(dropped_rows_participants) { check_participants(dropped_row_cases()); }
TEST(dropped_rows_neighbours) { check_neighbours(dropped_row_cases()); }
TEST(dropped_rows_nan) { check_not_finite(dropped_row_cases(), NAN); }

TEST(row_gradients_against_truth) { check_table(row_gradient_cases()); }
TEST(row_gradients_participants) { check_participants(row_gradient_cases()); }
TEST(row_gradients_neighbours) { check_neighbours(row_gradient_cases()); }
TEST(row_gradients_nan) { check_not_finite(row_gradient_cases(), NAN); }
TEST(row_gradients_infinity) { check_not_finite(row_gradient_cases(), -INFINITY); }

TEST(affine_gradients_against_truth) { check_table(affine_gradient_cases()); }
TEST(affine_gradients_participants) { check_participants(affine_gradient_cases()); }
TEST(affine_gradients_nan) { check_not_finite(affine_gradient_cases(), NAN); }

TEST(table_rows_against_truth) { check_table(table_row_cases()); }
TEST(table_rows_participants) { check_participants(table_row_cases()); }
TEST(table_rows_nan) { check_not_finite(table_row_cases(), NAN); }
TEST(table_rows_infinity) { check_not_finite(table_row_cases(), -INFINITY); }

}  // namespace likewise::test
