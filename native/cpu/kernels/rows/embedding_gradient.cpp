// The gradient of embedding's sum of rows, which is made again in the row where the gradient goes.
#include "../../../core/data_checks.h"
#include "embedding_tables.h"
#include "normalize_gradient_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

template <int32_t parts>
LIKEWISE_INLINE void gradient_row(const OpCall& call, const Tables& tables, int64_t t, float* sums) {
  using namespace embedding_gradient_op;
  const TensorView& out = call.outputs[sum_gradient];  // [tokens, width]
  const int64_t width = out.shape[1];
  float* gradient = row_of(out, t);
  const float* part[parts];
  tables.rows_of<parts>(t, out.shape[0], part);
  const Moments row =
      moments_of_sum<parts>(part, static_cast<float>(call.parameters[epsilon]), width, gradient);
  normalize_gradient(parts == 1 ? part[0] : gradient, row, row_of(call.inputs[output_gradient], t),
                     vector_of(call.inputs[gamma]), width, gradient, sums);
}

template <int32_t parts>
Status gradient_rows(const OpCall& call, const Tables& tables) {
  using namespace embedding_gradient_op;
  const TensorView* out = call.outputs;
  const AffineGradients affine{out[gamma_gradient], out[beta_gradient], call.parameters[accumulate] != 0};
  return for_each_row_summed(
      call, out[sum_gradient].shape[0], out[sum_gradient].shape[1], affine,
      [&call, &tables](int64_t t, float* sums) { gradient_row<parts>(call, tables, t, sums); });
}

Status embedding_gradient(const OpCall& call) {
  using namespace embedding_gradient_op;
  const Status checked = check_embedding_gradient_data(call);
  if (checked != Status::ok) return checked;
  const TensorView* in = call.inputs;
  Tables tables;
  tables.add(in[word], in[token_ids]);
  tables.add(in[position], in[position_ids]);
  tables.add(in[type], in[type_ids]);
  if (tables.count == 1) return gradient_rows<1>(call, tables);
  if (tables.count == 2) return gradient_rows<2>(call, tables);
  return gradient_rows<3>(call, tables);
}

}  // namespace

void register_embedding_gradient(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::embedding_gradient)].float32 = embedding_gradient;
}

}  // namespace likewise::LIKEWISE_ISA
