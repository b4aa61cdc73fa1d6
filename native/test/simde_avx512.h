// AVX-512 intrinsics emulated by SIMDe (Debian package libsimde-dev), for running the AVX-512 kernels' logic
// on a processor without them. Adds the masked loads and stores that SIMDe 0.7 lacks.
#pragma once

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <string.h>

namespace {

template <typename Wide>
inline Wide emulated_masked_load(__mmask16 mask, const void* memory) {
  alignas(64) int32_t lanes[16] = {};
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1) memcpy(lanes + i, static_cast<const char*>(memory) + 4 * i, 4);
  }
  Wide wide;
  memcpy(&wide, lanes, 64);
  return wide;
}

inline void emulated_masked_store(void* memory, __mmask16 mask, __m512 wide) {
  for (int i = 0; i < 16; i++) {
    if (mask >> i & 1)
      memcpy(static_cast<char*>(memory) + 4 * i, reinterpret_cast<const char*>(&wide) + 4 * i, 4);
  }
}

}  // namespace

#define _mm512_maskz_loadu_ps(mask, memory) emulated_masked_load<__m512>(mask, memory)
#define _mm512_maskz_loadu_epi32(mask, memory) emulated_masked_load<__m512i>(mask, memory)
#define _mm512_mask_storeu_ps(memory, mask, wide) emulated_masked_store(memory, mask, wide)
