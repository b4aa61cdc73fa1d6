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

// The op's truth in double, with the weights in this backend's panels.
OpResult truth(const OpCase& one, const Backend& backend) {
  SerialWorkers serial;
  return run_case(one, reference(), DType::float64, backend.panel_width, layouts[0], serial);
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
  part.outputs[0][0] = last - first;
  return part;
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
  const auto [first_query, last_query] = bounds(attention_op::query_offsets);
  const auto [first_key, last_key] = bounds(attention_op::key_offsets);
  for (const int32_t input : {attention_op::query, attention_op::query_rank})
    cut(input, first_query, last_query);
  for (const int32_t input : {attention_op::key, attention_op::value, attention_op::key_rank}) {
    cut(input, first_key, last_key);
  }
  for (std::vector<int64_t>& shape : part.outputs) {
    if (!shape.empty()) shape[0] = last_query - first_query;
  }
  return part;
}

// The result of `part`, whose first row is row `first` of `whole`, has the bits of those rows.
void check_part(const OpCase& whole, const OpCase& part, const Backend& backend, const OpResult& all,
                int64_t first) {
  SerialWorkers serial;
  const OpResult some = run_checked(part, backend, DType::float32, layouts[0], serial);
  OpResult expected = all;
  for (size_t o = 0; o < expected.outputs.size(); ++o) {
    if (whole.outputs[o].empty()) continue;
    const int64_t width = whole.outputs[o][1];
    const auto start = all.outputs[o].begin() + first * width;
    expected.outputs[o].assign(start, start + part.outputs[o][0] * width);
  }
  CHECK(same_bits(expected, some), "%s on %s: rows %lld .. depend on their neighbours", whole.name.c_str(),
        backend.name, static_cast<long long>(first));
}

void check_neighbours(const std::vector<OpCase>& cases) {
  SerialWorkers serial;
  for (const OpCase& one : cases) {
    const bool by_sequence = one.op == OpId::attention || one.op == OpId::pool;
    if (one.op == OpId::pack_weight || one.outputs[0][0] < 2) continue;
    for (const Backend& backend : test_backends()) {
      const OpResult all = run_checked(one, backend, DType::float32, layouts[0], serial);
      if (by_sequence) {
        const int32_t index =
            one.op == OpId::pool ? int32_t{pool_op::offsets} : int32_t{attention_op::query_offsets};
        const std::vector<double>& starts = one.inputs[static_cast<size_t>(index)].values;
        for (size_t s = 0; s + 1 < starts.size() && s < 7; ++s) {
          const int64_t first =
              one.op == OpId::pool ? static_cast<int64_t>(s) : static_cast<int64_t>(starts[s]);
          check_part(one, one_sequence(one, s), backend, all, first);
        }
      } else {
        const int64_t rows = one.outputs[0][0];
        for (const int64_t first : {int64_t{1}, rows / 2, rows - 1}) {
          check_part(one, some_rows(one, first, rows), backend, all, first);
        }
        check_part(one, some_rows(one, 0, rows / 2), backend, all, 0);
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

}  // namespace

TEST(linear_against_truth) { check_table(linear_cases()); }
TEST(linear_participants) { check_participants(linear_cases()); }
TEST(linear_neighbours) { check_neighbours(linear_cases()); }
TEST(linear_nan) { check_not_finite(linear_cases(), NAN); }

TEST(rows_against_truth) { check_table(row_cases()); }
TEST(rows_participants) { check_participants(row_cases()); }
TEST(rows_neighbours) { check_neighbours(row_cases()); }
TEST(rows_nan) { check_not_finite(row_cases(), NAN); }
TEST(rows_infinity) { check_not_finite(row_cases(), -INFINITY); }

TEST(attention_against_truth) { check_table(attention_cases()); }
TEST(attention_participants) { check_participants(attention_cases()); }
TEST(attention_neighbours) { check_neighbours(attention_cases()); }
TEST(attention_nan) { check_not_finite(attention_cases(), NAN); }

TEST(pool_against_truth) { check_table(pool_cases()); }
TEST(pool_participants) { check_participants(pool_cases()); }
TEST(pool_neighbours) { check_neighbours(pool_cases()); }
TEST(pool_nan) { check_not_finite(pool_cases(), NAN); }
TEST(pool_infinity) { check_not_finite(pool_cases(), -INFINITY); }

}  // namespace likewise::test
