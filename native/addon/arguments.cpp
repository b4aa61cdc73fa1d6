#include "arguments.h"

#include <cmath>

namespace likewise {

namespace {

constexpr int64_t most_elements = int64_t{1} << 40;
constexpr DType dtypes[] = {DType::float32, DType::float64, DType::int32, DType::int8, DType::bfloat16};

std::string plain(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

bool resizable(const Napi::ArrayBuffer& buffer) {
  const Napi::Value flag = buffer.Get("resizable");
  return flag.IsBoolean() && flag.As<Napi::Boolean>().Value();
}

}  // namespace

Napi::Error make_error(Napi::Env env, const char* kind, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("kind", Napi::String::New(env, kind));
  return error;
}

void throw_error(Napi::Env env, const char* kind, const std::string& message) {
  throw make_error(env, kind, message);
}

double number_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsNumber()) {
    throw_error(info.Env(), "argument", std::string("expected a number as ") + name);
  }
  return info[index].As<Napi::Number>().DoubleValue();
}

int64_t integer_argument(const Napi::CallbackInfo& info, size_t index, const char* name, int64_t low,
                         int64_t high) {
  const double value = number_argument(info, index, name);
  if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
      value != std::floor(value)) {
    throw_error(info.Env(), "argument",
                std::string("expected ") + name + " to be an integer from " + std::to_string(low) + " to " +
                    std::to_string(high) + " but received " + plain(value));
  }
  return static_cast<int64_t>(value);
}

bool boolean_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || info[index].IsUndefined()) return false;
  if (!info[index].IsBoolean()) {
    throw_error(info.Env(), "argument", std::string("expected true or false as ") + name);
  }
  return info[index].As<Napi::Boolean>().Value();
}

std::string string_argument(const Napi::CallbackInfo& info, size_t index, const char* name) {
  if (index >= info.Length() || !info[index].IsString()) {
    throw_error(info.Env(), "argument", std::string("expected a string as ") + name);
  }
  return info[index].As<Napi::String>().Utf8Value();
}

Handle handle_argument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<Handle>(integer_argument(info, index, "tensor handle", 0, (int64_t{1} << 53) - 1));
}

std::vector<double> numbers_argument(const Napi::CallbackInfo& info, size_t index, const char* name,
                                     size_t most) {
  if (index >= info.Length() || !info[index].IsArray()) {
    throw_error(info.Env(), "argument", std::string("expected an array of numbers as ") + name);
  }
  const Napi::Array array = info[index].As<Napi::Array>();
  if (array.Length() > most) {
    throw_error(info.Env(), "argument",
                std::string("expected at most ") + std::to_string(most) + " numbers in " + name +
                    " but received " + std::to_string(array.Length()));
  }
  std::vector<double> values(
      array.Length());  // its length now: an element may be a getter that changes the array
  for (size_t i = 0; i < values.size(); i++) {
    const Napi::Value value = array.Get(static_cast<uint32_t>(i));
    if (!value.IsNumber())
      throw_error(info.Env(), "argument", std::string("expected only numbers in ") + name);
    values[i] = value.As<Napi::Number>().DoubleValue();
  }
  return values;
}

Shape shape_argument(const Napi::CallbackInfo& info, size_t index) {
  Shape shape;
  for (const double size : numbers_argument(info, index, "shape", max_rank)) {
    if (!(size >= 0 && size <= static_cast<double>(most_elements)) || size != std::floor(size)) {
      throw_error(info.Env(), "shape", "expected sizes of at least 0 but received " + plain(size));
    }
    shape.sizes[shape.rank++] = static_cast<int64_t>(size);
  }
  // Sizes are multiplied as if none were zero, so that [huge, huge, 0] is refused too and strides cannot overflow.
  double product = 1;
  for (int32_t axis = 0; axis < shape.rank; axis++) {
    product *= shape.sizes[axis] == 0 ? 1 : static_cast<double>(shape.sizes[axis]);
    if (product > static_cast<double>(most_elements)) {
      throw_error(info.Env(), "shape", "expected at most 2^40 elements in a tensor");
    }
    shape.count *= shape.sizes[axis];
  }
  return shape;
}

DType dtype_argument(const Napi::CallbackInfo& info, size_t index) {
  const std::string name = string_argument(info, index, "dtype");
  for (const DType dtype : dtypes) {
    if (name == dtype_name(dtype)) return dtype;
  }
  throw_error(info.Env(), "dtype", "expected float32, float64, int32, int8 or bfloat16 but received " + name);
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::int32: return "int32";
    case DType::int8: return "int8";
    case DType::bfloat16: return "bfloat16";
  }
  return "unknown";
}

HostArray array_argument(const Napi::CallbackInfo& info, size_t index) {
  if (index >= info.Length() || !info[index].IsTypedArray()) {
    throw_error(info.Env(), "dtype", "expected a typed array");
  }
  // Buffer() asks the engine: the property array.buffer can be overridden.
  const Napi::Value buffer = info[index].As<Napi::TypedArray>().Buffer();
  if (!buffer.IsArrayBuffer() || resizable(buffer.As<Napi::ArrayBuffer>())) {
    throw_error(
        info.Env(), "argument",
        "expected an array over ordinary memory but received one over a shared or resizable buffer: pass "
        "array.slice()");
  }
  // Looked at only now, because "resizable" may be a getter that detaches the buffer.
  const Napi::TypedArray array = info[index].As<Napi::TypedArray>();
  const char* start = static_cast<const char*>(buffer.As<Napi::ArrayBuffer>().Data());
  HostArray host{start + array.ByteOffset(), array.ByteLength(), DType::float32};
  switch (array.TypedArrayType()) {
    case napi_float32_array: return host;
    case napi_float64_array: host.dtype = DType::float64; return host;
    case napi_int32_array: host.dtype = DType::int32; return host;
    case napi_int8_array: host.dtype = DType::int8; return host;
    case napi_uint16_array: host.dtype = DType::bfloat16; return host;  // the numbers' bits
    default:
      throw_error(info.Env(), "dtype",
                  "expected a Float32Array, Float64Array, Int32Array, Int8Array or Uint16Array");
  }
}

}  // namespace likewise
