// output = LayerNorm(dropout(input) + residual) * gamma + beta, per row (Ba, Kiros, Hinton 2016).
#include "dropout_steps.h"

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

// The dropped row, its residual added, waits in the output while it is normalised.
void normalize_dropped_rows(const OpCall& call) {
  using namespace layer_norm_op;
  const TensorView* in = call.inputs;
  const double* numbers = call.parameters;
  const RowDropout drop = RowDropout::of(in[row_keys], numbers[dropout], numbers[seed], numbers[site]);
  const float small = static_cast<float>(numbers[epsilon]);
  for_each_row(*call.workers, in[input].shape[0], tile_rows, [&call, &drop, in, small](int64_t i) {
    const int64_t width = in[input].shape[1];
    const float* added = in[residual].data == nullptr ? nullptr : row_of(in[residual], i);
    float* y = row_of(call.outputs[output], i);
    drop_row(drop, i, row_of(in[input], i), added, width, y);
    const float* part[1] = {y};
    normalize_sum<1>(part, vector_of(in[gamma]), vector_of(in[beta]), small, width, y);
  });
}

Status layer_norm(const OpCall& call) {
  if (dropout_threshold(call.parameters[layer_norm_op::dropout]) != 0) {
    normalize_dropped_rows(call);
  } else if (call.inputs[layer_norm_op::residual].data == nullptr) {
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
