// What the queueing thread allocates beside the memory of tensors: commands, staging, storages and the table's growth.
// All of it is reused, so a steady state counts none; and each is a fault point, so that a test can fail the k-th one.
#pragma once

#include <cstdint>
#include <new>

namespace likewise {

// Used by the thread that queues commands alone.
class Allocations {
 public:
  // Null when memory is exhausted.
  template <typename T>
  T* make() {
    if (!permit()) return nullptr;
    T* made = new (std::nothrow) T();
    if (made != nullptr) count_++;
    return made;
  }
  char* make_bytes(size_t bytes) {
    if (!permit()) return nullptr;
    char* made = new (std::nothrow) char[bytes];
    if (made != nullptr) count_++;
    return made;
  }

  // Whether an allocation that is about to be made may succeed: false at the fault point.
  bool permit() { return fail_countdown_ == 0 || --fail_countdown_ != 0; }
  void counted() { count_++; }
  uint64_t count() const { return count_; }

  // Test hook: the k-th allocation from now fails, the buffer pool's included; 0 turns it off.
  void fail_allocation(uint64_t countdown) { fail_countdown_ = countdown; }

 private:
  uint64_t count_ = 0;
  uint64_t fail_countdown_ = 0;
};

}  // namespace likewise
