// How near the vocabulary's cross-entropy with its gradients comes to the processor's peak, counting 6 positions words width
// operations: the loop of register-only multiply-adds and the loss take turns.
//
//   bench_vocabulary [backend] [threads] [positions] [words] [width] [turns] [bfloat16]   bfloat16: 1, and its own peak
#include <algorithm>
#include <cstdio>
#include <vector>

#include "../core/backends.h"
#include "bench_peak.h"
#include "linear_call.h"

using namespace likewise;

int main(int count, char** arguments) {
  using namespace vocabulary_loss_op;
  const auto argument = [&](int index, int64_t usual) {
    return count > index ? std::atoll(arguments[index]) : usual;
  };
  const char* name = count > 1 ? arguments[1] : fastest_backend().name;
  const Backend* found = find_backend(name);
  if (found == nullptr || found->multiply_adds == nullptr) {
    std::fprintf(stderr, "expected a backend of this machine with a peak of its own but received %s\n", name);
    return 2;
  }
  const Backend& backend = *found;
  const int32_t threads = static_cast<int32_t>(argument(2, 2));
  const int64_t positions = argument(3, 2048), words = argument(4, 30522), width = argument(5, 384);
  const int64_t turns = argument(6, 5);
  const bool bfloat16 = argument(7, 0) != 0;
  const auto loop =
      bfloat16 && backend.bfloat16_multiply_adds ? backend.bfloat16_multiply_adds : backend.multiply_adds;
  StreamWorkers workers(ThreadPool::shared(), threads);
  const Floats x = numbers(positions * width, 1), y = numbers(words * width, 2);
  const Floats x_gradient(positions * width), y_gradient(words * width), shift(words), shift_gradient(words);
  const Floats all(positions);
  std::vector<int32_t> own(static_cast<size_t>(positions));
  for (size_t i = 0; i < own.size(); i++)
    own[i] = static_cast<int32_t>(i * 7919 % static_cast<size_t>(words));
  const auto vector = [](const Floats& values, int64_t size) {
    return TensorView{values.data(), DType::float32, 1, {size, 0, 0, 0}, 0};
  };
  OpCall call;
  call.inputs[states] = matrix(x.data(), positions, width, width);
  call.inputs[table] = matrix(y.data(), words, width, width);
  call.inputs[bias] = vector(shift, words);
  call.inputs[targets] = {own.data(), DType::int32, 1, {positions, 0, 0, 0}, 0};
  call.outputs[losses] = vector(all, positions);
  OpCall both = call;
  both.outputs[state_gradient] = matrix(x_gradient.data(), positions, width, width);
  both.outputs[table_gradient] = matrix(y_gradient.data(), words, width, width);
  both.outputs[bias_gradient] = vector(shift_gradient, words);
  const OpId op = bfloat16 ? OpId::vocabulary_loss_bfloat16 : OpId::vocabulary_loss;
  const double product = 2.0 * static_cast<double>(positions) * static_cast<double>(words * width);
  const auto share = [&](OpCall& of, double operations, double& seconds) {
    const double before = measure_peak(loop, workers, threads);
    const double start = now();
    must(backend, op, of, workers);
    seconds = now() - start;
    const double peak = (before + measure_peak(loop, workers, threads)) / 2;
    return operations / seconds / peak;
  };
  std::vector<double> shares;
  for (int64_t turn = 0; turn < turns; turn++) {
    double forward = 0, whole = 0;
    const double alone = share(call, product, forward);
    shares.push_back(share(both, 3 * product, whole));
    std::printf("forward %8.1f ms, %5.1f %%   forward and backward %8.1f ms, %5.1f %% of the peak\n",
                1e3 * forward, 100 * alone, 1e3 * whole, 100 * shares.back());
  }
  std::sort(shares.begin(), shares.end());
  std::printf("%s, %d threads: median %.1f %% of the peak\n", name, threads, 100 * shares[shares.size() / 2]);
}
