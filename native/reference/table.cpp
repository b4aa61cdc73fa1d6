// The reference backend: host memory and every op, in float32 and float64.
#include <cstdlib>
#include <cstring>

#include "reference.h"

namespace likewise {

namespace {

constexpr size_t alignment = 64;

void* allocate(size_t bytes) {
  if (bytes > SIZE_MAX - alignment) return nullptr;
  const size_t rounded = bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, rounded);
}

void release(void* memory, size_t) { std::free(memory); }

// memcpy may not be given a null pointer, not even for nothing.
void copy(void* destination, const void* source, size_t bytes) {
  if (bytes > 0) std::memcpy(destination, source, bytes);
}

}  // namespace

void fill_reference(Backend& backend) {
  backend.name = "reference";
  backend.panel_width = 4;
  backend.allocate = allocate;
  backend.release = release;
  backend.copy_in = copy;
  backend.copy_out = copy;
  reference::fill_linear(backend);
  reference::fill_embedding(backend);
  reference::fill_layer_norm(backend);
  reference::fill_attention(backend);
  reference::fill_pool(backend);
  reference::fill_rows(backend);
}

}  // namespace likewise
