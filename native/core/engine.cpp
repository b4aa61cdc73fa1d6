#include "engine.h"

#include <cstring>
#include <new>
#include <string>

#include "op_specs.h"

namespace likewise {

namespace {

const Fate stopped_fate{Status::cancelled, "the engine was disposed before this command ran"};

// Bytes that leave JavaScript's memory when an upload is queued and are copied to the backend in its turn.
using Staging = std::unique_ptr<char[]>;

}  // namespace

struct Engine::Command {
  enum class Kind { op, upload, download, call };

  Kind kind = Kind::op;
  OpId op = OpId::count;
  OpFunction function = nullptr;
  OpCall operands;  // op: the whole call; upload: outputs[0]; download: inputs[0]
  std::shared_ptr<Fate> input_fates[max_inputs];
  std::shared_ptr<Fate> output_fates[max_outputs];
  bool updates[max_outputs] = {};  // the output is read as well
  Staging staging;
  void* host = nullptr;
  size_t bytes = 0;
  std::function<void(Workers&)> body;
  std::unique_ptr<Completion> completion;

  const Fate* poisoned_input() const {
    for (const std::shared_ptr<Fate>& fate : input_fates) {
      if (fate && fate->status != Status::ok) return fate.get();
    }
    for (int32_t i = 0; i < max_outputs; i++) {
      if (updates[i] && output_fates[i] && output_fates[i]->status != Status::ok)
        return output_fates[i].get();
    }
    return nullptr;
  }
};

Engine::Engine(uint32_t id, const Backend& backend, int32_t threads)
    : id_(id),
      backend_(backend),
      pool_(backend),
      tensors_(id, pool_),
      workers_(ThreadPool::shared(), threads),
      thread_([this] { loop(); }) {}

Engine::~Engine() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  for (std::unique_ptr<Command>& command : queue_) {
    if (command->completion) command->completion->done(stopped_fate);
  }
  for (Waiter& waiter : waiters_) waiter.completion->done(stopped_fate);
}

Engine::Queued Engine::push(std::unique_ptr<Command> command, size_t staged_bytes) {
  bool asleep;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= max_commands ||
        (staged_bytes_ > 0 && staged_bytes_ + staged_bytes > max_staged_bytes)) {
      return Queued::full;  // a single upload of any size is let in
    }
    queue_.push_back(std::move(command));
    queued_.store(queued_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    staged_bytes_ += staged_bytes;
    asleep = asleep_;
  }
  if (asleep) wake_.notify_one();
  return Queued::ok;
}

Engine::Queued Engine::run(OpId op, OpFunction function, const OpCall& call, const Tensor* const* inputs,
                           const Tensor* const* outputs) {
  auto command = std::make_unique<Command>();
  command->op = op;
  command->function = function;
  command->operands = call;
  for (int32_t i = 0; i < max_inputs; i++) {
    if (inputs[i] != nullptr) command->input_fates[i] = inputs[i]->storage->fate;
  }
  for (int32_t i = 0; i < max_outputs; i++) {
    if (outputs[i] == nullptr) continue;
    command->output_fates[i] = outputs[i]->storage->fate;
    command->updates[i] = op_spec(op).outputs[static_cast<size_t>(i)].updated;
  }
  return push(std::move(command), 0);
}

Engine::Queued Engine::upload(const Tensor& destination, const void* host, size_t bytes) {
  auto command = std::make_unique<Command>();
  command->kind = Command::Kind::upload;
  command->operands.outputs[0] = destination.view;
  command->output_fates[0] = destination.storage->fate;
  command->staging.reset(new (std::nothrow) char[bytes]);
  if (!command->staging) return Queued::out_of_memory;
  std::memcpy(command->staging.get(), host, bytes);
  command->bytes = bytes;
  return push(std::move(command), bytes);
}

Engine::Queued Engine::download(const Tensor& source, void* host, std::unique_ptr<Completion> completion) {
  auto command = std::make_unique<Command>();
  command->kind = Command::Kind::download;
  command->operands.inputs[0] = source.view;
  command->input_fates[0] = source.storage->fate;
  command->host = host;
  command->completion = std::move(completion);
  return push(std::move(command), 0);
}

Engine::Queued Engine::call(std::function<void(Workers&)> body, std::unique_ptr<Completion> completion) {
  auto command = std::make_unique<Command>();
  command->kind = Command::Kind::call;
  command->body = std::move(body);
  command->completion = std::move(completion);
  return push(std::move(command), 0);
}

Engine::Queued Engine::trim() {
  return call([held = pool_.take_free()](Workers&) {}, nullptr);
}

void Engine::when_backlog_at_most(size_t backlog, std::unique_ptr<Completion> completion) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (queued_ > executed_ + backlog) {
      waiters_.push_back({queued_ - backlog, std::move(completion)});
      return;
    }
  }
  completion->done(Fate{});
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

void Engine::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    await_command(lock);
    if (stopping_) return;
    std::unique_ptr<Command> command = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    execute(*command);
    const size_t staged = command->staging ? command->bytes : 0;
    command.reset();
    lock.lock();
    executed_++;
    staged_bytes_ -= staged;
    if (waiters_.empty()) continue;
    std::vector<std::unique_ptr<Completion>> due = due_waiters();
    lock.unlock();
    for (std::unique_ptr<Completion>& completion : due) completion->done(Fate{});
    lock.lock();
  }
}

void Engine::execute(Command& command) {
  const Fate* poison = command.poisoned_input();
  Fate fate;
  if (poison != nullptr) {
    fate = *poison;
  } else if (command.kind == Command::Kind::op) {
    char message[message_size] = "";
    command.operands.workers = &workers_;
    command.operands.message = message;
    fate.status = command.function(command.operands);
    if (fate.status != Status::ok) {
      fate.message = message[0] == '[' ? message : "[" + op_spec(command.op).name + "] " + message;
    }
  } else if (command.kind == Command::Kind::upload) {
    backend_.copy_in(command.operands.outputs[0].data, command.staging.get(), command.bytes);
  } else if (command.kind == Command::Kind::download) {
    const TensorView& view = command.operands.inputs[0];
    const size_t element = dtype_size(view.dtype);
    const bool strided = view.rank == 2 && view.row_stride != view.shape[1];
    const int64_t rows = strided ? view.shape[0] : 1;
    const size_t bytes = static_cast<size_t>(strided ? view.shape[1] : span_elements(view)) * element;
    for (int64_t row = 0; row < rows; row++) {
      backend_.copy_out(
          static_cast<char*>(command.host) + static_cast<size_t>(row) * bytes,
          static_cast<const char*>(view.data) + static_cast<size_t>(row * view.row_stride) * element, bytes);
    }
  } else {
    command.body(workers_);
  }
  if (fate.status != Status::ok) {
    for (std::shared_ptr<Fate>& output : command.output_fates) {
      if (output) *output = fate;
    }
  }
  if (command.completion) command.completion->done(fate);
}

Engine::Stats Engine::stats() {
  std::lock_guard<std::mutex> lock(mutex_);
  return {executed_, queue_.size(), staged_bytes_};
}

}  // namespace likewise
