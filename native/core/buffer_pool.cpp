#include "buffer_pool.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

namespace likewise {

BufferPool::~BufferPool() {
  for (const Classes& classes : classes_) {
    for (const auto& [capacity, size_class] : classes) {
      for (const Buffer& buffer : size_class.free) backend_.release(buffer.memory, capacity);
    }
  }
}

size_t BufferPool::size_class(size_t bytes) {
  constexpr size_t smallest = 256;
  if (bytes <= smallest) return smallest;
  constexpr size_t large = size_t{1} << 17;
  const size_t above = std::bit_ceil(bytes);
  if (bytes <= large) return above;  // few classes: batches differ, and small buffers may waste
  const size_t step = above / 8;     // 5/8, 6/8, 7/8 and 8/8 of the power of two above
  return (bytes + step - 1) / step * step;
}

// Batches differ a little, and a buffer that lies idle is better than one more; but what lives long, weights say, must
// not sit in one much larger than itself.
BufferPool::Buffer BufferPool::free_buffer(Classes& classes, size_t wanted) {
  const size_t most = wanted + wanted / 2;
  for (size_t capacity = wanted; capacity <= most; capacity = size_class(capacity + 1)) {
    const auto found = classes.find(capacity);
    if (found == classes.end() || found->second.free.empty()) continue;
    const Buffer buffer = found->second.free.back();
    found->second.free.pop_back();
    return buffer;
  }
  return {};
}

void* BufferPool::new_buffer(SizeClass& size_class, size_t capacity) {
  if (!allocations_.permit()) return nullptr;
  std::vector<Buffer>& free = size_class.free;
  if (free.capacity() <= size_class.held) free.reserve(std::max<size_t>(8, 2 * size_class.held));
  void* memory = backend_.allocate(capacity);
  if (memory != nullptr) size_class.held++;
  return memory;
}

BufferPool::Buffer BufferPool::acquire(size_t bytes, Lane lane) {
  const size_t wanted = size_class(bytes);
  Buffer buffer = free_buffer(classes(lane), wanted);
  if (buffer.memory != nullptr) {
    stats_.hits++;
  } else {
    try {
      buffer = {new_buffer(classes(lane)[wanted], wanted), wanted, lane, {}};
    } catch (const std::bad_alloc&) {  // of the pool's own lists
      return {};
    }
    if (buffer.memory == nullptr) return {};
    stats_.misses++;
    stats_.bytes_held += wanted;
  }
  stats_.bytes_in_use += buffer.capacity;
  return buffer;
}

std::shared_ptr<void> BufferPool::take_free() {
  struct FreeBuffers {
    const Backend& backend;
    std::vector<Buffer> buffers = {};
    explicit FreeBuffers(const Backend& owner) : backend(owner) {}
    ~FreeBuffers() {
      for (const Buffer& buffer : buffers) backend.release(buffer.memory, buffer.capacity);
    }
  };
  size_t count = 0;
  for (const Classes& classes : classes_) {
    for (const auto& [capacity, size_class] : classes) count += size_class.free.size();
  }
  auto taken = std::make_shared<FreeBuffers>(backend_);
  taken->buffers.reserve(count);
  for (Classes& classes : classes_) {
    for (auto& [capacity, size_class] : classes) {
      taken->buffers.insert(taken->buffers.end(), size_class.free.begin(), size_class.free.end());
      stats_.bytes_held -= capacity * size_class.free.size();
      size_class.held -= size_class.free.size();
      size_class.free.clear();
    }
  }
  return taken;
}

void BufferPool::give_back(const Buffer& buffer) {
  classes(buffer.lane).find(buffer.capacity)->second.free.push_back(buffer);
  stats_.bytes_in_use -= buffer.capacity;
}

}  // namespace likewise
