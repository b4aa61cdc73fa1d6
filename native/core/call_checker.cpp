// The expectations of call_checker.h.
#include "call_checker.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <iterator>

#include "philox.h"

namespace likewise {

namespace {

// More elements than any memory holds, and few enough that no product of theirs with a size in bytes
// overflows.
constexpr int64_t most_elements = int64_t{1} << 48;

// position_ids, as TypeScript knows it: positionIds
std::string camel_case(std::string_view name) {
  std::string result;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool upper = i > 0 && name[i - 1] == '_';
    if (name[i] != '_')
      result += static_cast<char>(upper && name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
  }
  return result;
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::int32: return "int32";
    case DType::int8: return "int8";
    case DType::bfloat16: return "bfloat16";
  }
  return nullptr;
}

int64_t element_bytes(DType dtype) {
  switch (dtype) {
    case DType::float64: return 8;
    case DType::bfloat16: return 2;
    case DType::int8: return 1;
    default: return 4;
  }
}

bool is_real(DType dtype) { return dtype == DType::float32 || dtype == DType::float64; }

std::string shape_text(const TensorView& view) {
  std::string text = "[";
  for (int32_t i = 0; i < view.rank; ++i) text += (i > 0 ? ", " : "") + std::to_string(view.shape[i]);
  return text + "]";
}

std::string shape_text(std::initializer_list<Dim*> shape) {
  std::string text = "[";
  for (const Dim* dim : shape) {
    if (text.size() > 1) text += ", ";
    text += dim->size < 0 ? dim->name : std::to_string(dim->size);
  }
  return text + "]";
}

// A view as equally long runs of bytes, `pitch` apart.
struct Runs {
  uintptr_t start;
  uint64_t length, pitch, count;

  explicit Runs(const TensorView& view) : start(reinterpret_cast<uintptr_t>(view.data)) {
    uint64_t elements = 1;
    for (int32_t i = 0; i < view.rank; ++i) elements *= static_cast<uint64_t>(view.shape[i]);
    const uint64_t bytes = static_cast<uint64_t>(element_bytes(view.dtype));
    const bool matrix = view.rank == 2;
    count = elements == 0 ? 0 : matrix ? static_cast<uint64_t>(view.shape[0]) : 1;
    length = (count == 0 ? 0 : elements / count) * bytes;
    pitch = matrix ? static_cast<uint64_t>(view.row_stride) * bytes : length;
  }
  uintptr_t end() const { return start + (count - 1) * pitch + length; }
};

// Whether two views may share a byte; columns of one matrix, side by side, do not.
bool overlap(const TensorView& first, const TensorView& second) {
  Runs a(first), b(second);
  if (a.count == 0 || b.count == 0) return false;
  if (a.start > b.start) std::swap(a, b);
  if (a.end() <= b.start) return false;
  if (a.pitch != b.pitch || a.pitch == 0) return true;
  const uint64_t shift = (b.start - a.start) % a.pitch;
  return shift < a.length || shift + b.length > a.pitch;
}

}  // namespace

bool CallChecker::refuse(Problem::Kind kind, const char* format, ...) {
  problem_.kind = kind;
  const int used = std::snprintf(problem_.message, message_size, "[%s] ", camel_case(spec_.name).c_str());
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(problem_.message + used, message_size - static_cast<size_t>(used), format, arguments);
  va_end(arguments);
  return false;
}

bool CallChecker::tensors() {
  for (size_t i = 0; i < spec_.inputs.size(); ++i) {
    if (!layout(call_.inputs[i], spec_.inputs[i])) return false;
  }
  for (size_t i = 0; i < spec_.outputs.size(); ++i) {
    if (!layout(call_.outputs[i], spec_.outputs[i])) return false;
  }
  return true;
}

