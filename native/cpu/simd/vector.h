// Vector: one register of floats of the instruction set this file is compiled for, and the few operations
// that the kernels need. A kernel is written once against it and compiled once per instruction set, in
// likewise::LIKEWISE_ISA. Everything has internal linkage and is always inlined: an object compiled for
// AVX-512 must not offer its copy of a function to code that runs on older processors.
//
//   load, store                  any alignment
//   load_partial, store_partial  the first n lanes only, 0 <= n <= lanes; memory past them is never touched,
//                                and lanes past them read as zero
//   fma(a, b, c) = a * b + c     fnma(a, b, c) = c - a * b     one rounding each
//   maximum(a, b), minimum(a, b) b when either is NaN
//   less(a, b), less_equal(a, b) Mask; false when either is NaN
//   select(mask, a, b)           a where the mask is set, else b
//   reduce_add, reduce_max       join the upper half of the lanes with the lower until one is left: a fixed
//                                order
//   IntVector                    as many int32 lanes: load_int, load_int_partial, store_int, broadcast_int,
//                                +, ^, &, less, less_equal
//   bits_of(a), floats_of(a)     the same bits, of floats as integers and back
//   shift_right<bits>(a)         zeros come in from the left
//   multiply_wide(a, b)          the low and the high 32 bits of each product of unsigned lanes
#pragma once

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#ifndef LIKEWISE_ISA
#error "compile kernels with -DLIKEWISE_ISA=avx2 or -DLIKEWISE_ISA=avx512"
#endif

#define LIKEWISE_INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#include "vector_avx512.h"
#else
#include "vector_avx2.h"
#endif

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE Vector zero() { return broadcast(0.0f); }
LIKEWISE_INLINE Vector infinity() { return broadcast(__builtin_inff()); }

// 0, 1, 2, ...
LIKEWISE_INLINE IntVector lane_indexes() {
  constexpr int32_t indexes[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load_int(indexes);
}

LIKEWISE_INLINE Mask greater(Vector a, Vector b) { return less(b, a); }
LIKEWISE_INLINE Mask greater_equal(Vector a, Vector b) { return less_equal(b, a); }

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
