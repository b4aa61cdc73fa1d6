// The door between JavaScript and the engine: create an engine, allocate, view, release, upload, download, run an op by
// id, wait, describe. Everything else is built from these.
#include <napi.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "../core/backends.h"
#include "../core/engine.h"
#include "../core/machine.h"
#include "../core/op_checks.h"
#include "../core/op_specs.h"
#include "arguments.h"
#include "completions.h"
#include "description.h"
#include "engine_reaper.h"
#include "engine_report.h"
#include "numbered_engine.h"
#include "rayon_threads.h"

namespace likewise {

namespace {

constexpr int32_t most_threads = 1024;

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports)
      : array_buffer_(Napi::Persistent(env.Global().Get("ArrayBuffer").As<Napi::Function>())),
        completions_(std::make_unique<Completions>(env)) {
    DefineAddon(exports, {
                             InstanceMethod("createEngine", &Addon::create_engine),
                             InstanceMethod("destroyEngine", &Addon::destroy_engine),
                             InstanceMethod("allocate", &Addon::allocate),
                             InstanceMethod("view", &Addon::view),
                             InstanceMethod("release", &Addon::release),
                             InstanceMethod("upload", &Addon::upload),
                             InstanceMethod("download", &Addon::download),
                             InstanceMethod("run", &Addon::run),
                             InstanceMethod("ready", &Addon::ready),
                             InstanceMethod("trim", &Addon::trim),
                             InstanceMethod("stats", &Addon::stats),
                             InstanceMethod("measurePeak", &Addon::measure_peak),
                             InstanceMethod("capTokenizerThreads", &Addon::cap_tokenizer_threads),
                             InstanceMethod("describe", &Addon::describe),
                             InstanceMethod("failAllocation", &Addon::fail_allocation),
                         });
    // Registered after the completions' channel, so it runs before that channel closes: engine threads are joined while
    // everything they touch still stands. Handles and threads never outlive their environment.
    env.AddCleanupHook([this] {
      engines_.clear();
      reaper_.reset();
      completions_.reset();
    });
  }

 private:
  Engine& engine_of(const Napi::CallbackInfo& info, size_t index) {
    const auto found =
        engines_.find(static_cast<uint32_t>(integer_argument(info, index, "engine", 0, 1 << engine_bits)));
    if (found == engines_.end())
      throw_error(info.Env(), "disposed", "expected a live engine: it was disposed");
    return found->second->engine;
  }

  struct Owned {
    Engine* engine;
    Tensor tensor;
  };

  Owned tensor_of(Napi::Env env, Handle handle) {
    const auto found = engines_.find(handle_engine(handle));
    const Tensor* tensor = found == engines_.end() ? nullptr : found->second->engine.tensors().find(handle);
    if (tensor == nullptr) {
      throw_error(env, "disposed",
                  "expected a live tensor: it was disposed, or belongs to another thread or engine");
    }
    return {&found->second->engine, *tensor};
  }

  void check_queued(Napi::Env env, Engine::Queued queued) {
    if (queued == Engine::Queued::full) {
      throw_error(env, "queue",
                  "more than " + std::to_string(Engine::max_commands) +
                      " commands or 2 GiB of uploads are waiting: await engine.ready() between batches");
    }
    if (queued == Engine::Queued::out_of_memory)
      throw_error(env, "memory", "no memory is left for a command or the bytes of an upload");
  }

  // A promise of `result`, settled by the completion that `queue` hands to an engine.
  template <typename Queue>
  Napi::Promise promise(Napi::Env env, Napi::Value result, Queue queue) {
    std::unique_ptr<Completion> completion;
    const Napi::Promise made = completions_->expect(env, result, completion);
    Engine::Queued queued;
    try {
      queued = queue(std::move(completion));
    } catch (const std::bad_alloc&) {
      queued = Engine::Queued::out_of_memory;
    }
    if (queued != Engine::Queued::ok) completions_->forget_last();
    check_queued(env, queued);
    return made;
  }

  // V8 collects garbage by the memory it knows of; small changes are not worth telling.
  void report_memory(Napi::Env env) {
    constexpr int64_t step = 1 << 20;
    const int64_t change = bytes_in_use_ - bytes_reported_;
    if (change < step && change > -step) return;
    Napi::MemoryManagement::AdjustExternalMemory(env, change);
    bytes_reported_ = bytes_in_use_;
  }

  static int64_t bytes_of(Engine& engine) { return static_cast<int64_t>(engine.pool().stats().bytes_in_use); }

