#include "buffer_pool.h"

#include <bit>

namespace likewise {

BufferPool::~BufferPool() {
  for (auto& [capacity, buffers] : free_) {
    for (void* memory : buffers) backend_.release(memory, capacity);
  }
}

size_t BufferPool::size_class(size_t bytes) {
  constexpr size_t smallest = 256;
  if (bytes <= smallest) return smallest;
  constexpr size_t large = size_t{1} << 20;
  const size_t above = std::bit_ceil(bytes);
  if (bytes <= large) return above;  // few classes: batches differ, and small buffers may waste
  const size_t step = above / 8;     // 5/8, 6/8, 7/8 and 8/8 of the power of two above
  return (bytes + step - 1) / step * step;
}

BufferPool::Buffer BufferPool::acquire(size_t bytes) {
  const size_t capacity = size_class(bytes);
  std::vector<void*>& available = free_[capacity];
  void* memory = nullptr;
  if (!available.empty()) {
    memory = available.back();
    available.pop_back();
    stats_.hits++;
  } else {
    if (fail_countdown_ == 0 || --fail_countdown_ != 0) memory = backend_.allocate(capacity);
    if (memory == nullptr) return {};
    stats_.misses++;
    stats_.bytes_held += capacity;
  }
  stats_.bytes_in_use += capacity;
  return {memory, capacity};
}

std::shared_ptr<void> BufferPool::take_free() {
  struct FreeBuffers {
    const Backend& backend;
    std::unordered_map<size_t, std::vector<void*>> buffers;
    ~FreeBuffers() {
      for (auto& [capacity, memories] : buffers) {
        for (void* memory : memories) backend.release(memory, capacity);
      }
    }
  };
  for (auto& [capacity, buffers] : free_) stats_.bytes_held -= capacity * buffers.size();
  auto taken = std::make_shared<FreeBuffers>(backend_, std::move(free_));
  free_.clear();
  return taken;
}

void BufferPool::give_back(const Buffer& buffer) {
  free_[buffer.capacity].push_back(buffer.memory);
  stats_.bytes_in_use -= buffer.capacity;
}

}  // namespace likewise
