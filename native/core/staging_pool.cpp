#include "staging_pool.h"

#include <algorithm>
#include <bit>

namespace likewise {

int32_t StagingPool::class_of(size_t bytes) {
  static_assert(smallest << (classes - 1) == largest_kept);
  return std::bit_width((std::max(bytes, smallest) - 1) / smallest);
}

char* StagingPool::acquire(size_t bytes) {
  if (bytes > largest_kept) return allocations_.make_bytes(bytes);
  const int32_t size_class = class_of(bytes);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (Piece* piece = free_[size_class]; piece != nullptr) {
      free_[size_class] = piece->next;
      kept_ -= capacity_of(size_class);
      return reinterpret_cast<char*>(piece);
    }
  }
  return allocations_.make_bytes(capacity_of(size_class));
}

void StagingPool::give_back(char* memory, size_t bytes) {
  if (memory != nullptr && bytes <= largest_kept) {
    const int32_t size_class = class_of(bytes);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (kept_ + capacity_of(size_class) <= most_kept) {
      kept_ += capacity_of(size_class);
      free_[size_class] = new (memory) Piece{free_[size_class]};
      return;
    }
  }
  delete[] memory;
}

void StagingPool::trim() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Piece*& head : free_) {
    while (head != nullptr) {
      char* memory = reinterpret_cast<char*>(head);
      head = head->next;
      delete[] memory;
    }
  }
  kept_ = 0;
}

}  // namespace likewise
