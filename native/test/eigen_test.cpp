// The eigen-solver on every table the CPU can run: small residual, orthonormal vectors, descending values, against spectra
// that are known: random, graded, clustered, deficient, already diagonal or tridiagonal; the same bits whatever the layout
// and the participants.
#include <algorithm>
#include <cmath>
#include <string>

#include "../core/op_checks.h"
#include "../core/thread_pool.h"
#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

using Numbers = std::vector<double>;

struct Found {
  Status status = Status::ok;
  std::string message;
  Numbers values, vectors;
  bool intact = true;
};

Found run(const Numbers& matrix, int64_t n, const Backend& backend, const Layout& layout, Workers& workers) {
  GuardedTensor source(DType::float64, {n, n}, layout), eigenvalues(DType::float64, {n}, layout);
  GuardedTensor vectors(DType::float64, {n, n}, layout);
  GuardedTensor workspace(DType::float64, {(5 * n + 128) * (n + 8)}, layout);
  source.set(matrix);
  char message[message_size] = "";
  OpCall call;
  call.inputs[symmetric_eigen_op::matrix] = source.view();
  call.outputs[symmetric_eigen_op::values] = eigenvalues.view();
  call.outputs[symmetric_eigen_op::vectors] = vectors.view();
  call.outputs[symmetric_eigen_op::workspace] = workspace.view();
  call.workers = &workers;
  call.message = message;
  Problem problem;
  CHECK(check_call(OpId::symmetric_eigen, call, problem), "symmetric_eigen is refused: %s", problem.message);
  Found result;
  result.status = backend[OpId::symmetric_eigen].float64(call);
  result.message = message;
  result.values = eigenvalues.values();
  result.vectors = vectors.values();
  result.intact =
      eigenvalues.surroundings_intact() && vectors.surroundings_intact() && workspace.surroundings_intact();
  return result;
}

size_t at(int64_t i, int64_t j, int64_t n) { return static_cast<size_t>(i * n + j); }

// H diag(values) H for a product H of a few random reflectors: a symmetric matrix of that spectrum.
Numbers with_spectrum(const Numbers& values, uint32_t seed) {
  const int64_t n = static_cast<int64_t>(values.size());
  Numbers a(values.size() * values.size(), 0);
  for (int64_t i = 0; i < n; ++i) a[at(i, i, n)] = values[static_cast<size_t>(i)];
  for (uint32_t k = 0; k < 4; ++k) {
    const Numbers v = random_values(n, seed + k);
    double squares = 0;
    for (const double x : v) squares += x * x;
    if (squares == 0) continue;
    for (int32_t side = 0; side < 2; ++side) {
      for (int64_t i = 0; i < n; ++i) {
        double along = 0;
        for (int64_t j = 0; j < n; ++j)
          along += a[side ? at(j, i, n) : at(i, j, n)] * v[static_cast<size_t>(j)];
        for (int64_t j = 0; j < n; ++j) {
          a[side ? at(j, i, n) : at(i, j, n)] -= 2 * along / squares * v[static_cast<size_t>(j)];
        }
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) a[at(i, j, n)] = a[at(j, i, n)];
  }
  return a;
}

double scale_of(const Numbers& a) {
  double most = 0;
  for (const double x : a) most = std::fmax(most, std::fabs(x));
  return most;
}

void check_found(const Found& found, const Numbers& a, int64_t n, const char* name, const char* backend) {
  const double unit = 0x1p-52 * (4 + std::sqrt(static_cast<double>(n)));
  const double norm = scale_of(found.values) + (scale_of(a) == 0 ? 1 : 0);
  double residual = 0, orthogonal = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double product = 0, dot = 0;
      for (int64_t k = 0; k < n; ++k) {
        product += a[at(std::min(j, k), std::max(j, k), n)] * found.vectors[at(i, k, n)];
        dot += found.vectors[at(i, k, n)] * found.vectors[at(j, k, n)];
      }
      residual = std::fmax(
          residual, std::fabs(product - found.values[static_cast<size_t>(i)] * found.vectors[at(i, j, n)]));
      orthogonal = std::fmax(orthogonal, std::fabs(dot - (i == j ? 1 : 0)));
    }
  }
  CHECK(found.status == Status::ok && found.intact, "%s on %s: %s", name, backend, found.message.c_str());
  CHECK(residual <= 6 * unit * norm, "%s of %lld on %s: residual %g of %g", name, static_cast<long long>(n),
        backend, residual, norm);
  CHECK(orthogonal <= 6 * unit, "%s of %lld on %s: orthogonal to %g", name, static_cast<long long>(n),
        backend, orthogonal);
  CHECK(std::is_sorted(found.values.rbegin(), found.values.rend()), "%s on %s: not descending", name,
        backend);
  for (int64_t i = 0; i < n; ++i) {
    const auto row = found.vectors.begin() + i * n;
    const double largest =
        *std::max_element(row, row + n, [](double x, double y) { return std::fabs(x) < std::fabs(y); });
    CHECK(largest > 0, "%s on %s: the sign of vector %lld", name, backend, static_cast<long long>(i));
  }
}

