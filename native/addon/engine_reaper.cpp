#include "engine_reaper.h"

#include <system_error>
#include <utility>

namespace likewise {

EngineReaper::~EngineReaper() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void EngineReaper::take(std::unique_ptr<NumberedEngine> engine) {
  engine->engine.stop();
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_.push_back(std::move(engine));
  try {
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    wake_.notify_one();
  } catch (const std::system_error&) {  // no thread is to be had: then here and now
    waiting_.clear();
  }
}

void EngineReaper::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

void EngineReaper::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<std::unique_ptr<NumberedEngine>> ending = std::move(waiting_);
    waiting_.clear();
    busy_ = true;
    lock.unlock();
    ending.clear();
    lock.lock();
    busy_ = false;
    if (waiting_.empty()) idle_.notify_all();
  }
}

}  // namespace likewise
