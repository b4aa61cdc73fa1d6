#include "command.h"

#include <algorithm>
#include <string>
#include <utility>

#include "op_specs.h"

namespace likewise {

namespace {

Fate run_op(Command& command, Workers& workers) {
  char message[message_size] = "";
  command.operands.workers = &workers;
  command.operands.message = message;
  Fate fate{command.function(command.operands), {}};
  if (fate.status != Status::ok) {
    fate.message = message[0] == '[' ? message : "[" + op_spec(command.op).name + "] " + message;
  }
  return fate;
}

// A large upload is memory's work, and one core seldom gets all that memory can do.
void copy_in(const Command& command, const Backend& backend, Workers& workers) {
  constexpr size_t piece = size_t{256} << 10;
  char* const device = static_cast<char*>(command.operands.outputs[0].data);
  auto copy = [&](int64_t index, int32_t) {
    const size_t start = static_cast<size_t>(index) * piece;
    backend.copy_in(device + start, command.staging + start, std::min(piece, command.bytes - start));
  };
  for_each_tile(workers, static_cast<int64_t>((command.bytes + piece - 1) / piece), copy);
}

void copy_out(const Command& command, const Backend& backend) {
  const TensorView& view = command.operands.inputs[0];
  const size_t element = dtype_size(view.dtype);
  const bool strided = view.rank == 2 && view.row_stride != view.shape[1];
  const int64_t rows = strided ? view.shape[0] : 1;
  const size_t bytes = static_cast<size_t>(strided ? view.shape[1] : span_elements(view)) * element;
  for (int64_t row = 0; row < rows; row++) {
    backend.copy_out(
        static_cast<char*>(command.host) + static_cast<size_t>(row) * bytes,
        static_cast<const char*>(view.data) + static_cast<size_t>(row * view.row_stride) * element, bytes);
  }
}

}  // namespace

Point Command::dependencies() const {
  Point point;
  for (const Storage* input : inputs) {
    if (input != nullptr) point.include(input->written);
  }
  for (const Storage* output : outputs) {
    if (output != nullptr) point.include(output->buffer.used);
  }
  return point;
}

void Command::mark_tensors(uint64_t number) const {
  for (Storage* input : inputs) {
    if (input != nullptr) input->buffer.used[lane] = number;
  }
  for (Storage* output : outputs) {
    if (output != nullptr) output->buffer.used[lane] = output->written[lane] = number;
  }
}

const Fate* Command::poisoned_input() const {
  for (const Storage* input : inputs) {
    if (input != nullptr && input->fate.status != Status::ok) return &input->fate;
  }
  for (int32_t i = 0; i < max_outputs; i++) {
    if (updates[i] && outputs[i] != nullptr && outputs[i]->fate.status != Status::ok)
      return &outputs[i]->fate;
  }
  return nullptr;
}

Fate Command::execute(const Backend& backend, Workers& workers) {
  Fate fate;
  if (const Fate* poison = poisoned_input(); poison != nullptr) {
    fate = *poison;
  } else {
    switch (kind) {
      case Kind::op: fate = run_op(*this, workers); break;
      case Kind::upload: copy_in(*this, backend, workers); break;
      case Kind::download: copy_out(*this, backend); break;
      case Kind::call: body(workers); break;
    }
  }
  const bool failed = fate.status != Status::ok;
  for (int32_t i = 0; i < max_outputs; i++) {
    if (outputs[i] == nullptr) continue;
    // Poison lasts until something sound has been written over all of the tensor's memory.
    if (failed || (replaces[i] && outputs[i]->fate.status != Status::ok)) outputs[i]->fate = fate;
  }
  return fate;
}

void CommandQueue::push(Command* command) {
  command->next = nullptr;
  (tail_ == nullptr ? head_ : tail_->next) = command;
  tail_ = command;
  size_++;
}

Command* CommandQueue::pop() {
  Command* first = head_;
  if (first == nullptr) return nullptr;
  head_ = first->next;
  if (head_ == nullptr) tail_ = nullptr;
  size_--;
  return first;
}

Command* CommandQueue::take_all() {
  tail_ = nullptr;
  size_ = 0;
  return std::exchange(head_, nullptr);
}

}  // namespace likewise
