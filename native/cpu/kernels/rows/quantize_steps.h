// A row of floats as integers in -127 .. 127 and one scale, as ops.def has it under quantize_weight and linear_int8.
// The largest magnitude is found among the bits: as integers, those of NaN and infinity are above all others.
#pragma once

#include "../../simd/vector_int8.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr float levels = 127.0f;
constexpr float least_magnitude = 127.0f * 0x1p-126f;  // of a row whose scale is a normal number

// Infinity when one of the numbers is not finite, or NaN.
LIKEWISE_INLINE float largest_magnitude(const float* row, int64_t width) {
  const IntVector magnitude = broadcast_int(0x7fffffff);
  IntVector largest[2] = {broadcast_int(0), broadcast_int(0)};
  int64_t j = 0;
  for (; j + 2 * lanes <= width; j += 2 * lanes) {
    for (int32_t i = 0; i < 2; i++) {
      largest[i] = maximum(largest[i], bits_of(load(row + j + i * lanes)) & magnitude);
    }
  }
  for_each_vector(width - j, [&](int64_t rest, int64_t n) {
    largest[0] = maximum(largest[0], bits_of(load_first(row + j + rest, n)) & magnitude);
  });
  const int32_t bits = reduce_max(maximum(largest[0], largest[1]));
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

LIKEWISE_INLINE bool is_finite(float magnitude) { return magnitude <= __FLT_MAX__; }

struct QuantizedRow {
  float scale;   // 0: the row counts as zero; NaN: a number of it is not finite
  int32_t lift;  // what is to be added to the sums of its products, for weight_offset
};

// Writes q = row * (127 / largest), rounded half to even, and zeros up to a whole vector.
LIKEWISE_INLINE QuantizedRow quantize_row(const float* row, int64_t width, Quantized* quantized) {
  const float largest = largest_magnitude(row, width);
  if (!is_finite(largest) || largest < least_magnitude) {
    const int64_t vectors = (width + lanes - 1) / lanes;
    __builtin_memset(quantized, 0, static_cast<size_t>(vectors * lanes) * sizeof(Quantized));
    return {is_finite(largest) ? 0.0f : __builtin_nanf(""), 0};
  }
  const Vector inverse = broadcast(levels / largest);
  IntVector total = broadcast_int(0);
  for_each_vector(width, [&](int64_t j, int64_t n) {
    const IntVector rounded = round_to_int(load_first(row + j, n) * inverse);
    if constexpr (weight_offset != 0) total = total + rounded;
    store_quantized(quantized + j, rounded);
  });
  return {largest / levels, weight_offset == 0 ? 0 : -weight_offset * reduce_add(total)};
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
