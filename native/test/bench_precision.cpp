// linear in float32, bfloat16 and int8, and the weight's gradient in float32 and bfloat16, on the encoder's shapes:
// operations per second of each, taken in turns with the register-only loops, so that a core lent to somebody else for a
// while spoils a turn and not the result. Shares are of the loop in the same precision; where a table emulates bfloat16,
// of the one in float32. "apart": by how much bfloat16 differs from float32 at most, relative to the largest number.
//
//   bench_precision [backend] [threads] [turns] [activation]   activation: its place in ops.def, with bias and residual
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../core/backends.h"
#include "../core/thread_pool.h"

using namespace likewise;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TensorView view(void* data, DType dtype, std::vector<int64_t> shape) {
  TensorView made;
  made.data = data;
  made.dtype = dtype;
  for (const int64_t size : shape) made.shape[made.rank++] = size;
  made.row_stride = shape.back();
  return made;
}

struct Shape {
  int64_t rows, outputs, inputs;
};

class Layer {
 public:
  Layer(const Backend& backend, Workers& workers, const Shape& n, int activation)
      : backend_(backend),
        workers_(workers),
        operations_(2.0 * double(n.rows) * double(n.outputs * n.inputs)) {
    const int64_t width = backend.panel_width, panels = (n.outputs + width - 1) / width;
    const int64_t pair_depth = (n.inputs + 31) / 32 * 32, byte_depth = (n.inputs + 63) / 64 * 64;
    const TensorView rows = view(floats(n.outputs * n.inputs), DType::float32, {n.outputs, n.inputs});
    const TensorView packed =
        view(memory(panels * n.inputs * width * 4), DType::float32, {panels, n.inputs, width});
    const TensorView pairs =
        view(memory(panels * pair_depth * width * 2), DType::bfloat16, {panels, pair_depth, width});
    const TensorView bytes = view(memory(n.outputs * n.inputs), DType::int8, {n.outputs, n.inputs});
    const TensorView packed_bytes =
        view(memory(panels * byte_depth * width), DType::int8, {panels, byte_depth, width});
    const TensorView scales = view(floats(n.outputs), DType::float32, {n.outputs});
    run(OpId::pack_weight, call_of({rows}, {packed}));
    run(OpId::pack_weight_bfloat16, call_of({rows}, {pairs}));
    run(OpId::quantize_weight, call_of({rows}, {bytes, scales}));
    run(OpId::pack_weight_int8, call_of({bytes}, {packed_bytes}));
    const TensorView input = view(floats(n.rows * n.inputs), DType::float32, {n.rows, n.inputs});
    output = view(floats(n.rows * n.outputs), DType::float32, {n.rows, n.outputs});
    const TensorView gradient = view(floats(n.rows * n.outputs), DType::float32, {n.rows, n.outputs});
    TensorView bias, residual;
    if (activation >= 0) {
      bias = view(floats(n.outputs), DType::float32, {n.outputs});
      residual = view(floats(n.rows * n.outputs), DType::float32, {n.rows, n.outputs});
    }
    single = call_of({input, packed, bias, residual}, {output});
    half = call_of({input, pairs, bias, residual}, {output});
    int8 = call_of({input, packed_bytes, scales, bias, residual}, {output});
    single.parameters[0] = half.parameters[0] = int8.parameters[0] = activation < 0 ? 0 : activation;
    single_gradient = half_gradient = call_of({input, gradient}, {rows});
  }
  ~Layer() {
    for (void* each : memories_) std::free(each);
  }

  // Operations per second, the best within a tenth of a second.
  double rate(OpId op, const OpCall& call) const {
    double best = 0;
    const Clock::time_point begin = Clock::now();
    do {
      const Clock::time_point start = Clock::now();
      run(op, call);
      best = std::max(best, operations_ / seconds_since(start));
    } while (seconds_since(begin) < 0.1);
    return best;
  }

  // The largest difference between two ops' outputs, relative to the largest number of the first.
  double difference(OpId first, const OpCall& first_call, OpId second, const OpCall& second_call) const {
    const float* values = static_cast<const float*>(output.data);
    run(first, first_call);
    const std::vector<float> expected(values, values + output.shape[0] * output.shape[1]);
    run(second, second_call);
    double largest = 0, apart = 0;
    for (size_t i = 0; i < expected.size(); i++) {
      largest = std::max(largest, std::fabs(double(expected[i])));
      apart = std::max(apart, std::fabs(double(expected[i]) - values[i]));
    }
    return apart / largest;
  }

  OpCall single, half, int8, single_gradient, half_gradient;
  TensorView output;

