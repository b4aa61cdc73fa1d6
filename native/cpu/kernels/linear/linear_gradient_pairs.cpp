// linear_weight_gradient_bfloat16 where an instruction multiplies pairs of bfloat16: the blocks of
// linear_gradient_blocks.h with two tokens to a pair, rounded as they are packed.
#include "../packing/bfloat16_product.h"
#include "../tables/register.h"
#include "linear_gradient_blocks.h"

namespace likewise::LIKEWISE_ISA {

namespace {

// Pairs of tokens, 16 of them, of up to a panel of columns: [16][panel_width], zeros past the last token and column.
void zip_tokens(const float* rows, int64_t stride, int64_t tokens, int64_t columns, float* pairs) {
  for (int64_t t = 0; t < depth_unit; t += 2) {
    for (int64_t j = 0; j < panel_width; j += Vector::lanes) {
      const int64_t n = smaller(Vector::lanes, larger(0, columns - j));
      const float* row = rows + t * stride + j;
      const Vector even = t < tokens ? load_partial(row, n) : zero();
      const Vector odd = t + 1 < tokens ? load_partial(row + stride, n) : zero();
      store_int(reinterpret_cast<int32_t*>(pairs + t / 2 * panel_width + j), zip_pairs(even, odd));
    }
  }
}

struct PairPacking {
  using Product = PairProduct;
  static constexpr int64_t tile_tokens = depth_unit;
  static int64_t steps(int64_t tokens) { return divide_up(tokens, depth_unit) * unit_steps; }
  static void pack_panel(const WeightGradient& gradient, int64_t token, int64_t tokens, int64_t column,
                         float* panel) {
    zip_tokens(gradient.inputs_of(token) + column, gradient.input.row_stride, tokens,
               gradient.inputs - column, panel);
  }
  static void transpose_outputs(const WeightGradient& gradient, int64_t token, int64_t tokens,
                                float* transposed, int64_t stride) {
    for (int64_t o = 0; o < gradient.outputs; o += panel_width) {
      alignas(64) float pairs[unit_steps * panel_width];
      const int64_t columns = smaller(panel_width, gradient.outputs - o);
      zip_tokens(gradient.output_gradients_of(token) + o, gradient.output_gradient.row_stride, tokens,
                 columns, pairs);
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
