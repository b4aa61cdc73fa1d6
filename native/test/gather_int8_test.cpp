// gather_rows_int8: a quantised table's rows as floats, on every table and in every layout; and ids outside.
#include <cmath>

#include "../core/op_checks.h"
#include "check.h"
#include "int8_case.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

struct Gathered {
  Status status;
  std::string message;
  std::vector<double> rows;
};

Gathered gather(const QuantizedValues& table, int64_t width, const std::vector<int32_t>& entries,
                const Backend& backend, const Layout& layout, Workers& workers) {
  using namespace gather_rows_int8_op;
  const int64_t count = static_cast<int64_t>(table.scales.size());
  const int64_t tokens = static_cast<int64_t>(entries.size());
  GuardedTensor rows(DType::int8, {count, width}, layout), scale(DType::float32, {count}, layout);
  GuardedTensor id(DType::int32, {tokens}, layout), out(DType::float32, {tokens, width}, layout);
  rows.set(table.values);
  scale.set(table.scales);
  id.set({entries.begin(), entries.end()});
  OpCall call;
  call.inputs[gather_rows_int8_op::table] = rows.view();
  call.inputs[scales] = scale.view();
  call.inputs[ids] = id.view();
  call.outputs[output] = out.view();
  char message[message_size] = "";
  call.workers = &workers;
  call.message = message;
  Problem problem;
  CHECK(check_call(OpId::gather_rows_int8, call, problem), "%s", problem.message);
  const Status status = backend[OpId::gather_rows_int8].float32(call);
  CHECK(out.surroundings_intact(), "%s, %s: wrote outside", backend.name, layout.name);
  return {status, message, out.values()};
}

}  // namespace

TEST(int8_gather_rows) {
  SerialWorkers scrambled(true);
  for (const int64_t width : {0, 1, 3, 7, 8, 9, 15, 16, 17, 33, 384}) {
    for (const int64_t tokens : {0, 1, 31, 32, 33, 100}) {
      constexpr int64_t entries = 50;
      QuantizedValues table;
      for (const double value : random_values(entries * width, 1))
        table.values.push_back(std::round(127 * value) + 0.0);  // no -0
      for (const double value : random_values(entries, 2)) table.scales.push_back(value);
      const std::vector<int32_t> ids = random_ids(tokens, entries, 3);
      std::vector<double> expected;
      for (const int32_t id : ids) {
        for (int64_t j = 0; j < width; ++j) {
          const size_t place = static_cast<size_t>(id * width + j);
          expected.push_back(static_cast<float>(table.values[place] * table.scales[static_cast<size_t>(id)]));
        }
      }
      for (const Backend& backend : test_backends()) {
        for (const Layout& layout : layouts) {
          const Gathered result = gather(table, width, ids, backend, layout, scrambled);
          CHECK(result.status == Status::ok && same_numbers(result.rows, expected),
                "%lld of width %lld on %s, %s", static_cast<long long>(tokens), static_cast<long long>(width),
                backend.name, layout.name);
        }
      }
    }
  }
}

TEST(int8_gather_rows_refuses_ids_outside) {
  SerialWorkers serial;
  const QuantizedValues table = {Status::ok, "", std::vector<double>(20, 1), std::vector<double>(4, 1)};
  for (const int32_t id : {-1, 4, INT32_MAX, INT32_MIN}) {
    for (const Backend& backend : test_backends()) {
      const Gathered result = gather(table, 5, {0, 3, id}, backend, layouts[1], serial);
      CHECK(result.status == Status::invalid_value &&
                result.message ==
                    "[gatherRowsInt8] expected ids[2] to be a row of table, which has 4, but received " +
                        std::to_string(id),
            "on %s: %s", backend.name, result.message.c_str());
      for (const double value : result.rows) CHECK(std::isnan(value), "written on %s", backend.name);
    }
  }
}

}  // namespace likewise::test
