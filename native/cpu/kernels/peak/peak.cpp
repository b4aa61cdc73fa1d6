// The fastest this instruction set multiplies and adds: a loop that touches registers only. What every figure of a
// kernel is divided by.
#include "../../simd/vector.h"
#include "../tables/register.h"

namespace likewise::LIKEWISE_ISA {

namespace {

double multiply_adds(int64_t rounds) {
  constexpr int32_t chains = 12;  // latency 4 x 2 units wants 8 in flight at least
  Vector sums[chains];
  for (int32_t i = 0; i < chains; i++) sums[i] = broadcast(static_cast<float>(i));
  const Vector factor = broadcast(0.999f);
  const Vector step = broadcast(1e-3f);
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
    for (int32_t i = 0; i < chains; i++) sums[i] = fma(sums[i], factor, step);
  }
  Vector total = zero();
  for (int32_t i = 0; i < chains; i++) total = total + sums[i];
  // The sum decides nothing, but the compiler cannot know that the loop's result is never NaN.
  return reduce_add(total) == -1.0f ? 0.0 : 2.0 * chains * Vector::lanes * static_cast<double>(rounds);
}

}  // namespace

void register_peak(Backend& backend) { backend.multiply_adds = multiply_adds; }

}  // namespace likewise::LIKEWISE_ISA
