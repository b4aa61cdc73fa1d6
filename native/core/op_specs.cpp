// The preprocessor turns an entry of ops.def into text such as "(input, packed, OPTIONAL(bias))"; here it is
// taken apart, once, on first use.
#include "op_specs.h"

#include <algorithm>
#include <string_view>

namespace likewise {

namespace {

std::string_view without_parentheses(std::string_view text) { return text.substr(1, text.size() - 2); }

// "(a, OPTIONAL(b))": a, OPTIONAL(b)
std::vector<std::string_view> items(std::string_view text) {
  std::vector<std::string_view> result;
  const std::string_view list = without_parentheses(text);
  size_t start = list.find_first_not_of(" ,");
  while (start != std::string_view::npos) {
    const size_t end = std::min(list.find(',', start), list.size());
    result.push_back(list.substr(start, end - start));
    start = list.find_first_not_of(" ,", end);
  }
  return result;
}

std::vector<TensorSpec> tensors(std::string_view text) {
  constexpr std::string_view optional = "OPTIONAL", updated = "UPDATED";
  std::vector<TensorSpec> result;
  for (std::string_view item : items(text)) {
    const bool is_optional = item.starts_with(optional);
    if (is_optional) item = without_parentheses(item.substr(optional.size()));
    const bool is_updated = item.starts_with(updated);
    if (is_updated) item = without_parentheses(item.substr(updated.size()));
    result.push_back({std::string(item), is_optional, is_updated});
  }
  return result;
}

OpSpec parse(const char* name, std::string_view inputs, std::string_view outputs,
             std::string_view parameters) {
  OpSpec spec{name, tensors(inputs), tensors(outputs), {}};
  for (const std::string_view item : items(parameters)) spec.parameters.emplace_back(item);
  return spec;
}

}  // namespace

const OpSpec& op_spec(OpId id) {
  static const std::vector<OpSpec> specs = {
#define OP(name, inputs, outputs, parameters) parse(#name, #inputs, #outputs, #parameters),
#include "../ops.def"
#undef OP
  };
  return specs[static_cast<size_t>(id)];
}

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) #name,
#include "../ops.def"
#undef ACTIVATION
#undef OP
  };
  return names;
}

const std::vector<std::string>& pooling_names() {
  static const std::vector<std::string> names = {
#define OP(name, inputs, outputs, parameters)
#define POOLING(name) #name,
#include "../ops.def"
#undef POOLING
#undef OP
  };
  return names;
}

const std::vector<std::string>& unary_function_names() {
  static const std::vector<std::string> names = {
#define OP(name, inputs, outputs, parameters)
#define UNARY_FUNCTION(name) #name,
#include "../ops.def"
#undef UNARY_FUNCTION
#undef OP
  };
  return names;
}

const std::vector<std::string>& binary_function_names() {
  static const std::vector<std::string> names = {
#define OP(name, inputs, outputs, parameters)
#define BINARY_FUNCTION(name) #name,
#include "../ops.def"
#undef BINARY_FUNCTION
#undef OP
  };
  return names;
}

const std::vector<std::string>& reduction_names() {
  static const std::vector<std::string> names = {
#define OP(name, inputs, outputs, parameters)
#define REDUCTION(name) #name,
#include "../ops.def"
#undef REDUCTION
#undef OP
  };
  return names;
}

}  // namespace likewise
