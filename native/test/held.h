// Keeps an engine from executing until it is let go, so that everything queued meanwhile waits.
#pragma once

#include <future>
#include <memory>
#include <mutex>

#include "../core/engine.h"

namespace likewise::test {

class Held {
 public:
  // Returns when the engine has come to it.
  explicit Held(Engine& engine) {
    gate_->lock();
    auto entered = std::make_shared<std::promise<void>>();
    engine.call(
        [gate = gate_, entered](Workers&) {
          entered->set_value();
          const std::lock_guard<std::mutex> wait(*gate);
        },
        nullptr);
    entered->get_future().wait();
  }
  void let_go() { gate_->unlock(); }

 private:
  std::shared_ptr<std::mutex> gate_ = std::make_shared<std::mutex>();
};

}  // namespace likewise::test
