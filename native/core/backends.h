// The backends of this build that this machine can run, from the plainest to the fastest.
#pragma once

#include <string>
#include <vector>

#include "backend.h"

namespace likewise {

struct Availability {
  const char* name;
  const Backend* backend;  // null: it cannot be used
  std::string reason;      // why not
};

// Takes a backend in, unless the CPU lacks what it needs (`missing`, empty where nothing is) or it was compiled against
// another version of backend.h: its functions would then be called by the wrong places in the struct.
Availability admit(const char* name, const Backend& backend, const std::string& missing);

const std::vector<Availability>& backends();
const Backend* find_backend(const char* name);
const Backend& fastest_backend();

}  // namespace likewise
