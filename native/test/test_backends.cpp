// See test_backends.h.
#include "test_backends.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../core/amx_permission.h"

namespace likewise::test {

namespace {

std::vector<Backend> make_backends() {
  std::vector<Backend> backends(1);
  fill_reference(backends[0]);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    backends.push_back(backends.back());
    fill_avx2(backends.back());
  } else {
    std::printf("SKIPPED: the avx2 table, which this CPU cannot run\n");
  }
#ifdef LIKEWISE_EMULATED
  const bool has_avx512 = true, has_vnni = true, has_bf16 = true, has_amx = true;
#else
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const bool has_vnni = __builtin_cpu_supports("avx512vnni");
  const bool has_bf16 = has_vnni && __builtin_cpu_supports("avx512bf16");
#ifdef LIKEWISE_EMULATED_AMX
  const bool has_amx = has_bf16;
#else
  const bool has_amx = has_bf16 && cpu_has_amx() && request_amx().empty();
#endif
#endif
  if (has_avx512) {
    backends.push_back(backends.back());
    fill_avx512(backends.back());
  } else {
    std::printf("SKIPPED: the avx512 table, which this CPU cannot run (make EMULATE=1 emulates it)\n");
  }
  if (has_avx512 && has_vnni) {
    backends.push_back(backends.back());
    fill_avx512_vnni(backends.back());
  } else {
    std::printf("SKIPPED: the avx512_vnni table, which this CPU cannot run (make EMULATE=1 emulates it)\n");
  }
  if (has_avx512 && has_bf16) {
    backends.push_back(backends.back());
    fill_avx512_bf16(backends.back());
  } else {
    std::printf("SKIPPED: the avx512_bf16 table, which this CPU cannot run (make EMULATE=1 emulates it)\n");
  }
  if (has_avx512 && has_amx) {
    backends.push_back(backends.back());
    fill_amx(backends.back());
  } else {
    std::printf("SKIPPED: the amx table, which this machine cannot run (make EMULATE=amx emulates it)\n");
  }
#endif
  return backends;
}

}  // namespace

const std::vector<Backend>& test_backends() {
  static const std::vector<Backend> backends = make_backends();
  return backends;
}

SerialWorkers::SerialWorkers(bool scrambled) {
  count = scrambled ? 7 : 1;
  run = [](Workers& workers, int64_t tiles, void (*tile)(void*, int64_t, int32_t), void* context) {
    for (int64_t i = 0; i < tiles; ++i) {
      if (workers.count == 1) {
        tile(context, i, 0);
      } else {
        tile(context, tiles - 1 - i, static_cast<int32_t>(6 - i % 7));
      }
    }
  };
  scratch = [](Workers& workers, int32_t participant, size_t bytes) {
    void*& own = static_cast<SerialWorkers&>(workers).scratches[participant];
    std::free(own);
    const size_t rounded = (bytes + 64) / 64 * 64;
    own = std::aligned_alloc(64, rounded);
    return std::memset(own, 0xff, rounded);  // NaN: nothing may be expected of scratch memory
  };
}

SerialWorkers::~SerialWorkers() {
  for (void* own : scratches) std::free(own);
}

}  // namespace likewise::test
