// Keeps an engine from executing until it is let go, so that everything queued meanwhile waits.
#pragma once

#include <memory>
#include <mutex>

#include "../core/engine.h"

namespace likewise::test {

class Held {
 public:
  explicit Held(Engine& engine) {
    gate_->lock();
    engine.call([gate = gate_](Workers&) { const std::lock_guard<std::mutex> wait(*gate); }, nullptr);
  }
  void let_go() { gate_->unlock(); }

 private:
  std::shared_ptr<std::mutex> gate_ = std::make_shared<std::mutex>();
};

}  // namespace likewise::test
