// How near the cosine-softmax loss with its gradients comes to the processor's peak, counting 8 B^2 d operations, both
// directions: the loop of register-only fused multiply-adds and the loss take turns.
//
//   bench_loss [threads] [rows] [width] [turns]
#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench_peak.h"
#include "linear_call.h"

using namespace likewise;

int main(int count, char** arguments) {
  using namespace cosine_softmax_loss_op;
  const int32_t threads = count > 1 ? std::atoi(arguments[1]) : 2;
  const int64_t rows = count > 2 ? std::atoi(arguments[2]) : 4096;
  const int64_t width = count > 3 ? std::atoi(arguments[3]) : 384;
  const int turns = count > 4 ? std::atoi(arguments[4]) : 5;
  Backend backend;
  LIKEWISE_ISA::register_cosine_softmax_loss(backend);
  LIKEWISE_ISA::register_peak(backend);
  StreamWorkers workers(ThreadPool::shared(), threads);
  const Floats left = numbers(rows * width, 1), right = numbers(rows * width, 2);
  const Floats left_gradient(rows * width), right_gradient(rows * width), value(1);
  std::vector<int32_t> own(static_cast<size_t>(rows));
  for (size_t i = 0; i < own.size(); i++) own[i] = static_cast<int32_t>(i);

  OpCall call;
  call.inputs[queries] = matrix(left.data(), rows, width, width);
  call.inputs[candidates] = matrix(right.data(), rows, width, width);
  call.inputs[positives] = {own.data(), DType::int32, 1, {rows, 0, 0, 0}, 0};
  call.outputs[loss] = {value.data(), DType::float32, 1, {1, 0, 0, 0}, 0};
  call.outputs[query_gradient] = matrix(left_gradient.data(), rows, width, width);
  call.outputs[candidate_gradient] = matrix(right_gradient.data(), rows, width, width);
  call.parameters[scale] = 20;
  call.parameters[symmetric] = 1;
  call.parameters[epsilon] = 1e-12;
  const double operations = 8.0 * static_cast<double>(rows) * static_cast<double>(rows * width);
  std::vector<double> shares;
  for (int turn = 0; turn < turns; turn++) {
    const double before = measure_peak(backend.multiply_adds, workers, threads);
    const double start = now();
    must(backend, OpId::cosine_softmax_loss, call, workers);
    const double seconds = now() - start;
    const double peak = (before + measure_peak(backend.multiply_adds, workers, threads)) / 2;
    shares.push_back(operations / seconds / peak);
    std::printf("%lld x %lld: %8.1f ms, %7.1f GFLOP/s, peak %7.1f, %5.1f %%\n", static_cast<long long>(rows),
                static_cast<long long>(width), 1e3 * seconds, 1e-9 * operations / seconds, 1e-9 * peak,
                100 * shares.back());
  }
  std::sort(shares.begin(), shares.end());
  std::printf("median %.1f %% of peak, %d threads\n", 100 * shares[shares.size() / 2], threads);
}
