// output = activation(input * weight^T + bias) + residual over packed panels, and the packing.
#include "../packing/pack_panels.h"
#include "../tables/register.h"
#include "linear_product.h"

namespace likewise::LIKEWISE_ISA {

namespace {

template <Activation activation>
Status run(const OpCall& call, const Linear& layer) {
  const size_t bytes = static_cast<size_t>(sums_floats(layer)) * sizeof(float);
  Workers& workers = *call.workers;
  const bool done = run_linear<activation>(workers, layer, [&workers, bytes](int32_t participant) {
    return static_cast<float*>(workers.scratch(workers, participant, bytes));
  });
  return done ? Status::ok : fail(call, Status::out_of_memory, "no memory for a tile of sums");
}

Status linear(const OpCall& call) {
  const TensorView& packed = call.inputs[linear_op::packed];
  Linear layer = linear_of(call);
  layer.packed = static_cast<const float*>(packed.data);
  if (packed.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(packed.shape[2]));
  }
  if (layer.rows == 0 || layer.outputs == 0) return Status::ok;
  cut(layer);
  switch (static_cast<Activation>(static_cast<int32_t>(call.parameters[linear_op::activation]))) {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) \
  case Activation::name: return run<Activation::name>(call, layer);
#include "../../../ops.def"
#undef ACTIVATION
#undef OP
  }
  return fail(call, Status::invalid_value, "unknown activation %g", call.parameters[linear_op::activation]);
}

Status pack_weight(const OpCall& call) {
  const TensorView& weight = call.inputs[pack_weight_op::weight];
  const TensorView& packed = call.outputs[pack_weight_op::packed];
  const PanelSource source = {static_cast<const float*>(weight.data), weight.row_stride, weight.shape[0],
                              weight.shape[1]};
  const bool transposed = call.parameters[pack_weight_op::transposed] == 1;
  const int64_t depth = packed.shape[1];
  const int64_t width = packed.shape[2];
  float* panels = static_cast<float*>(packed.data);
  auto tile = [&](int64_t panel, int32_t) {
    float* destination = panels + panel * depth * width;
    if (transposed) {
      pack_columns(source, panel * width, width, destination);
    } else {
      pack_rows(source, panel * width, width, destination);
    }
  };
  for_each_tile(*call.workers, packed.shape[0], tile);
  return Status::ok;
}

}  // namespace

void register_linear(Backend& backend) {
  backend.panel_width = panel_width;
  backend[OpId::pack_weight].float32 = pack_weight;
  backend[OpId::linear].float32 = linear;
}

}  // namespace likewise::LIKEWISE_ISA
