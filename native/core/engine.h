// A stream: commands are queued by one thread (JavaScript's) and executed by another, with the shared pool of workers, in
// two lanes of which each is in order. Urgent commands go first: they wait for the command in progress, and for ordinary
// ones only where these write what they read or use what they write. A command that fails poisons the tensors it writes, and every later command that reads them is
// skipped and poisons its own, until somebody waits for a value and is told, or sound values are written over them.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "allocations.h"
#include "backend.h"
#include "buffer_pool.h"
#include "command.h"
#include "staging_pool.h"
#include "tensor_table.h"
#include "thread_pool.h"

namespace likewise {

class Engine {
 public:
  // Room for so many completions that wait for a backlog is there from the start.
  static constexpr size_t few_waiters = 8;
  // Limits of each lane, past which a producer that does not wait is refused.
  static constexpr size_t max_commands = 16384;
  static constexpr size_t max_staged_bytes = size_t{1} << 31;
  // After so many urgent commands one after another, an ordinary one that could run has its turn.
  static constexpr int32_t most_urgent_in_a_row = 256;

  // used: see TensorTable.
  Engine(uint32_t id, const Backend& backend, int32_t threads, const Generations& used = {});
  // Finishes the command in progress, drops the rest and tells their completions.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // After this no further command starts. Does not wait for the one in progress; for any thread.
  void stop();

  uint32_t id() const { return id_; }
  const Backend& backend() const { return backend_; }
  int32_t threads() const { return workers_.count; }
  TensorTable& tensors() { return tensors_; }
  BufferPool& pool() { return pool_; }
  Allocations& allocations() { return allocations_; }

  enum class Queued { ok, full, out_of_memory };

  // In the lane of the first output. inputs, outputs: the tensors whose views are in `call`, null where an optional one is
  // absent.
  Queued run(OpId op, OpFunction function, const OpCall& call, const Tensor* const* inputs,
             const Tensor* const* outputs);
  Queued upload(const Tensor& destination, const void* host, size_t bytes);
  // In the tensor's lane: copies it, dense, to `host`, which must stay valid until the completion is told.
  Queued download(const Tensor& source, void* host, std::unique_ptr<Completion> completion);
  // The completion is told once no more than `backlog` commands of each lane are waiting.
  Queued when_backlog_at_most(size_t backlog, std::unique_ptr<Completion> completion);
  // Runs body on the executing thread, in its turn.
  Queued call(std::function<void(Workers&)> body, std::unique_ptr<Completion> completion);

  // Gives the memory of free buffers back to the backend, once the commands queued so far have run. Not refused for want
  // of room in the queue.
  Queued trim();

  struct Stats {
    uint64_t executed;
    uint64_t urgent_executed;
    size_t waiting;
    size_t staged_bytes;
  };
  Stats stats();

 private:
  struct LaneQueue {
    CommandQueue waiting;
    std::atomic<uint64_t> queued{0};  // so many commands so far; raised by the queueing thread alone
    size_t staged_bytes = 0;
  };
  struct Waiter {
    Point point;  // told when this has been reached
    std::unique_ptr<Completion> completion;
  };

  LaneQueue& queue(Lane lane) { return queues_[static_cast<size_t>(lane)]; }
  Point queued() const;
  Command* new_command(Command::Kind kind, Lane lane);
  Queued push(Command* command, size_t staged_bytes);
  void reclaim(Command* command);
  void reclaim_all(Command* commands);
  void loop();
  void finish(Command& command);
  bool nothing_waits();
  void await_command(std::unique_lock<std::mutex>& lock);
  void linger(std::unique_lock<std::mutex>& lock);
  Command* take_next();
  bool has_room_for_waiter();
  void tell_due_waiters(std::unique_lock<std::mutex>& lock);

  uint32_t id_;
  const Backend& backend_;
  Allocations allocations_;
  BufferPool pool_;
  TensorTable tensors_;
  StagingPool staging_;
  StreamWorkers workers_;
  Command* spare_ = nullptr;  // the queueing thread's own, for reuse

  std::mutex mutex_;
  std::condition_variable wake_;
  std::array<LaneQueue, lane_count> queues_;
  CommandQueue finished_;  // run, but their tensors not yet let go of: that is for the queueing thread
  std::vector<Waiter> waiters_;
  Point executed_;               // written by the executing thread alone
  int32_t urgent_in_a_row_ = 0;  // while ordinary commands waited
  bool asleep_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace likewise
