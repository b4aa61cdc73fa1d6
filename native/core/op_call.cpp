// fail(): the one place where a running kernel's message is written.
#include "op_call.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace likewise {

namespace {

std::mutex message_lock;  // failures are rare: one lock for all calls is enough

}  // namespace

Status fail(const OpCall& call, Status status, const char* format, ...) {
  const std::lock_guard<std::mutex> guard(message_lock);
  if (call.message != nullptr && call.message[0] == '\0') {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(call.message, message_size, format, arguments);
    va_end(arguments);
  }
  return status;
}

}  // namespace likewise