bool CallChecker::layout(const TensorView& view, const TensorSpec& spec) {
  using enum Problem::Kind;
  const std::string name = camel_case(spec.name);
  if (!view) return spec.optional || refuse(argument, "expected %s but it was not given", name.c_str());
  if (dtype_name(view.dtype) == nullptr) return refuse(dtype, "expected %s of a known dtype", name.c_str());
  if (view.rank < 0 || view.rank > max_rank) {
    return refuse(shape, "expected %s of at most %d dimensions but received %d", name.c_str(), max_rank,
                  view.rank);
  }
  int64_t elements = 1;  // an empty dimension counts as 1: the others must be sane all the same
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.shape[i] < 0) {
      return refuse(shape, "expected %s of no negative size but received %s", name.c_str(),
                    shape_text(view).c_str());
    }
    const bool strided = view.rank == 2 && i == 1;
    if (strided && view.row_stride < view.shape[1]) {
      return refuse(argument, "expected rows of %s at least %lld elements apart but received %lld",
                    name.c_str(), static_cast<long long>(view.shape[1]),
                    static_cast<long long>(view.row_stride));
    }
    const int64_t factor = std::max<int64_t>(strided ? view.row_stride : view.shape[i], 1);
    if (__builtin_mul_overflow(elements, factor, &elements) || elements > most_elements) {
      return refuse(shape, "expected %s of at most 2^48 elements but received %s", name.c_str(),
                    shape_text(view).c_str());
    }
  }
  if (reinterpret_cast<uintptr_t>(view.data) % static_cast<uintptr_t>(element_bytes(view.dtype)) != 0) {
    return refuse(argument, "expected %s to start at a whole element of its memory", name.c_str());
  }
  return true;
}

bool CallChecker::shaped(const TensorView& view, const TensorSpec& spec, std::initializer_list<Dim*> shape) {
  bool fits = view.rank == static_cast<int32_t>(shape.size());
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    const int64_t size = shape.begin()[i]->size;
    fits = size < 0 || size == view.shape[i];
  }
  if (!fits) {
    return refuse(Problem::Kind::shape, "expected %s of shape %s but received %s",
                  camel_case(spec.name).c_str(), shape_text(shape).c_str(), shape_text(view).c_str());
  }
  for (size_t i = 0; i < shape.size(); ++i) shape.begin()[i]->size = view.shape[i];
  return true;
}

bool CallChecker::real(const TensorView& view, const TensorSpec& spec) {
  const bool fits = first_real_ == nullptr ? is_real(view.dtype) : view.dtype == first_real_->dtype;
  if (!fits) {
    return refuse(Problem::Kind::dtype, "expected %s of dtype %s but received %s",
                  camel_case(spec.name).c_str(),
                  first_real_ == nullptr ? "float32 or float64" : dtype_name(first_real_->dtype),
                  dtype_name(view.dtype));
  }
  if (first_real_ == nullptr) first_real_ = &view;
  return true;
}

bool CallChecker::real_input(int32_t index, std::initializer_list<Dim*> shape) {
  const TensorView& view = call_.inputs[index];
  return !view || (real(view, spec_.inputs[index]) && shaped(view, spec_.inputs[index], shape));
}

bool CallChecker::real_output(int32_t index, std::initializer_list<Dim*> shape) {
  const TensorView& view = call_.outputs[index];
  return !view || (real(view, spec_.outputs[index]) && shaped(view, spec_.outputs[index], shape));
}

bool CallChecker::typed(const TensorView& view, const TensorSpec& spec, DType dtype,
                        std::initializer_list<Dim*> shape) {
  if (!view) return true;
  if (view.dtype != dtype) {
    return refuse(Problem::Kind::dtype, "expected %s of dtype %s but received %s",
                  camel_case(spec.name).c_str(), dtype_name(dtype), dtype_name(view.dtype));
  }
  return shaped(view, spec, shape);
}

bool CallChecker::input(int32_t index, DType dtype, std::initializer_list<Dim*> shape) {
  return typed(call_.inputs[index], spec_.inputs[index], dtype, shape);
}

bool CallChecker::output(int32_t index, DType dtype, std::initializer_list<Dim*> shape) {
  return typed(call_.outputs[index], spec_.outputs[index], dtype, shape);
}

bool CallChecker::int_input(int32_t index, std::initializer_list<Dim*> shape) {
  return input(index, DType::int32, shape);
}

bool CallChecker::both_or_neither(int32_t first, int32_t second) {
  const bool has_first = bool(call_.inputs[first]), has_second = bool(call_.inputs[second]);
  if (has_first == has_second) return true;
  return refuse(Problem::Kind::argument, "expected both %s and %s, or neither, but received only %s",
                camel_case(spec_.inputs[first].name).c_str(), camel_case(spec_.inputs[second].name).c_str(),
                camel_case(spec_.inputs[has_first ? first : second].name).c_str());
}

bool CallChecker::at_least(const Dim& dim, int32_t input, int64_t least) {
  if (!call_.inputs[input] || dim.size >= least) return true;
  return refuse(Problem::Kind::shape, "expected %s to have %s >= %lld but received shape %s",
                camel_case(spec_.inputs[input].name).c_str(), dim.name, static_cast<long long>(least),
                shape_text(call_.inputs[input]).c_str());
}

