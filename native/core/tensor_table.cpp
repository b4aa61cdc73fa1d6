#include "tensor_table.h"

#include <algorithm>
#include <utility>

namespace likewise {

namespace {

constexpr uint32_t generations = 1u << generation_bits;

uint32_t slot_of(Handle handle) { return static_cast<uint32_t>(handle & ((1ull << slot_bits) - 1)); }

}  // namespace

size_t dtype_size(DType dtype) {
  switch (dtype) {
    case DType::float64: return 8;
    case DType::bfloat16: return 2;
    case DType::int8: return 1;
    default: return 4;
  }
}

int64_t span_elements(const TensorView& view) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < view.rank; axis++) count *= view.shape[axis];
  if (count == 0 || view.rank != 2) return count;
  return (view.shape[0] - 1) * view.row_stride + view.shape[1];
}

bool covers_storage(const Tensor& tensor) {
  const TensorView& view = tensor.view;
  if (view.rank == 2 && view.shape[0] > 1 && view.row_stride != view.shape[1]) return false;
  const size_t bytes = static_cast<size_t>(span_elements(view)) * dtype_size(view.dtype);
  return view.data == tensor.storage->buffer.memory && bytes == tensor.storage->bytes;
}

TensorTable::TensorTable(uint32_t engine, BufferPool& pool, Allocations& allocations, const Generations& used)
    : engine_(engine), pool_(pool), allocations_(allocations), slots_(used.size()) {
  free_slots_.reserve(slots_.capacity());
  for (size_t i = used.size(); i-- > 0;) {
    slots_[i].generation = used[i];
    if (used[i] < generations) free_slots_.push_back(static_cast<uint32_t>(i));
  }
}

TensorTable::~TensorTable() {
  for (const Slot& slot : slots_) {
    if (!slot.live || --slot.tensor.storage->tensors > 0) continue;
    pool_.give_back(slot.tensor.storage->buffer);
    delete slot.tensor.storage;
  }
  while (spare_ != nullptr) delete std::exchange(spare_, spare_->next);
}

Generations TensorTable::used_generations() const {
  Generations used(slots_.size());
  for (size_t i = 0; i < slots_.size(); i++) used[i] = slots_[i].generation + (slots_[i].live ? 1 : 0);
  return used;
}

// Grows the table by half when it is full. False: no memory, or as many tensors as there are slots.
bool TensorTable::has_free_slot() {
  if (!free_slots_.empty() || slots_.size() < slots_.capacity()) return true;
  constexpr size_t most = size_t{1} << slot_bits;
  if (slots_.size() >= most || !allocations_.permit()) return false;
  const size_t larger = std::min(most, std::max<size_t>(64, slots_.size() + slots_.size() / 2));
  try {
    free_slots_.reserve(larger);
    slots_.reserve(larger);
  } catch (const std::bad_alloc&) {
    return false;
  }
  allocations_.counted();
  return true;
}

Storage* TensorTable::take_storage() {
  if (spare_ == nullptr) return allocations_.make<Storage>();
  Storage* storage = std::exchange(spare_, spare_->next);
  storage->fate = Fate{};
  return storage;
}

// The caller has seen that a slot is free.
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
  tensor.storage->tensors++;
  live_++;
  return (static_cast<Handle>(engine_) << (slot_bits + generation_bits)) |
         (static_cast<Handle>(slot.generation) << slot_bits) | index;
}

Handle TensorTable::allocate(DType dtype, int32_t rank, const int64_t* shape, Lane lane) {
  if (!has_free_slot()) return 0;
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
  tensor.storage = take_storage();
  if (tensor.storage == nullptr) return 0;
  const BufferPool::Buffer buffer = pool_.acquire(bytes, lane);
  if (buffer.memory == nullptr) {
    tensor.storage->next = std::exchange(spare_, tensor.storage);
    return 0;
  }
  tensor.storage->buffer = buffer;
  tensor.storage->written = buffer.used;
  tensor.storage->bytes = bytes;
  tensor.view.data = buffer.memory;
  return add(tensor);
}

Handle TensorTable::view(const Tensor& base, int64_t offset, int32_t rank, const int64_t* shape,
                         int64_t row_stride) {
  Tensor tensor = base;
  if (!has_free_slot()) return 0;  // growing moves the slots, and `base` may lie in one
  tensor.view.rank = rank;
  for (int32_t axis = 0; axis < max_rank; axis++) tensor.view.shape[axis] = axis < rank ? shape[axis] : 0;
  tensor.view.row_stride = row_stride;
  tensor.view.data =
      static_cast<char*>(tensor.view.data) + static_cast<size_t>(offset) * dtype_size(tensor.view.dtype);
  return add(tensor);
}

const Tensor* TensorTable::find(Handle handle) const {
  const uint32_t index = slot_of(handle);
  if (handle_engine(handle) != engine_ || index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[index];
  const uint32_t generation = static_cast<uint32_t>(handle >> slot_bits) & (generations - 1);
  return slot.live && slot.generation == generation ? &slot.tensor : nullptr;
}

bool TensorTable::release(Handle handle) {
  if (find(handle) == nullptr) return false;
  const uint32_t index = slot_of(handle);
  Slot& slot = slots_[index];
  Storage* storage = slot.tensor.storage;
  slot.live = false;
  slot.tensor = {};
  live_--;
  // A slot whose generation would wrap is retired: an old handle must never come to mean a new tensor.
  if (++slot.generation < generations) free_slots_.push_back(index);
  if (--storage->tensors == 0) {
    pool_.give_back(storage->buffer);
    if (storage->commands == 0) storage->next = std::exchange(spare_, storage);
  }
  return true;
}

void TensorTable::let_go(Storage* storage) {
  if (--storage->commands == 0 && storage->tensors == 0) storage->next = std::exchange(spare_, storage);
}

}  // namespace likewise