// expected: the spectrum, descending, where it is known.
void check_matrix(const char* name, const Numbers& a, int64_t n, Numbers expected = {}) {
  std::sort(expected.rbegin(), expected.rend());
  SerialWorkers serial, scrambled(true);
  StreamWorkers seven(ThreadPool::shared(), 7);
  for (const Backend& backend : test_backends()) {
    if (std::string(backend.name) == "reference" && n > 100) continue;
    const Found found = run(a, n, backend, layouts[0], serial);
    check_found(found, a, n, name, backend.name);
    for (size_t i = 0; i < expected.size(); ++i) {
      const double error = std::fabs(found.values[i] - expected[i]);
      CHECK(error <= 1e-14 * std::sqrt(static_cast<double>(n)) * scale_of(expected) + 1e-300,
            "%s of %lld on %s: value %zu is %.17g, not %.17g", name, static_cast<long long>(n), backend.name,
            i, found.values[i], expected[i]);
    }
    for (const Layout& layout : layouts) {
      const Found other = run(a, n, backend, layout, scrambled), third = run(a, n, backend, layout, seven);
      CHECK(other.values == found.values && other.vectors == found.vectors, "%s on %s: other bits when %s",
            name, backend.name, layout.name);
      CHECK(third.values == found.values && third.vectors == found.vectors, "%s on %s: other bits with 7",
            name, backend.name);
      CHECK(other.intact && third.intact, "%s on %s: wrote outside an output", name, backend.name);
    }
  }
}

Numbers spectrum(int64_t n, double (*value)(int64_t, int64_t)) {
  Numbers values;
  for (int64_t i = 0; i < n; ++i) values.push_back(value(i, n));
  return values;
}

void check_spectrum(const char* name, int64_t n, double (*value)(int64_t, int64_t)) {
  const Numbers values = spectrum(n, value);
  check_matrix(name, with_spectrum(values, 7), n, values);
}

constexpr int64_t sizes[] = {0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 31, 32, 33, 34, 63, 64, 65, 66, 97, 130};

}  // namespace

TEST(eigen_random) {
  for (const int64_t n : sizes) check_matrix("random", random_values(n * n, 3), n);
  check_matrix("random", random_values(int64_t{300} * 300, 3), 300);
}

TEST(eigen_known_spectra) {
  for (const int64_t n : {1, 2, 5, 33, 64, 97, 129}) {
    check_spectrum("descending", n, [](int64_t i, int64_t) { return 1.0 / double(1 + i); });
    check_spectrum("graded", n,
                   [](int64_t i, int64_t m) { return std::pow(10.0, -12.0 * double(i) / double(m)); });
    check_spectrum("clustered", n, [](int64_t i, int64_t) { return double(i % 3) + 1e-13 * double(i); });
    check_spectrum("two values", n, [](int64_t i, int64_t) { return i % 2 == 0 ? 1.0 : -1.0; });
    check_spectrum("rank one", n, [](int64_t i, int64_t) { return i == 0 ? 3.0 : 0.0; });
    check_spectrum("half the rank", n,
                   [](int64_t i, int64_t m) { return i < m / 2 ? 1.0 + double(i) : 0.0; });
    check_spectrum("zero", n, [](int64_t, int64_t) { return 0.0; });
    check_spectrum("identity", n, [](int64_t, int64_t) { return 1.0; });
    check_spectrum("tiny", n, [](int64_t i, int64_t) { return 1e-290 * double(1 + i); });
    check_spectrum("huge", n, [](int64_t i, int64_t) { return 1e300 / double(1 + i); });
  }
}

// Diagonal and tridiagonal matrices: no reflector, and every merge deflates or none does.
TEST(eigen_structured) {
  for (const int64_t n : {1, 2, 33, 100, 130}) {
    Numbers diagonal(static_cast<size_t>(n * n), 0), values, wilkinson = diagonal, laplace = diagonal, modes;
    for (int64_t i = 0; i < n; ++i) {
      values.push_back(double((i * 37) % n) - 5);
      diagonal[at(i, i, n)] = values.back();
      wilkinson[at(i, i, n)] = std::fabs(double(i) - double(n - 1) / 2);
      laplace[at(i, i, n)] = 2;
      if (i + 1 < n) wilkinson[at(i, i + 1, n)] = 1, laplace[at(i, i + 1, n)] = -1;
      modes.push_back(2 - 2 * std::cos(std::acos(-1.0) * double(i + 1) / double(n + 1)));
    }
    check_matrix("diagonal", diagonal, n, values);
    check_matrix("Wilkinson", wilkinson, n);
    check_matrix("second differences", laplace, n, modes);
  }
}

TEST(eigen_not_finite) {
  for (const double value : {double(NAN), double(INFINITY)}) {
    Numbers a = random_values(int64_t{40} * 40, 3);
    a[at(30, 2, 40)] = value;  // below the diagonal: not read
    SerialWorkers serial;
    for (const Backend& backend : test_backends()) {
      CHECK(run(a, 40, backend, layouts[0], serial).status == Status::ok, "read below the diagonal on %s",
            backend.name);
      Numbers bad = a;
      bad[at(2, 30, 40)] = value;
      const Found found = run(bad, 40, backend, layouts[0], serial);
      CHECK(found.status == Status::invalid_value &&
                found.message == "[symmetricEigen] expected a finite matrix but element 2, 30 is not",
            "%s on %s", found.message.c_str(), backend.name);
    }
  }
}

}  // namespace likewise::test
