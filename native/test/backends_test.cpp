// Which backends are taken in, and why the others are not.
#include <string>

#include "../core/amx_permission.h"
#include "../core/backends.h"
#include "check.h"

using namespace likewise;

TEST(backend_of_another_abi_is_not_taken_in) {
  Backend backend;
  fill_reference(backend);
  CHECK(admit("own", backend, "").backend == &backend, "a backend of this build was refused");
  for (const uint32_t abi : {backend_abi + 1, backend_abi - 1, 0xffffffffu}) {
    backend.abi = abi;
    const Availability other = admit("other", backend, "");
    CHECK(other.backend == nullptr, "interface version %u was taken in", abi);
    const std::string both[] = {std::to_string(abi), "this is version " + std::to_string(backend_abi)};
    for (const std::string& part : both)
      CHECK(other.reason.find(part) != std::string::npos, "\"%s\" does not say %s", other.reason.c_str(),
            part.c_str());
  }
}

TEST(backend_the_cpu_lacks_instructions_for_is_not_taken_in) {
  Backend backend;
  fill_reference(backend);
  const Availability lacking = admit("avx1024", backend, "this CPU has no AVX-1024");
  CHECK(lacking.backend == nullptr && lacking.reason == "this CPU has no AVX-1024", "reason %s",
        lacking.reason.c_str());
}

#if defined(__x86_64__)
TEST(backend_amx_asks_the_kernel_for_its_tiles) {
  const std::string first = request_amx(), again = request_amx();
  CHECK(first == again, "first \"%s\", then \"%s\"", first.c_str(), again.c_str());
  if (cpu_has_amx()) return;  // the tests that run the table find out
  CHECK(first.rfind("the kernel did not grant this process the tiles of AMX: ", 0) == 0, "reason \"%s\"",
        first.c_str());
}
#endif

TEST(backends_of_this_build_are_all_of_this_abi) {
  for (const Availability& entry : backends()) {
    CHECK(entry.backend == nullptr || entry.backend->abi == backend_abi, "%s", entry.name);
    CHECK((entry.backend == nullptr) != entry.reason.empty(), "%s: reason \"%s\"", entry.name,
          entry.reason.c_str());
    CHECK(find_backend(entry.name) == entry.backend, "%s", entry.name);
  }
  CHECK(find_backend("nonsense") == nullptr, "found");
  CHECK(std::string(fastest_backend().name) != "mock", "the mock device was chosen");
}
