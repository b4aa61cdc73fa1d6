// Host memory in which an upload's bytes wait for their turn. Small pieces are kept for the next upload, in classes of
// powers of two; large ones, a model's weights, go back to the system at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "allocations.h"

namespace likewise {

class StagingPool {
 public:
  static constexpr size_t smallest = 256;
  static constexpr size_t largest_kept = size_t{4} << 20;
  static constexpr size_t most_kept = size_t{32} << 20;  // bytes waiting for reuse, all classes together

  explicit StagingPool(Allocations& allocations) : allocations_(allocations) {}
  ~StagingPool() { trim(); }
  StagingPool(const StagingPool&) = delete;
  StagingPool& operator=(const StagingPool&) = delete;

  // Null when memory is exhausted. For the queueing thread, as the allocations are.
  char* acquire(size_t bytes);
  // `bytes` as acquired. For any thread.
  void give_back(char* memory, size_t bytes);
  void trim();

 private:
  struct Piece {
    Piece* next;
  };
  static constexpr int32_t classes = 15;  // 256 bytes to 4 MiB

  static int32_t class_of(size_t bytes);
  static size_t capacity_of(int32_t size_class) { return smallest << size_class; }

  Allocations& allocations_;
  std::mutex mutex_;
  Piece* free_[classes] = {};
  size_t kept_ = 0;
};

}  // namespace likewise
