// The tokenizer's thread pool (rayon) is told its size by an environment variable alone, read when it is made.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>

namespace likewise {

// Sets RAYON_NUM_THREADS for the process unless it is set: whether it did. 0 unsets it.
inline bool cap_rayon_threads(int64_t count) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  constexpr const char* name = "RAYON_NUM_THREADS";
  if (count == 0) return unsetenv(name) == 0;
  return std::getenv(name) == nullptr && setenv(name, std::to_string(count).c_str(), 0) == 0;
}

}  // namespace likewise
