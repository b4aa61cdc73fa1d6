// The two lanes of a stream: urgent commands go first, nobody starves, and whatever the order, every command sees the
// numbers that it would see in a stream of one lane.
#include <array>
#include <numeric>
#include <vector>

#include "../core/backends.h"
#include "check.h"
#include "held.h"
#include "told.h"

using namespace likewise;
using likewise::test::Held;
using likewise::test::Told;

namespace {

constexpr int64_t shape[] = {2, 2};
constexpr int64_t count = 4;

std::vector<double> order;  // of the commands that ran; the executing thread's

Status note(const OpCall& call) {
  order.push_back(call.parameters[0]);
  return Status::ok;
}
Status fail_always(const OpCall& call) { return fail(call, Status::invalid_value, "on purpose"); }

Handle tensor(Engine& engine, Lane lane) { return engine.tensors().allocate(DType::float32, 2, shape, lane); }

// Queues a command that writes `output`, reads `input` unless it is 0, and notes its number.
Engine::Queued queue_note(Engine& engine, double number, Handle output, Handle input = 0,
                          OpFunction function = note) {
  const Tensor* inputs[max_inputs] = {input == 0 ? nullptr : engine.tensors().find(input)};
  const Tensor* outputs[max_outputs] = {engine.tensors().find(output)};
  OpCall call;
  if (input != 0) call.inputs[0] = inputs[0]->view;
  call.outputs[0] = outputs[0]->view;
  call.parameters[0] = number;
  return engine.run(OpId::weighted_sum, function, call, inputs, outputs);
}

void drain(Engine& engine) {
  Told told;
  engine.when_backlog_at_most(0, told.completion());
  told.wait();
}

Fate read(Engine& engine, Handle handle) {
  std::array<float, count> values;
  Told told;
  engine.download(*engine.tensors().find(handle), values.data(), told.completion());
  return told.wait();
}

// What ran once the engine is let go.
const std::vector<double>& order_of(Engine& engine, Held& held) {
  order.clear();
  held.let_go();
  drain(engine);
  return order;
}

constexpr int32_t many = Engine::most_urgent_in_a_row + 44;

std::vector<double> numbers(int32_t first, int32_t end) {
  std::vector<double> result(static_cast<size_t>(end - first));
  std::iota(result.begin(), result.end(), first);
  return result;
}

}  // namespace

TEST(lanes_urgent_goes_first) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle plain = tensor(engine, Lane::ordinary), urgent = tensor(engine, Lane::urgent);
  for (int32_t i = 0; i < 5; i++) queue_note(engine, i, plain);
  for (int32_t i = 100; i < 103; i++) queue_note(engine, i, urgent, urgent);
  const std::vector<double> expected = {100, 101, 102, 0, 1, 2, 3, 4};
  CHECK(order_of(engine, held) == expected, "another order, %g first", order[0]);
  CHECK(engine.stats().urgent_executed == 3, "%llu urgent",
        static_cast<unsigned long long>(engine.stats().urgent_executed));
}

TEST(lanes_urgent_waits_for_what_it_reads) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle plain = tensor(engine, Lane::ordinary), weight = tensor(engine, Lane::ordinary);
  const Handle urgent = tensor(engine, Lane::urgent);
  queue_note(engine, 0, plain);
  queue_note(engine, 1, weight);
  queue_note(engine, 2, plain, weight);  // reads what the urgent one reads: no reason to wait for it
  queue_note(engine, 100, urgent);
  queue_note(engine, 101, urgent, weight);
  const std::vector<double> expected = {100, 0, 1, 101, 2};
  CHECK(order_of(engine, held) == expected, "another order, %g first", order[0]);
}

TEST(lanes_ordinary_gets_its_turn) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle plain = tensor(engine, Lane::ordinary), urgent = tensor(engine, Lane::urgent);
  for (int32_t i = 1; i <= many; i++) queue_note(engine, i, urgent);
  queue_note(engine, 0, plain);
  std::vector<double> expected = numbers(1, many + 1);
  expected.insert(expected.begin() + Engine::most_urgent_in_a_row, 0);
  CHECK(order_of(engine, held) == expected, "another order");
}

TEST(lanes_ordinary_waits_for_who_reads_what_it_writes) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle weight = tensor(engine, Lane::ordinary), urgent = tensor(engine, Lane::urgent);
  for (int32_t i = 1; i <= many; i++) queue_note(engine, i, urgent, weight);
  queue_note(engine, many + 1, weight);  // its turn comes earlier, and it must not take it
  CHECK(order_of(engine, held) == numbers(1, many + 2), "written under its readers");
}

TEST(lanes_memory_used_again_waits_for_its_readers) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle weight = tensor(engine, Lane::ordinary), urgent = tensor(engine, Lane::urgent);
  const void* memory = engine.tensors().find(weight)->view.data;
  for (int32_t i = 1; i <= many; i++) queue_note(engine, i, urgent, weight);
  engine.tensors().release(weight);
  const Handle next = tensor(engine, Lane::ordinary);
  CHECK(engine.tensors().find(next)->view.data == memory, "another buffer");
  queue_note(engine, many + 1, next);
  CHECK(order_of(engine, held) == numbers(1, many + 2), "written under its readers");
}