  // createEngine(backend: string, threads: number) -> engine.  '' and 0 mean the fastest and all usable cores.
  Napi::Value create_engine(const Napi::CallbackInfo& info) {
    const std::string name = string_argument(info, 0, "backend");
    int64_t threads = integer_argument(info, 1, "threads", 0, most_threads);
    if (threads == 0) threads = usable_cores().cores;
    const Backend* backend = name.empty() ? &fastest_backend() : find_backend(name.c_str());
    if (backend == nullptr) {
      std::string choices;
      for (const Availability& entry : backends()) {
        if (entry.backend != nullptr && std::string(entry.name) != "mock")
          choices += (choices.empty() ? "" : ", ") + std::string(entry.name);
        if (name == entry.name)
          throw_error(info.Env(), "backend", "backend " + name + " cannot run: " + entry.reason);
      }
      throw_error(info.Env(), "backend", "expected one of the backends " + choices + " but received " + name);
    }
    auto created = std::make_unique<NumberedEngine>(*backend, static_cast<int32_t>(threads));
    if (created->number.value() == 0) {  // perhaps only because engines that were disposed are still ending
      reaper_->wait();
      created = std::make_unique<NumberedEngine>(*backend, static_cast<int32_t>(threads));
    }
    const uint32_t id = created->number.value();
    if (id == 0) {
      throw_error(info.Env(), "memory",
                  "expected at most " + std::to_string(EngineNumber::most) +
                      " engines at a time in a process: dispose one first");
    }
    engines_[id] = std::move(created);
    return Napi::Number::New(info.Env(), id);
  }

  // destroyEngine(engine): returns at once; the command in progress ends elsewhere, promises still pending are rejected.
  void destroy_engine(const Napi::CallbackInfo& info) {
    const auto found =
        engines_.find(static_cast<uint32_t>(integer_argument(info, 0, "engine", 0, 1 << engine_bits)));
    if (found == engines_.end()) return;
    std::unique_ptr<NumberedEngine> ending = std::move(found->second);
    engines_.erase(found);
    bytes_in_use_ -= bytes_of(ending->engine);
    reaper_->take(std::move(ending));
    report_memory(info.Env());
  }

  // allocate(engine, dtype, shape, urgent) -> handle.  urgent: what writes the tensor goes before the engine's other work
  Napi::Value allocate(const Napi::CallbackInfo& info) {
    const DType dtype = dtype_argument(info, 1);
    const Shape shape = shape_argument(info, 2);
    const Lane lane = boolean_argument(info, 3, "urgent") ? Lane::urgent : Lane::ordinary;
    Engine& engine = engine_of(info, 0);
    const int64_t before = bytes_of(engine);
    const Handle handle = engine.tensors().allocate(dtype, shape.rank, shape.sizes, lane);
    bytes_in_use_ += bytes_of(engine) - before;
    report_memory(info.Env());
    if (handle == 0) {
      throw_error(
          info.Env(), "memory",
          "no memory is left for a tensor of " + std::to_string(shape.count) + " " + dtype_name(dtype));
    }
    return Napi::Number::New(info.Env(), static_cast<double>(handle));
  }

  // view(handle, offset, shape, rowStride) -> handle of a tensor over the same memory
  Napi::Value view(const Napi::CallbackInfo& info) {
    int64_t offset = integer_argument(info, 1, "offset", 0, int64_t{1} << 40);
    const Shape shape = shape_argument(info, 2);
    const int64_t row_stride = integer_argument(info, 3, "row stride", 0, int64_t{1} << 40);
    const Owned base = tensor_of(info.Env(), handle_argument(info, 0));
    TensorView wanted = base.tensor.view;
    wanted.rank = shape.rank;
    std::copy(shape.sizes, shape.sizes + max_rank, wanted.shape);
    wanted.row_stride = row_stride;
    if (shape.rank == 2 && shape.count > 0 && row_stride < shape.sizes[1]) {
      throw_error(info.Env(), "shape", "expected a row stride of at least the row's length");
    }
    // In double first: rows times stride may exceed 64 bits.
    const double last =
        shape.rank == 2 ? static_cast<double>(shape.sizes[0]) * static_cast<double>(row_stride) : 0;
    const int64_t available = span_elements(base.tensor.view);
    if (span_elements(wanted) == 0) offset = 0;  // an empty view lies anywhere
    if (last > 1e15 || offset + span_elements(wanted) > available) {
      throw_error(info.Env(), "shape",
                  "expected a view inside a tensor of " + std::to_string(available) + " elements");
    }
    const Handle handle =
        base.engine->tensors().view(base.tensor, offset, shape.rank, shape.sizes, row_stride);
    if (handle == 0) throw_error(info.Env(), "memory", "no memory is left for one more tensor");
    return Napi::Number::New(info.Env(), static_cast<double>(handle));
  }

