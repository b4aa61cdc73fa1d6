// The running covariance on every table the CPU can run: equal to sums in double within what its type can hold, with
// nothing written below the diagonal or around the outputs, adding to what is there, and the same bits whatever the
// layout and the number and order of participants.
#include <cmath>
#include <string>

#include "../core/op_checks.h"
#include "../core/thread_pool.h"
#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

struct Sums {
  Status status = Status::ok;
  std::string message;
  std::vector<double> sum, products;
  bool intact = true;
};

struct Given {
  int64_t rows, width;
  std::vector<double> values, shift;
};

Given given(int64_t rows, int64_t width) {
  return {rows, width, random_values(rows * width, 1), random_values(width, 2)};
}

// Starts from sums of 1 and products of 2, so that what is not added to shows.
Sums run(const Given& g, const Backend& backend, DType real, const Layout& layout, Workers& workers) {
  using namespace covariance_op;
  GuardedTensor input(real, {g.rows, g.width}, layout), center(real, {g.width}, layout);
  GuardedTensor total(DType::float64, {g.width}, layout);
  GuardedTensor product(DType::float64, {g.width, g.width}, layout);
  input.set(g.values);
  center.set(g.shift);
  total.set(std::vector<double>(static_cast<size_t>(g.width), 1));
  product.set(std::vector<double>(static_cast<size_t>(g.width * g.width), 2));
  char message[message_size] = "";
  OpCall call;
  call.inputs[rows] = input.view();
  call.inputs[shift] = center.view();
  call.outputs[sum] = total.view();
  call.outputs[products] = product.view();
  call.parameters[first] = 1000;
  call.workers = &workers;
  call.message = message;
  Problem problem;
  CHECK(check_call(OpId::covariance, call, problem), "covariance is refused: %s", problem.message);
  const OpEntry& entry = backend[OpId::covariance];
  Sums result;
  result.status = (real == DType::float64 ? entry.float64 : entry.float32)(call);
  result.message = message;
  result.sum = total.values();
  result.products = product.values();
  result.intact = total.surroundings_intact() && product.surroundings_intact();
  return result;
}

double worst(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::fmax(most, std::fabs(a[i] - b[i]));
  return most;
}

constexpr int64_t widths[] = {0, 1, 2, 5, 6, 7, 8, 13, 14, 15, 16, 17, 31, 32, 33, 47, 48, 49, 97, 225, 470};
constexpr int64_t row_counts[] = {0, 1, 2, 31, 32, 33, 255, 256, 257, 511, 512, 513, 1100};

void check_sizes(int64_t rows, int64_t width) {
  const Given g = given(rows, width);
  SerialWorkers serial, scrambled(true);
  StreamWorkers seven(ThreadPool::shared(), 7);
  for (const DType real : {DType::float32, DType::float64}) {
    const Sums expected = run(g, test_backends().front(), DType::float64, layouts[0], serial);
    for (const Backend& backend : test_backends()) {
      const Sums alone = run(g, backend, real, layouts[0], serial);
      // n terms of at most 4: partial sums up to 4 n, whose n roundings add up as sqrt(n) (Higham and Mary 2019);
      // 20 for the shift and the product, which round each term, where there are few.
      const double unit = real == DType::float64 ? 1e-15 : 6e-8;
      const double terms = static_cast<double>(rows);
      const double allowed = unit * (20 + 4 * terms * std::sqrt(terms));
      const double error =
          std::fmax(worst(expected.sum, alone.sum), worst(expected.products, alone.products));
      CHECK(alone.status == Status::ok && error <= allowed, "%lld x %lld on %s: error %g, allowed %g",
            static_cast<long long>(rows), static_cast<long long>(width), backend.name, error, allowed);
      for (int64_t i = 0; i < width; ++i) {
        for (int64_t j = 0; j < i; ++j) {
          CHECK(alone.products[static_cast<size_t>(i * width + j)] == 2, "below the diagonal on %s",
                backend.name);
        }
      }
      for (const Layout& layout : layouts) {
        for (Workers* workers : {static_cast<Workers*>(&scrambled), static_cast<Workers*>(&seven)}) {
          const Sums other = run(g, backend, real, layout, *workers);
          CHECK(other.intact, "%s, %s: wrote outside an output", backend.name, layout.name);
          CHECK(other.sum == alone.sum && other.products == alone.products,
                "%lld x %lld on %s: other bits when %s", static_cast<long long>(rows),
                static_cast<long long>(width), backend.name, layout.name);
        }
      }
    }
  }
}

}  // namespace

TEST(covariance_widths) {
  for (const int64_t width : widths) check_sizes(40, width);
}

TEST(covariance_rows) {
  for (const int64_t rows : row_counts) check_sizes(rows, 19);
}

// A large common mean costs no digits once the shift has taken it off.
TEST(covariance_common_mean) {
  Given g = given(600, 20);
  Given centered = g;
  for (double& value : g.values) value = static_cast<float>(value) + 1024;  // leaves 13 bits
  for (size_t i = 0; i < g.values.size(); ++i) centered.values[i] = g.values[i] - 1024;
  for (double& value : g.shift) value = 1024;
  for (double& value : centered.shift) value = 0;
  SerialWorkers serial;
  for (const Backend& backend : test_backends()) {
    const Sums far = run(g, backend, DType::float32, layouts[0], serial);
    const Sums near = run(centered, backend, DType::float32, layouts[0], serial);
    CHECK(far.sum == near.sum && far.products == near.products, "the mean leaves a trace on %s",
          backend.name);
  }
}

TEST(covariance_not_finite) {
  for (const double value : {double(NAN), double(INFINITY), double(-INFINITY)}) {
    for (const int64_t place : {0, 7 * 50 + 49, 577 * 50 + 48}) {
      Given g = given(600, 50);
      g.values[static_cast<size_t>(place)] = value;
      SerialWorkers serial;
      for (const Backend& backend : test_backends()) {
        const Sums result = run(g, backend, DType::float32, layouts[0], serial);
        const std::string expected = "[covariance] expected finite rows but row " +
                                     std::to_string(1000 + place / 50) + " is not, in column " +
                                     std::to_string(place % 50);
        CHECK(result.status == Status::invalid_value && result.message == expected, "%s on %s",
              result.message.c_str(), backend.name);
      }
    }
  }
}

}  // namespace likewise::test
