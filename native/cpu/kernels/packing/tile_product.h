// The inner loop of a product on AMX: a strip of up to 32 rows times a packed panel, over a stretch of k, in tiles of
// 16 rows of 64 bytes. The accelerator has eight of them.
//
//   sums[r][j] (+)= sum_k row[r][k] * panel[k][j]
//
// A step is four bytes of k, two bfloat16 or four int8; a tile holds 16 steps of 16 rows, or 16 steps of 16 columns, as
// they lie in a panel [steps][panel_width][step]: two tiles side by side, whose rows are one line of memory each. So a
// panel is the same that vdpbf16ps reads. 2 x 2 tiles of sums, two of rows and two of columns: four loads for four
// products, of 8 cycles and 16 (Intel's optimisation manual), so that the products decide.
//
// Sums of bfloat16 have one order whatever the strip: tdpbf16ps adds up the 16 steps for the lower numbers of each pair
// and for the upper ones, joins the two, and adds that to the sum so far.
#pragma once

#include "block_sizes.h"
#include "panel_shape.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 16;
constexpr int64_t tile_steps = 16;
constexpr int64_t tile_bytes = 64;  // of a row
constexpr int64_t panel_bytes = panel_width * 4;
static_assert(panel_bytes == 2 * tile_bytes);

// What ldtilecfg reads: eight tiles, all of them whole. Rows past the last of a strip are read and multiplied, too, and
// their sums written, to memory that nobody looks at: a row has the same sums wherever it lies in a tile.
struct TileConfiguration {
  uint8_t palette;
  uint8_t first_row;
  uint8_t reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
};
alignas(64) constexpr TileConfiguration whole_tiles = {
    1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
static_assert(sizeof(TileConfiguration) == 64);

// The compiler knows of memory that a tile instruction touches only what the intrinsic tells it, in gcc 12 next to
// nothing.
LIKEWISE_INLINE void memory_barrier() { asm volatile("" ::: "memory"); }

// A thread's tiles are configured while one lives: twenty nanoseconds, and nothing that the system would have to save for
// a thread that is doing something else.
class TileSession {
 public:
  TileSession() {
    memory_barrier();
    _tile_loadconfig(&whole_tiles);
    memory_barrier();
  }
  ~TileSession() { _tile_release(); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
};

// Whole strips first: half a strip costs as much as a quarter.
struct TileStrips {
  static constexpr int64_t most_rows = 2 * tile_rows;
  static constexpr int64_t whole_steps = tile_steps;
  using Session = TileSession;
  static constexpr int64_t share(int64_t rows, int64_t, int64_t s) {
    return smaller(most_rows, rows - s * most_rows);
  }
  static constexpr int64_t whole_rows(int64_t rows) { return divide_up(rows, tile_rows) * tile_rows; }
};

struct TileStrip {
  const void* rows;   // whole tiles of them may be read
  int64_t stride;     // of the rows, in bytes
  const void* panel;  // [steps][panel_width] steps
  int64_t steps;      // of the stretch, a multiple of tile_steps
  bool add;           // to the sums of the stretches before this one
  void* sums;         // [whole rows][panel_width], four bytes each
  // From one step of the panel, and one row of sums, to the next, in bytes.
  int64_t panel_stride = panel_bytes, sums_stride = panel_bytes;
};

// The lines of 16 steps of a panel, this many bytes before they are wanted.
constexpr int64_t tile_bytes_ahead = 2 * tile_steps * panel_bytes;

LIKEWISE_INLINE void prefetch_tiles(const char* panel) {
  for (int64_t line = 0; line < tile_steps * panel_bytes; line += tile_bytes) {
    _mm_prefetch(panel + tile_bytes_ahead + line, _MM_HINT_T0);
  }
}

// Tiles 0 .. 3: sums; 4, 5: rows; 6, 7: columns. The intrinsics want the numbers themselves. `two` of rows, or one; `wide`:
// two of columns, or half a panel.
template <bool integers, bool two, bool wide, bool ahead>
void multiply_tiles(const TileStrip& strip) {
#define LIKEWISE_MULTIPLY(sums, rows, columns) \
  do {                                         \
    if constexpr (integers)                    \
      _tile_dpbssd(sums, rows, columns);       \
    else                                       \
      _tile_dpbf16ps(sums, rows, columns);     \
  } while (false)
  memory_barrier();
  const int64_t panel_stride = strip.panel_stride, sums_stride = strip.sums_stride;
  const char* rows = static_cast<const char*>(strip.rows);
  const char* panel = static_cast<const char*>(strip.panel);
  char* sums = static_cast<char*>(strip.sums);
  char* lower_sums = sums + tile_rows * sums_stride;
  if (strip.add) {
    _tile_loadd(0, sums, sums_stride);
    if constexpr (wide) _tile_loadd(1, sums + tile_bytes, sums_stride);
    if constexpr (two) _tile_loadd(2, lower_sums, sums_stride);
    if constexpr (two && wide) _tile_loadd(3, lower_sums + tile_bytes, sums_stride);
  } else {
    _tile_zero(0);
    if constexpr (wide) _tile_zero(1);
    if constexpr (two) _tile_zero(2);
    if constexpr (two && wide) _tile_zero(3);
  }
  for (int64_t k = 0; k < strip.steps; k += tile_steps) {
    if constexpr (ahead) prefetch_tiles(panel);
    _tile_loadd(4, rows, strip.stride);
    _tile_loadd(6, panel, panel_stride);
    if constexpr (wide) _tile_loadd(7, panel + tile_bytes, panel_stride);
    LIKEWISE_MULTIPLY(0, 4, 6);
    if constexpr (wide) LIKEWISE_MULTIPLY(1, 4, 7);
    if constexpr (two) {
      _tile_loadd(5, rows + tile_rows * strip.stride, strip.stride);
      LIKEWISE_MULTIPLY(2, 5, 6);
      if constexpr (wide) LIKEWISE_MULTIPLY(3, 5, 7);
    }
    rows += tile_bytes;
    panel += tile_steps * panel_stride;
  }
  _tile_stored(0, sums, sums_stride);
  if constexpr (wide) _tile_stored(1, sums + tile_bytes, sums_stride);
  if constexpr (two) _tile_stored(2, lower_sums, sums_stride);
  if constexpr (two && wide) _tile_stored(3, lower_sums + tile_bytes, sums_stride);
  memory_barrier();
#undef LIKEWISE_MULTIPLY
}

template <bool integers>
LIKEWISE_INLINE void multiply_tiles(const TileStrip& strip, int64_t rows, bool ahead) {
  if (rows > tile_rows) {
    ahead ? multiply_tiles<integers, true, true, true>(strip)
          : multiply_tiles<integers, true, true, false>(strip);
  } else {
    ahead ? multiply_tiles<integers, false, true, true>(strip)
          : multiply_tiles<integers, false, true, false>(strip);
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