  // release(handle) -> whether it was alive
  Napi::Value release(const Napi::CallbackInfo& info) {
    const Handle handle = handle_argument(info, 0);
    const auto found = engines_.find(handle_engine(handle));
    if (found == engines_.end()) return Napi::Boolean::New(info.Env(), false);
    Engine& engine = found->second->engine;
    const int64_t before = bytes_of(engine);
    const bool released = engine.tensors().release(handle);
    bytes_in_use_ += bytes_of(engine) - before;
    report_memory(info.Env());
    return Napi::Boolean::New(info.Env(), released);
  }

  // upload(handle, typedArray): copies now, arrives in stream order
  void upload(const Napi::CallbackInfo& info) {
    const HostArray host = array_argument(info, 1);
    const Owned target = tensor_of(info.Env(), handle_argument(info, 0));
    const TensorView& view = target.tensor.view;
    if (host.dtype != view.dtype) {
      throw_error(info.Env(), "dtype",
                  std::string("expected an array of ") + dtype_name(view.dtype) + " but received one of " +
                      dtype_name(host.dtype));
    }
    const size_t bytes = static_cast<size_t>(span_elements(view)) * dtype_size(view.dtype);
    if (view.rank == 2 && view.row_stride != view.shape[1] && view.shape[0] > 1) {
      throw_error(info.Env(), "shape",
                  "expected a contiguous tensor to upload to but received a strided view");
    }
    if (host.bytes != bytes) {
      throw_error(info.Env(), "shape",
                  "expected " + std::to_string(bytes / dtype_size(view.dtype)) + " elements but received " +
                      std::to_string(host.bytes / dtype_size(view.dtype)));
    }
    check_queued(info.Env(), target.engine->upload(target.tensor, host.data, bytes));
  }

  // download(handle) -> Promise<ArrayBuffer>, dense
  Napi::Value download(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Owned source = tensor_of(env, handle_argument(info, 0));
    int64_t count = 1;
    for (int32_t axis = 0; axis < source.tensor.view.rank; axis++) count *= source.tensor.view.shape[axis];
    Napi::ArrayBuffer buffer =
        new_array_buffer(env, static_cast<size_t>(count) * dtype_size(source.tensor.view.dtype));
    return promise(env, buffer, [&](std::unique_ptr<Completion> completion) {
      return source.engine->download(source.tensor, buffer.Data(), std::move(completion));
    });
  }

  // By the constructor as JavaScript has it: Napi::ArrayBuffer::New ends the process when no memory is left.
  Napi::ArrayBuffer new_array_buffer(Napi::Env env, size_t bytes) {
    Napi::Value buffer;
    try {
      buffer = array_buffer_.New({Napi::Number::New(env, static_cast<double>(bytes))});
    } catch (const Napi::Error& error) {
      throw_error(env, "memory",
                  "no memory is left for " + std::to_string(bytes) + " bytes: " + error.Message());
    }
    return buffer.As<Napi::ArrayBuffer>();
  }

