// What an engine allocates and what it does when it cannot: nothing in a steady state, an error and no leak at every
// fault point; poison that heals; handles that stay stale when engine numbers are used again.
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "../addon/numbered_engine.h"
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

constexpr int64_t shape[] = {3, 5};
constexpr int64_t count = 15;

Handle matrix(Engine& engine) { return engine.tensors().allocate(DType::float32, 2, shape); }

Engine::Queued upload(Engine& engine, Handle tensor, float value) {
  const std::vector<float> values(count, value);
  return engine.upload(*engine.tensors().find(tensor), values.data(), count * sizeof(float));
}

// Upload, add, release: all that a step queues. False: memory was refused on the way.
bool step(Engine& engine) {
  const Handle input = matrix(engine);
  const Handle output = input == 0 ? 0 : matrix(engine);
  const bool done = output != 0 && upload(engine, input, 1) == Engine::Queued::ok &&
                    queue_sum(engine, input, input, output) == Engine::Queued::ok;
  engine.tensors().release(input);
  engine.tensors().release(output);
  return done;
}

void drain(Engine& engine) {
  Told told;
  engine.when_backlog_at_most(0, told.completion());
  told.wait();
}

Fate read(Engine& engine, Handle tensor, std::vector<float>& values) {
  Told told;
  values.assign(count, 0);
  engine.download(*engine.tensors().find(tensor), values.data(), told.completion());
  return told.wait();
}

Status fail_always(const OpCall& call) { return fail(call, Status::invalid_value, "on purpose"); }

// Poisons a tensor: an op that fails writes it.
void poison(Engine& engine, Handle tensor) {
  const Tensor* inputs[max_inputs] = {};
  const Tensor* outputs[max_outputs] = {engine.tensors().find(tensor)};
  OpCall call;
  call.outputs[0] = outputs[0]->view;
  engine.run(OpId::weighted_sum, fail_always, call, inputs, outputs);
}

}  // namespace

TEST(steady_state_allocates_nothing) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  for (int32_t i = 0; i < 100; i++) step(engine);  // more in flight than ever after
  held.let_go();
  drain(engine);
  step(engine);  // queueing it is what lets go of the tensors of those before
  const uint64_t before = engine.allocations().count();
  const uint64_t misses = engine.pool().stats().misses;
  for (int32_t i = 0; i < 5000; i++) {
    if (!step(engine)) CHECK(false, "step %d was refused", i);
    if (i % 20 == 19) drain(engine);
  }
  CHECK(engine.allocations().count() == before, "%llu allocations",
        static_cast<unsigned long long>(engine.allocations().count() - before));
  CHECK(engine.pool().stats().misses == misses, "a miss of the pool");
  CHECK(before >= 300, "%llu allocations before: is anything counted?",
        static_cast<unsigned long long>(before));
}

TEST(pool_serves_from_a_free_buffer_that_is_somewhat_larger) {
  Allocations allocations;
  BufferPool pool(*find_backend("reference"), allocations);
  const BufferPool::Buffer large = pool.acquire(size_t{3} << 20);
  pool.give_back(large);
  const BufferPool::Buffer again = pool.acquire((size_t{3} << 20) - (size_t{500} << 10));
  CHECK(again.memory == large.memory && again.capacity == large.capacity, "another buffer");
  CHECK(pool.stats().misses == 1 && pool.stats().hits == 1, "misses %llu",
        static_cast<unsigned long long>(pool.stats().misses));
  pool.give_back(again);
  CHECK(pool.stats().bytes_in_use == 0, "bytes in use");
  const BufferPool::Buffer small = pool.acquire(size_t{512} << 10);
  CHECK(small.capacity == size_t{512} << 10, "a buffer six times as large as asked for");
  pool.give_back(small);
}

TEST(allocation_refused_at_every_point_is_told_and_leaks_nothing) {
  uint64_t refused = 0;
  for (uint64_t k = 1;; k++) {
    Engine engine(1, *find_backend("reference"), 1);
    engine.allocations().fail_allocation(k);
    const bool done = step(engine);
    engine.allocations().fail_allocation(0);
    drain(engine);
    CHECK(engine.tensors().live_tensors() == 0, "%lld tensors left after point %llu",
          static_cast<long long>(engine.tensors().live_tensors()), static_cast<unsigned long long>(k));
    CHECK(engine.pool().stats().bytes_in_use == 0, "memory in use after point %llu",
          static_cast<unsigned long long>(k));
    CHECK(engine.stats().staged_bytes == 0, "staging counted after point %llu",
          static_cast<unsigned long long>(k));
    CHECK(step(engine), "unusable after point %llu", static_cast<unsigned long long>(k));
    if (done) break;
    refused++;
  }
  // the table, two storages, two buffers, two commands, one staging
  CHECK(refused == 8, "%llu points", static_cast<unsigned long long>(refused));
}

