// The fastest this instruction set multiplies and adds in int8: peak.cpp's loop with the instruction of linear_int8.
#include "../../simd/vector_int8.h"
#include "../tables/register.h"
#include "make_unknown.h"

namespace likewise::LIKEWISE_ISA {

namespace {

double int8_multiply_adds(int64_t rounds) {
  // vpdpbusd, of latency 5 in 2 units, wants 10 in flight; after vpmaddwd only the sum is a chain, of latency 1.
  constexpr int32_t chains = step == 4 ? 12 : 6;
  IntVector sums[chains];
  for (int32_t i = 0; i < chains; i++) sums[i] = broadcast_int(i);
  IntVector weights = broadcast_int(0x01020304);
  const IntVector row = broadcast_int(0x04030201);
#pragma GCC unroll 4
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
    for (int32_t i = 0; i < chains; i++) {
      make_unknown(weights);
      sums[i] = multiply_add(sums[i], weights, row);
    }
  }
  IntVector total = broadcast_int(0);
  for (int32_t i = 0; i < chains; i++) total = total + sums[i];
  // The sum decides next to nothing, but the compiler cannot know that.
  return 2.0 * chains * IntVector::lanes * step * static_cast<double>(rounds) +
         (reduce_add(total) == 1 ? 1.0 : 0.0);
}

}  // namespace

void register_peak_int8(Backend& backend) { backend.int8_multiply_adds = int8_multiply_adds; }

}  // namespace likewise::LIKEWISE_ISA
