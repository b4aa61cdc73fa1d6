// Transposes strided matrices in 8 x 8 blocks held in registers, for kernels that want one matrix column per lane, or a
// column as they have a row. Any 32 bits may be transposed as floats.
#pragma once

#include "../../simd/vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// rows[i][j] becomes rows[j][i].
LIKEWISE_INLINE void transpose_8x8(__m256 (&rows)[8]) {
  __m256 pairs[8];
  for (int32_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
  __m256 fours[8];
  for (int32_t i = 0; i < 8; i += 4) {
    fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
  for (int32_t i = 0; i < 4; i++) {
    rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

// destination[c][r] = source[r][c]
LIKEWISE_INLINE void transpose(const float* source, int64_t source_stride, int64_t rows, int64_t columns,
                               float* destination, int64_t destination_stride) {
  const int64_t whole_rows = rows / 8 * 8;
  const int64_t whole_columns = columns / 8 * 8;
  constexpr int64_t group = 16;  // rows: few enough streams to be foreseen, and whole cache lines to write
  for (int64_t first = 0; first < whole_rows; first += group) {
    const int64_t last = whole_rows - first < group ? whole_rows : first + group;
    for (int64_t c = 0; c < whole_columns; c += 8) {
      for (int64_t r = first; r < last; r += 8) {
        __m256 block[8];
        for (int32_t i = 0; i < 8; i++) block[i] = _mm256_loadu_ps(source + (r + i) * source_stride + c);
        transpose_8x8(block);
        float* to = destination + c * destination_stride + r;
        for (int32_t i = 0; i < 8; i++) _mm256_storeu_ps(to + i * destination_stride, block[i]);
      }
    }
  }
  for (int64_t c = 0; c < columns; c++) {
    for (int64_t r = c < whole_columns ? whole_rows : 0; r < rows; r++) {
      destination[c * destination_stride + r] = source[r * source_stride + c];
    }
  }
}

// destination[c][r] = scale * source[r][c] for `lanes` rows, a multiple of 8. Rows from `rows` on repeat the last one,
// so that every lane holds something real. The last columns are done by a block that overlaps the one before it.
LIKEWISE_INLINE void columns_to_lanes(const float* source, int64_t stride, int64_t rows, int64_t columns,
                                      float scale, float* destination, int64_t lanes) {
  for (int64_t first = 0; first < lanes; first += 8) {
    const float* row[8];
    for (int64_t i = 0; i < 8; i++) row[i] = source + (first + i < rows ? first + i : rows - 1) * stride;
    if (columns < 8) {
      for (int64_t c = 0; c < columns; c++) {
        for (int64_t i = 0; i < 8; i++) destination[c * lanes + first + i] = scale * row[i][c];
      }
      continue;
    }
    for (int64_t next = 0; next < columns; next += 8) {
      const int64_t c = next + 8 <= columns ? next : columns - 8;
      __m256 block[8];
      for (int32_t i = 0; i < 8; i++)
        block[i] = _mm256_mul_ps(_mm256_loadu_ps(row[i] + c), _mm256_set1_ps(scale));
      transpose_8x8(block);
      for (int32_t i = 0; i < 8; i++) _mm256_storeu_ps(destination + (c + i) * lanes + first, block[i]);
    }
  }
}

// destination[r][c] = factors[r] * source[c][r] + 0 for the first `rows` of `lanes` lanes. Adding 0 makes -0 into 0.
LIKEWISE_INLINE void lanes_to_columns(const float* source, int64_t lanes, const float* factors, int64_t rows,
                                      int64_t columns, float* destination, int64_t stride) {
  for (int64_t first = 0; first < rows; first += 8) {
    const int64_t count = first + 8 <= rows ? 8 : rows - first;
    float* row = destination + first * stride;
    if (columns < 8) {
      for (int64_t i = 0; i < count; i++) {
        for (int64_t c = 0; c < columns; c++)
          row[i * stride + c] = factors[first + i] * source[c * lanes + first + i] + 0;
      }
      continue;
    }
    const __m256 factor = _mm256_loadu_ps(factors + first);
    for (int64_t next = 0; next < columns; next += 8) {
      const int64_t c = next + 8 <= columns ? next : columns - 8;
      __m256 block[8];
      for (int32_t i = 0; i < 8; i++) {
        block[i] =
            _mm256_fmadd_ps(_mm256_loadu_ps(source + (c + i) * lanes + first), factor, _mm256_setzero_ps());
      }
      transpose_8x8(block);
      if (count == 8) {
        for (int32_t i = 0; i < 8; i++) _mm256_storeu_ps(row + i * stride + c, block[i]);
      } else {
        for (int32_t i = 0; i < 7; i++) {
          if (i < count) _mm256_storeu_ps(row + i * stride + c, block[i]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
