// An engine with a number that no other live engine of the process has, in whatever worker thread or environment, so
// that a handle from elsewhere is recognised and never taken for one's own.
#pragma once

#include <bitset>
#include <mutex>

#include "../core/engine.h"

namespace likewise {

class EngineNumber {
 public:
  static constexpr uint32_t most = (1u << engine_bits) - 1;

  EngineNumber() {
    const std::lock_guard<std::mutex> lock(mutex);
    // Round robin, so that a number just given back rests as long as possible.
    for (uint32_t tried = 0; tried < most && value_ == 0; tried++) {
      last = last % most + 1;
      if (!taken[last]) value_ = last;
    }
    taken[value_] = true;
  }
  ~EngineNumber() {
    const std::lock_guard<std::mutex> lock(mutex);
    taken[value_] = false;
  }
  EngineNumber(const EngineNumber&) = delete;
  EngineNumber& operator=(const EngineNumber&) = delete;

  uint32_t value() const { return value_; }  // 0: all are taken

 private:
  inline static std::mutex mutex;
  inline static std::bitset<most + 1> taken;
  inline static uint32_t last = 0;
  uint32_t value_ = 0;
};

struct NumberedEngine {
  EngineNumber number;
  Engine engine;

  NumberedEngine(const Backend& backend, int32_t threads) : engine(number.value(), backend, threads) {}
};

}  // namespace likewise
