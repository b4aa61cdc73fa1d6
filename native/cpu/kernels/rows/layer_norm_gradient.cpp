// The gradient of layer_norm. x = dropout(input) + residual and its statistics are made again, row by row, in the row
// where the gradient goes: nothing but the op's own inputs was kept.
#include "dropout_steps.h"
#include "normalize_gradient_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE void copy(const float* source, int64_t width, float* target) {
  for_each_vector(width,
                  [=](int64_t j, int64_t n) { store_first(target + j, load_first(source + j, n), n); });
}

struct GradientRows {
  const TensorView* in;
  const TensorView* out;
  float epsilon;
  RowDropout drop;
};

// A row's x, in `target` unless it is the input itself, and its moments.
const float* make_row(const GradientRows& rows, int64_t i, float* target, Moments& row) {
  using namespace layer_norm_gradient_op;
  const TensorView* in = rows.in;
  const int64_t width = in[input].shape[1];
  const float* part[2] = {row_of(in[input], i), nullptr};
  if (in[residual].data != nullptr) part[1] = row_of(in[residual], i);
  if (rows.drop.threshold != 0) {
    drop_row(rows.drop, i, part[0], part[1], width, target);
    part[0] = target;
  } else if (part[1] != nullptr) {
    row = moments_of_sum<2>(part, rows.epsilon, width, target);
    return target;
  }
  row = moments_of_sum<1>(part, rows.epsilon, width, target);
  return part[0];
}

void gradient_row(const GradientRows& rows, int64_t i, float* sums) {
  using namespace layer_norm_gradient_op;
  const TensorView *in = rows.in, *out = rows.out;
  const int64_t width = in[input].shape[1];
  float* of_input = row_of(out[input_gradient], i);
  float* of_sum = out[residual_gradient].data == nullptr ? of_input : row_of(out[residual_gradient], i);
  Moments row;
  const float* x = make_row(rows, i, of_sum, row);
  normalize_gradient(x, row, row_of(in[output_gradient], i), vector_of(in[gamma]), width, of_sum, sums);
  if (rows.drop.threshold != 0) {
    drop_row(rows.drop, i, of_sum, nullptr, width, of_input);
  } else if (of_sum != of_input) {
    copy(of_sum, width, of_input);
  }
}

Status layer_norm_gradient(const OpCall& call) {
  using namespace layer_norm_gradient_op;
  const TensorView *in = call.inputs, *out = call.outputs;
  const double* numbers = call.parameters;
  const GradientRows rows{in, out, static_cast<float>(numbers[epsilon]),
                          RowDropout::of(in[row_keys], numbers[dropout], numbers[seed], numbers[site])};
  const AffineGradients affine{out[gamma_gradient], out[beta_gradient], numbers[accumulate] != 0};
  return for_each_row_summed(call, in[input].shape[0], in[input].shape[1], affine,
                             [&rows](int64_t i, float* sums) { gradient_row(rows, i, sums); });
}

}  // namespace

void register_layer_norm_gradient(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::layer_norm_gradient)].float32 = layer_norm_gradient;
}

}  // namespace likewise::LIKEWISE_ISA
