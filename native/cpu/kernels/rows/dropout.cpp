// output = dropout(input), row by row (Srivastava et al. 2014).
#include "dropout_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 64;

Status dropout(const OpCall& call) {
  using namespace dropout_op;
  const TensorView& in = call.inputs[input];  // [rows, width]
  const TensorView& out = call.outputs[output];
  const RowDropout drop = RowDropout::of(call.inputs[row_keys], call.parameters[dropout_op::dropout],
                                         call.parameters[seed], call.parameters[site]);
  for_each_row(*call.workers, in.shape[0], tile_rows, [&in, &out, &drop](int64_t i) {
    drop_row(drop, i, row_of(in, i), nullptr, in.shape[1], row_of(out, i));
  });
  return Status::ok;
}

}  // namespace

void register_dropout(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::dropout)].float32 = dropout;
}

}  // namespace likewise::LIKEWISE_ISA