  // run(op, inputs, outputs, parameters): handles, 0 where an optional tensor is absent
  void run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const OpId op = static_cast<OpId>(integer_argument(info, 0, "op", 0, op_count - 1));
    const OpSpec& spec = op_spec(op);
    OpCall call;
    Tensor held[max_inputs + max_outputs];
    const Tensor* inputs[max_inputs] = {};
    const Tensor* outputs[max_outputs] = {};
    Engine* engine = nullptr;
    const std::vector<double> input_handles = numbers_argument(info, 1, "tensor handles", max_inputs);
    const std::vector<double> output_handles = numbers_argument(info, 2, "tensor handles", max_outputs);
    const std::vector<double> parameters = numbers_argument(info, 3, "parameters", max_parameters);
    collect(env, input_handles, spec.inputs.size(), call.inputs, held, inputs, engine);
    collect(env, output_handles, spec.outputs.size(), call.outputs, held + max_inputs, outputs, engine);
    if (parameters.size() != spec.parameters.size()) {
      throw_error(env, "argument",
                  "expected " + std::to_string(spec.parameters.size()) + " parameters for " + spec.name);
    }
    std::copy(parameters.begin(), parameters.end(), call.parameters);
    Problem problem;
    if (!check_call(op, call, problem)) throw_error(env, problem_kind(problem), problem.message);
    const DType real = real_dtype(call);
    const OpEntry& entry = engine->backend()[op];
    const OpFunction function = real == DType::float64 ? entry.float64 : entry.float32;
    if (function == nullptr) {
      throw_error(env, "backend",
                  std::string("backend ") + engine->backend().name + " has no " + spec.name + " for " +
                      dtype_name(real));
    }
    check_queued(env, engine->run(op, function, call, inputs, outputs));
  }

  void collect(Napi::Env env, const std::vector<double>& handles, size_t expected, TensorView* views,
               Tensor* held, const Tensor** tensors, Engine*& engine) {
    if (handles.size() != expected) {
      throw_error(
          env, "argument",
          "expected " + std::to_string(expected) + " tensors but received " + std::to_string(handles.size()));
    }
    for (size_t i = 0; i < handles.size(); i++) {
      if (handles[i] == 0) continue;
      if (!(handles[i] > 0 && handles[i] < 9007199254740992.0) || handles[i] != std::floor(handles[i]))
        throw_error(env, "argument", "expected tensor handles");
      const Owned owned = tensor_of(env, static_cast<Handle>(handles[i]));
      if (engine != nullptr && engine != owned.engine) {
        throw_error(env, "argument", "expected tensors of one engine but received tensors of two");
      }
      engine = owned.engine;
      held[i] = owned.tensor;
      tensors[i] = &held[i];
      views[i] = owned.tensor.view;
    }
  }

  static const char* problem_kind(const Problem& problem) {
    switch (problem.kind) {
      case Problem::Kind::shape: return "shape";
      case Problem::Kind::dtype: return "dtype";
      default: return "argument";
    }
  }

  // ready(engine, backlog) -> Promise, once at most `backlog` commands are waiting
  Napi::Value ready(const Napi::CallbackInfo& info) {
    Engine& engine = engine_of(info, 0);
    const int64_t backlog = integer_argument(info, 1, "backlog", 0, Engine::max_commands);
    return promise(info.Env(), info.Env().Undefined(), [&](std::unique_ptr<Completion> completion) {
      return engine.when_backlog_at_most(static_cast<size_t>(backlog), std::move(completion));
    });
  }

  // trim(engine): gives free buffers back to the system, in stream order
  void trim(const Napi::CallbackInfo& info) { check_queued(info.Env(), engine_of(info, 0).trim()); }

  // stats(engine) -> EngineStats of src/native/addon.ts
  Napi::Value stats(const Napi::CallbackInfo& info) {
    return describe_engine(info.Env(), engine_of(info, 0));
  }

  // measurePeak(engine, precision) -> Promise<Float64Array [1]>: see peak_rate
  Napi::Value measure_peak(const Napi::CallbackInfo& info) {
    Engine& engine = engine_of(info, 0);
    const Backend& backend = engine.backend();
    if (backend.multiply_adds == nullptr || backend.int8_multiply_adds == nullptr) {
      throw_error(info.Env(), "backend", std::string("backend ") + backend.name + " has no peak to measure");
    }
    const int64_t precision = integer_argument(info, 1, "precision", 0, 2);
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), sizeof(double));
    double* result = static_cast<double*>(buffer.Data());
    const auto body = [&backend, precision, result](Workers& workers) {
      *result = peak_rate(workers, backend, precision);
    };
    return promise(info.Env(), buffer, [&](std::unique_ptr<Completion> completion) {
      return engine.call(body, std::move(completion));
    });
  }

  // capTokenizerThreads(count) -> whether RAYON_NUM_THREADS was unset and is set now; 0 unsets it. Of the process, unlike
  // process.env in a worker thread.
  Napi::Value cap_tokenizer_threads(const Napi::CallbackInfo& info) {
    const int64_t count = integer_argument(info, 0, "threads", 0, most_threads);
    return Napi::Boolean::New(info.Env(), cap_rayon_threads(count));
  }

  // describe() -> what this build offers: ops, enumerations, backends, machine
  Napi::Value describe(const Napi::CallbackInfo& info) { return describe_build(info.Env()); }

  // Fault point of the tests: the k-th allocation from now fails, of a tensor's memory or of what queueing needs.
  void fail_allocation(const Napi::CallbackInfo& info) {
    engine_of(info, 0).allocations().fail_allocation(
        static_cast<uint64_t>(integer_argument(info, 1, "countdown", 0, 1 << 30)));
  }

  Napi::FunctionReference array_buffer_;
  std::unique_ptr<Completions> completions_;
  std::unique_ptr<EngineReaper> reaper_ = std::make_unique<EngineReaper>();
  std::map<uint32_t, std::unique_ptr<NumberedEngine>> engines_;
  int64_t bytes_in_use_ = 0;  // of all tensors of this environment
  int64_t bytes_reported_ = 0;
};

}  // namespace

NODE_API_NAMED_ADDON(likewise, Addon)

}  // namespace likewise
