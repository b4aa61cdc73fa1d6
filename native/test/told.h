// A completion that a test can wait for.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "../core/command.h"

namespace likewise::test {

struct Told {
  std::mutex mutex;
  std::condition_variable wake;
  bool told = false;
  Fate fate;

  std::unique_ptr<Completion> completion() {
    struct Teller : Completion {
      explicit Teller(Told& owner) : told(owner) {}
      void done(const Fate& fate) override {
        std::lock_guard<std::mutex> lock(told.mutex);
        told.fate = fate;
        told.told = true;
        told.wake.notify_all();
      }
      Told& told;
    };
    return std::make_unique<Teller>(*this);
  }
  const Fate& wait() {
    std::unique_lock<std::mutex> lock(mutex);
    wake.wait(lock, [this] { return told; });
    return fate;
  }
};

}  // namespace likewise::test