 private:
  static OpCall call_of(std::vector<TensorView> inputs, std::vector<TensorView> outputs) {
    OpCall call;
    std::copy(inputs.begin(), inputs.end(), call.inputs);
    std::copy(outputs.begin(), outputs.end(), call.outputs);
    return call;
  }
  void run(OpId op, OpCall call) const {
    char message[message_size] = "";
    call.workers = &workers_;
    call.message = message;
    if (backend_[op].float32(call) == Status::ok) return;
    std::fprintf(stderr, "failed: %s\n", message);
    std::exit(1);
  }
  void* memory(int64_t bytes) {
    memories_.push_back(backend_.allocate(static_cast<size_t>(bytes)));
    return memories_.back();
  }
  void* floats(int64_t count) {
    float* values = static_cast<float*>(memory(count * 4));
    uint32_t state = static_cast<uint32_t>(memories_.size()) * 2654435761u + 1;
    for (int64_t i = 0; i < count; i++) {
      state = state * 1664525u + 1013904223u;
      values[i] = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
    }
    return values;
  }

  const Backend& backend_;
  Workers& workers_;
  double operations_;
  std::vector<void*> memories_;
};

double peak(Workers& workers, int32_t threads, double (*loop)(int64_t)) {
  double best = 0;
  for (int repeat = 0; repeat < 5; repeat++) {
    std::vector<double> operations(static_cast<size_t>(threads) * 4);
    auto tile = [&](int64_t index, int32_t) { operations[static_cast<size_t>(index)] = loop(30000); };
    const Clock::time_point start = Clock::now();
    for_each_tile(workers, threads * 4, tile);
    double total = 0;
    for (const double each : operations) total += each;
    best = std::max(best, total / seconds_since(start));
  }
  return best;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One op's rates, and their shares of a peak.
struct Series {
  std::vector<double> rates, shares;

  void add(const Layer& layer, OpId op, const OpCall& call, Workers& workers, int32_t threads,
           double (*loop)(int64_t)) {
    rates.push_back(layer.rate(op, call));
    shares.push_back(rates.back() / peak(workers, threads, loop));
  }
  void print() const { std::printf(" %9.1f %6.1f%%", median(rates) * 1e-9, 100 * median(shares)); }
};

}  // namespace

int main(int count, char** arguments) {
  const char* name = count > 1 ? arguments[1] : fastest_backend().name;
  const Backend* backend = find_backend(name);
  if (backend == nullptr || backend->int8_multiply_adds == nullptr) {
    std::fprintf(stderr, "no table %s here\n", name);
    for (const Availability& each : backends()) {
      if (!each.reason.empty()) std::fprintf(stderr, "%s: %s\n", each.name, each.reason.c_str());
    }
    return 1;
  }
  const int32_t threads = count > 2 ? std::atoi(arguments[2]) : 2;
  const int turns = count > 3 ? std::atoi(arguments[3]) : 5,
            activation = count > 4 ? std::atoi(arguments[4]) : -1;
  const auto pairs_loop =
      backend->bfloat16_multiply_adds ? backend->bfloat16_multiply_adds : backend->multiply_adds;
  StreamWorkers workers(ThreadPool::shared(), threads);
  std::printf("%s, %d threads; peaks in G operations/s: float32 %.0f, bfloat16 %.0f, int8 %.0f\n", name,
              threads, peak(workers, threads, backend->multiply_adds) * 1e-9,
              peak(workers, threads, pairs_loop) * 1e-9,
              peak(workers, threads, backend->int8_multiply_adds) * 1e-9);
  const Shape shapes[] = {{2048, 384, 384},  {2048, 1536, 384}, {2048, 384, 1536}, {2048, 3072, 768},
                          {2048, 768, 3072}, {256, 384, 384},   {64, 384, 384},    {32, 1536, 384},
                          {12, 1536, 384},   {1, 384, 384},     {1, 1536, 384},    {1, 3072, 768}};
  std::printf("%5s %5s %5s %9s | %17s %17s %17s | %17s %17s\n", "rows", "out", "in", "apart", "float32",
              "bfloat16", "int8", "gradient float32", "bfloat16");
  for (const Shape& n : shapes) {
    const Layer layer(*backend, workers, n, activation);
    Series single, half, int8, single_gradient, half_gradient;
    for (int turn = 0; turn < turns; turn++) {
      single.add(layer, OpId::linear, layer.single, workers, threads, backend->multiply_adds);
      half.add(layer, OpId::linear_bfloat16, layer.half, workers, threads, pairs_loop);
      int8.add(layer, OpId::linear_int8, layer.int8, workers, threads, backend->int8_multiply_adds);
      if (n.rows < 64) continue;
      single_gradient.add(layer, OpId::linear_weight_gradient, layer.single_gradient, workers, threads,
                          backend->multiply_adds);
      half_gradient.add(layer, OpId::linear_weight_gradient_bfloat16, layer.half_gradient, workers, threads,
                        pairs_loop);
    }
    std::printf("%5lld %5lld %5lld %9.2g |", static_cast<long long>(n.rows),
                static_cast<long long>(n.outputs), static_cast<long long>(n.inputs),
                layer.difference(OpId::linear, layer.single, OpId::linear_bfloat16, layer.half));
    for (const Series* each : {&single, &half, &int8}) each->print();
    if (n.rows >= 64) {
      std::printf(" |");
      for (const Series* each : {&single_gradient, &half_gradient}) each->print();
    }
    std::printf("\n");
  }
}
