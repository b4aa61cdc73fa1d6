#include "amx_permission.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace likewise {

bool cpu_has_amx() {
#if defined(__x86_64__)
  constexpr unsigned bf16 = 1u << 22, tile = 1u << 24, int8 = 1u << 25;  // of edx, leaf 7
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  return (edx & (bf16 | tile | int8)) == (bf16 | tile | int8);
#else
  return false;
#endif
}

std::string request_amx() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM of asm/prctl.h, since Linux 5.16
  constexpr long tile_data = 18;               // the state component of the tiles
  if (syscall(SYS_arch_prctl, request_permission, tile_data) == 0) return "";
  return std::string("the kernel did not grant this process the tiles of AMX: ") + std::strerror(errno);
#else
  return "the kernel did not grant this process the tiles of AMX: only Linux is asked";
#endif
}

}  // namespace likewise
