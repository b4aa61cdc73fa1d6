// Memory in size classes, reused and not returned: a steady-state batch asks the system for none. All calls come from
// the thread that queues commands. A buffer given back while commands that use it are still queued may be handed out
// again at once, because the commands that will use it next run after those: reuse is in stream order. Each lane has
// buffers of its own, so that this order keeps no urgent command waiting for ordinary ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "allocations.h"
#include "backend.h"
#include "lanes.h"

namespace likewise {

class BufferPool {
 public:
  struct Buffer {
    void* memory = nullptr;
    size_t capacity = 0;
    Lane lane = Lane::ordinary;
    Point used;  // when every command queued so far that uses it has run
  };
  struct Stats {
    uint64_t hits = 0;
    uint64_t misses = 0;
    size_t bytes_in_use = 0;
    size_t bytes_held = 0;  // in use and free, as had from the backend
  };

  BufferPool(const Backend& backend, Allocations& allocations)
      : backend_(backend), allocations_(allocations) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // memory is null when none is left.
  Buffer acquire(size_t bytes, Lane lane = Lane::ordinary);
  void give_back(const Buffer& buffer);
  // Takes all free buffers out of the pool; whoever holds the result last gives them back to the backend. Commands that
  // are still queued may use them, so it must be held until those have run. Throws std::bad_alloc, with nothing taken.
  std::shared_ptr<void> take_free();
  const Stats& stats() const { return stats_; }

  // The capacity that serves `bytes`: a power of two, and from 128 KiB on also one of three steps between.
  static size_t size_class(size_t bytes);

 private:
  struct SizeClass {
    std::vector<Buffer> free;  // its capacity is at least `held`, so that giving back never allocates
    size_t held = 0;           // buffers, in use and free
  };

  using Classes = std::unordered_map<size_t, SizeClass>;  // by capacity

  Classes& classes(Lane lane) { return classes_[static_cast<size_t>(lane)]; }
  static Buffer free_buffer(Classes& classes, size_t wanted);
  void* new_buffer(SizeClass& size_class, size_t capacity);

  const Backend& backend_;
  Allocations& allocations_;
  std::array<Classes, lane_count> classes_;
  Stats stats_;
};

}  // namespace likewise
