// The fastest that AMX multiplies and adds, in bfloat16 and in int8: the products of tile_product.h without its loads.
#include "../packing/tile_product.h"
#include "../tables/register.h"

namespace likewise::LIKEWISE_ISA {

namespace {

// All tiles hold the same bytes, which are small numbers in either format.
void fill_tiles() {
  alignas(64) uint8_t bytes[tile_rows][tile_bytes];
  for (int64_t r = 0; r < tile_rows; r++) {
    for (int64_t i = 0; i < tile_bytes; i++) bytes[r][i] = 0x3a;
  }
  memory_barrier();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, bytes, tile_bytes);
  _tile_loadd(5, bytes, tile_bytes);
  _tile_loadd(6, bytes, tile_bytes);
  _tile_loadd(7, bytes, tile_bytes);
  memory_barrier();
}

double operations(int64_t rounds, int64_t numbers_of_step) {
  return 4.0 * 2.0 * tile_rows * tile_rows * tile_steps * static_cast<double>(numbers_of_step * rounds);
}

// Four sums: a product takes 16 cycles to begin the next and 52 to end. The compiler keeps what the intrinsics do.
double bfloat16_multiply_adds(int64_t rounds) {
  const TileSession session;
  fill_tiles();
  for (int64_t round = 0; round < rounds; round++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  return operations(rounds, 2);
}

double int8_multiply_adds(int64_t rounds) {
  const TileSession session;
  fill_tiles();
  for (int64_t round = 0; round < rounds; round++) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  return operations(rounds, 4);
}

}  // namespace

void register_peak_tiles(Backend& backend) {
  backend.bfloat16_multiply_adds = bfloat16_multiply_adds;
  backend.int8_multiply_adds = int8_multiply_adds;
}

}  // namespace likewise::LIKEWISE_ISA
