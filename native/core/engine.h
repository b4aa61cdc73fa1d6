// A stream: commands are queued in order by one thread (JavaScript's) and executed in order by another, with the shared
// pool of workers. A command that fails poisons the tensors it writes, and every later command that reads them is
// skipped and poisons its own, until somebody waits for a value and is told, or sound values are written over them.
#pragma once

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
  // Limits past which a producer that does not wait is refused.
  static constexpr size_t max_commands = 16384;
  static constexpr size_t max_staged_bytes = size_t{1} << 31;

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

  // inputs, outputs: the tensors whose views are in `call`, null where an optional one is absent.
  Queued run(OpId op, OpFunction function, const OpCall& call, const Tensor* const* inputs,
             const Tensor* const* outputs);
  Queued upload(const Tensor& destination, const void* host, size_t bytes);
  // Copies a tensor, dense, to `host`, which must stay valid until the completion is told.
  Queued download(const Tensor& source, void* host, std::unique_ptr<Completion> completion);
  // The completion is told once no more than `backlog` commands are waiting.
  Queued when_backlog_at_most(size_t backlog, std::unique_ptr<Completion> completion);
  // Runs body on the executing thread, in its turn.
  Queued call(std::function<void(Workers&)> body, std::unique_ptr<Completion> completion);

  // Gives the memory of free buffers back to the backend, once the commands queued so far have run. Not refused for want
  // of room in the queue.
  Queued trim();

  struct Stats {
    uint64_t executed;
    size_t waiting;
    size_t staged_bytes;
  };
  Stats stats();

 private:
  struct Waiter {
    uint64_t executed;  // told when this many commands have been executed
    std::unique_ptr<Completion> completion;
  };

  Command* new_command(Command::Kind kind);
  Queued push(Command* command, size_t staged_bytes);
  void reclaim(Command* command);
  void reclaim_all(Command* commands);
  void loop();
  void finish(Command& command);
  void await_command(std::unique_lock<std::mutex>& lock);
  bool has_room_for_waiter();
  std::vector<std::unique_ptr<Completion>> due_waiters();

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
  CommandQueue queue_;
  CommandQueue finished_;  // run, but their tensors not yet let go of: that is for the queueing thread
  std::vector<Waiter> waiters_;
  std::atomic<uint64_t> queued_{0};
  uint64_t executed_ = 0;  // written by the executing thread alone
  size_t staged_bytes_ = 0;
  bool asleep_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace likewise
