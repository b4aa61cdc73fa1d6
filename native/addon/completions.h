// Promises settled by the executing thread: it hands each finished wait to JavaScript's thread, which settles it. The
// event loop is kept alive exactly as long as something is pending.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <unordered_set>

#include "../core/engine.h"

namespace likewise {

class Completions {
 public:
  explicit Completions(Napi::Env env);
  ~Completions();

  struct Pending {
    Completions* owner;
    Napi::Promise::Deferred deferred;
    Napi::Reference<Napi::Value> result;  // what the promise resolves to; kept alive, and its memory with it
    Fate fate;
  };

  // A promise for `result`, and the completion that settles it. `result` may be undefined.
  Napi::Promise expect(Napi::Env env, Napi::Value result, std::unique_ptr<Completion>& completion);
  // For a completion that was never queued: forgets the promise.
  void forget_last();

 private:
  class Sender;
  static void settle(Napi::Env env, Napi::Function, Completions* owner, Pending* pending);
  using Channel = Napi::TypedThreadSafeFunction<Completions, Pending, settle>;

  void remove(Napi::Env env, Pending* pending);

  Napi::Env env_;
  Channel channel_;
  std::unordered_set<Pending*> pending_;
  Pending* last_ = nullptr;
};

}  // namespace likewise