TEST(lanes_have_buffers_of_their_own) {
  Engine engine(1, *find_backend("reference"), 2);
  const Handle plain = tensor(engine, Lane::ordinary);
  const void* memory = engine.tensors().find(plain)->view.data;
  engine.tensors().release(plain);
  CHECK(engine.tensors().find(tensor(engine, Lane::urgent))->view.data != memory, "a buffer changed lanes");
  CHECK(engine.tensors().find(tensor(engine, Lane::ordinary))->view.data == memory, "not used again");
}

TEST(lanes_poison_spreads_by_memory_alone) {
  Engine engine(1, *find_backend("reference"), 2);
  const Handle bad = tensor(engine, Lane::ordinary), sound = tensor(engine, Lane::urgent);
  const Handle reader = tensor(engine, Lane::urgent);
  queue_note(engine, 0, bad, 0, fail_always);
  queue_note(engine, 1, sound);
  queue_note(engine, 2, reader, bad);
  CHECK(read(engine, sound).status == Status::ok, "poisoned by the other lane");
  CHECK(read(engine, reader).message == "[weighted_sum] on purpose", "poison did not cross");
  queue_note(engine, 3, bad);
  queue_note(engine, 4, reader, bad);
  CHECK(read(engine, reader).status == Status::ok, "not healed");
}

TEST(lanes_refuse_by_themselves_and_a_refused_command_is_waited_for_by_none) {
  Engine engine(1, *find_backend("reference"), 2);
  Held held(engine);
  const Handle plain = tensor(engine, Lane::ordinary), never = tensor(engine, Lane::ordinary);
  const Handle urgent = tensor(engine, Lane::urgent);
  while (queue_note(engine, 0, plain) == Engine::Queued::ok) {
  }
  CHECK(queue_note(engine, 1, never) == Engine::Queued::full, "not full");
  CHECK(queue_note(engine, 100, urgent, never) == Engine::Queued::ok, "the urgent lane is full as well");
  CHECK(order_of(engine, held)[0] == 100, "waited for a command that was refused");
}

// Random commands in both lanes over shared tensors that come and go: each download gives what the same commands give
// one after another.
TEST(lanes_give_what_one_lane_gives) {
  Engine engine(1, fastest_backend(), 3);
  uint32_t state = 12345;
  auto below = [&state](uint32_t end) { return (state = state * 1664525u + 1013904223u) / 65536 % end; };
  struct Known {
    Handle handle;
    std::vector<float> values;
  };
  struct Reading {
    std::vector<float> expected, values;
    Told told;
  };
  std::vector<Known> tensors;
  auto add = [&] {
    Known made{tensor(engine, below(3) == 0 ? Lane::urgent : Lane::ordinary), std::vector<float>(count)};
    for (float& value : made.values) value = static_cast<float>(below(1000));
    engine.upload(*engine.tensors().find(made.handle), made.values.data(), count * sizeof(float));
    return made;
  };
  for (int32_t i = 0; i < 12; i++) tensors.push_back(add());
  std::vector<std::unique_ptr<Reading>> readings;
  for (int32_t step = 0; step < 30000; step++) {
    Known& target = tensors[below(12)];
    if (below(8) == 0) {
      engine.tensors().release(target.handle);
      target = add();
    } else if (below(4) == 0) {
      readings.push_back(std::make_unique<Reading>());
      Reading& reading = *readings.back();
      reading.expected = target.values;
      reading.values.resize(count);
      engine.download(*engine.tensors().find(target.handle), reading.values.data(),
                      reading.told.completion());
    } else {
      const Known &left = tensors[below(12)], &right = tensors[below(12)];
      if (left.handle == target.handle || right.handle == target.handle) continue;
      const Tensor* inputs[max_inputs] = {engine.tensors().find(left.handle),
                                          engine.tensors().find(right.handle)};
      const Tensor* outputs[max_outputs] = {engine.tensors().find(target.handle)};
      OpCall call;
      call.inputs[0] = inputs[0]->view;
      call.inputs[1] = inputs[1]->view;
      call.outputs[0] = outputs[0]->view;
      call.parameters[0] = 0.5;
      call.parameters[1] = 0.25;
      engine.run(OpId::weighted_sum, engine.backend()[OpId::weighted_sum].float32, call, inputs, outputs);
      for (size_t i = 0; i < count; i++) target.values[i] = 0.5f * left.values[i] + 0.25f * right.values[i];
    }
    if (step % 1000 == 999) drain(engine);
  }
  int64_t wrong = 0;
  for (const std::unique_ptr<Reading>& reading : readings) {
    const bool told = reading->told.wait().status == Status::ok;
    for (size_t i = 0; i < count; i++) {
      const float difference = reading->values[i] - reading->expected[i];
      if (!told || !(difference < 1e-3f && difference > -1e-3f)) wrong++;
    }
  }
  CHECK(wrong == 0 && readings.size() > 1000, "%lld numbers wrong in %zu readings",
        static_cast<long long>(wrong), readings.size());
}
