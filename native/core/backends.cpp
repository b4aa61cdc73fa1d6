#include "backends.h"

#include <cstring>

#include "amx_permission.h"

namespace likewise {

void fill_mock(Backend& backend, const Backend& reference);

namespace {

struct Registry {
  Backend reference, avx2, avx512, avx512_vnni, avx512_bf16, amx, mock;
  std::vector<Availability> all;

  Registry() {
    fill_reference(reference);
    all.push_back(admit("reference", reference, ""));
#if defined(__x86_64__)
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    avx2 = reference;
    fill_avx2(avx2);
    all.push_back(admit("avx2", avx2, has_avx2 ? "" : "this CPU has no AVX2 with FMA"));
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512dq");
    avx512 = avx2;
    fill_avx512(avx512);
    all.push_back(
        admit("avx512", avx512, has_avx512 ? "" : "this CPU has no AVX-512 (F, BW, VL and DQ are needed)"));
    // Tables for one precision or two are a few kernels over a copy of the table before them.
    const bool has_vnni = has_avx512 && __builtin_cpu_supports("avx512vnni");
    avx512_vnni = avx512;
    fill_avx512_vnni(avx512_vnni);
    all.push_back(admit("avx512_vnni", avx512_vnni, has_vnni ? "" : "this CPU has no AVX-512 with VNNI"));
    const bool has_bf16 = has_vnni && __builtin_cpu_supports("avx512bf16");
    avx512_bf16 = avx512_vnni;
    fill_avx512_bf16(avx512_bf16);
    all.push_back(
        admit("avx512_bf16", avx512_bf16,
              has_bf16 ? "" : "this CPU has no AVX-512 that multiplies in bfloat16 (BF16 and VNNI)"));
    const bool has_amx = has_bf16 && cpu_has_amx();
    amx = avx512_bf16;
    fill_amx(amx);
    all.push_back(admit(
        "amx", amx, has_amx ? request_amx() : "this CPU has no AMX (TILE, BF16 and INT8, beside AVX-512)"));
#endif
    fill_mock(mock, reference);
    all.push_back(admit("mock", mock, ""));
  }
};

const Registry& registry() {
  static const Registry instance;
  return instance;
}

}  // namespace

Availability admit(const char* name, const Backend& backend, const std::string& missing) {
  if (!missing.empty()) return {name, nullptr, missing};
  if (backend.abi == backend_abi) return {name, &backend, ""};
  return {name, nullptr,
          "it was built for version " + std::to_string(backend.abi) +
              " of the backend interface, this is version " + std::to_string(backend_abi) +
              ": build both together, with \"npx likewise build\""};
}

const std::vector<Availability>& backends() { return registry().all; }

const Backend* find_backend(const char* name) {
  for (const Availability& entry : backends()) {
    if (std::strcmp(entry.name, name) == 0) return entry.backend;
  }
  return nullptr;
}

const Backend& fastest_backend() {
  const Registry& known = registry();
  const Backend* best = &known.reference;
  for (const Availability& entry : known.all) {
    if (entry.backend != nullptr && entry.backend != &known.mock) best = entry.backend;
  }
  return *best;
}

}  // namespace likewise
