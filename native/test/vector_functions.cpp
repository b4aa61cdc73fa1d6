// See vector_functions.h. Compiled once per instruction set, like a kernel.
#include "vector_functions.h"

#include "../cpu/simd/philox_vector.h"

namespace likewise::LIKEWISE_ISA {

void run_philox(const PhiloxCase& blocks) {
  const int32_t* const* c = blocks.counters;
  for (int64_t i = 0; i < blocks.count; i += Vector::lanes) {
    const PhiloxVectors block = philox(load_int(c[0] + i), load_int(c[1] + i), load_int(c[2] + i),
                                       load_int(c[3] + i), blocks.keys[0], blocks.keys[1]);
    for (int32_t word = 0; word < 4; word++) store_int(blocks.words[word] + i, block.words[word]);
    for (int32_t d = 0; d < 8; d++) {
      store(blocks.kept[d] + i, zero_unless(keep_mask(block, d, blocks.threshold), broadcast(1.0f)));
    }
  }
}

}  // namespace likewise::LIKEWISE_ISA
