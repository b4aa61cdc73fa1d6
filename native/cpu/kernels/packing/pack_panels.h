// Matrices as the panels that panel_product.h reads.
#pragma once

#include "transpose.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct PanelSource {
  const float* data;
  int64_t stride;
  int64_t rows, columns;
};

// One panel of `width` rows: destination[k][j] = source[first + j][k], zero past the last row.
LIKEWISE_INLINE void pack_rows(const PanelSource& source, int64_t first, int64_t width, float* destination) {
  const int64_t rows = source.rows - first < width ? source.rows - first : width;
  transpose(source.data + first * source.stride, source.stride, rows, source.columns, destination, width);
  for (int64_t k = 0; rows < width && k < source.columns; k++) {
    for (int64_t j = rows; j < width; j++) destination[k * width + j] = 0;
  }
}

// One panel of `width` columns: destination[k][j] = source[k][first + j], zero past the last column.
LIKEWISE_INLINE void pack_columns(const PanelSource& source, int64_t first, int64_t width,
                                  float* destination) {
  const int64_t columns = source.columns - first < width ? source.columns - first : width;
  for (int64_t k = 0; k < source.rows; k++) {
    const float* from = source.data + k * source.stride + first;
    float* to = destination + k * width;
    _mm_prefetch(reinterpret_cast<const char*>(from + width), _MM_HINT_T0);  // for the next panel
    for (int64_t j = 0; j < width; j += Vector::lanes) {
      const int64_t lanes = width - j < Vector::lanes ? width - j : Vector::lanes;
      const int64_t here = columns - j < 0 ? 0 : columns - j < lanes ? columns - j : lanes;
      const Vector row = here == Vector::lanes ? load(from + j) : load_partial(from + j, here);
      lanes == Vector::lanes ? store(to + j, row) : store_partial(to + j, row, lanes);
    }
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
