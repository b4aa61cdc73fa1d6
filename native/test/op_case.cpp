// Running an OpCase; see op_case.h.
#include "op_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "../core/op_checks.h"

namespace likewise::test {

namespace {

using Tensor = std::unique_ptr<GuardedTensor>;

OpFunction function_of(const Backend& backend, OpId op, DType real) {
  return real == DType::float64 ? backend[op].float64 : backend[op].float32;
}

std::vector<int64_t> packed_shape(const std::vector<int64_t>& weight, int32_t width) {
  return {(weight[0] + width - 1) / width, weight[1], width};
}

Tensor place(const Operand& operand, DType real, const Layout& layout) {
  if (operand.shape.empty()) return nullptr;
  Tensor tensor =
      std::make_unique<GuardedTensor>(operand.integer ? DType::int32 : real, operand.shape, layout);
  tensor->set(operand.values);
  return tensor;
}

Tensor pack(const Tensor& weight, const std::vector<int64_t>& shape, const Backend& backend, int32_t width,
            const Layout& layout, Workers& workers) {
  const DType real = weight->view().dtype;
  Tensor packed = std::make_unique<GuardedTensor>(real, packed_shape(shape, width), layout);
  OpCall call;
  call.inputs[pack_weight_op::weight] = weight->view();
  call.outputs[pack_weight_op::packed] = packed->view();
  call.workers = &workers;
  function_of(backend, OpId::pack_weight, real)(call);
  return packed;
}

Tensor pack_bfloat16(const Tensor& weight, const std::vector<int64_t>& shape, const Backend& backend,
                     int32_t width, const Layout& layout, Workers& workers) {
  const std::vector<int64_t> padded = {shape[0], (shape[1] + 31) / 32 * 32};
  Tensor packed = std::make_unique<GuardedTensor>(DType::bfloat16, packed_shape(padded, width), layout);
  OpCall call;
  call.inputs[pack_weight_bfloat16_op::weight] = weight->view();
  call.outputs[pack_weight_bfloat16_op::packed] = packed->view();
  call.workers = &workers;
  backend[OpId::pack_weight_bfloat16].float32(call);
  return packed;
}

}  // namespace

OpResult run_case(const OpCase& one, const Backend& backend, DType real, int32_t panel_width,
                  const Layout& layout, Workers& workers) {
  std::vector<Tensor> inputs, outputs;
  OpCall call;
  for (size_t i = 0; i < one.inputs.size(); ++i) {
    Tensor tensor = place(one.inputs[i], real, layout);
    if (one.inputs[i].to_pack) {
      tensor = (one.op == OpId::linear_bfloat16 ? pack_bfloat16 : pack)(tensor, one.inputs[i].shape, backend,
                                                                        panel_width, layout, workers);
    }
    if (tensor) call.inputs[i] = tensor->view();
    inputs.push_back(std::move(tensor));
  }
  for (size_t i = 0; i < one.outputs.size(); ++i) {
    std::vector<int64_t> shape = one.outputs[i];
    if (one.op == OpId::pack_weight) {
      std::vector<int64_t> weight = one.inputs[0].shape;
      if (one.parameters[pack_weight_op::transposed] == 1) std::swap(weight[0], weight[1]);
      shape = packed_shape(weight, panel_width);
    }
    outputs.push_back(shape.empty() ? nullptr : std::make_unique<GuardedTensor>(real, shape, layout));
    if (outputs.back()) call.outputs[i] = outputs.back()->view();
    if (outputs.back() && i < one.before.size() && !one.before[i].empty()) outputs.back()->set(one.before[i]);
  }
  if (one.in_place >= 0) {
    outputs[0]->set(one.inputs[static_cast<size_t>(one.in_place)].values);
    call.inputs[one.in_place] = call.outputs[0];
  }
  for (size_t i = 0; i < one.parameters.size(); ++i) call.parameters[i] = one.parameters[i];
  char message[message_size] = "";
  call.workers = &workers;
  call.message = message;

  OpResult result;
  Problem problem;
  if (!check_call(one.op, call, problem)) {
    result.refused = problem.message;
    return result;
  }
  result.status = function_of(backend, one.op, real)(call);
  result.message = message;
  for (const Tensor& output : outputs) {
    result.outputs.push_back(output ? output->values() : std::vector<double>{});
    if (output && !output->surroundings_intact()) result.surroundings_intact = false;
  }
  return result;
}

bool same_bits(const OpResult& a, const OpResult& b) {
  for (size_t o = 0; o < a.outputs.size(); ++o) {
    const std::vector<double>&x = a.outputs[o], &y = b.outputs[o];
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i) {
      const bool both_nan = x[i] != x[i] && y[i] != y[i];
      if (!both_nan && std::memcmp(&x[i], &y[i], sizeof(double)) != 0) return false;
    }
  }
  return a.outputs.size() == b.outputs.size();
}

std::vector<double> random_values(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& value : values) value = static_cast<float>(random() / 2147483647.5 - 1);
  return values;
}

Operand random_operand(std::vector<int64_t> shape, uint32_t seed, bool per_row) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  Operand operand;
  operand.shape = std::move(shape);
  operand.values = random_values(count, seed);
  operand.per_row = per_row;
  return operand;
}

Operand int_operand(const std::vector<int32_t>& values, bool per_row) {
  Operand operand;
  operand.shape = {static_cast<int64_t>(values.size())};
  operand.values.assign(values.begin(), values.end());
  operand.integer = true;
  operand.per_row = per_row;
  return operand;
}

Operand spread_operand(int64_t rows, int64_t width, uint32_t seed, bool per_row, double offset) {
  Operand operand = random_operand({rows, width}, seed, per_row);
  for (size_t i = 0; i < operand.values.size(); ++i) {
    const double size = 0.5 + std::fabs(operand.values[i]) / 2;
    operand.values[i] =
        static_cast<float>((static_cast<int64_t>(i) % width % 2 == 0 ? size : -size) + offset);
  }
  return operand;
}

std::vector<int32_t> random_ids(int64_t count, int64_t entries, uint32_t seed) {
  std::vector<int32_t> ids;
  for (const double value : random_values(count, seed)) {
    ids.push_back(static_cast<int32_t>(std::min((value + 1) / 2, 0.999) * static_cast<double>(entries)));
  }
  return ids;
}

Operand row_keys_operand(int64_t rows, uint32_t seed) {
  std::mt19937 random(seed);
  Operand operand;
  operand.shape = {rows, 2};
  for (int64_t i = 0; i < 2 * rows; ++i) operand.values.push_back(static_cast<int32_t>(random()));
  operand.integer = operand.per_row = true;
  return operand;
}

}  // namespace likewise::test
