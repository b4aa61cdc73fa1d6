#include "completions.h"

#include "arguments.h"

namespace likewise {

// Owned by a queued command; sends its Pending to JavaScript's thread when told.
class Completions::Sender : public Completion {
 public:
  Sender(Channel channel, Pending* pending) : channel_(channel), pending_(pending) {}
  void done(const Fate& fate) override {
    pending_->fate = fate;
    channel_.NonBlockingCall(
        pending_);  // refused only while the environment closes, when nobody waits any more
  }

 private:
  Channel channel_;
  Pending* pending_;
};

Completions::Completions(Napi::Env env)
    : env_(env), channel_(Channel::New(env, "likewise completions", 0, 1, this)) {
  channel_.Unref(env);
}

Completions::~Completions() {
  for (Pending* pending : pending_) {
    pending->result.SuppressDestruct();  // the environment is closing and frees its references itself
    delete pending;
  }
  channel_.Release();
}

Napi::Promise Completions::expect(Napi::Env env, Napi::Value result,
                                  std::unique_ptr<Completion>& completion) {
  Pending* pending = new Pending{this, Napi::Promise::Deferred::New(env), {}, {}};
  if (!result.IsUndefined()) pending->result = Napi::Reference<Napi::Value>::New(result, 1);
  if (pending_.empty()) channel_.Ref(env);
  pending_.insert(pending);
  last_ = pending;
  completion = std::make_unique<Sender>(channel_, pending);
  return pending->deferred.Promise();
}

void Completions::forget_last() {
  if (last_ != nullptr) remove(env_, last_);
}

void Completions::remove(Napi::Env env, Pending* pending) {
  pending_.erase(pending);
  if (last_ == pending) last_ = nullptr;
  delete pending;
  if (pending_.empty()) channel_.Unref(env);
}

void Completions::settle(Napi::Env env, Napi::Function, Completions* owner, Pending* pending) {
  if (static_cast<napi_env>(env) == nullptr || owner->pending_.count(pending) == 0) return;
  Napi::HandleScope scope(env);
  if (pending->fate.status == Status::ok) {
    pending->deferred.Resolve(pending->result.IsEmpty() ? env.Undefined() : pending->result.Value());
  } else {
    const char* kind = pending->fate.status == Status::out_of_memory ? "memory"
                       : pending->fate.status == Status::cancelled   ? "disposed"
                                                                     : "execution";
    pending->deferred.Reject(make_error(env, kind, pending->fate.message).Value());
  }
  owner->remove(env, pending);
}

}  // namespace likewise
