// Checks a call before it is queued, from shapes, dtypes, strides and parameters alone. This is memory
// safety: a call that passes, on views that lie within their memory, reads and writes nothing outside them,
// whatever the numbers (indexes among the numbers are checked by the kernels: data_checks.h). TypeScript
// checks first, for its own users' sake; nothing is taken on trust from it.
#pragma once

#include "op_call.h"

namespace likewise {

struct Problem {
  enum class Kind { shape, dtype, argument };
  Kind kind = Kind::argument;
  char message[message_size] = "";  // "[layerNorm] expected gamma of shape [384] but received [768]"
};

bool check_call(OpId id, const OpCall& call, Problem& problem);

// The element type that chooses the kernel of a call that has passed: that of its first real tensor.
DType real_dtype(const OpCall& call);

}  // namespace likewise
