// The stream and the pool of workers under load, for the thread sanitizer above all: several streams share the pool,
// commands are queued while others run, engines end in the middle of their work.
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>
#include <vector>

#include "../core/backends.h"
#include "../core/engine.h"
#include "check.h"
#include "stream_call.h"
#include "told.h"

using namespace likewise;
using likewise::test::queue_sum;
using likewise::test::Told;

namespace {

constexpr int64_t rows = 33;
constexpr int64_t columns = 65;

Handle matrix(Engine& engine) {
  const int64_t shape[] = {rows, columns};
  return engine.tensors().allocate(DType::float32, 2, shape);
}

// Doubles a matrix of ones `times` times and reads it.
void double_and_read(Engine& engine, int32_t times, std::vector<float>& result, Told& told) {
  const std::vector<float> ones(rows * columns, 1.0f);
  Handle value = matrix(engine);
  engine.upload(*engine.tensors().find(value), ones.data(), ones.size() * sizeof(float));
  for (int32_t i = 0; i < times; i++) {
    const Handle next = matrix(engine);
    queue_sum(engine, value, value, next);
    engine.tensors().release(value);
    value = next;
  }
  result.assign(rows * columns, 0.0f);
  engine.download(*engine.tensors().find(value), result.data(), told.completion());
  engine.tensors().release(value);
}

}  // namespace

TEST(thread_pool_runs_every_tile_once) {
  const std::shared_ptr<ThreadPool> pool = ThreadPool::shared();
  pool->grow(7);
  auto submit = [&pool](int32_t limit, bool& good) {
    for (int32_t round = 0; round < 200; round++) {
      const int64_t tiles = round % 40;
      std::vector<std::atomic<int32_t>> counts(static_cast<size_t>(tiles));
      struct Context {
        std::vector<std::atomic<int32_t>>& counts;
        int32_t limit;
        std::atomic<bool> inside{true};
      } context{counts, limit};
      pool->run(
          limit, tiles,
          [](void* memory, int64_t index, int32_t participant) {
            Context& shared = *static_cast<Context*>(memory);
            shared.counts[static_cast<size_t>(index)].fetch_add(1);
            if (participant < 0 || participant >= shared.limit) shared.inside = false;
          },
          &context);
      for (const std::atomic<int32_t>& count : counts) good = good && count == 1;
      good = good && context.inside;
    }
  };
  bool good[20] = {};
  std::vector<std::thread> submitters;
  for (int32_t i = 0; i < 20; i++) {  // more than the pool has slots
    good[i] = true;
    submitters.emplace_back(submit, 1 + i % 7, std::ref(good[i]));
  }
  for (std::thread& submitter : submitters) submitter.join();
  for (const bool each : good)
    CHECK(each, "a tile was skipped, repeated, or run by a participant past the limit");
}

TEST(engine_executes_in_order_and_reuses_buffers) {
  Engine engine(1, *find_backend("reference"), 3);
  for (int32_t round = 0; round < 20; round++) {
    std::vector<float> result;
    Told told;
    double_and_read(engine, 20, result, told);
    CHECK(told.wait().status == Status::ok, "%s", told.fate.message.c_str());
    CHECK(result.front() == std::ldexp(1.0f, 20) && result.back() == result.front(), "got %g", result.back());
  }
  CHECK(engine.pool().stats().misses <= 3, "%llu buffers for two alive at a time",
        static_cast<unsigned long long>(engine.pool().stats().misses));
  CHECK(engine.tensors().live_tensors() == 0, "%lld left",
        static_cast<long long>(engine.tensors().live_tensors()));
}

TEST(engine_streams_share_the_pool) {
  std::vector<std::thread> threads;
  std::atomic<int32_t> right{0};
  for (uint32_t id = 1; id <= 6; id++) {
    threads.emplace_back([id, &right] {
      Engine engine(id, fastest_backend(), 4);
      for (int32_t round = 0; round < 10; round++) {
        std::vector<float> result;
        Told told;
        double_and_read(engine, 15, result, told);
        if (told.wait().status == Status::ok && result.back() == std::ldexp(1.0f, 15)) right++;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 60, "%d of 60 right", right.load());
}

TEST(engine_ends_in_the_middle_of_its_work) {
  for (int32_t round = 0; round < 30; round++) {
    std::vector<float> result;
    Told told, ready;
    {
      Engine engine(1, *find_backend("reference"), 2);
      double_and_read(engine, 50 + round, result, told);
      engine.when_backlog_at_most(0, ready.completion());
    }
    const Status status = told.wait().status;
    CHECK(status == Status::ok || status == Status::cancelled, "status %d", static_cast<int>(status));
    ready.wait();
  }
}

TEST(engine_ready_is_told_when_the_backlog_is_small) {
  Engine engine(1, *find_backend("reference"), 2);
  for (const size_t backlog : {size_t{1000}, size_t{10}, size_t{0}}) {
    std::vector<float> result;
    Told told, ready;
    double_and_read(engine, 100, result, told);
    engine.when_backlog_at_most(backlog, ready.completion());
    ready.wait();
    CHECK(engine.stats().waiting <= backlog, "%zu waiting", engine.stats().waiting);
    told.wait();
  }
}

TEST(engine_refuses_more_than_it_can_hold) {
  Engine engine(1, *find_backend("reference"), 1);
  std::mutex gate;
  gate.lock();
  engine.call([&gate](Workers&) { std::lock_guard<std::mutex> wait(gate); }, nullptr);
  const Handle a = matrix(engine);
  Engine::Queued queued = Engine::Queued::ok;
  size_t count = 0;
  while (queued == Engine::Queued::ok && count < 2 * Engine::max_commands) {
    queued = queue_sum(engine, a, a, matrix(engine));
    count++;
  }
  gate.unlock();
  CHECK(queued == Engine::Queued::full, "never full");
  CHECK(count >= Engine::max_commands, "full after %zu", count);
}

TEST(engine_stale_handles_are_never_found_again) {
  Engine engine(5, *find_backend("reference"), 1);
  const Handle first = matrix(engine);
  engine.tensors().release(first);
  bool found = false;
  // The slot's generations run out and it is retired; until then each reuse has another handle.
  for (int32_t i = 0; i < (1 << generation_bits) + 10; i++) {
    const Handle next = matrix(engine);
    found = found || next == first || engine.tensors().find(first) != nullptr;
    engine.tensors().release(next);
  }
  CHECK(!found, "a stale handle came to life");
  CHECK(!engine.tensors().release(first), "a stale handle could be released");
}
