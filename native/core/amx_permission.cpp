#include "amx_permission.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace likewise {

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
