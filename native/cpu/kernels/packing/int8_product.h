// The inner loop of a product in int8: a strip of quantised rows times a packed panel, over a stretch of k.
//
//   sums[r][j] (+)= sum_k row[r][k] * (panel[k][j] + weight_offset)
//
// The loop of panel_product.h with a step of several k where that has one. Sums are exact, so the order of k is free and
// nothing of the result depends on how the work is cut.
#pragma once

#include "../../simd/vector_int8.h"
#include "panel_shape.h"

#if defined(__AMX_INT8__)
#include "tile_product.h"
#endif

namespace likewise::LIKEWISE_ISA {
namespace {

// Weights: int8_t, as they are packed, or widened to what multiplies.
template <typename Weight>
struct Int8Strip {
  const int32_t* rows;  // quantised, a step to an element
  int64_t stride;       // of the rows, in steps
  const Weight* panel;  // [steps][panel_width][step]
  int64_t steps;        // of the stretch
  bool add;             // to the sums of the stretches before this one
  int32_t* sums;        // [rows][panel_width]
};

#if defined(__AMX_INT8__)

struct Int8Product : TileStrips {
  template <typename Weight, bool ahead>
  static void multiply(const Int8Strip<Weight>& strip, int64_t rows) {
    const TileStrip tiles = {strip.rows, strip.stride * 4, strip.panel, strip.steps, strip.add, strip.sums};
    multiply_tiles<true>(tiles, rows, ahead);
  }
};

#else

// Few rows use each part of a panel up faster than memory brings the next, so they ask for it this far ahead.
constexpr int32_t bytes_ahead = 6144;

LIKEWISE_INLINE void prefetch_step(const void* panel) {
  for (int32_t line = 0; line < panel_width * step; line += 64) {
    _mm_prefetch(static_cast<const char*>(panel) + bytes_ahead + line, _MM_HINT_T0);
  }
}

template <typename Weight, int32_t rows, bool ahead>
void multiply_int8_strip(const Int8Strip<Weight>& strip) {
  constexpr int32_t bases = (rows + rows_per_base - 1) / rows_per_base;
  const int64_t stride = strip.stride;
  IntVector sums[rows][panel_vectors];
#pragma GCC unroll 16
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) {
      const int32_t* sum = strip.sums + r * panel_width + v * IntVector::lanes;
      sums[r][v] = strip.add ? load_int(sum) : broadcast_int(0);
    }
  }
  const int32_t* base[bases];
#pragma GCC unroll 8
  for (int32_t i = 0; i < bases; i++) base[i] = strip.rows + i * rows_per_base * stride;
  const Weight* panel = strip.panel;

#pragma GCC unroll 2
  for (int64_t k = 0; k < strip.steps; k++) {
    IntVector columns[panel_vectors];
    if constexpr (ahead) prefetch_step(panel);
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++)
      columns[v] = load_weights(panel + v * IntVector::lanes * step);
#pragma GCC unroll 16
    for (int32_t r = 0; r < rows; r++) {
      const IntVector element = broadcast_int(base[r / rows_per_base][r % rows_per_base * stride]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < panel_vectors; v++) sums[r][v] = multiply_add(sums[r][v], columns[v], element);
    }
#pragma GCC unroll 8
    for (int32_t i = 0; i < bases; i++) asm("" : "+r"(++base[i]));
    panel += panel_width * step;
  }

#pragma GCC unroll 16
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) {
      store_int(strip.sums + r * panel_width + v * IntVector::lanes, sums[r][v]);
    }
  }
}

template <typename Weight>
using Int8StripFunction = void (*)(const Int8Strip<Weight>& strip);

// By the number of rows.
template <typename Weight, bool ahead>
constexpr Int8StripFunction<Weight> int8_strips[] = {
    nullptr,
    multiply_int8_strip<Weight, 1, ahead>,
    multiply_int8_strip<Weight, 2, ahead>,
    multiply_int8_strip<Weight, 3, ahead>,
    multiply_int8_strip<Weight, 4, ahead>,
    multiply_int8_strip<Weight, 5, ahead>,
    multiply_int8_strip<Weight, 6, ahead>,
#if defined(__AVX512F__)
    multiply_int8_strip<Weight, 7, ahead>,
    multiply_int8_strip<Weight, 8, ahead>,
    multiply_int8_strip<Weight, 9, ahead>,
    multiply_int8_strip<Weight, 10, ahead>,
    multiply_int8_strip<Weight, 11, ahead>,
    multiply_int8_strip<Weight, 12, ahead>,
    multiply_int8_strip<Weight, 13, ahead>,
    multiply_int8_strip<Weight, 14, ahead>,
#endif
};

struct Int8Product : VectorStrips {
  template <typename Weight, bool ahead>
  static void multiply(const Int8Strip<Weight>& strip, int64_t rows) {
    int8_strips<Weight, ahead>[rows](strip);
  }
};

#endif

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
