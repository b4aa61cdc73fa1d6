// Calls that must pass the checks, of made-up addresses, with every optional tensor present.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "../core/op_call.h"

namespace likewise::test {

struct GoodCall : OpCall {
  uintptr_t next = 1 << 20;

  TensorView view(DType dtype, std::initializer_list<int64_t> shape) {
    TensorView made;
    made.data = reinterpret_cast<void*>(next);
    next += 1 << 20;
    made.dtype = dtype;
    for (const int64_t size : shape) made.shape[made.rank++] = size;
    if (made.rank == 2) made.row_stride = made.shape[1] + 5;
    return made;
  }
  void in(int32_t index, DType dtype, std::initializer_list<int64_t> shape) {
    inputs[index] = view(dtype, shape);
  }
  void out(int32_t index, std::initializer_list<int64_t> shape, DType dtype = DType::float32) {
    outputs[index] = view(dtype, shape);
  }
};

// Fills in the call of attention or its gradient.
void fill_attention_call(OpId id, GoodCall& call);

// Fills in the call of one of the ops of op_checks_rows.cpp, but for layer_norm.
void fill_row_gradient_call(OpId id, GoodCall& call);

// The same for the ops of op_checks_linear_gradient.cpp and op_checks_optimizer.cpp.
void fill_linear_gradient_call(OpId id, GoodCall& call);

// The same for the plain ops, of op_checks_plain.cpp.
void fill_plain_call(OpId id, GoodCall& call);

// The same for cosine_softmax_loss.
void fill_loss_call(GoodCall& call);

// The same for vocabulary_loss, in float32 and bfloat16.
void fill_vocabulary_call(GoodCall& call);

// The same for the ops in bfloat16.
void fill_bfloat16_call(OpId id, GoodCall& call);

// The same for the ops in int8.
void fill_int8_call(OpId id, GoodCall& call);

// The same for the ops of whitening.
void fill_whitening_call(OpId id, GoodCall& call);

}  // namespace likewise::test
