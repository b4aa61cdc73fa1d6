// What the optimizers' steps share: Adam's moments and direction, element by element, and sums of squares.
#pragma once

#include "../packing/block_sizes.h"
#include "../rows/row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t step_block = 16 * 1024;  // elements of a tile

// In both instruction sets four doubles at a time: memory is slower still.
LIKEWISE_INLINE double sum_of_squares(const float* x, int64_t count) {
  __m256d sums[4] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
#pragma GCC unroll 4
    for (int32_t part = 0; part < 4; part++) {
      const __m256d wide = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4 * part));
      sums[part] = _mm256_fmadd_pd(wide, wide, sums[part]);
    }
  }
  const __m256d four = _mm256_add_pd(_mm256_add_pd(sums[0], sums[1]), _mm256_add_pd(sums[2], sums[3]));
  double parts[4];
  _mm256_storeu_pd(parts, four);
  double total = (parts[0] + parts[2]) + (parts[1] + parts[3]);
  for (; i < count; i++) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

struct Adam {
  const float* gradient;
  float *value, *first_moment, *second_moment;
  Vector clip, beta1, rest1, beta2, rest2, root, epsilon;
  bool may_skip;
};

// What adamw and lamb, whose tensors and parameters have the same places, are called with. False: nothing may change.
LIKEWISE_INLINE bool read_step(const OpCall& call, Adam& adam) {
  using namespace adamw_op;
  const double* parameter = call.parameters;
  const double norm_squared = *vector_of(call.inputs[gradient_norm_squared]);
  if (!(norm_squared >= 0 && norm_squared < static_cast<double>(__builtin_inff()))) return false;
  const double room = parameter[max_norm] / (__builtin_sqrt(norm_squared) + 1e-6);
  const auto all_lanes = [](double value) { return broadcast(static_cast<float>(value)); };
  adam.gradient = vector_of(call.inputs[gradient]);
  adam.value = static_cast<float*>(call.outputs[value].data);
  adam.first_moment = static_cast<float*>(call.outputs[first_moment].data);
  adam.second_moment = static_cast<float*>(call.outputs[second_moment].data);
  adam.clip = all_lanes(parameter[max_norm] > 0 && room < 1 ? room : 1);
  adam.beta1 = all_lanes(parameter[beta1]);
  adam.rest1 = all_lanes(1 - parameter[beta1]);
  adam.beta2 = all_lanes(parameter[beta2]);
  adam.rest2 = all_lanes(1 - parameter[beta2]);
  adam.root = all_lanes(1 / __builtin_sqrt(parameter[second_correction]));
  adam.epsilon = all_lanes(parameter[epsilon]);
  adam.may_skip = static_cast<float>(parameter[epsilon]) > 0;  // else 0 / 0
  return true;
}

struct AdamMoments {
  Vector first, second;
};

LIKEWISE_INLINE AdamMoments next_moments(const Adam& adam, Vector g, Vector m, Vector v) {
  const Vector clipped = adam.clip * g;
  return {fma(adam.beta1, m, adam.rest1 * clipped), fma(adam.beta2, v, adam.rest2 * clipped * clipped)};
}

// But for the first moment's correction.
LIKEWISE_INLINE Vector direction_of(const Adam& adam, const AdamMoments& moments) {
  return moments.first / fma(sqrt(moments.second), adam.root, adam.epsilon);
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
