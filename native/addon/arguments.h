// JavaScript values in, native values out, with a typed error for whatever does not fit. The errors thrown here carry a
// short `kind`; src/native turns it into the public error class.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "../core/tensor_table.h"

namespace likewise {

// Throws a JavaScript Error whose `kind` is one of: argument, shape, dtype, disposed, backend, memory, queue, execution.
[[noreturn]] void throw_error(Napi::Env env, const char* kind, const std::string& message);
Napi::Error make_error(Napi::Env env, const char* kind, const std::string& message);

struct Shape {
  int32_t rank = 0;
  int64_t sizes[max_rank] = {0, 0, 0, 0};
  int64_t count = 1;  // elements; at most 2^40
};

// Shapes, arrays of numbers and typed arrays may run JavaScript, getters and proxies, which may release a tensor or
// destroy an engine: read these before handles and engines are looked up.
double number_argument(const Napi::CallbackInfo& info, size_t index, const char* name);
int64_t integer_argument(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t low,
                         int64_t high);
bool boolean_argument(const Napi::CallbackInfo& info, size_t index, const char* name);  // absent: false
std::string string_argument(const Napi::CallbackInfo& info, size_t index, const char* name);
Handle handle_argument(const Napi::CallbackInfo& info, size_t index);
Shape shape_argument(const Napi::CallbackInfo& info, size_t index);
std::vector<double> numbers_argument(const Napi::CallbackInfo& info, size_t index, const char* name,
                                     size_t most);
DType dtype_argument(const Napi::CallbackInfo& info, size_t index);

// The bytes of a typed array, valid until JavaScript runs again; shared and resizable memory is refused.
struct HostArray {
  const void* data = nullptr;
  size_t bytes = 0;
  DType dtype = DType::float32;
};
HostArray array_argument(const Napi::CallbackInfo& info, size_t index);

const char* dtype_name(DType dtype);

}  // namespace likewise
