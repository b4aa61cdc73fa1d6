// What waits in a stream: an op, a copy or a call, with the tensors it reads and writes. Commands are linked into lists
// and used again, so that queueing one allocates nothing in a steady state.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "backend.h"
#include "tensor_table.h"

namespace likewise {

// Told on the executing thread when a wait is over; `fate` says how.
struct Completion {
  virtual ~Completion() = default;
  virtual void done(const Fate& fate) = 0;
};

struct Command {
  enum class Kind { op, upload, download, call };

  Kind kind = Kind::op;
  OpId op = OpId::count;
  OpFunction function = nullptr;
  OpCall operands;  // op: the whole call; upload: outputs[0]; download: inputs[0]
  Storage* inputs[max_inputs] = {};
  Storage* outputs[max_outputs] = {};
  bool updates[max_outputs] = {};   // the output is read as well
  bool replaces[max_outputs] = {};  // all of the output's memory is written and none of it read
  char* staging = nullptr;          // upload: the bytes, [bytes]
  void* host = nullptr;             // download: where they go
  size_t bytes = 0;
  std::function<void(Workers&)> body;
  std::unique_ptr<Completion> completion;
  Lane lane = Lane::ordinary;
  Point after;  // what must have run before
  Command* next = nullptr;

  // For the queueing thread, which counts who uses which memory. First: what must have run before this command, in whatever
  // lane: what wrote its inputs, and what uses the memory that it writes.
  Point dependencies() const;
  // Then, when it has been queued as its lane's command of that number: whoever comes later waits for it.
  void mark_tensors(uint64_t number) const;

  // Why it cannot run: the fate of a tensor it reads; null when all are sound.
  const Fate* poisoned_input() const;
  // Does the work; called in stream order by the executing thread.
  Fate execute(const Backend& backend, Workers& workers);
};

// First in, first out.
class CommandQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  size_t size() const { return size_; }
  void push(Command* command);
  Command* first() const { return head_; }  // null when empty
  Command* pop();                           // null when empty
  // All of it, linked by `next`; the queue is empty afterwards.
  Command* take_all();

 private:
  Command* head_ = nullptr;
  Command* tail_ = nullptr;
  size_t size_ = 0;
};

}  // namespace likewise
