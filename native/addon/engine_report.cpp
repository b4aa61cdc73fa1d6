#include "engine_report.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace likewise {

Napi::Object describe_engine(Napi::Env env, Engine& engine) {
  const Engine::Stats stream = engine.stats();
  const BufferPool::Stats& pool = engine.pool().stats();
  Napi::Object result = Napi::Object::New(env);
  result.Set("backend", engine.backend().name);
  result.Set("threads", engine.threads());
  result.Set("panelWidth", engine.backend().panel_width);
  result.Set("liveTensors", static_cast<double>(engine.tensors().live_tensors()));
  result.Set("poolHits", static_cast<double>(pool.hits));
  result.Set("poolMisses", static_cast<double>(pool.misses));
  result.Set("bytesInUse", static_cast<double>(pool.bytes_in_use));
  result.Set("bytesHeld", static_cast<double>(pool.bytes_held));
  result.Set("commandsExecuted", static_cast<double>(stream.executed));
  result.Set("urgentCommandsExecuted", static_cast<double>(stream.urgent_executed));
  result.Set("commandsWaiting", static_cast<double>(stream.waiting));
  result.Set("stagedBytes", static_cast<double>(stream.staged_bytes));
  result.Set("allocations", static_cast<double>(engine.allocations().count()));
  const int64_t external = Napi::MemoryManagement::AdjustExternalMemory(env, 0);
  result.Set("externalMemory", static_cast<double>(external));
  return result;
}

double peak_rate(Workers& workers, const Backend& backend, int64_t precision) {
  double (*const loops[])(int64_t) = {backend.multiply_adds, backend.int8_multiply_adds,
                                      backend.bfloat16_multiply_adds};
  double (*const loop)(int64_t) = loops[precision];
  if (loop == nullptr) return 0;
  using Clock = std::chrono::steady_clock;
  const int64_t tiles = 8 * workers.count;
  std::vector<double> work(static_cast<size_t>(tiles));
  double best = 0;
  for (int repeat = 0; repeat < 5; repeat++) {
    auto body = [&](int64_t index, int32_t) { work[static_cast<size_t>(index)] = loop(200000); };
    const Clock::time_point start = Clock::now();
    for_each_tile(workers, tiles, body);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    double total = 0;
    for (const double operations : work) total += operations;
    best = std::max(best, total / seconds);
  }
  return best;
}

}  // namespace likewise
