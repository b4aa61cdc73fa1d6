// The AMX intrinsics over emulated_bfloat16.h: eight tiles and their configuration per thread, as Intel describes each
// instruction. What the hardware answers with a fault, a tile that is not configured or whose shape does not fit, ends the
// test with a message; so does configuring twice, because a kernel releases its tiles at the end of each block of work.
//   tdpbf16ps: per row and column one sum of the lower numbers' products and one of the upper ones', each a chain of fused
//   multiply-adds over the steps; the two are added, and that to the sum so far. Denormals count as zero everywhere.
#pragma once

#include "emulated_bfloat16.h"

#define __AMX_TILE__ 1
#define __AMX_INT8__ 1
#define __AMX_BF16__ 1

extern "C" int dprintf(int file, const char* format, ...);

namespace emulated {
namespace {

struct Tile {
  alignas(64) uint8_t bytes[16][64];
};
struct Tiles {
  bool configured;
  int rows[8], width[8];  // width in bytes
  Tile tile[8];
};

EMULATED Tiles& tiles() {
  static thread_local Tiles own;
  return own;
}
EMULATED void expect(bool holds, const char* what, int tile) {
  if (holds) return;
  dprintf(2, "emulated AMX: %s (tile %d)\n", what, tile);
  __builtin_abort();
}
EMULATED void expect_configured(int tile) {
  const Tiles& own = tiles();
  expect(own.configured && own.rows[tile] > 0 && own.width[tile] > 0, "the tile is not configured", tile);
}

EMULATED_CALL void configure_tiles(const void* configuration) {
  uint8_t bytes[64];
  __builtin_memcpy(bytes, configuration, sizeof bytes);
  Tiles& own = tiles();
  expect(!own.configured, "configured again before the tiles were released", -1);
  expect(bytes[0] == 1 && bytes[1] == 0, "the palette is not 1 or the first row not 0", -1);
  own = {};
  own.configured = true;
  for (int i = 0; i < 8; ++i) {
    own.width[i] = bytes[16 + 2 * i] | bytes[17 + 2 * i] << 8;
    own.rows[i] = bytes[48 + i];
    expect(own.width[i] <= 64 && own.width[i] % 4 == 0 && own.rows[i] <= 16, "a shape that no tile has", i);
  }
  for (int i = 2; i < 16; ++i) expect(bytes[i] == 0, "a reserved byte is not zero", -1);
  for (int i = 32; i < 48; ++i) expect(bytes[i] == 0, "more than eight tiles", -1);
  for (int i = 56; i < 64; ++i) expect(bytes[i] == 0, "more than eight tiles", -1);
}
EMULATED_CALL void release_tiles() { tiles().configured = false; }
EMULATED_CALL void zero_tile(int tile) {
  expect_configured(tile);
  tiles().tile[tile] = {};
}
EMULATED_CALL void load_tile(int tile, const void* base, int64_t stride) {
  zero_tile(tile);
  Tiles& own = tiles();
  for (int row = 0; row < own.rows[tile]; ++row) {
    __builtin_memcpy(own.tile[tile].bytes[row], static_cast<const char*>(base) + row * stride,
                     static_cast<size_t>(own.width[tile]));
  }
}
EMULATED_CALL void store_tile(int tile, void* base, int64_t stride) {
  expect_configured(tile);
  const Tiles& own = tiles();
  for (int row = 0; row < own.rows[tile]; ++row) {
    __builtin_memcpy(static_cast<char*>(base) + row * stride, own.tile[tile].bytes[row],
                     static_cast<size_t>(own.width[tile]));
  }
}

EMULATED void expect_shapes(int sums, int rows, int columns) {
  expect_configured(sums);
  expect_configured(rows);
  expect_configured(columns);
  const Tiles& own = tiles();
  expect(sums != rows && sums != columns && rows != columns, "a product of the same tile twice", sums);
  expect(own.rows[sums] == own.rows[rows] && own.width[sums] == own.width[columns] &&
             own.width[rows] == 4 * own.rows[columns],
         "shapes that do not fit", sums);
}
EMULATED_CALL void multiply_tiles_of_bytes(int sums, int rows, int columns) {
  expect_shapes(sums, rows, columns);
  Tiles& own = tiles();
  for (int m = 0; m < own.rows[sums]; ++m) {
    for (int n = 0; n < own.width[sums] / 4; ++n) {
      int32_t sum;
      __builtin_memcpy(&sum, own.tile[sums].bytes[m] + 4 * n, sizeof sum);
      for (int k = 0; k < own.width[rows]; ++k) {
        const int8_t a = static_cast<int8_t>(own.tile[rows].bytes[m][k]);
        const int8_t b = static_cast<int8_t>(own.tile[columns].bytes[k / 4][4 * n + k % 4]);
        sum = static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(a * b));
      }
      __builtin_memcpy(own.tile[sums].bytes[m] + 4 * n, &sum, sizeof sum);
    }
  }
}
EMULATED __m256 flushing_add(__m256 a, __m256 b) { return flushed(_mm256_add_ps(flushed(a), flushed(b))); }
// Half a row of sums, for whole tiles.
EMULATED void multiply_half_row(float* sums, const uint8_t* row, const Tile& columns, int half) {
  __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
  for (int k = 0; k < 16; ++k) {
    int32_t pair;
    __builtin_memcpy(&pair, row + 4 * k, sizeof pair);
    const __m256i a = _mm256_set1_epi32(pair);
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(columns.bytes[k] + 32 * half));
    even = flushing_fma(lower(a), lower(b), even);
    odd = flushing_fma(upper(a), upper(b), odd);
  }
  _mm256_storeu_ps(sums, flushing_add(_mm256_loadu_ps(sums), flushing_add(even, odd)));
}
EMULATED_CALL void multiply_tiles_of_pairs(int sums, int rows, int columns) {
  expect_shapes(sums, rows, columns);
  Tiles& own = tiles();
  expect(own.rows[sums] == 16 && own.width[sums] == 64 && own.width[rows] == 64, "not a whole tile", sums);
  for (int m = 0; m < 16; ++m) {
    for (int half = 0; half < 2; ++half) {
      float lanes[8];
      __builtin_memcpy(lanes, own.tile[sums].bytes[m] + 32 * half, sizeof lanes);
      multiply_half_row(lanes, own.tile[rows].bytes[m], own.tile[columns], half);
      __builtin_memcpy(own.tile[sums].bytes[m] + 32 * half, lanes, sizeof lanes);
    }
  }
}

}  // namespace
}  // namespace emulated

#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbssd
#undef _tile_dpbf16ps
#define _tile_loadconfig emulated::configure_tiles
#define _tile_release emulated::release_tiles
#define _tile_zero emulated::zero_tile
#define _tile_loadd emulated::load_tile
#define _tile_stored emulated::store_tile
#define _tile_dpbssd emulated::multiply_tiles_of_bytes
#define _tile_dpbf16ps emulated::multiply_tiles_of_pairs
