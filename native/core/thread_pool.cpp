#include "thread_pool.h"

#include <cstdlib>

namespace likewise {

namespace {

// Layout of Job::state. A worker may join only while `open` is set; the submitter clears it once the tiles are handed
// out and waits for `active` to reach zero, so a job's fields never change under a worker that has joined.
constexpr uint64_t active_one = 1;
constexpr uint64_t active_mask = 0xffff;
constexpr uint64_t joined_one = 1ull << 16;
constexpr int32_t joined_shift = 16;
constexpr int32_t limit_shift = 32;
constexpr uint64_t open_flag = 1ull << 63;

// Grows and never shrinks, so a steady state allocates nothing.
struct ScratchArena {
  void* memory = nullptr;
  size_t size = 0;
  ~ScratchArena() { std::free(memory); }
  void* at_least(size_t bytes) {
    if (bytes <= size) return memory;
    const size_t rounded = (bytes + 4095) / 4096 * 4096;
    void* grown = std::aligned_alloc(64, rounded);
    if (grown == nullptr) return nullptr;
    std::free(memory);
    memory = grown;
    size = rounded;
    return memory;
  }
};

thread_local ScratchArena scratch_arena;

}  // namespace

std::shared_ptr<ThreadPool> ThreadPool::shared() {
  static std::mutex mutex;
  static std::weak_ptr<ThreadPool> current;
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<ThreadPool> pool = current.lock();
  if (!pool) {
    pool = std::make_shared<ThreadPool>();
    current = pool;
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  stopping_.store(true);
  epoch_.fetch_add(1);
  epoch_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::grow(int32_t participants) {
  std::lock_guard<std::mutex> lock(growth_);
  while (static_cast<int32_t>(threads_.size()) < participants - 1) threads_.emplace_back([this] { work(); });
}

void ThreadPool::drain(Job& job, int32_t participant) {
  for (int64_t index; (index = job.next.fetch_add(1, std::memory_order_relaxed)) < job.tiles;) {
    job.tile(job.context, index, participant);
  }
}

void ThreadPool::run(int32_t limit, int64_t tiles, TileFunction tile, void* context) {
  Job* job = nullptr;
  if (limit > 1 && tiles > 1) {
    for (Job& candidate : jobs_) {
      if (!candidate.taken.exchange(true, std::memory_order_acquire)) {
        job = &candidate;
        break;
      }
    }
  }
  if (job == nullptr) {  // alone by choice, or more streams than slots: the submitter does it all
    for (int64_t index = 0; index < tiles; index++) tile(context, index, 0);
    return;
  }
  job->tiles = tiles;
  job->tile = tile;
  job->context = context;
  job->next.store(0, std::memory_order_relaxed);
  const uint64_t joiners = static_cast<uint64_t>(limit - 1 < tiles - 1 ? limit - 1 : tiles - 1);
  job->state.store(open_flag | (joiners << limit_shift), std::memory_order_release);
  epoch_.fetch_add(1);
  epoch_.notify_all();

  drain(*job, 0);
  job->state.fetch_and(~open_flag, std::memory_order_acq_rel);
  const auto finished = [job] { return (job->state.load(std::memory_order_acquire) & active_mask) == 0; };
  while (!spin_until(finished))
    std::this_thread::yield();  // a worker lost its core in mid-tile: let it have this one
  job->taken.store(false, std::memory_order_release);
}

bool ThreadPool::help_any() {
  for (Job& job : jobs_) {
    uint64_t state = job.state.load(std::memory_order_acquire);
    while ((state & open_flag) != 0) {
      const uint64_t joined = (state >> joined_shift) & 0xffff;
      if (joined >= ((state >> limit_shift) & 0xffff)) break;
      if (job.state.compare_exchange_weak(state, state + joined_one + active_one,
                                          std::memory_order_acq_rel)) {
        drain(job, static_cast<int32_t>(joined) + 1);
        job.state.fetch_sub(active_one, std::memory_order_acq_rel);
        return true;
      }
    }
  }
  return false;
}

void ThreadPool::work() {
  uint32_t seen = epoch_.load(std::memory_order_acquire);
  while (!stopping_.load(std::memory_order_acquire)) {
    if (help_any()) continue;
    const bool called = spin_until([this, seen] { return epoch_.load(std::memory_order_acquire) != seen; });
    if (!called) epoch_.wait(seen, std::memory_order_acquire);
    seen = epoch_.load(std::memory_order_acquire);
  }
}

StreamWorkers::StreamWorkers(std::shared_ptr<ThreadPool> pool, int32_t threads) : pool_(std::move(pool)) {
  count = threads;
  pool_->grow(threads);
  run = [](Workers& workers, int64_t tiles, TileFunction tile, void* context) {
    StreamWorkers& self = static_cast<StreamWorkers&>(workers);
    self.pool_->run(self.count, tiles, tile, context);
  };
  scratch = [](Workers&, int32_t, size_t bytes) { return scratch_arena.at_least(bytes); };
}

}  // namespace likewise
