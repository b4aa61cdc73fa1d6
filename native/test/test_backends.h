// The backends that this machine can run, and ways to run their tiles.
#pragma once

#include <vector>

#include "../core/backend.h"

namespace likewise::test {

// reference, then each instruction set of this CPU (AVX-512 also where the build emulates it).
const std::vector<Backend>& test_backends();

// Runs tiles one after another in the caller; scrambled: from the last to the first, as participants 6, 5 ..
// 0 in turn.
struct SerialWorkers : Workers {
  explicit SerialWorkers(bool scrambled = false);
  ~SerialWorkers();
  SerialWorkers(const SerialWorkers&) = delete;
  SerialWorkers& operator=(const SerialWorkers&) = delete;

  void* scratches[7] = {};
};

}  // namespace likewise::test
