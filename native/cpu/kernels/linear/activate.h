// The activations of ops.def on a vector.
#pragma once

#include "../../../core/op_call.h"
#include "../../simd/math.h"

namespace likewise::LIKEWISE_ISA {
namespace {

template <Activation activation>
LIKEWISE_INLINE Vector activate(Vector x) {
  if constexpr (activation == Activation::gelu_erf) return gelu_erf(x);
  if constexpr (activation == Activation::gelu_tanh) return gelu_tanh(x);
  if constexpr (activation == Activation::tanh) return tanh(x);
  if constexpr (activation == Activation::relu) return maximum(zero(), x);
  return x;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
