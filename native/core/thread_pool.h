// One pool of worker threads per process, shared by every stream. Work is a range of tiles handed out by an atomic
// counter, so that a slow or stolen core delays nothing but its own tile. Idle workers spin for some tens of
// microseconds, then sleep. The submitting thread always takes part, so a pool of no workers is valid.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "op_call.h"

namespace likewise {

// Waits for a condition for some tens of microseconds without giving up the core: longer than the gap between two ops,
// shorter than anyone would notice. False: it did not come about in time.
template <typename Condition>
bool spin_until(Condition condition) {
  for (int32_t spins = 0; spins < 1500; spins++) {
    if (condition()) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  return false;
}

using TileFunction = void (*)(void* context, int64_t index, int32_t participant);

class ThreadPool {
 public:
  // The process's pool; it lives while somebody holds it, so that an addon that is unloaded leaves no thread behind.
  static std::shared_ptr<ThreadPool> shared();

  ThreadPool() = default;
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Starts workers until `participants` threads, the submitter included, can work on one job.
  void grow(int32_t participants);

  // Runs tile(context, index, participant) for index 0 .. tiles - 1 on at most `limit` threads; returns when all ended.
  void run(int32_t limit, int64_t tiles, TileFunction tile, void* context);

 private:
  struct alignas(64) Job {
    std::atomic<bool> taken{false};
    std::atomic<uint64_t> state{
        0};  // open flag, limit of joiners, joined so far, still active: see thread_pool.cpp
    std::atomic<int64_t> next{0};
    int64_t tiles = 0;
    TileFunction tile = nullptr;
    void* context = nullptr;
  };
  static constexpr int32_t job_slots = 16;

  void work();
  bool help_any();
  static void drain(Job& job, int32_t participant);

  Job jobs_[job_slots];
  std::atomic<uint32_t> epoch_{0};
  std::atomic<bool> stopping_{false};
  std::mutex growth_;
  std::vector<std::thread> threads_;
};

// The Workers a stream hands to its kernels: the shared pool with a limit, and a scratch arena per thread.
class StreamWorkers : public Workers {
 public:
  StreamWorkers(std::shared_ptr<ThreadPool> pool, int32_t threads);

 private:
  std::shared_ptr<ThreadPool> pool_;
};

}  // namespace likewise
