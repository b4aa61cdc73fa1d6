// linear_weight_gradient, of linear_gradient_blocks.h, with floats packed as they are.
//
// linear_weight_gradient_bfloat16, where no instruction multiplies in bfloat16: the same with what is packed rounded.
// Products of two bfloat16 numbers are exact in float32.
#include "../../simd/bfloat16.h"
#include "../tables/register.h"
#include "linear_gradient_blocks.h"

namespace likewise::LIKEWISE_ISA {

namespace {

void round_floats(float* floats, int64_t count) {
  for (int64_t i = 0; i < count; i += Vector::lanes) {
    const int64_t lanes = smaller(Vector::lanes, count - i);
    store_partial(floats + i, round_to_bfloat16(load_partial(floats + i, lanes)), lanes);
  }
}

template <bool rounded>
struct FloatPacking {
  using Product = FloatProduct;
  static constexpr int64_t tile_tokens = sum_tokens;
  static int64_t steps(int64_t tokens) { return tokens; }
  static void pack_panel(const WeightGradient& gradient, int64_t token, int64_t tokens, int64_t column,
                         float* panel) {
    const PanelSource source = {gradient.inputs_of(token), gradient.input.row_stride, tokens,
                                gradient.inputs};
    pack_columns(source, column, panel_width, panel);
    if constexpr (rounded) round_floats(panel, tokens * panel_width);
  }
  static void transpose_outputs(const WeightGradient& gradient, int64_t token, int64_t tokens,
                                float* transposed, int64_t stride) {
    transpose(gradient.output_gradients_of(token), gradient.output_gradient.row_stride, tokens,
              gradient.outputs, transposed, stride);
    for (int64_t o = 0; rounded && o < gradient.outputs; o++) round_floats(transposed + o * stride, tokens);
  }
};

Status linear_weight_gradient(const OpCall& call) { return sum_blocks<FloatPacking<false>>(call); }

Status linear_weight_gradient_bfloat16(const OpCall& call) { return sum_blocks<FloatPacking<true>>(call); }

}  // namespace

void register_linear_gradient(Backend& backend) {
  backend[OpId::linear_weight_gradient].float32 = linear_weight_gradient;
  backend[OpId::linear_weight_gradient_bfloat16].float32 = linear_weight_gradient_bfloat16;
}

}  // namespace likewise::LIKEWISE_ISA
