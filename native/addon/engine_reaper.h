// Where engines end: the destructor waits for the command in progress, and JavaScript's thread must not.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "numbered_engine.h"

namespace likewise {

class EngineReaper {
 public:
  EngineReaper() = default;
  // Returns when every engine has ended: nothing of ours runs on when an environment is gone.
  ~EngineReaper();
  EngineReaper(const EngineReaper&) = delete;
  EngineReaper& operator=(const EngineReaper&) = delete;

  // Stops the engine and lets it end elsewhere.
  void take(std::unique_ptr<NumberedEngine> engine);
  // Waits until all that were taken have ended.
  void wait();

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable idle_;
  std::vector<std::unique_ptr<NumberedEngine>> waiting_;
  bool busy_ = false;
  bool closing_ = false;
  std::thread thread_;  // started with the first engine
};

}  // namespace likewise
