// Memory that waiting commands use is not given back to the backend before they have run, whatever is refused meanwhile:
// a full queue, no memory for a command or a waiter, an engine that ends.
#include <atomic>
#include <vector>

#include "../core/backends.h"
#include "check.h"
#include "held.h"
#include "stream_call.h"
#include "told.h"

using namespace likewise;
using likewise::test::Held;
using likewise::test::queue_sum;
using likewise::test::Told;

namespace {

constexpr int64_t shape[] = {64, 64};
constexpr int64_t count = 64 * 64;

std::atomic<int32_t> released{0};
const Backend* underlying = nullptr;

// The reference backend, counting what is given back to it.
Backend counting_backend() {
  underlying = find_backend("reference");
  Backend backend = *underlying;
  backend.release = [](void* memory, size_t bytes) {
    released++;
    underlying->release(memory, bytes);
  };
  released = 0;
  return backend;
}

Handle matrix(Engine& engine) { return engine.tensors().allocate(DType::float32, 2, shape); }

// Queues output = input + input for an input of ones that nobody holds any more.
Handle sum_of_released_ones(Engine& engine) {
  const std::vector<float> ones(count, 1);
  const Handle input = matrix(engine), output = matrix(engine);
  engine.upload(*engine.tensors().find(input), ones.data(), ones.size() * sizeof(float));
  queue_sum(engine, input, input, output);
  engine.tensors().release(input);
  return output;
}

void fill_queue(Engine& engine) {
  Engine::Queued queued = Engine::Queued::ok;
  while (queued == Engine::Queued::ok) queued = engine.call([](Workers&) {}, nullptr);
}

void drain(Engine& engine) {
  Told told;
  engine.when_backlog_at_most(0, told.completion());
  told.wait();
}

// The sum is what it should be, and its input's buffer is given back only now.
void check_run_then_freed(Engine& engine, Held& held, Handle sum, const char* when) {
  CHECK(released == 0, "%s: %d buffers were freed under waiting commands", when, released.load());
  held.let_go();
  drain(engine);
  CHECK(engine.pool().stats().bytes_held == engine.pool().stats().bytes_in_use, "%s: free buffers are held",
        when);
  std::vector<float> values(count);
  Told told;
  engine.download(*engine.tensors().find(sum), values.data(), told.completion());
  const Status status = told.wait().status;
  CHECK(status == Status::ok && values[0] == 2 && values[count - 1] == 2, "%s: %g", when,
        static_cast<double>(values[0]));
  CHECK(released == 1, "%s: %d buffers freed", when, released.load());
}

}  // namespace

TEST(engine_trim_frees_nothing_that_waits) {
  const Backend backend = counting_backend();
  Engine engine(1, backend, 2);
  Held held(engine);
  const Handle sum = sum_of_released_ones(engine);
  CHECK(engine.trim() == Engine::Queued::ok, "refused");
  check_run_then_freed(engine, held, sum, "room in the queue");
}

TEST(engine_trim_frees_nothing_that_waits_in_a_full_queue) {
  const Backend backend = counting_backend();
  Engine engine(1, backend, 2);
  Held held(engine);
  const Handle sum = sum_of_released_ones(engine);
  fill_queue(engine);
  CHECK(engine.trim() == Engine::Queued::ok, "refused");
  CHECK(engine.pool().stats().bytes_held == engine.pool().stats().bytes_in_use, "nothing was taken");
  check_run_then_freed(engine, held, sum, "a full queue");
}

TEST(engine_trim_refused_frees_nothing) {
  const Backend backend = counting_backend();
  Engine engine(1, backend, 2);
  Held held(engine);
  const Handle sum = sum_of_released_ones(engine);
  Told waiting[Engine::few_waiters];  // so that one more needs memory
  for (Told& told : waiting) engine.when_backlog_at_most(0, told.completion());
  engine.allocations().fail_allocation(1);
  CHECK(engine.trim() == Engine::Queued::out_of_memory, "not refused");
  engine.allocations().fail_allocation(0);
  CHECK(released == 0, "%d buffers were freed by a refused trim", released.load());
  CHECK(engine.trim() == Engine::Queued::ok, "refused again");
  check_run_then_freed(engine, held, sum, "after a refusal");
}

TEST(engine_trim_with_nothing_waiting_frees_at_once) {
  const Backend backend = counting_backend();
  Engine engine(1, backend, 1);
  const Handle tensor = matrix(engine);
  engine.tensors().release(tensor);
  CHECK(engine.trim() == Engine::Queued::ok && released == 1, "%d buffers freed", released.load());
}

TEST(engine_that_ends_frees_what_was_trimmed_once) {
  const Backend backend = counting_backend();
  {
    Engine engine(1, backend, 2);
    Held held(engine);
    sum_of_released_ones(engine);
    fill_queue(engine);
    engine.trim();
    engine.stop();
    held.let_go();
  }
  CHECK(released == 2, "%d of 2 buffers freed", released.load());
}
