// The tables whose rows an embedding adds, shared by embedding and its gradient.
#pragma once

#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE void prefetch(const float* row, int64_t width) {
  for (int64_t j = 0; j < width; j += 16) __builtin_prefetch(row + j);
}

// The tables in use and the ids into them; no ids: always row 0.
struct Tables {
  int32_t count = 0;
  const TensorView* table[3];
  const int32_t* ids[3];

  void add(const TensorView& rows, const TensorView& numbers) {
    if (rows.data == nullptr) return;
    table[count] = &rows;
    ids[count++] = static_cast<const int32_t*>(numbers.data);
  }

  // The rows that token t is the sum of. Words are scattered over a table that no cache holds: the next one is asked
  // for while this one is computed.
  template <int32_t parts>
  void rows_of(int64_t t, int64_t tokens, const float** part) const {
    if (t + 1 < tokens) prefetch(row_of(*table[0], ids[0][t + 1]), table[0]->shape[1]);
    for (int32_t p = 0; p < parts; p++) part[p] = row_of(*table[p], ids[p] == nullptr ? 0 : ids[p][t]);
  }
};

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
