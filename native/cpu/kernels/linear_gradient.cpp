// linear_weight_gradient: weight_gradient (+)= output_gradient^T input, bias_gradient (+)= column sums.
//
// The weight gradient is a linear layer of its own: output_gradient^T takes the place of its input, the input that of
// its weight, and the sums run over the tokens. So each block of tokens is packed once, by all threads, into what
// linear_product.h reads (the output gradient transposed, the input as panels), and multiplied with the weight
// gradient so far as residual. A sum is a chain over the tokens of a block, and the blocks follow one another: their
// size depends on the number of tokens alone, and short chains round less.
//
// linear_weight_gradient_bfloat16, where no instruction multiplies in bfloat16: the same with what is packed rounded. Products
// of two bfloat16 numbers are exact in float32.
#include "../simd/bfloat16.h"
#include "linear_product.h"
#include "pack_panels.h"
#include "register.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t block_tokens = 512;
constexpr int64_t tile_tokens = 16;  // of one packing tile
// Rows of the transposed output gradient start a line or more past a multiple of 4096 bytes from one another.
constexpr int64_t padding = 16;

struct WeightGradient {
  const TensorView& input;            // [tokens, inputs]
  const TensorView& output_gradient;  // [tokens, outputs]
  const TensorView& weight_gradient;  // [outputs, inputs]
  const TensorView& bias_gradient;    // [outputs], or absent
  int64_t tokens, inputs, outputs, panels;
  int64_t block;  // of tokens
  bool rounded;   // to bfloat16: the factors

  WeightGradient(const OpCall& call, bool rounded)
      : input(call.inputs[linear_weight_gradient_op::input]),
        output_gradient(call.inputs[linear_weight_gradient_op::output_gradient]),
        weight_gradient(call.outputs[linear_weight_gradient_op::weight_gradient]),
        bias_gradient(call.outputs[linear_weight_gradient_op::bias_gradient]),
        tokens(input.shape[0]),
        inputs(input.shape[1]),
        outputs(output_gradient.shape[1]),
        panels(divide_up(inputs, panel_width)),
        rounded(rounded) {
    const int64_t blocks = larger(1, divide_up(tokens, block_tokens));
    block = larger(tile_tokens, divide_up(divide_up(tokens, blocks), tile_tokens) * tile_tokens);
  }

  // One block as a layer, without its memory.
  Linear layer(int64_t count) const {
    Linear layer = {};
    layer.output = static_cast<float*>(weight_gradient.data);
    layer.input_stride = block + padding;
    layer.residual_stride = layer.output_stride = weight_gradient.row_stride;
    layer.rows = outputs;
    layer.inputs = count;
    layer.outputs = inputs;
    layer.panels = panels;
    cut(layer);
    return layer;
  }
};

// What all participants share while a block is worked on.
struct Scratch {
  float* panels;      // [panels][block][panel_width]
  float* transposed;  // [outputs][block + padding]
  float* columns;     // [tiles of a block][outputs]: sums of output_gradient's columns
  float* sums;        // [participants][sums_per_participant]
  int64_t sums_per_participant;

  static Scratch of(const OpCall& call, const WeightGradient& gradient) {
    const int64_t panels = gradient.panels * gradient.block * panel_width;
    const int64_t transposed = gradient.outputs * (gradient.block + padding);
    const int64_t columns = gradient.block / tile_tokens * gradient.outputs;
    const int64_t whole = sums_floats(gradient.layer(smaller(gradient.block, gradient.tokens)));
    const int64_t rest = gradient.tokens % gradient.block;
    const int64_t sums = divide_up(larger(whole, sums_floats(gradient.layer(rest))), padding) * padding;
    const int64_t floats = panels + transposed + columns + padding + call.workers->count * sums;
    Scratch scratch = {};
    scratch.panels = static_cast<float*>(
        call.workers->scratch(*call.workers, 0, static_cast<size_t>(floats) * sizeof(float)));
    if (scratch.panels == nullptr) return scratch;
    scratch.transposed = scratch.panels + panels;
    scratch.columns = scratch.transposed + transposed;
    scratch.sums = scratch.columns + divide_up(columns, padding) * padding;
    scratch.sums_per_participant = sums;
    return scratch;
  }
};

