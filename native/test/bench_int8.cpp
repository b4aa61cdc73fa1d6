// linear in float32 and linear_int8, on the encoder's shapes: operations per second of both, taken in turns with the
// register-only loops, so that a core lent to somebody else for a while spoils a turn and not the result.
//
//   bench_int8 [backend] [threads] [turns] [activation]   activation: its place in ops.def, with bias and residual
#include <algorithm>
#include <chrono>
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
    const int64_t depth = (n.inputs + 3) / 4 * 4;
    void* weight = floats(n.outputs * n.inputs);
    const TensorView rows = view(weight, DType::float32, {n.outputs, n.inputs});
    const TensorView packed =
        view(memory(panels * n.inputs * width * 4), DType::float32, {panels, n.inputs, width});
    const TensorView bytes = view(memory(n.outputs * n.inputs), DType::int8, {n.outputs, n.inputs});
    const TensorView packed_bytes = view(memory(panels * depth * width), DType::int8, {panels, depth, width});
    const TensorView scales = view(floats(n.outputs), DType::float32, {n.outputs});
    run(OpId::pack_weight, call_of({rows}, {packed}));
    run(OpId::quantize_weight, call_of({rows}, {bytes, scales}));
    run(OpId::pack_weight_int8, call_of({bytes}, {packed_bytes}));
    const TensorView input = view(floats(n.rows * n.inputs), DType::float32, {n.rows, n.inputs});
    const TensorView output = view(floats(n.rows * n.outputs), DType::float32, {n.rows, n.outputs});
    TensorView bias, residual;
    if (activation >= 0) {
      bias = view(floats(n.outputs), DType::float32, {n.outputs});
      residual = view(floats(n.rows * n.outputs), DType::float32, {n.rows, n.outputs});
    }
    single = call_of({input, packed, bias, residual}, {output});
    int8 = call_of({input, packed_bytes, scales, bias, residual}, {output});
    single.parameters[0] = int8.parameters[0] = activation < 0 ? 0 : activation;
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

  OpCall single, int8;

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

}  // namespace

int main(int count, char** arguments) {
  const char* name = count > 1 ? arguments[1] : fastest_backend().name;
  const Backend* backend = find_backend(name);
  if (backend == nullptr || backend->int8_multiply_adds == nullptr) {
    std::fprintf(stderr, "no table %s here\n", name);
    return 1;
  }
  const int32_t threads = count > 2 ? std::atoi(arguments[2]) : 2;
  const int turns = count > 3 ? std::atoi(arguments[3]) : 5,
            activation = count > 4 ? std::atoi(arguments[4]) : -1;
  StreamWorkers workers(ThreadPool::shared(), threads);
  const Shape shapes[] = {{2048, 384, 384},  {2048, 1536, 384}, {2048, 384, 1536}, {2048, 3072, 768},
                          {2048, 768, 3072}, {256, 384, 384},   {64, 384, 384},    {32, 1536, 384},
                          {12, 1536, 384},   {1, 384, 384},     {1, 1536, 384},    {1, 3072, 768}};
  std::printf("%s, %d threads, G operations/s\n%5s %5s %5s %9s %7s %9s %7s %7s\n", name, threads, "rows",
              "out", "in", "float32", "share", "int8", "share", "ratio");
  for (const Shape& n : shapes) {
    const Layer layer(*backend, workers, n, activation);
    std::vector<double> single, int8, single_share, int8_share;
    for (int turn = 0; turn < turns; turn++) {
      single.push_back(layer.rate(OpId::linear, layer.single));
      single_share.push_back(single.back() / peak(workers, threads, backend->multiply_adds));
      int8.push_back(layer.rate(OpId::linear_int8, layer.int8));
      int8_share.push_back(int8.back() / peak(workers, threads, backend->int8_multiply_adds));
    }
    std::printf("%5lld %5lld %5lld %9.1f %6.1f%% %9.1f %6.1f%% %7.2f\n", static_cast<long long>(n.rows),
                static_cast<long long>(n.outputs), static_cast<long long>(n.inputs), median(single) * 1e-9,
                100 * median(single_share), median(int8) * 1e-9, 100 * median(int8_share),
                median(int8) / median(single));
  }
}
