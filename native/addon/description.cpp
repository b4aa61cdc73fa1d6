#include "description.h"

#include <string>
#include <vector>

#include "../core/backends.h"
#include "../core/machine.h"
#include "../core/op_specs.h"

namespace likewise {

namespace {

Napi::Array names(Napi::Env env, const std::vector<std::string>& list) {
  Napi::Array array = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); i++) array.Set(i, list[i]);
  return array;
}

Napi::Array tensor_specs(Napi::Env env, const std::vector<TensorSpec>& list) {
  Napi::Array array = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); i++) {
    Napi::Object tensor = Napi::Object::New(env);
    tensor.Set("name", list[i].name);
    tensor.Set("optional", list[i].optional);
    tensor.Set("updated", list[i].updated);
    array.Set(i, tensor);
  }
  return array;
}

Napi::Object describe_op(Napi::Env env, OpId id) {
  const OpSpec& spec = op_spec(id);
  Napi::Object op = Napi::Object::New(env);
  op.Set("name", spec.name);
  op.Set("inputs", tensor_specs(env, spec.inputs));
  op.Set("outputs", tensor_specs(env, spec.outputs));
  op.Set("parameters", names(env, spec.parameters));
  return op;
}

}  // namespace

Napi::Object describe_build(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("version", LIKEWISE_VERSION);
  Napi::Array ops = Napi::Array::New(env, op_count);
  for (int32_t i = 0; i < op_count; i++)
    ops.Set(static_cast<uint32_t>(i), describe_op(env, static_cast<OpId>(i)));
  result.Set("ops", ops);
  result.Set("activations", names(env, activation_names()));
  result.Set("poolings", names(env, pooling_names()));
  result.Set("unaryFunctions", names(env, unary_function_names()));
  result.Set("binaryFunctions", names(env, binary_function_names()));
  result.Set("reductions", names(env, reduction_names()));
  Napi::Array choices = Napi::Array::New(env);
  for (const Availability& entry : backends()) {
    Napi::Object choice = Napi::Object::New(env);
    choice.Set("name", entry.name);
    choice.Set("available", entry.backend != nullptr);
    choice.Set("reason", entry.reason);
    choice.Set("bfloat16", entry.backend != nullptr && entry.backend->bfloat16_multiply_adds != nullptr);
    choices.Set(choices.Length(), choice);
  }
  result.Set("backends", choices);
  result.Set("fastestBackend", fastest_backend().name);
  const CoreCount cores = usable_cores();
  result.Set("cores", cores.cores);
  result.Set("coresReason", cores.reason);
  result.Set("cpu", cpu_name());
  return result;
}

}  // namespace likewise
