// Running a layer in int8; see int8_case.h.
#include "int8_case.h"

#include <cstring>

#include "../core/op_checks.h"
#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

constexpr DType real = DType::float32, small = DType::int8;

// Checks a call as the addon does and runs it.
Status run(OpId op, OpCall& call, const Backend& backend, Workers& workers, std::string& message) {
  Problem problem;
  const bool passed = check_call(op, call, problem);
  CHECK(passed, "on %s: %s", backend.name, problem.message);
  if (!passed) return Status::invalid_value;
  char text[message_size] = "";
  call.workers = &workers;
  call.message = text;
  const Status status = backend[op].float32(call);
  message = text;
  return status;
}

}  // namespace

std::string Int8Layer::name() const {
  return std::to_string(rows) + " x " + std::to_string(inputs) + " -> " + std::to_string(outputs) +
         (bias.empty() ? "" : " bias") + (residual.empty() ? "" : " residual") +
         (in_place ? " in place" : "") + " activation " + std::to_string(static_cast<int32_t>(activation));
}

Int8Layer random_layer(int64_t rows, int64_t inputs, int64_t outputs, uint32_t seed) {
  return {rows,
          inputs,
          outputs,
          random_values(rows * inputs, seed),
          random_values(outputs * inputs, seed + 1),
          random_values(outputs, seed + 2),
          random_values(rows * outputs, seed + 3)};
}

QuantizedValues quantize(const std::vector<double>& weight, int64_t rows, int64_t columns,
                         const Backend& backend, const Layout& layout, Workers& workers) {
  using namespace quantize_weight_op;
  GuardedTensor from(real, {rows, columns}, layout), to(small, {rows, columns}, layout);
  GuardedTensor scale(real, {rows}, layout);
  from.set(weight);
  OpCall call;
  call.inputs[quantize_weight_op::weight] = from.view();
  call.outputs[quantized] = to.view();
  call.outputs[scales] = scale.view();
  QuantizedValues result;
  result.status = run(OpId::quantize_weight, call, backend, workers, result.message);
  result.values = to.values();
  result.scales = scale.values();
  CHECK(to.surroundings_intact() && scale.surroundings_intact(), "%s, %s: wrote outside", backend.name,
        layout.name);
  return result;
}

std::vector<double> multiply(const Int8Layer& layer, const Backend& backend, const Layout& layout,
                             Workers& workers) {
  using namespace linear_int8_op;
  SerialWorkers serial;
  const QuantizedValues weight =
      layer.stored.empty()
          ? quantize(layer.weight, layer.outputs, layer.inputs, test_backends().front(), layouts[0], serial)
          : QuantizedValues{Status::ok, "", layer.stored, std::vector<double>(size_t(layer.outputs), 1.0)};
  const int64_t width = backend.panel_width, depth = (layer.inputs + 63) / 64 * 64;
  GuardedTensor rows(small, {layer.outputs, layer.inputs}, layout);
  GuardedTensor panels(small, {(layer.outputs + width - 1) / width, depth, width}, layout);
  rows.set(weight.values);
  OpCall pack;
  pack.inputs[pack_weight_int8_op::quantized] = rows.view();
  pack.outputs[pack_weight_int8_op::packed] = panels.view();
  std::string message;
  CHECK(run(OpId::pack_weight_int8, pack, backend, workers, message) == Status::ok, "%s", message.c_str());

  GuardedTensor in(real, {layer.rows, layer.inputs}, layout), scale(real, {layer.outputs}, layout);
  GuardedTensor shift(real, {layer.outputs}, layout), added(real, {layer.rows, layer.outputs}, layout);
  GuardedTensor out(real, {layer.rows, layer.outputs}, layout);
  in.set(layer.input);
  scale.set(weight.scales);
  OpCall call;
  call.inputs[input] = in.view();
  call.inputs[packed] = panels.view();
  call.inputs[scales] = scale.view();
  if (!layer.bias.empty()) {
    shift.set(layer.bias);
    call.inputs[bias] = shift.view();
  }
  if (!layer.residual.empty()) {
    (layer.in_place ? out : added).set(layer.residual);
    call.inputs[residual] = (layer.in_place ? out : added).view();
  }
  call.outputs[output] = out.view();
  call.parameters[activation] = static_cast<double>(layer.activation);
  CHECK(run(OpId::linear_int8, call, backend, workers, message) == Status::ok, "%s on %s: %s",
        layer.name().c_str(), backend.name, message.c_str());
  CHECK(out.surroundings_intact() && panels.surroundings_intact(), "%s on %s, %s: wrote outside",
        layer.name().c_str(), backend.name, layout.name);
  return out.values();
}

std::vector<double> multiply(const Int8Layer& layer, const Backend& backend) {
  SerialWorkers serial;
  return multiply(layer, backend, layouts[0], serial);
}

bool same_numbers(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool both_nan = a[i] != a[i] && b[i] != b[i];
    if (!both_nan && std::memcmp(&a[i], &b[i], sizeof(double)) != 0) return false;
  }
  return true;
}

}  // namespace likewise::test
