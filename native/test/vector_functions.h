// Single functions of the vector layer, for tests that hold them against plain ones.
#pragma once

#include <stdint.h>

namespace likewise {

// Blocks of Philox with the counters (counters[0][i], .., counters[3][i]): words[w][i], and kept[d][i] = 1 where
// decision d is not below the threshold. `count` is a multiple of 16.
struct PhiloxCase {
  const int32_t* counters[4];
  uint32_t keys[2];
  uint32_t threshold;
  int64_t count;
  int32_t* words[4];
  float* kept[8];
};

namespace avx2 {
void run_philox(const PhiloxCase& blocks);
}
namespace avx512 {
void run_philox(const PhiloxCase& blocks);
}

}  // namespace likewise
