#include "engine.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "op_specs.h"

namespace likewise {

namespace {

const Fate stopped_fate{Status::cancelled, "the engine was disposed before this command ran"};

// Memory on its way back to the backend, held for as long as it waits.
struct Trimmed : Completion {
  void done(const Fate&) override {}
  std::shared_ptr<void> buffers;
};

}  // namespace

Engine::Engine(uint32_t id, const Backend& backend, int32_t threads, const Generations& used)
    : id_(id),
      backend_(backend),
      pool_(backend, allocations_),
      tensors_(id, pool_, allocations_, used),
      staging_(allocations_),
      workers_(ThreadPool::shared(), threads),
      thread_([this] { loop(); }) {}

Engine::~Engine() {
  stop();
  thread_.join();
  for (Command* command = queue_.take_all(); command != nullptr;) {
    if (command->completion) command->completion->done(stopped_fate);
    staging_.give_back(std::exchange(command->staging, nullptr), command->bytes);
    reclaim(std::exchange(command, command->next));
  }
  for (Waiter& waiter : waiters_) waiter.completion->done(stopped_fate);
  reclaim_all(finished_.take_all());
  while (spare_ != nullptr) delete std::exchange(spare_, spare_->next);
}

void Engine::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

// A command for reuse, or a new one; null when memory is exhausted. Its operands are as its last use left them.
Command* Engine::new_command(Command::Kind kind) {
  if (spare_ == nullptr) {
    Command* finished;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      finished = finished_.take_all();
    }
    reclaim_all(finished);
  }
  Command* command = spare_ == nullptr ? allocations_.make<Command>() : std::exchange(spare_, spare_->next);
  if (command != nullptr) command->kind = kind;
  return command;
}

// Lets go of a command's tensors and keeps it for the next one; for the queueing thread.
void Engine::reclaim(Command* command) {
  for (Storage*& storage : command->inputs) {
    if (storage != nullptr) tensors_.let_go(std::exchange(storage, nullptr));
  }
  for (Storage*& storage : command->outputs) {
    if (storage != nullptr) tensors_.let_go(std::exchange(storage, nullptr));
  }
  command->body = nullptr;
  command->completion = nullptr;
  command->next = std::exchange(spare_, command);
}

void Engine::reclaim_all(Command* commands) {
  while (commands != nullptr) reclaim(std::exchange(commands, commands->next));
}

Engine::Queued Engine::push(Command* command, size_t staged_bytes) {
  bool asleep;
  bool full;
  Command* finished;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished = finished_.take_all();
    full = queue_.size() >= max_commands ||
           (staged_bytes_ > 0 &&
            staged_bytes_ + staged_bytes > max_staged_bytes);  // a single upload of any size is let in
    if (!full) {
      queue_.push(command);
      queued_.store(queued_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
      staged_bytes_ += staged_bytes;
    }
    asleep = asleep_;
  }
  if (asleep) wake_.notify_one();
  reclaim_all(finished);
  if (!full) return Queued::ok;
  staging_.give_back(std::exchange(command->staging, nullptr), staged_bytes);
  reclaim(command);
  return Queued::full;
}

Engine::Queued Engine::run(OpId op, OpFunction function, const OpCall& call, const Tensor* const* inputs,
                           const Tensor* const* outputs) {
  Command* command = new_command(Command::Kind::op);
  if (command == nullptr) return Queued::out_of_memory;
  command->op = op;
  command->function = function;
  command->operands = call;
  for (int32_t i = 0; i < max_inputs; i++) {
    if (inputs[i] == nullptr) continue;
    command->inputs[i] = inputs[i]->storage;
    TensorTable::hold(command->inputs[i]);
  }
  const OpSpec& spec = op_spec(op);
  for (int32_t i = 0; i < max_outputs; i++) {
    if (outputs[i] == nullptr) continue;
    command->outputs[i] = outputs[i]->storage;
    TensorTable::hold(command->outputs[i]);
    command->updates[i] = spec.outputs[static_cast<size_t>(i)].updated;
    command->replaces[i] = !command->updates[i] && covers_storage(*outputs[i]);
  }
  return push(command, 0);
}

Engine::Queued Engine::upload(const Tensor& destination, const void* host, size_t bytes) {
  Command* command = new_command(Command::Kind::upload);
  if (command == nullptr) return Queued::out_of_memory;
  command->staging = staging_.acquire(bytes);
  if (command->staging == nullptr) {
    reclaim(command);
    return Queued::out_of_memory;
  }
  std::memcpy(command->staging, host, bytes);
  command->bytes = bytes;
  command->operands.outputs[0] = destination.view;
  command->outputs[0] = destination.storage;
  TensorTable::hold(destination.storage);
  command->updates[0] = false;
  command->replaces[0] = covers_storage(destination);
  return push(command, bytes);
}

