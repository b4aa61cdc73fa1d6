// Calls the linear kernels of one instruction set (LIKEWISE_ISA) without Node: what the native test and bench
// share.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "../core/thread_pool.h"
#include "../cpu/kernels/tables/register.h"

namespace likewise {

// Aligned as a backend's own memory is.
class Floats {
 public:
  explicit Floats(int64_t count)
      : count_(count),
        data_(static_cast<float*>(std::aligned_alloc(64, (static_cast<size_t>(count) * 4 / 64 + 1) * 64))) {
    for (float& value : *this) value = 0.0f;
  }
  float* data() const { return data_.get(); }
  float* begin() const { return data(); }
  float* end() const { return data() + count_; }
  float& operator[](int64_t index) const { return data()[index]; }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  int64_t count_;
  std::unique_ptr<float, Free> data_;
};

inline TensorView matrix(const float* data, int64_t rows, int64_t columns, int64_t row_stride) {
  TensorView view;
  view.data = const_cast<float*>(data);
  view.rank = 2;
  view.shape[0] = rows;
  view.shape[1] = columns;
  view.row_stride = row_stride;
  return view;
}

inline TensorView panels_view(const float* data, int64_t outputs, int64_t inputs, int64_t width) {
  TensorView view;
  view.data = const_cast<float*>(data);
  view.rank = 3;
  view.shape[0] = (outputs + width - 1) / width;
  view.shape[1] = inputs;
  view.shape[2] = width;
  return view;
}

inline void must(const Backend& backend, OpId op, OpCall& call, Workers& workers) {
  char message[message_size] = "";
  call.workers = &workers;
  call.message = message;
  if (backend[op].float32(call) == Status::ok) return;
  std::fprintf(stderr, "failed: %s\n", message);
  std::exit(1);
}

inline Floats pack(const Backend& backend, Workers& workers, const Floats& weight, int64_t outputs,
                   int64_t inputs) {
  const int64_t width = backend.panel_width;
  Floats packed((outputs + width - 1) / width * width * inputs);
  OpCall call;
  call.inputs[pack_weight_op::weight] = matrix(weight.data(), outputs, inputs, inputs);
  call.outputs[pack_weight_op::packed] = panels_view(packed.data(), outputs, inputs, width);
  call.parameters[pack_weight_op::transposed] = 0;
  must(backend, OpId::pack_weight, call, workers);
  return packed;
}

// Numbers in [-1, 1), the same in every run.
inline Floats numbers(int64_t count, uint32_t seed) {
  Floats values(count);
  uint32_t state = seed * 2654435761u + 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
  }
  return values;
}

}  // namespace likewise
