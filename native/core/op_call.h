// One call of an op: its tensors, its parameters, and what the kernel may use while it runs. This header and those it
// includes are all that a kernel source may include beside compiler intrinsics: a file compiled for AVX-512 that
// includes a standard header can leave AVX-512 copies of its inline functions in baseline code.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tensor_view.h"

namespace likewise {

enum class Activation : int32_t {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) name,
#include "../ops.def"
#undef ACTIVATION
#undef OP
};

enum class Pooling : int32_t {
#define OP(name, inputs, outputs, parameters)
#define POOLING(name) name,
#include "../ops.def"
#undef POOLING
#undef OP
};

enum class UnaryFunction : int32_t {
#define OP(name, inputs, outputs, parameters)
#define UNARY_FUNCTION(name) name,
#include "../ops.def"
#undef UNARY_FUNCTION
#undef OP
};

enum class BinaryFunction : int32_t {
#define OP(name, inputs, outputs, parameters)
#define BINARY_FUNCTION(name) name,
#include "../ops.def"
#undef BINARY_FUNCTION
#undef OP
};

enum class Reduction : int32_t {
#define OP(name, inputs, outputs, parameters)
#define REDUCTION(name) name,
#include "../ops.def"
#undef REDUCTION
#undef OP
};

enum class OpId : int32_t {
#define OP(name, inputs, outputs, parameters) name,
#include "../ops.def"
#undef OP
  count
};

constexpr int32_t op_count = static_cast<int32_t>(OpId::count);
constexpr int32_t max_inputs = 12;
constexpr int32_t max_outputs = 5;
constexpr int32_t max_parameters = 8;

// The names of an op's tensors and parameters as indexes: call.inputs[linear_op::bias].
#define LIKEWISE_LIST(...) __VA_ARGS__
#define OPTIONAL(name) name
#define UPDATED(name) name
#define OP(name, inputs, outputs, parameters)              \
  namespace name##_op {                                    \
    enum Input : int32_t { LIKEWISE_LIST inputs };         \
    enum Output : int32_t { LIKEWISE_LIST outputs };       \
    enum Parameter : int32_t { LIKEWISE_LIST parameters }; \
  }
#include "../ops.def"
#undef OP
#undef UPDATED
#undef OPTIONAL

enum class Status : int32_t { ok, invalid_value, out_of_memory, cancelled };

// How a kernel runs its tiles. Tiles are cut by fixed block sizes, never by `count`, so that results do not depend on
// the number of threads; they may run in any order and on any participant.
struct Workers {
  int32_t count;  // participants at most; participant is 0 .. count - 1
  void (*run)(Workers& workers, int64_t tiles,
              void (*tile)(void* context, int64_t index, int32_t participant), void* context);
  // Scratch memory of one participant: at least `bytes`, 64-byte aligned, valid until that participant's next call.
  // Null when memory is exhausted.
  void* (*scratch)(Workers& workers, int32_t participant, size_t bytes);
};

struct OpCall {
  TensorView inputs[max_inputs];
  TensorView outputs[max_outputs];
  double parameters[max_parameters] = {};
  Workers* workers = nullptr;
  char* message = nullptr;  // [message_size], filled by fail()
};

constexpr size_t message_size = 256;

// Writes a printf-style message and returns `status`. Safe to call from any participant; the first message stays.
Status fail(const OpCall& call, Status status, const char* format, ...) __attribute__((format(printf, 3, 4)));

// Runs body(index, participant) for index 0 .. tiles - 1. Static, so that no instruction set's copy is shared.
template <typename Body>
static inline void for_each_tile(Workers& workers, int64_t tiles, Body& body) {
  workers.run(
      workers, tiles,
      [](void* context, int64_t index, int32_t participant) {
        (*static_cast<Body*>(context))(index, participant);
      },
      &body);
}

}  // namespace likewise