Engine::Queued Engine::download(const Tensor& source, void* host, std::unique_ptr<Completion> completion) {
  Command* command = new_command(Command::Kind::download);
  if (command == nullptr) return Queued::out_of_memory;
  command->operands.inputs[0] = source.view;
  command->inputs[0] = source.storage;
  TensorTable::hold(source.storage);
  command->host = host;
  command->completion = std::move(completion);
  return push(command, 0);
}

Engine::Queued Engine::call(std::function<void(Workers&)> body, std::unique_ptr<Completion> completion) {
  Command* command = new_command(Command::Kind::call);
  if (command == nullptr) return Queued::out_of_memory;
  command->body = std::move(body);
  command->completion = std::move(completion);
  return push(command, 0);
}

// By a waiter and not by a command: a command can be refused, and what it held would be freed while those that wait
// still use it. Nothing is taken out of the pool before its place among the waiters is certain.
Engine::Queued Engine::trim() {
  staging_.trim();
  std::unique_ptr<Trimmed> trimmed;  // outlives the lock: freed here when no command waits
  try {
    trimmed = std::make_unique<Trimmed>();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!has_room_for_waiter()) return Queued::out_of_memory;
    trimmed->buffers = pool_.take_free();
    if (queued_ != executed_) waiters_.push_back({queued_, std::move(trimmed)});
  } catch (const std::bad_alloc&) {
    return Queued::out_of_memory;
  }
  return Queued::ok;
}

Engine::Queued Engine::when_backlog_at_most(size_t backlog, std::unique_ptr<Completion> completion) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queued_ > executed_ + backlog) {
      if (!has_room_for_waiter()) return Queued::out_of_memory;
      waiters_.push_back({queued_ - backlog, std::move(completion)});
      return Queued::ok;
    }
  }
  completion->done(Fate{});
  return Queued::ok;
}

// Whether one more waiter can be added without an allocation that could fail.
bool Engine::has_room_for_waiter() {
  if (waiters_.size() < waiters_.capacity()) return true;
  if (!allocations_.permit()) return false;
  try {
    waiters_.reserve(std::max<size_t>(8, 2 * waiters_.size()));
  } catch (const std::bad_alloc&) {
    return false;
  }
  allocations_.counted();
  return true;
}

std::vector<std::unique_ptr<Completion>> Engine::due_waiters() {
  std::vector<std::unique_ptr<Completion>> due;
  for (size_t i = 0; i < waiters_.size();) {
    if (waiters_[i].executed > executed_) {
      i++;
      continue;
    }
    due.push_back(std::move(waiters_[i].completion));
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return due;
}

// JavaScript queues a batch's ops a microsecond or two apart: sleeping between them would cost more than it saves.
void Engine::await_command(std::unique_lock<std::mutex>& lock) {
  if (queue_.empty() && !stopping_) {
    lock.unlock();
    spin_until([this] { return queued_.load(std::memory_order_acquire) != executed_ || stopping_.load(); });
    lock.lock();
  }
  asleep_ = true;
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  asleep_ = false;
}

// Runs a command and frees what it alone used, all but its record.
void Engine::finish(Command& command) {
  const Fate fate = command.execute(backend_, workers_);
  staging_.give_back(std::exchange(command.staging, nullptr), command.bytes);
  command.body = nullptr;
  if (command.completion) command.completion->done(fate);
  command.completion = nullptr;
}

void Engine::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    await_command(lock);
    if (stopping_) return;
    Command* command = queue_.pop();
    lock.unlock();
    const size_t staged = command->staging == nullptr ? 0 : command->bytes;
    finish(*command);
    lock.lock();
    executed_++;
    staged_bytes_ -= staged;
    finished_.push(command);
    if (waiters_.empty()) continue;
    std::vector<std::unique_ptr<Completion>> due = due_waiters();
    lock.unlock();
    for (std::unique_ptr<Completion>& completion : due) completion->done(Fate{});
    lock.lock();
  }
}

Engine::Stats Engine::stats() {
  std::lock_guard<std::mutex> lock(mutex_);
  return {executed_, queue_.size(), staged_bytes_};
}

}  // namespace likewise
