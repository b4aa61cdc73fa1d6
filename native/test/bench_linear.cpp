// How near linear and its weight gradient come to the processor's peak: for each encoder shape, the loop of
// register-only fused multiply-adds and the kernel take turns, and the share is taken within each turn, so that a
// core lent to somebody else for a while spoils a turn and not the result.
//
//   bench_linear [threads] [turns] [activation]   activation: its place in ops.def, with bias and residual
//   bench_linear [threads] [turns] gradient       the weight gradient instead, with the bias's
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <vector>

#include "linear_call.h"

using namespace likewise;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double measure_peak(const Backend& backend, Workers& workers, int32_t threads) {
  std::vector<double> operations(static_cast<size_t>(threads) * 4);
  auto tile = [&](int64_t index, int32_t) {
    operations[static_cast<size_t>(index)] = backend.multiply_adds(30000);
  };
  double best = 0;
  for (int repeat = 0; repeat < 8; repeat++) {
    const double start = now();
    for_each_tile(workers, threads * 4, tile);
    double total = 0;
    for (double each : operations) total += each;
    best = std::max(best, total / (now() - start));
  }
  return best;
}

struct Shape {
  int64_t rows, outputs, inputs;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Bench {
 public:
  Bench(int32_t threads, int turns)
      : threads_(threads), turns_(turns), workers(ThreadPool::shared(), threads) {
    LIKEWISE_ISA::register_linear(backend);
    LIKEWISE_ISA::register_linear_gradient(backend);
    LIKEWISE_ISA::register_peak(backend);
    std::printf("%5s %5s %5s %9s %9s %7s %7s\n", "rows", "out", "in", "GFLOP/s", "peak", "median", "best");
  }

  void measure(OpId op, OpCall& call, const Shape& shape) {
    const double flops = 2.0 * static_cast<double>(shape.rows * shape.outputs * shape.inputs);
    std::vector<double> shares, rates, peaks;
    for (int turn = 0; turn < turns_; turn++) {
      const double peak = measure_peak(backend, workers, threads_);
      double rate = 0;
      const double end = now() + 0.1;
      do {
        const double start = now();
        must(backend, op, call, workers);
        rate = std::max(rate, flops / (now() - start));
      } while (now() < end);
      shares.push_back(rate / peak);
      rates.push_back(rate);
      peaks.push_back(peak);
    }
    const double best =
        *std::max_element(rates.begin(), rates.end()) / *std::max_element(peaks.begin(), peaks.end());
    std::printf("%5lld %5lld %5lld %9.1f %9.1f %6.1f%% %6.1f%%\n", static_cast<long long>(shape.rows),
                static_cast<long long>(shape.outputs), static_cast<long long>(shape.inputs),
                median(rates) * 1e-9, median(peaks) * 1e-9, 100 * median(shares), 100 * best);
    if (shape.rows < 256) return;
    log_sum_ += std::log(median(shares));
    log_count_++;
  }

  void summary() const {
    std::printf("geometric mean over the encoder shapes: %.1f%% of peak, %d threads\n",
                100 * std::exp(log_sum_ / log_count_), threads_);
  }

 private:
  int32_t threads_;
  int turns_;
  double log_sum_ = 0;
  int log_count_ = 0;

 public:
  Backend backend;
  StreamWorkers workers;
};

// activation < 0: neither bias nor residual.
void measure_linear(Bench& bench, const Shape& shape, int activation) {
  const Floats input = numbers(shape.rows * shape.inputs, 1);
  const Floats bias = numbers(shape.outputs, 2);
  const Floats residual = numbers(shape.rows * shape.outputs, 3);
  const Floats packed = pack(bench.backend, bench.workers, numbers(shape.outputs * shape.inputs, 4),
                             shape.outputs, shape.inputs);
  const Floats output(shape.rows * shape.outputs);
  OpCall call;
  call.inputs[linear_op::input] = matrix(input.data(), shape.rows, shape.inputs, shape.inputs);
  call.inputs[linear_op::packed] =
      panels_view(packed.data(), shape.outputs, shape.inputs, bench.backend.panel_width);
  if (activation >= 0) {
    call.inputs[linear_op::bias] = matrix(bias.data(), 1, shape.outputs, shape.outputs);
    call.inputs[linear_op::residual] = matrix(residual.data(), shape.rows, shape.outputs, shape.outputs);
    call.parameters[linear_op::activation] = activation;
  }
  call.outputs[linear_op::output] = matrix(output.data(), shape.rows, shape.outputs, shape.outputs);
  bench.measure(OpId::linear, call, shape);
}

void measure_gradient(Bench& bench, const Shape& shape) {
  using namespace linear_weight_gradient_op;
  const Floats activations = numbers(shape.rows * shape.inputs, 1);
  const Floats gradients = numbers(shape.rows * shape.outputs, 2);
  const Floats weight(shape.outputs * shape.inputs);
  const Floats bias(shape.outputs);
  OpCall call;
  call.inputs[input] = matrix(activations.data(), shape.rows, shape.inputs, shape.inputs);
  call.inputs[output_gradient] = matrix(gradients.data(), shape.rows, shape.outputs, shape.outputs);
  call.outputs[weight_gradient] = matrix(weight.data(), shape.outputs, shape.inputs, shape.inputs);
  call.outputs[bias_gradient] = matrix(bias.data(), 1, shape.outputs, shape.outputs);
  bench.measure(OpId::linear_weight_gradient, call, shape);
}

}  // namespace

int main(int count, char** arguments) {
  const bool gradient = count > 3 && std::strcmp(arguments[3], "gradient") == 0;
  Bench bench(count > 1 ? std::atoi(arguments[1]) : 2, count > 2 ? std::atoi(arguments[2]) : 7);
  const Shape shapes[] = {{256, 384, 384},   {256, 1536, 384},  {2048, 384, 384},  {2048, 1536, 384},
                          {2048, 384, 1536}, {2048, 3072, 768}, {2048, 768, 3072}, {8192, 3072, 768},
                          {1, 384, 384},     {1, 1536, 384},    {8, 384, 384},     {16, 1536, 384}};
  const Shape gradient_shapes[] = {{2048, 384, 384},  {2048, 1152, 384}, {2048, 1536, 384}, {2048, 384, 1536},
                                   {4096, 384, 384},  {4096, 1152, 384}, {4096, 1536, 384}, {4096, 384, 1536},
                                   {4096, 3072, 768}, {300, 384, 384}};
  if (gradient) {
    for (const Shape& shape : gradient_shapes) measure_gradient(bench, shape);
  } else {
    for (const Shape& shape : shapes) measure_linear(bench, shape, count > 3 ? std::atoi(arguments[3]) : -1);
  }
  bench.summary();
}
