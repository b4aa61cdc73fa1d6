// The reference backend: host memory and every op, in float32 and float64.
#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "reference.h"

namespace likewise {

namespace {

constexpr size_t line = 64;
constexpr size_t huge_page = size_t{2} << 20;

// Matrices of many megabytes are walked in strides that miss the address translation of small pages, so large buffers
// start on a huge page and ask for more of them.
void* allocate(size_t bytes) {
  const size_t alignment = bytes >= huge_page / 2 ? huge_page : line;
  if (bytes > SIZE_MAX - alignment) return nullptr;
  const size_t rounded = bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
#if defined(__linux__)
  if (memory != nullptr && alignment == huge_page) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory;
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
  reference::fill_bfloat16(backend);
  reference::fill_int8(backend);
  reference::fill_linear_gradient(backend);
  reference::fill_optimizer(backend);
  reference::fill_embedding(backend);
  reference::fill_layer_norm(backend);
  reference::fill_attention(backend);
  reference::fill_pool(backend);
  reference::fill_pool_gradient(backend);
  reference::fill_row_gradients(backend);
  reference::fill_rows(backend);
  reference::fill_cosine_softmax_loss(backend);
  reference::fill_vocabulary_loss(backend);
  reference::fill_plain(backend);
  reference::fill_table_rows(backend);
  reference::fill_covariance(backend);
  reference::fill_eigen(backend);
  reference::fill_whiten(backend);
}

}  // namespace likewise
