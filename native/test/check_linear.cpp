// The linear kernels of one instruction set against a double loop: every activation, sizes around each block
// boundary, views with a row stride, absent bias, residual in place, and the promise that neither the number
// of threads nor the other rows change a bit. Every tensor ends right before a page that may not be touched,
// which also puts it at any alignment.
//
// Compiled with LIKEWISE_SIMDE, the AVX-512 sources run on a processor without AVX-512.
#include <sys/mman.h>

#include <cmath>
#include <cstring>

#include "linear_call.h"

using namespace likewise;

namespace {

class Guarded {
 public:
  explicit Guarded(int64_t count) : bytes_((static_cast<size_t>(count) * 4 + 4095) / 4096 * 4096) {
    memory_ = static_cast<char*>(
        mmap(nullptr, bytes_ + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + bytes_, 4096, PROT_NONE);
    data = reinterpret_cast<float*>(memory_ + bytes_) - count;
  }
  ~Guarded() { munmap(memory_, bytes_ + 4096); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  float* data;

 private:
  size_t bytes_;
  char* memory_;
};

void fill(Guarded& memory, int64_t count, uint32_t seed) {
  const Floats values = numbers(count, seed);
  std::memcpy(memory.data, values.data(), static_cast<size_t>(count) * 4);
}

double activated(double x, int activation) {
  switch (static_cast<Activation>(activation)) {
    case Activation::identity: return x;
    case Activation::gelu_erf: return 0.5 * x * std::erfc(-x * std::sqrt(0.5));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::tanh: return std::tanh(x);
    case Activation::relu: return x > 0 ? x : 0;
  }
  return NAN;
}

constexpr float untouched = 12345.0f;
int failures = 0;

void expect(bool holds, const char* what, int64_t rows, int64_t outputs, int64_t inputs, int activation,
            double value) {
  if (holds) return;
  if (failures++ < 20) {
    std::printf("%s: rows %lld outputs %lld inputs %lld activation %d: %g\n", what,
                static_cast<long long>(rows), static_cast<long long>(outputs), static_cast<long long>(inputs),
                activation, value);
  }
}

struct Case {
  int64_t rows, outputs, inputs, gap;
  int activation;
  bool bias, residual, in_place;
};

void check(const Backend& backend, Workers* (&workers)[3], const Case& c) {
  const int64_t width = backend.panel_width;
  const int64_t input_stride = c.inputs + c.gap;
  const int64_t output_stride = c.outputs + 2 * c.gap;
  const int64_t output_size = c.rows == 0 ? 0 : (c.rows - 1) * output_stride + c.outputs;
  Guarded input(c.rows == 0 ? 0 : (c.rows - 1) * input_stride + c.inputs), weight(c.outputs * c.inputs);
  Guarded bias(c.outputs), residual(output_size), packed((c.outputs + width - 1) / width * width * c.inputs);
  Guarded output(output_size), first(output_size);
  fill(input, c.rows == 0 ? 0 : (c.rows - 1) * input_stride + c.inputs, 1);
  fill(weight, c.outputs * c.inputs, 2);
  fill(bias, c.outputs, 3);
  fill(residual, output_size, 4);
  OpCall packing;
  packing.inputs[pack_weight_op::weight] = matrix(weight.data, c.outputs, c.inputs, c.inputs);
  packing.outputs[pack_weight_op::packed] = panels_view(packed.data, c.outputs, c.inputs, width);
  must(backend, OpId::pack_weight, packing, *workers[1]);

  OpCall call;
  call.inputs[linear_op::input] = matrix(input.data, c.rows, c.inputs, input_stride);
  call.inputs[linear_op::packed] = panels_view(packed.data, c.outputs, c.inputs, width);
  if (c.bias) call.inputs[linear_op::bias] = matrix(bias.data, 1, c.outputs, c.outputs);
  if (c.residual) call.inputs[linear_op::residual] = matrix(residual.data, c.rows, c.outputs, output_stride);
  if (c.in_place) call.inputs[linear_op::residual] = matrix(output.data, c.rows, c.outputs, output_stride);
  call.outputs[linear_op::output] = matrix(output.data, c.rows, c.outputs, output_stride);
  call.parameters[linear_op::activation] = c.activation;
  for (int w = 0; w < 3; w++) {
    if (c.in_place) {
      std::memcpy(output.data, residual.data, static_cast<size_t>(output_size) * 4);
    } else {
      for (int64_t i = 0; i < output_size; i++) output.data[i] = untouched;
    }
    must(backend, OpId::linear, call, *workers[w]);
    if (w == 0) std::memcpy(first.data, output.data, static_cast<size_t>(output_size) * 4);
    expect(std::memcmp(first.data, output.data, static_cast<size_t>(output_size) * 4) == 0,
           "threads change bits", c.rows, c.outputs, c.inputs, c.activation, w);
  }

  for (int64_t row = 0; row < c.rows; row++) {
    for (int64_t j = 0; j < output_stride; j++) {
      const int64_t at = row * output_stride + j;
      if (j >= c.outputs) {
        if (at < output_size) {
          expect(output.data[at] == (c.in_place ? residual.data[at] : untouched), "wrote between rows",
                 c.rows, c.outputs, c.inputs, c.activation, static_cast<double>(j));
        }
        continue;
      }
      double sum = c.bias ? bias.data[j] : 0;
      double size = std::fabs(sum);
      for (int64_t k = 0; k < c.inputs; k++) {
        const double product =
            static_cast<double>(input.data[row * input_stride + k]) * weight.data[j * c.inputs + k];
        sum += product;
        size += std::fabs(product);
      }
      const double want = activated(sum, c.activation) + (c.residual || c.in_place ? residual.data[at] : 0);
      const double error = std::fabs(want - output.data[at]);
      expect(error <= 2e-6 + 3e-7 * size, "wrong value", c.rows, c.outputs, c.inputs, c.activation, error);
    }
  }

  // Some rows alone, two, five at a time.
  for (int64_t some : {1, 2, 5}) {
    for (int64_t row = 0; row + some <= c.rows && !c.in_place; row += some + c.rows / 3) {
      OpCall part = call;
      part.inputs[linear_op::input] = matrix(input.data + row * input_stride, some, c.inputs, input_stride);
      if (c.residual) {
        part.inputs[linear_op::residual] =
            matrix(residual.data + row * output_stride, some, c.outputs, output_stride);
      }
      part.outputs[linear_op::output] =
          matrix(output.data + row * output_stride, some, c.outputs, output_stride);
      must(backend, OpId::linear, part, *workers[1]);
      expect(std::memcmp(first.data, output.data, static_cast<size_t>(output_size) * 4) == 0,
             "rows change bits", c.rows, c.outputs, c.inputs, c.activation, static_cast<double>(some));
    }
  }
}

}  // namespace

int main() {
  Backend backend;
  LIKEWISE_ISA::register_linear(backend);
  std::shared_ptr<ThreadPool> pool = ThreadPool::shared();
  StreamWorkers one(pool, 1), two(pool, 2), seven(pool, 7);
  Workers* workers[3] = {&one, &two, &seven};
  const int64_t rows[] = {0, 1, 2, 3, 5, 6, 7, 13, 14, 15, 29, 43, 127, 200};
  const int64_t outputs[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 48, 65, 100};
  const int64_t inputs[] = {1, 2, 3, 64, 191, 193, 384, 385, 800};
  int cases = 0;
  for (int64_t m : rows) {
    for (int64_t n : outputs) {
      for (int64_t k : inputs) {
        Case c = {m, n, k, cases % 3, cases % 5, cases % 2 == 0, cases % 7 < 3, cases % 7 == 5};
        check(backend, workers, c);
        cases++;
      }
    }
  }
  check(backend, workers, {1000, 384, 384, 0, 1, true, false, false});
  check(backend, workers, {40, 384, 3072, 0, 0, true, true, false});
  check(backend, workers, {1, 1536, 384, 0, 2, true, false, false});
  if (failures == 0) std::printf("%d cases agree\n", cases + 3);
  return failures == 0 ? 0 : 1;
}
