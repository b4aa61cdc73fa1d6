// Tensors by integer handle. A handle is engine | generation | slot in 53 bits, so that it crosses into JavaScript as a
// plain number and a stale or foreign one is recognised instead of followed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "buffer_pool.h"
#include "op_call.h"

namespace likewise {

using Handle = uint64_t;

constexpr int32_t slot_bits = 24;
constexpr int32_t generation_bits = 20;
constexpr int32_t engine_bits = 9;
static_assert(slot_bits + generation_bits + engine_bits == 53, "a handle is an exact JavaScript number");

inline uint32_t handle_engine(Handle handle) {
  return static_cast<uint32_t>(handle >> (slot_bits + generation_bits));
}

// What became of the commands that write a tensor. Written and read by the thread that executes commands, in order;
// the tensor itself may be long released by then.
struct Fate {
  Status status = Status::ok;
  std::string message;
};

// Memory shared by a tensor and the views of it.
struct Storage {
  BufferPool::Buffer buffer;
  size_t bytes = 0;
  int64_t references = 0;
  std::shared_ptr<Fate> fate;
};

struct Tensor {
  TensorView view;
  Storage* storage = nullptr;
};

size_t dtype_size(DType dtype);
// Elements from a view's first to one past its last; 0 when the view is empty.
int64_t span_elements(const TensorView& view);

class TensorTable {
 public:
  TensorTable(uint32_t engine, BufferPool& pool) : engine_(engine), pool_(pool) {}
  ~TensorTable();
  TensorTable(const TensorTable&) = delete;
  TensorTable& operator=(const TensorTable&) = delete;

  // 0 when memory is exhausted. The contents are undefined.
  Handle allocate(DType dtype, int32_t rank, const int64_t* shape);
  // A second tensor over the same memory, starting `offset` elements after the first one's start. The caller has
  // checked that it lies inside.
  Handle view(const Tensor& base, int64_t offset, int32_t rank, const int64_t* shape, int64_t row_stride);
  const Tensor* find(Handle handle) const;  // null: released, or never from here
  bool release(Handle handle);

  int64_t live_tensors() const { return live_; }

 private:
  struct Slot {
    Tensor tensor;
    uint32_t generation = 1;
    bool live = false;
  };

  Handle add(const Tensor& tensor);

  uint32_t engine_;
  BufferPool& pool_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  int64_t live_ = 0;
};

}  // namespace likewise