void sum_columns(const float* rows, int64_t stride, int64_t count, int64_t columns, float* sums) {
  for (int64_t c = 0; c < columns; c += Vector::lanes) {
    const int64_t lanes = smaller(Vector::lanes, columns - c);
    Vector sum = zero();
    for (int64_t t = 0; t < count; t++) {
      const float* row = rows + t * stride + c;
      sum = sum + (lanes == Vector::lanes ? load(row) : load_partial(row, lanes));
    }
    lanes == Vector::lanes ? store(sums + c, sum) : store_partial(sums + c, sum, lanes);
  }
}

void round_floats(float* floats, int64_t count) {
  for (int64_t i = 0; i < count; i += Vector::lanes) {
    const int64_t lanes = smaller(Vector::lanes, count - i);
    store_partial(floats + i, round_to_bfloat16(load_partial(floats + i, lanes)), lanes);
  }
}

// Packs the tokens first .. first + count - 1.
void pack_block(Workers& workers, const WeightGradient& gradient, const Scratch& scratch, int64_t first,
                int64_t count) {
  auto tile = [&](int64_t index, int32_t) {
    const int64_t token = index * tile_tokens;
    const int64_t tokens = smaller(tile_tokens, count - token);
    const PanelSource input = {
        static_cast<const float*>(gradient.input.data) + (first + token) * gradient.input.row_stride,
        gradient.input.row_stride, tokens, gradient.inputs};
    for (int64_t p = 0; p < gradient.panels; p++) {
      float* panel = scratch.panels + (p * count + token) * panel_width;
      pack_columns(input, p * panel_width, panel_width, panel);
      if (gradient.rounded) round_floats(panel, tokens * panel_width);
    }
    const int64_t stride = gradient.output_gradient.row_stride;
    const float* rows = static_cast<const float*>(gradient.output_gradient.data) + (first + token) * stride;
    float* turned = scratch.transposed + token;
    transpose(rows, stride, tokens, gradient.outputs, turned, gradient.block + padding);
    for (int64_t o = 0; gradient.rounded && o < gradient.outputs; o++) {
      round_floats(turned + o * (gradient.block + padding), tokens);
    }
    if (gradient.bias_gradient) {
      sum_columns(rows, stride, tokens, gradient.outputs, scratch.columns + index * gradient.outputs);
    }
  };
  for_each_tile(workers, divide_up(count, tile_tokens), tile);
}

void add_bias(const WeightGradient& gradient, const Scratch& scratch, int64_t count, bool add) {
  float* bias = static_cast<float*>(gradient.bias_gradient.data);
  for (int64_t o = 0; o < gradient.outputs; o += Vector::lanes) {
    const int64_t lanes = smaller(Vector::lanes, gradient.outputs - o);
    Vector sum = zero();
    for (int64_t i = 0; i < divide_up(count, tile_tokens); i++) {
      sum = sum + load_partial(scratch.columns + i * gradient.outputs + o, lanes);
    }
    store_partial(bias + o, add ? load_partial(bias + o, lanes) + sum : sum, lanes);
  }
}

Status run(const OpCall& call, const WeightGradient& gradient) {
  if (gradient.outputs == 0) return Status::ok;
  const Scratch scratch = Scratch::of(call, gradient);
  if (scratch.panels == nullptr) return fail(call, Status::out_of_memory, "no memory for a block of tokens");
  Workers& workers = *call.workers;
  const auto sums_of = [&scratch](int32_t participant) {
    return scratch.sums + participant * scratch.sums_per_participant;
  };
  bool add = call.parameters[linear_weight_gradient_op::accumulate] == 1;
  for (int64_t first = 0; first < gradient.tokens || first == 0; first += gradient.block) {
    const int64_t count = smaller(gradient.block, gradient.tokens - first);
    pack_block(workers, gradient, scratch, first, count);
    if (gradient.bias_gradient) add_bias(gradient, scratch, count, add);
    Linear layer = gradient.layer(count);
    layer.input = scratch.transposed;
    layer.packed = scratch.panels;
    layer.residual = add ? layer.output : nullptr;
    if (gradient.inputs > 0) run_linear<Activation::identity>(workers, layer, sums_of);
    add = true;
  }
  return Status::ok;
}

Status linear_weight_gradient(const OpCall& call) { return run(call, WeightGradient(call, false)); }

Status linear_weight_gradient_bfloat16(const OpCall& call) { return run(call, WeightGradient(call, true)); }

}  // namespace

void register_linear_gradient(Backend& backend) {
  backend[OpId::linear_weight_gradient].float32 = linear_weight_gradient;
  backend[OpId::linear_weight_gradient_bfloat16].float32 = linear_weight_gradient_bfloat16;
}

}  // namespace likewise::LIKEWISE_ISA
