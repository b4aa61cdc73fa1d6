// ops.def as data: the names of every op's tensors and parameters, in the order they are passed.
#pragma once

#include <string>
#include <vector>

#include "op_call.h"

namespace likewise {

struct TensorSpec {
  std::string name;
  bool optional;
  bool updated;  // an output whose old numbers are read
};

struct OpSpec {
  std::string name;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  std::vector<std::string> parameters;
};

const OpSpec& op_spec(OpId id);

// The enumerators' names, in order: activation_names()[static_cast<size_t>(Activation::relu)] is "relu".
const std::vector<std::string>& activation_names();
const std::vector<std::string>& pooling_names();
const std::vector<std::string>& unary_function_names();
const std::vector<std::string>& binary_function_names();
const std::vector<std::string>& reduction_names();

}  // namespace likewise
