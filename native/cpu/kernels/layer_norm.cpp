// output = LayerNorm(input + residual) * gamma + beta, per row (Ba, Kiros, Hinton 2016).
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 32;

template <int32_t parts>
void normalize_rows(const OpCall& call) {
  using namespace layer_norm_op;
  const TensorView* in = call.inputs;
  const float small = static_cast<float>(call.parameters[epsilon]);
  for_each_row(*call.workers, in[input].shape[0], tile_rows, [&call, in, small](int64_t i) {
    const float* part[2] = {row_of(in[input], i), parts == 1 ? nullptr : row_of(in[residual], i)};
    normalize_sum<parts>(part, vector_of(in[gamma]), vector_of(in[beta]), small, in[input].shape[1],
                         row_of(call.outputs[output], i));
  });
}

Status layer_norm(const OpCall& call) {
  if (call.inputs[layer_norm_op::residual].data == nullptr) {
    normalize_rows<1>(call);
  } else {
    normalize_rows<2>(call);
  }
  return Status::ok;
}

}  // namespace

void register_layer_norm(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::layer_norm)].float32 = layer_norm;
}

}  // namespace likewise::LIKEWISE_ISA
