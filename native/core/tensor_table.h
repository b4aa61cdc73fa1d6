// Tensors by integer handle. A handle is engine | generation | slot in 53 bits, so that it crosses into JavaScript as a
// plain number and a stale or foreign one is recognised instead of followed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "allocations.h"
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

// What became of the commands that write a tensor.
struct Fate {
  Status status = Status::ok;
  std::string message;
};

// Memory shared by a tensor and the views of it. The queueing thread counts who needs it; when no tensor does, its
// buffer goes back to the pool, and when no command does either, the record is used again.
struct Storage {
  BufferPool::Buffer buffer;
  Point written;  // when every command queued so far that writes it has run
  size_t bytes = 0;
  int64_t tensors = 0;
  int64_t commands = 0;  // waiting, running, or run and not yet reclaimed
  Storage* next = nullptr;
  alignas(64) Fate fate;  // written and read by the executing thread, in stream order
};

struct Tensor {
  TensorView view;
  Storage* storage = nullptr;
};

size_t dtype_size(DType dtype);
// Elements from a view's first to one past its last; 0 when the view is empty.
int64_t span_elements(const TensorView& view);
// Whether writing every element of the tensor writes all of its memory.
bool covers_storage(const Tensor& tensor);

// The generations that each slot of a table has used up, for the next table with the same engine number.
using Generations = std::vector<uint32_t>;

class TensorTable {
 public:
  // used: of an earlier table with this engine number, so that no handle of that one can come to mean a tensor of this.
  TensorTable(uint32_t engine, BufferPool& pool, Allocations& allocations, const Generations& used = {});
  ~TensorTable();
  TensorTable(const TensorTable&) = delete;
  TensorTable& operator=(const TensorTable&) = delete;

  // 0 when memory is exhausted. The contents are undefined. lane: in which commands that write the tensor are queued.
  Handle allocate(DType dtype, int32_t rank, const int64_t* shape, Lane lane = Lane::ordinary);
  // A second tensor over the same memory, starting `offset` elements after the first one's start. The caller has
  // checked that it lies inside.
  Handle view(const Tensor& base, int64_t offset, int32_t rank, const int64_t* shape, int64_t row_stride);
  const Tensor* find(Handle handle) const;  // null: released, or never from here
  bool release(Handle handle);

  // A command that names a storage keeps its record, though not its buffer, until it has been reclaimed.
  static void hold(Storage* storage) { storage->commands++; }
  void let_go(Storage* storage);

  int64_t live_tensors() const { return live_; }
  Generations used_generations() const;

 private:
  struct Slot {
    Tensor tensor;
    uint32_t generation = 1;
    bool live = false;
  };

  bool has_free_slot();
  Storage* take_storage();
  Handle add(const Tensor& tensor);

  uint32_t engine_;
  BufferPool& pool_;
  Allocations& allocations_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;  // its capacity is that of slots_, so that releasing never allocates
  Storage* spare_ = nullptr;
  int64_t live_ = 0;
};

}  // namespace likewise
