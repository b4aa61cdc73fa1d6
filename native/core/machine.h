// What this process may use of the machine: how many cores, and why that many.
#pragma once

#include <cstdint>
#include <string>

namespace likewise {

struct CoreCount {
  int32_t cores;
  std::string
      reason;  // "2 cores online", "affinity allows 1 of 8 cores", "the cgroup's quota is 1.5 of 8 cores"
};

CoreCount usable_cores();
std::string cpu_name();

}  // namespace likewise
