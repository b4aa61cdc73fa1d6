// The inner loop of a matrix product: a strip of rows of A, read where they lie, times packed panels of B,
// over a stretch of k.
//
//   sums[p][r][j] (+)= sum_k a[r][k] * panel[p][k][j]
//
// A step of k is one float, or four bytes that hold several (bfloat16_product.h): what a Step says of them is all that
// differs. One accumulator per sum and fused multiply-adds in the order of k, whatever the number of rows: a sum has
// the same bits in a strip of one row and in a full one, and storing it between two stretches of k changes
// nothing.
#pragma once

#include "panel_shape.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// One or two rows take several panels at once: two units of latency four want eight sums in flight.
constexpr int32_t panels_at_once(int64_t rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }

struct Strip {
  const float* a;
  int64_t stride;  // of A's rows
  const float* panel;
  int64_t panel_stride;
  int64_t depth;  // of the stretch
  bool add;       // to the sums of the stretches before this one
  float* sums;    // [panels][rows][panel_width], panels panel_sums apart
  int64_t panel_sums;
};

// Few rows use each part of a panel up faster than memory brings the next, so they ask for it this far ahead.
constexpr int32_t floats_ahead = 1536;

struct FloatStep {
  LIKEWISE_INLINE Vector multiply_add(Vector element, Vector columns, Vector sum) {
    return fma(element, columns, sum);
  }
};

template <int32_t rows, int32_t panels, bool ahead = false, typename Step = FloatStep>
void multiply_strip(const Strip& strip) {
  constexpr int32_t vectors = panels * panel_vectors;
  constexpr int32_t bases = (rows + rows_per_base - 1) / rows_per_base;
  const int64_t stride = strip.stride;
  const int64_t panel_stride = strip.panel_stride;
  Vector sums[rows][vectors];
#pragma GCC unroll 16
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 16
    for (int32_t v = 0; v < vectors; v++) {
      const float* sum = strip.sums + v / panel_vectors * strip.panel_sums + r * panel_width;
      sums[r][v] = strip.add ? load(sum + v % panel_vectors * Vector::lanes) : zero();
    }
  }
  const float* base[bases];
#pragma GCC unroll 8
  for (int32_t i = 0; i < bases; i++) base[i] = strip.a + i * rows_per_base * stride;
  const float* panel = strip.panel;

#pragma GCC unroll 2
  for (int64_t k = 0; k < strip.depth; k++) {
    Vector columns[vectors];
    if constexpr (ahead) _mm_prefetch(reinterpret_cast<const char*>(panel + floats_ahead), _MM_HINT_T0);
#pragma GCC unroll 16
    for (int32_t v = 0; v < vectors; v++) {
      columns[v] = load(panel + v / panel_vectors * panel_stride + v % panel_vectors * Vector::lanes);
    }
#pragma GCC unroll 16
    for (int32_t r = 0; r < rows; r++) {
      const Vector element = broadcast(base[r / rows_per_base][r % rows_per_base * stride]);
#pragma GCC unroll 16
      for (int32_t v = 0; v < vectors; v++) sums[r][v] = Step::multiply_add(element, columns[v], sums[r][v]);
    }
#pragma GCC unroll 8
    for (int32_t i = 0; i < bases; i++) asm("" : "+r"(++base[i]));
    panel += panel_width;
  }

#pragma GCC unroll 16
  for (int32_t r = 0; r < rows; r++) {
#pragma GCC unroll 16
    for (int32_t v = 0; v < vectors; v++) {
      float* sum = strip.sums + v / panel_vectors * strip.panel_sums + r * panel_width;
      store(sum + v % panel_vectors * Vector::lanes, sums[r][v]);
    }
  }
}

using StripFunction = void (*)(const Strip& strip);

// By the number of rows, for one panel.
template <bool ahead, typename Step = FloatStep>
constexpr StripFunction one_panel[] = {
    nullptr,
    multiply_strip<1, 1, ahead, Step>,
    multiply_strip<2, 1, ahead, Step>,
    multiply_strip<3, 1, ahead, Step>,
    multiply_strip<4, 1, ahead, Step>,
    multiply_strip<5, 1, ahead, Step>,
    multiply_strip<6, 1, ahead, Step>,
#if defined(__AVX512F__)
    multiply_strip<7, 1, ahead, Step>,
    multiply_strip<8, 1, ahead, Step>,
    multiply_strip<9, 1, ahead, Step>,
    multiply_strip<10, 1, ahead, Step>,
    multiply_strip<11, 1, ahead, Step>,
    multiply_strip<12, 1, ahead, Step>,
    multiply_strip<13, 1, ahead, Step>,
    multiply_strip<14, 1, ahead, Step>,
#endif
};

// By the number of rows, for panels_at_once(rows) panels.
template <typename Step = FloatStep>
constexpr StripFunction several_panels[] = {nullptr, multiply_strip<1, panels_at_once(1), false, Step>,
                                            multiply_strip<2, panels_at_once(2), false, Step>};

// What linear_product.h is given to multiply with.
template <typename Step>
struct VectorProduct : VectorStrips {
  static constexpr int64_t few_rows = 32;  // up to which memory decides, not arithmetic
  static constexpr int64_t at_once(int64_t rows) { return panels_at_once(rows); }
  // ahead: asks memory for what comes next
  static void multiply(const Strip& strip, int64_t rows, int64_t panels, bool ahead) {
    if (panels > 1) return several_panels<Step>[rows](strip);
    (ahead ? one_panel<true, Step> : one_panel<false, Step>)[rows](strip);
  }
};

using FloatProduct = VectorProduct<FloatStep>;

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