bool CallChecker::finite(int32_t parameter) {
  const double value = call_.parameters[parameter];
  return std::isfinite(value) || refuse(Problem::Kind::argument, "expected %s to be finite but received %g",
                                        camel_case(spec_.parameters[parameter]).c_str(), value);
}

bool CallChecker::not_negative(int32_t parameter) {
  const double value = call_.parameters[parameter];
  return (std::isfinite(value) && value >= 0) ||
         refuse(Problem::Kind::argument, "expected %s to be finite and not negative but received %g",
                camel_case(spec_.parameters[parameter]).c_str(), value);
}

bool CallChecker::positive(int32_t parameter) {
  const double value = call_.parameters[parameter];
  return (std::isfinite(value) && value > 0) ||
         refuse(Problem::Kind::argument, "expected %s to be finite and above 0 but received %g",
                camel_case(spec_.parameters[parameter]).c_str(), value);
}

bool CallChecker::fraction(int32_t parameter) {
  const double value = call_.parameters[parameter];
  return (value >= 0 && value < 1) ||  // false for NaN
         refuse(Problem::Kind::argument, "expected %s to be at least 0 and below 1 but received %g",
                camel_case(spec_.parameters[parameter]).c_str(), value);
}

bool CallChecker::integer(int32_t parameter, int64_t lowest, int64_t highest) {
  const double value = call_.parameters[parameter];
  const bool fits =
      value >= static_cast<double>(lowest) && value <= static_cast<double>(highest);  // false for NaN
  return (fits && std::trunc(value) == value) ||
         refuse(Problem::Kind::argument, "expected %s to be a whole number from %lld to %lld but received %g",
                camel_case(spec_.parameters[parameter]).c_str(), static_cast<long long>(lowest),
                static_cast<long long>(highest), value);
}

bool CallChecker::dropout(int32_t probability, int32_t seed, int32_t site, int32_t keys) {
  const double value = call_.parameters[probability];
  if (!(value >= 0 && value < 1) || dropout_threshold(value) > 0xffff) {  // NaN too
    return refuse(Problem::Kind::argument, "expected dropout to be at least 0 and below 1 but received %g",
                  value);
  }
  if (value > 0 && !call_.inputs[keys]) {
    return refuse(Problem::Kind::argument, "expected %s, by which dropout is drawn, but it was not given",
                  camel_case(spec_.inputs[keys].name).c_str());
  }
  return integer(seed, 0, UINT32_MAX) && integer(site, 0, UINT32_MAX);
}

bool CallChecker::panels_fit(const Dim& outputs, const Dim& panels, const Dim& width) {
  if (width.size < 1) {
    return refuse(Problem::Kind::shape, "expected packed with panels of at least 1 column but received 0");
  }
  const int64_t needed = outputs.size / width.size + (outputs.size % width.size != 0);
  return panels.size == needed ||
         refuse(Problem::Kind::shape,
                "expected packed of %lld panels, for %lld outputs in panels of %lld, but received %lld",
                static_cast<long long>(needed), static_cast<long long>(outputs.size),
                static_cast<long long>(width.size), static_cast<long long>(panels.size));
}

bool CallChecker::separate(const TensorView& output, const TensorSpec& name, const TensorView& other,
                           const TensorSpec& other_name) {
  if (!output || !other || !overlap(output, other)) return true;
  return refuse(Problem::Kind::argument, "expected %s not to share memory with %s",
                camel_case(name.name).c_str(), camel_case(other_name.name).c_str());
}

bool CallChecker::apart(int32_t in_place) {
  for (int32_t o = 0; o < std::ssize(spec_.outputs); ++o) {
    const TensorView& output = call_.outputs[o];
    for (int32_t i = 0; i < std::ssize(spec_.inputs); ++i) {
      const TensorView& input = call_.inputs[i];
      const bool same = input.data == output.data && input.row_stride == output.row_stride;
      if (i == in_place && o == 0 && same) continue;
      if (!separate(output, spec_.outputs[o], input, spec_.inputs[i])) return false;
    }
    for (int32_t other = 0; other < o; ++other) {
      if (!separate(output, spec_.outputs[o], call_.outputs[other], spec_.outputs[other])) return false;
    }
  }
  return true;
}

}  // namespace likewise
