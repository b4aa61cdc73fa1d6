// An engine with a number that no other live engine of the process has, in whatever worker thread or environment, so
// that a handle from elsewhere is recognised and never taken for one's own. The number remembers which handles its
// engines gave out: the next engine with that number gives out others, so that a handle that outlived its engine is
// stale for ever.
#pragma once

#include <array>
#include <mutex>
#include <new>

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
    taken[value_] = retired_;
  }
  EngineNumber(const EngineNumber&) = delete;
  EngineNumber& operator=(const EngineNumber&) = delete;

  uint32_t value() const { return value_; }  // 0: all are taken
  const Generations& used() const { return generations[value_]; }
  // Before the engine goes. A number whose handles cannot be remembered is not given out again.
  void remember(const TensorTable& table) {
    if (value_ == 0) return;
    try {
      generations[value_] = table.used_generations();
    } catch (const std::bad_alloc&) {
      retired_ = true;
    }
  }

 private:
  inline static std::mutex mutex;
  inline static std::array<bool, most + 1> taken;
  inline static std::array<Generations, most + 1>
      generations;  // each touched by the holder of its number alone
  inline static uint32_t last = 0;
  uint32_t value_ = 0;
  bool retired_ = false;
};

struct NumberedEngine {
  EngineNumber number;
  Engine engine;

  NumberedEngine(const Backend& backend, int32_t threads)
      : engine(number.value(), backend, threads, number.used()) {}
  ~NumberedEngine() { number.remember(engine.tensors()); }
  NumberedEngine(const NumberedEngine&) = delete;
  NumberedEngine& operator=(const NumberedEngine&) = delete;
};

}  // namespace likewise
