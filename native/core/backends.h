// The backends of this build that this machine can run, from the plainest to the fastest.
#pragma once

#include <vector>

#include "backend.h"

namespace likewise {

struct Availability {
  const char* name;
  const Backend* backend;  // null: the CPU cannot run it
  const char* reason;      // why not
};

const std::vector<Availability>& backends();
const Backend* find_backend(const char* name);
const Backend& fastest_backend();

}  // namespace likewise