TEST(poison_heals_when_sound_values_cover_the_tensor) {
  Engine engine(1, *find_backend("reference"), 1);
  std::vector<float> values;
  const Handle sound = matrix(engine), bad = matrix(engine), other = matrix(engine);
  upload(engine, sound, 1);
  poison(engine, bad);
  CHECK(read(engine, bad, values).status == Status::invalid_value, "not poisoned");
  CHECK(read(engine, bad, values).message == "[weighted_sum] on purpose", "another message");

  upload(engine, bad, 2);
  CHECK(read(engine, bad, values).status == Status::ok && values[14] == 2, "an upload did not heal");

  poison(engine, bad);
  queue_sum(engine, bad, sound, other);
  CHECK(read(engine, other, values).status == Status::invalid_value, "poison did not spread");
  queue_sum(engine, sound, sound, bad);
  CHECK(read(engine, bad, values).status == Status::ok && values[14] == 2, "an op did not heal");
  CHECK(read(engine, other, values).status == Status::invalid_value, "another tensor healed as well");

  poison(engine, bad);
  const int64_t part[] = {2, 5};
  const Handle view = engine.tensors().view(*engine.tensors().find(bad), 0, 2, part, 5);
  const std::vector<float> rows(10, 3.0f);
  engine.upload(*engine.tensors().find(view), rows.data(), rows.size() * sizeof(float));
  CHECK(read(engine, bad, values).status == Status::invalid_value, "writing a part healed the whole");
}

TEST(storage_is_not_reused_while_a_command_names_it) {
  Engine engine(1, *find_backend("reference"), 1);
  std::vector<float> values;
  for (int32_t round = 0; round < 50; round++) {
    Held held(engine);
    const Handle bad = matrix(engine);
    poison(engine, bad);
    const Handle copy = matrix(engine);
    queue_sum(engine, bad, bad, copy);
    engine.tensors().release(bad);
    const Handle next = matrix(engine);  // the same buffer, and must not have the same fate
    upload(engine, next, 4);
    held.let_go();
    CHECK(read(engine, copy, values).status == Status::invalid_value, "round %d: the poison was lost", round);
    CHECK(read(engine, next, values).status == Status::ok, "round %d: poisoned by a tensor long gone", round);
    engine.tensors().release(copy);
    engine.tensors().release(next);
  }
}

TEST(storage_used_again_starts_sound) {
  Engine engine(1, *find_backend("reference"), 1);
  std::vector<float> values;
  const Handle bad = matrix(engine);
  poison(engine, bad);
  engine.tensors().release(bad);
  drain(engine);
  engine.call([](Workers&) {}, nullptr);  // queueing anything lets go of what was poisoned
  const uint64_t before = engine.allocations().count();
  const Handle next = matrix(engine);
  CHECK(engine.allocations().count() == before, "the record was not used again");
  CHECK(read(engine, next, values).status == Status::ok, "a new tensor has its predecessor's fate");
}

TEST(engine_numbers_used_again_give_out_other_handles) {
  std::set<Handle> seen;
  std::vector<Handle> stale;
  for (uint32_t i = 0; i < 2 * EngineNumber::most + 10; i++) {
    NumberedEngine numbered(*find_backend("reference"), 1);
    Engine& engine = numbered.engine;
    const Handle released = matrix(engine), live = matrix(engine);
    engine.tensors().release(released);
    const Handle again = matrix(engine);
    for (const Handle handle : {released, live, again})
      CHECK(seen.insert(handle).second, "engine %u gave out a handle for the second time", i);
    for (const Handle handle : stale)
      CHECK(engine.tensors().find(handle) == nullptr, "a stale handle found a tensor of engine %u", i);
    if (i < 20) stale.insert(stale.end(), {released, live, again});
  }
}

TEST(staging_keeps_small_pieces_and_no_more_than_its_limit) {
  Allocations allocations;
  StagingPool staging(allocations);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{256}, size_t{257}, StagingPool::largest_kept}) {
    char* first = staging.acquire(bytes);
    std::fill(first, first + bytes, 'x');
    staging.give_back(first, bytes);
    const uint64_t before = allocations.count();
    char* again = staging.acquire(bytes);
    CHECK(again == first && allocations.count() == before, "%zu bytes were not reused", bytes);
    staging.give_back(again, bytes);
  }
  const size_t large = StagingPool::largest_kept + 1;
  staging.give_back(staging.acquire(large), large);
  std::vector<char*> pieces;
  for (size_t i = 0; i < 20; i++) pieces.push_back(staging.acquire(StagingPool::largest_kept));
  for (char* piece : pieces) staging.give_back(piece, StagingPool::largest_kept);
  const uint64_t before = allocations.count();
  for (char*& piece : pieces) piece = staging.acquire(StagingPool::largest_kept);
  CHECK(allocations.count() == before + 13,
        "%llu of 20 pieces of 4 MiB were new, where about 32 MiB are kept",
        static_cast<unsigned long long>(allocations.count() - before));
  for (char* piece : pieces) staging.give_back(piece, StagingPool::largest_kept);
}
