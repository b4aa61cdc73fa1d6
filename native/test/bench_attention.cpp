// Times attention and its gradient of one table beside the measured peak: medians over interleaved rounds, in float32 and
// in bfloat16, each against the peak of its own instruction (float32's where bfloat16 is emulated). Where the table
// multiplies in tiles, the same in bfloat16 without them, too: as the table avx512 does it, widened to float32 after
// rounding. Floating-point operations counted: 4 * queries * keys * head_dim per head, 14 with the gradient.
//
//   bench_attention [backend] [threads] [rounds] [a word of the rows' names]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "../core/backends.h"
#include "attention_case.h"

namespace likewise::test {

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double peak_rate(double (*multiply_adds)(int64_t), int32_t threads) {
  std::vector<double> done(static_cast<size_t>(threads));
  const double start = seconds();
  std::vector<std::thread> pool;
  for (double& count : done) pool.emplace_back([&] { count = multiply_adds(2000000); });
  for (std::thread& thread : pool) thread.join();
  double total = 0;
  for (double count : done) total += count;
  return total / (seconds() - start);
}

std::vector<int32_t> repeat(int32_t length, int32_t count) { return std::vector<int32_t>(count, length); }

// Lengths around `mean` with the spread of short sentences.
std::vector<int32_t> sentences(int32_t mean, int32_t count) {
  std::mt19937 random(7);
  std::gamma_distribution<double> gamma(6.0, mean / 6.0);
  std::vector<int32_t> lengths;
  for (int32_t i = 0; i < count; i++)
    lengths.push_back(std::max(3, static_cast<int32_t>(gamma(random) + 0.5)));
  return lengths;
}

struct Row {
  std::string name;
  AttentionCase problem;
  bool with_gradient = false, in_bfloat16 = false;
  const Backend* backend = nullptr;
  std::vector<double> times = {};
  std::vector<double> shares = {};

  double flops() const {
    double pairs = 0;
    for (size_t s = 0; s < problem.query_lengths.size(); s++) {
      pairs += double(problem.query_lengths[s]) * double(problem.key_lengths[s]);
    }
    return (with_gradient ? 14 : 4) * pairs * double(problem.hidden());
  }

  void run(int32_t threads) {
    const OpId forward = in_bfloat16 ? OpId::attention_bfloat16 : OpId::attention;
    const OpId gradient = in_bfloat16 ? OpId::attention_gradient_bfloat16 : OpId::attention_gradient;
    problem.run((*backend)[forward].float32, threads, with_gradient);
    if (with_gradient) problem.run_gradient((*backend)[gradient].float32, threads);
  }

  double peak(int32_t threads) const {
    const bool native = in_bfloat16 && backend->bfloat16_multiply_adds != nullptr;
    return peak_rate(native ? backend->bfloat16_multiply_adds : backend->multiply_adds, threads);
  }
};

void measure(std::vector<Row>& rows, int32_t rounds, int32_t threads) {
  for (int32_t round = 0; round < rounds; round++) {
    for (Row& row : rows) {
      const int32_t calls = std::max(1, static_cast<int32_t>(3e9 / row.flops()));
      const double before = row.peak(threads);
      const double start = seconds();
      for (int32_t i = 0; i < calls; i++) row.run(threads);
      const double time = (seconds() - start) / calls;
      const double peak = (before + row.peak(threads)) / 2;
      row.times.push_back(time);
      row.shares.push_back(row.flops() / time / peak);
    }
  }
}

}  // namespace

}  // namespace likewise::test

int main(int argc, char** argv) {
  using namespace likewise;
  using namespace likewise::test;
  const char* table = argc > 1 ? argv[1] : fastest_backend().name;
  const Backend* backend = find_backend(table);
  if (backend == nullptr || backend->multiply_adds == nullptr) {
    std::printf("this machine has no table of kernels called %s\n", table);
    return 1;
  }
  const int32_t threads = argc > 2 ? std::atoi(argv[2]) : 2;
  const int32_t rounds = argc > 3 ? std::atoi(argv[3]) : 9;
  const char* word = argc > 4 ? argv[4] : "";
  const std::string without_tiles = " without tiles";
  const Backend* widened = std::string(table) == "amx" ? find_backend("avx512") : nullptr;
  std::vector<Row> rows;
  auto add = [&](const std::string& name, int64_t heads, int64_t head_dim,
                 const std::vector<int32_t>& lengths, bool causal = false) {
    std::vector<std::string> kinds = {"",
                                      " + gradient",
                                      " + gradient, dropout",
                                      " in bfloat16",
                                      " in bfloat16 + gradient",
                                      " in bfloat16 + gradient, dropout"};
    for (size_t k = 3; widened != nullptr && k < 6; k++) kinds.push_back(kinds[k] + without_tiles);
    for (const std::string& kind : kinds) {
      const std::string whole = name + kind;
      if (whole.find(word) == std::string::npos) continue;
      const auto says = [&](const std::string& part) { return whole.find(part) != std::string::npos; };
      Row row{whole, AttentionCase(heads, head_dim, lengths, lengths, 1), says("gradient"), says("bfloat16"),
              says(without_tiles) ? widened : backend};
      for (size_t s = 0; causal && s < lengths.size(); s++) {
        for (int32_t i = 0; i < lengths[s]; i++) row.problem.query_rank.push_back(i);
      }
      row.problem.key_rank = row.problem.query_rank;
      row.problem.dropout = says("dropout") ? 0.1 : 0;
      rows.push_back(std::move(row));
    }
  };
  add("32 x 12 x 128 x 32", 12, 32, repeat(128, 32));
  add("8 x 12 x 512 x 64", 12, 64, repeat(512, 8));
  add("8 x 12 x 512 x 32", 12, 32, repeat(512, 8));
  add("1 x 12 x 2048 x 64", 12, 64, repeat(2048, 1));
  add("4 x 6 x 128 x 26", 6, 26, repeat(128, 4));
  add("256 x 12 x 15 x 32", 12, 32, repeat(15, 256));
  add("256 x 12 x 16 x 32", 12, 32, repeat(16, 256));
  add("128 x 12 x 32 x 32", 12, 32, repeat(32, 128));
  add("256 sentences x 12 x 32", 12, 32, sentences(15, 256));
  add("8 x 12 x 512 x 64 causal", 12, 64, repeat(512, 8), true);

  measure(rows, rounds, threads);
  std::printf("%-66s %10s %10s %8s\n", "batch x heads x length x dim", "ms", "GFLOP/s", "of peak");
  for (const Row& row : rows) {
    const double time = median(row.times);
    std::printf("%-66s %10.3f %10.1f %7.1f%%\n", row.name.c_str(), time * 1e3, row.flops() / time * 1e-9,
                median(row.shares) * 100);
  }
  return 0;
}
