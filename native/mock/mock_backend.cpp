// A stand-in for a device: its addresses are not host addresses (dereferencing one above the backend faults at once),
// its memory is reached only through copies and ops. It runs the reference ops, so that everything above the backends
// is tested as a CUDA backend will need it.
#include <cstring>
#include <utility>

#include "../core/backend.h"

namespace likewise {

namespace {

// Not canonical on x86-64 and outside user space on ARM, and still ordinary under pointer arithmetic.
constexpr uintptr_t device_offset = uintptr_t{0x7000000000000000};

Backend underlying;

void* to_device(void* host) {
  return host == nullptr ? nullptr
                         : reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) + device_offset);
}
void* to_host(const void* device) {
  return reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(device) - device_offset);
}

template <int32_t op, bool wide>
Status run(const OpCall& call) {
  OpCall host = call;
  for (TensorView& view : host.inputs) {
    if (view) view.data = to_host(view.data);
  }
  for (TensorView& view : host.outputs) {
    if (view) view.data = to_host(view.data);
  }
  const OpEntry& entry = underlying.ops[op];
  return (wide ? entry.float64 : entry.float32)(host);
}

template <int32_t... op>
void fill_ops(Backend& backend, std::integer_sequence<int32_t, op...>) {
  ((backend.ops[op] = {underlying.ops[op].float32 ? run<op, false> : nullptr,
                       underlying.ops[op].float64 ? run<op, true> : nullptr}),
   ...);
}

}  // namespace

void fill_mock(Backend& backend, const Backend& reference) {
  underlying = reference;
  backend.name = "mock";
  backend.panel_width = reference.panel_width;
  backend.allocate = [](size_t bytes) { return to_device(underlying.allocate(bytes)); };
  backend.release = [](void* memory, size_t bytes) { underlying.release(to_host(memory), bytes); };
  backend.copy_in = [](void* destination, const void* host, size_t bytes) {
    std::memcpy(to_host(destination), host, bytes);
  };
  backend.copy_out = [](void* host, const void* source, size_t bytes) {
    std::memcpy(host, to_host(source), bytes);
  };
  fill_ops(backend, std::make_integer_sequence<int32_t, op_count>());
}

}  // namespace likewise
