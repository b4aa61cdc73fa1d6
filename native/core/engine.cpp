#include "engine.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "op_specs.h"

namespace likewise {

namespace {

const Fate stopped_fate{Status::cancelled, "the engine was disposed before this command ran"};

// The lane of the first of an op's outputs that is there.
Lane lane_of(const Tensor* const* outputs) {
  for (int32_t i = 0; i < max_outputs; i++) {
    if (outputs[i] != nullptr) return outputs[i]->storage->buffer.lane;
  }
  return Lane::ordinary;
}

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
      workers_(ThreadPool::shared(), threads) {
  waiters_.reserve(few_waiters);
  thread_ = std::thread([this] { loop(); });
}

Engine::~Engine() {
  stop();
  thread_.join();
  for (LaneQueue& queue : queues_) {
    for (Command* command = queue.waiting.take_all(); command != nullptr;) {
      if (command->completion) command->completion->done(stopped_fate);
      staging_.give_back(std::exchange(command->staging, nullptr), command->bytes);
      reclaim(std::exchange(command, command->next));
    }
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
Command* Engine::new_command(Command::Kind kind, Lane lane) {
  if (spare_ == nullptr) {
    Command* finished;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      finished = finished_.take_all();
    }
    reclaim_all(finished);
  }
  Command* command = spare_ == nullptr ? allocations_.make<Command>() : std::exchange(spare_, spare_->next);
  if (command == nullptr) return nullptr;
  command->kind = kind;
  command->lane = lane;
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

Point Engine::queued() const {
  Point point;
  for (const Lane lane : {Lane::ordinary, Lane::urgent}) {
    point[lane] = queues_[static_cast<size_t>(lane)].queued.load(std::memory_order_relaxed);
  }
  return point;
}

Engine::Queued Engine::push(Command* command, size_t staged_bytes) {
  LaneQueue& queue = this->queue(command->lane);
  const uint64_t number = queue.queued.load(std::memory_order_relaxed) + 1;
  command->after = command->dependencies();
  bool asleep;
  bool full;
  Command* finished;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    finished = finished_.take_all();
    full = queue.waiting.size() >= max_commands ||
           (queue.staged_bytes > 0 &&
            queue.staged_bytes + staged_bytes > max_staged_bytes);  // a single upload of any size is let in
    if (!full) {
      queue.waiting.push(command);
      queue.queued.store(number, std::memory_order_release);
      queue.staged_bytes += staged_bytes;
    }
    asleep = asleep_;
  }
  if (asleep) wake_.notify_one();
  if (!full) command->mark_tensors(number);  // its tensors stay its own until it is reclaimed here
  reclaim_all(finished);
  if (!full) return Queued::ok;
  staging_.give_back(std::exchange(command->staging, nullptr), staged_bytes);
  reclaim(command);
  return Queued::full;
}

Engine::Queued Engine::run(OpId op, OpFunction function, const OpCall& call, const Tensor* const* inputs,
                           const Tensor* const* outputs) {
  Command* command = new_command(Command::Kind::op, lane_of(outputs));
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
  Command* command = new_command(Command::Kind::upload, destination.storage->buffer.lane);
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
  Command* command = new_command(Command::Kind::download, source.storage->buffer.lane);
  if (command == nullptr) return Queued::out_of_memory;
  command->operands.inputs[0] = source.view;
  command->inputs[0] = source.storage;
  TensorTable::hold(source.storage);
  command->host = host;
  command->completion = std::move(completion);
  return push(command, 0);
}

Engine::Queued Engine::call(std::function<void(Workers&)> body, std::unique_ptr<Completion> completion) {
  Command* command = new_command(Command::Kind::call, Lane::ordinary);
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
    if (!executed_.reached(queued())) waiters_.push_back({queued(), std::move(trimmed)});
  } catch (const std::bad_alloc&) {
    return Queued::out_of_memory;
  }
  return Queued::ok;
}

Engine::Queued Engine::when_backlog_at_most(size_t backlog, std::unique_ptr<Completion> completion) {
  {
    Point point = queued();
    for (const Lane lane : {Lane::ordinary, Lane::urgent})
      point[lane] -= std::min<uint64_t>(point[lane], backlog);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!executed_.reached(point)) {
      if (!has_room_for_waiter()) return Queued::out_of_memory;
      waiters_.push_back({point, std::move(completion)});
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
    waiters_.reserve(2 * waiters_.size());
  } catch (const std::bad_alloc&) {
    return false;
  }
  allocations_.counted();
  return true;
}

void Engine::tell_due_waiters(std::unique_lock<std::mutex>& lock) {
  std::vector<std::unique_ptr<Completion>> due;
  for (size_t i = 0; i < waiters_.size();) {
    if (!executed_.reached(waiters_[i].point)) {
      i++;
      continue;
    }
    due.push_back(std::move(waiters_[i].completion));
    waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  lock.unlock();
  for (std::unique_ptr<Completion>& completion : due) completion->done(Fate{});
  due.clear();
  lock.lock();
}

bool Engine::nothing_waits() {
  return std::all_of(queues_.begin(), queues_.end(), [](LaneQueue& queue) { return queue.waiting.empty(); });
}

// JavaScript queues a batch's ops a microsecond or two apart: sleeping between them would cost more than it saves.
void Engine::await_command(std::unique_lock<std::mutex>& lock) {
  if (nothing_waits() && !stopping_) {
    const Point seen = queued();
    lock.unlock();
    spin_until([this, seen] { return !seen.reached(queued()) || stopping_.load(); });
    lock.lock();
  }
  asleep_ = true;
  wake_.wait(lock, [this] { return stopping_ || !nothing_waits(); });
  asleep_ = false;
}

// After an urgent command: the next one is perhaps only being queued, and an ordinary one would keep it waiting.
void Engine::linger(std::unique_lock<std::mutex>& lock) {
  LaneQueue& urgent = queue(Lane::urgent);
  if (!urgent.waiting.empty() || nothing_waits() || stopping_) return;
  const uint64_t seen = urgent.queued.load(std::memory_order_relaxed);
  lock.unlock();
  spin_until([&] { return urgent.queued.load(std::memory_order_acquire) != seen || stopping_.load(); });
  lock.lock();
}

// Of what waits, the next in turn that waits for nothing in the other lane. There is always one: a command waits only for
// some that were queued before it, so the oldest of all can run.
Command* Engine::take_next() {
  const bool ordinary_first = urgent_in_a_row_ >= most_urgent_in_a_row;
  for (const bool ordinary : {ordinary_first, !ordinary_first}) {
    CommandQueue& waiting = queue(ordinary ? Lane::ordinary : Lane::urgent).waiting;
    if (waiting.empty() || !executed_.reached(waiting.first()->after)) continue;
    const bool overtakes = !ordinary && !queue(Lane::ordinary).waiting.empty();
    urgent_in_a_row_ = overtakes ? urgent_in_a_row_ + 1 : 0;
    return waiting.pop();
  }
  return nullptr;
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
    Command* command = take_next();
    lock.unlock();
    const Lane lane = command->lane;
    const size_t staged = command->staging == nullptr ? 0 : command->bytes;
    finish(*command);
    lock.lock();
    executed_[lane]++;
    queue(lane).staged_bytes -= staged;
    finished_.push(command);
    if (!waiters_.empty()) tell_due_waiters(lock);
    if (lane == Lane::urgent) linger(lock);
  }
}

Engine::Stats Engine::stats() {
  const std::lock_guard<std::mutex> lock(mutex_);
  Stats stats{executed_.sum(), executed_[Lane::urgent], 0, 0};
  for (const LaneQueue& queue : queues_) {
    stats.waiting += queue.waiting.size();
    stats.staged_bytes += queue.staged_bytes;
  }
  return stats;
}

}  // namespace likewise
