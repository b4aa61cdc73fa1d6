#include "tensor_table.h"

namespace likewise {

size_t dtype_size(DType dtype) { return dtype == DType::float64 ? 8 : 4; }

int64_t span_elements(const TensorView& view) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < view.rank; axis++) count *= view.shape[axis];
  if (count == 0 || view.rank != 2) return count;
  return (view.shape[0] - 1) * view.row_stride + view.shape[1];
}

TensorTable::~TensorTable() {
  for (Slot& slot : slots_) {
    if (slot.live && --slot.tensor.storage->references == 0) {
      pool_.give_back(slot.tensor.storage->buffer);
      delete slot.tensor.storage;
    }
  }
}

Handle TensorTable::add(const Tensor& tensor) {
  uint32_t index;
  if (!free_slots_.empty()) {
    index = free_slots_.back();
    free_slots_.pop_back();
  } else {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = tensor;
  slot.live = true;
  tensor.storage->references++;
  live_++;
  return (static_cast<Handle>(engine_) << (slot_bits + generation_bits)) |
         (static_cast<Handle>(slot.generation) << slot_bits) | index;
}

Handle TensorTable::allocate(DType dtype, int32_t rank, const int64_t* shape) {
  if (free_slots_.empty() && slots_.size() >> slot_bits != 0) return 0;
  Tensor tensor;
  tensor.view.dtype = dtype;
  tensor.view.rank = rank;
  int64_t count = 1;
  for (int32_t axis = 0; axis < rank; axis++) {
    tensor.view.shape[axis] = shape[axis];
    count *= shape[axis];
  }
  tensor.view.row_stride = rank > 0 ? shape[rank - 1] : 1;
  const size_t bytes = static_cast<size_t>(count) * dtype_size(dtype);
  const BufferPool::Buffer buffer = pool_.acquire(bytes);
  if (buffer.memory == nullptr) return 0;
  tensor.view.data = buffer.memory;
  tensor.storage = new Storage{buffer, bytes, 0, std::make_shared<Fate>()};
  return add(tensor);
}

Handle TensorTable::view(const Tensor& base, int64_t offset, int32_t rank, const int64_t* shape,
                         int64_t row_stride) {
  if (free_slots_.empty() && slots_.size() >> slot_bits != 0) return 0;
  Tensor tensor = base;
  tensor.view.rank = rank;
  for (int32_t axis = 0; axis < max_rank; axis++) tensor.view.shape[axis] = axis < rank ? shape[axis] : 0;
  tensor.view.row_stride = row_stride;
  tensor.view.data =
      static_cast<char*>(base.view.data) + static_cast<size_t>(offset) * dtype_size(base.view.dtype);
  return add(tensor);
}

const Tensor* TensorTable::find(Handle handle) const {
  const uint64_t index = handle & ((1ull << slot_bits) - 1);
  if (handle_engine(handle) != engine_ || index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  const uint32_t generation = static_cast<uint32_t>(handle >> slot_bits) & ((1u << generation_bits) - 1);
  return slot.live && slot.generation == generation ? &slot.tensor : nullptr;
}

bool TensorTable::release(Handle handle) {
  const Tensor* tensor = find(handle);
  if (tensor == nullptr) return false;
  const uint32_t index = static_cast<uint32_t>(handle & ((1ull << slot_bits) - 1));
  Slot& slot = slots_[index];
  Storage* storage = slot.tensor.storage;
  if (--storage->references == 0) {
    pool_.give_back(storage->buffer);
    delete storage;
  }
  slot.live = false;
  slot.tensor = {};
  live_--;
  // A slot whose generation would wrap is retired: an old handle must never come to mean a new tensor.
  if (++slot.generation < (1u << generation_bits)) free_slots_.push_back(index);
  return true;
}

}  // namespace likewise
