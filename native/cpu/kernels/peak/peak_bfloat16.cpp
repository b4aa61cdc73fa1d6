// The fastest this instruction set multiplies and adds in bfloat16: peak.cpp's loop with the instruction that the ops in
// bfloat16 are made of.
#include "../../simd/bfloat16_pairs.h"
#include "../tables/register.h"
#include "make_unknown.h"

namespace likewise::LIKEWISE_ISA {

namespace {

double bfloat16_multiply_adds(int64_t rounds) {
  constexpr int32_t chains = 16;  // latency 6 x 2 units wants 12 in flight at least
  Vector sums[chains];
#pragma GCC unroll 16
  for (int32_t i = 0; i < chains; i++) sums[i] = broadcast(static_cast<float>(i));
  IntVector columns = broadcast_int(0x3f803f80);  // ones
  const IntVector row = broadcast_int(0x3a803a80);
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 16
    for (int32_t i = 0; i < chains; i++) {
      make_unknown(columns);
      sums[i] = multiply_add_pairs(sums[i], columns, row);
    }
  }
  Vector total = zero();
#pragma GCC unroll 16
  for (int32_t i = 0; i < chains; i++) total = total + sums[i];
  // The sum decides nothing, but the compiler cannot know that the loop's result is never negative.
  return reduce_add(total) == -1.0f ? 0.0 : 4.0 * chains * Vector::lanes * static_cast<double>(rounds);
}

}  // namespace

void register_peak_bfloat16(Backend& backend) { backend.bfloat16_multiply_adds = bfloat16_multiply_adds; }

}  // namespace likewise::LIKEWISE_ISA
