// How wide a panel is and how many rows a strip has, whatever their elements are.
#pragma once

#include "../simd/vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// Two vectors to a panel and as many rows as leave registers for the panel and one element of A: 6 x 2 sums
// of 16 registers, 14 x 2 of 32.
constexpr int32_t panel_vectors = 2;
constexpr int32_t panel_width = panel_vectors * Vector::lanes;
constexpr int32_t strip_rows = Vector::lanes == 8 ? 6 : 14;

// Three rows share a base register and one index: (base), (base + stride), (base + 2 stride) are addressing
// modes, while fourteen row pointers would not fit the general registers. The empty asm keeps the compiler
// from splitting the bases into row pointers again.
constexpr int32_t rows_per_base = 3;

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
