// linear_weight_gradient_bfloat16 where an instruction multiplies pairs of bfloat16: the blocks of
// linear_gradient_blocks.h with two tokens to a pair, rounded as they are packed.
#include "../packing/pair_panels.h"
#include "../tables/register.h"
#include "linear_gradient_blocks.h"

namespace likewise::LIKEWISE_ISA {

namespace {

struct PairPacking {
  using Product = PairProduct;
  static constexpr int64_t tile_tokens = depth_unit;
  static int64_t steps(int64_t tokens) { return divide_up(tokens, depth_unit) * unit_steps; }
  static void pack_panel(const WeightGradient& gradient, int64_t token, int64_t tokens, int64_t column,
                         float* panel) {
    zip_rows(gradient.inputs_of(token) + column, gradient.input.row_stride, tokens, gradient.inputs - column,
             panel);
  }
  static void transpose_outputs(const WeightGradient& gradient, int64_t token, int64_t tokens,
                                float* transposed, int64_t stride) {
    for (int64_t o = 0; o < gradient.outputs; o += panel_width) {
      alignas(64) float pairs[unit_steps * panel_width];
      const int64_t columns = smaller(panel_width, gradient.outputs - o);
      zip_rows(gradient.output_gradients_of(token) + o, gradient.output_gradient.row_stride, tokens, columns,
               pairs);
      transpose(pairs, panel_width, unit_steps, columns, transposed + o * stride, stride);
    }
  }
};

Status linear_weight_gradient_bfloat16(const OpCall& call) { return sum_blocks<PairPacking>(call); }

}  // namespace

void register_linear_gradient_pairs(Backend& backend) {
  backend[OpId::linear_weight_gradient_bfloat16].float32 = linear_weight_gradient_bfloat16;
}

}  // namespace likewise::LIKEWISE_ISA
