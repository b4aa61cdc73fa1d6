#include "machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace likewise {

namespace {

// Cores a container may use by its time quota; 0 when there is none. cgroup v2, then v1.
double quota_cores() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period) return quota == "max" || period <= 0 ? 0 : std::stod(quota) / period;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double microseconds = 0;
  if (v1_quota >> microseconds && v1_period >> period && microseconds > 0 && period > 0)
    return microseconds / period;
  return 0;
}

int32_t affinity_cores(int32_t online) {
#if defined(__linux__)
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return online;
}

}  // namespace

CoreCount usable_cores() {
  const int32_t online = std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
  CoreCount result{online, std::to_string(online) + (online == 1 ? " core" : " cores") + " online"};
  const int32_t allowed = affinity_cores(online);
  if (allowed < result.cores) {
    result = {std::max(1, allowed),
              "affinity allows " + std::to_string(allowed) + " of " + std::to_string(online) + " cores"};
  }
  const double quota = quota_cores();
  if (quota > 0 && quota < result.cores) {
    std::ostringstream reason;
    reason << "the cgroup's quota is " << quota << " of " << online << " cores";
    result = {std::max(1, static_cast<int32_t>(std::ceil(quota))), reason.str()};
  }
  return result;
}

std::string cpu_name() {
#if defined(__APPLE__)
  char name[128] = "";
  size_t size = sizeof(name);
  if (sysctlbyname("machdep.cpu.brand_string", name, &size, nullptr, 0) == 0) return name;
#endif
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    const size_t colon = line.find(':');
    if (colon != std::string::npos && colon + 2 <= line.size()) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

}  // namespace likewise
