// How the gradient of a linear layer's weight and bias is made of blocks of tokens, whatever the factors are packed as:
//   weight_gradient (+)= output_gradient^T input, bias_gradient (+)= column sums
//
// The weight gradient is a linear layer of its own: output_gradient^T takes the place of its input, the input that of
// its weight, and the sums run over the tokens. So each block of tokens is packed once, by all threads, into what
// linear_product.h reads (the output gradient transposed, the input as panels), and multiplied with the weight
// gradient so far as residual. A sum is a chain over the tokens of a block, and the blocks follow one another: their
// size depends on the number of tokens alone, and short chains round less.
#pragma once

#include "../packing/pack_panels.h"
#include "linear_product.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t block_tokens = 512;
constexpr int64_t sum_tokens = 16;  // whose output gradients are added up at a time
// Rows of the transposed output gradient start a line or more past a multiple of 4096 bytes from one another.
constexpr int64_t padding = 16;

struct WeightGradient {
  const TensorView& input;            // [tokens, inputs]
  const TensorView& output_gradient;  // [tokens, outputs]
  const TensorView& weight_gradient;  // [outputs, inputs]
  const TensorView& bias_gradient;    // [outputs], or absent
  int64_t tokens, inputs, outputs, panels;
  int64_t block;  // of tokens

  explicit WeightGradient(const OpCall& call)
      : input(call.inputs[linear_weight_gradient_op::input]),
        output_gradient(call.inputs[linear_weight_gradient_op::output_gradient]),
        weight_gradient(call.outputs[linear_weight_gradient_op::weight_gradient]),
        bias_gradient(call.outputs[linear_weight_gradient_op::bias_gradient]),
        tokens(input.shape[0]),
        inputs(input.shape[1]),
        outputs(output_gradient.shape[1]),
        panels(divide_up(inputs, panel_width)) {
    const int64_t blocks = larger(1, divide_up(tokens, block_tokens));
    block = larger(sum_tokens, divide_up(divide_up(tokens, blocks), sum_tokens) * sum_tokens);
  }

  const float* inputs_of(int64_t token) const {
    return static_cast<const float*>(input.data) + token * input.row_stride;
  }
  const float* output_gradients_of(int64_t token) const {
    return static_cast<const float*>(output_gradient.data) + token * output_gradient.row_stride;
  }
};

// What all participants share while a block is worked on. A step is what Packing makes of one token or two.
template <typename Packing>
struct Scratch {
  using Product = typename Packing::Product;
  int64_t stride;               // of `transposed`
  float* panels = nullptr;      // [panels][steps of the block][panel_width]
  float* transposed = nullptr;  // [outputs][stride]
  float* columns = nullptr;     // [sum_tokens of the block][outputs]: sums of output_gradient's columns
  float* sums = nullptr;        // [participants][sums_per_participant]
  int64_t sums_per_participant;

  // One block as a layer, without its memory.
  Linear layer(const WeightGradient& gradient, int64_t count) const {
    Linear layer = {};
    layer.output = static_cast<float*>(gradient.weight_gradient.data);
    layer.input = transposed;
    layer.packed = panels;
    layer.input_stride = stride;
    layer.residual_stride = layer.output_stride = gradient.weight_gradient.row_stride;
    layer.rows = gradient.outputs;
    layer.inputs = Packing::steps(count);
    layer.outputs = gradient.inputs;
    layer.panels = gradient.panels;
    cut<Product>(layer);
    return layer;
  }

  Scratch(const OpCall& call, const WeightGradient& gradient)
      : stride(Packing::steps(gradient.block) + padding) {
    const int64_t panel_floats = gradient.panels * Packing::steps(gradient.block) * panel_width;
    const int64_t transposed_floats = Product::whole_rows(gradient.outputs) * stride;
    const int64_t column_floats =
        divide_up(gradient.block / sum_tokens * gradient.outputs, padding) * padding;
    const int64_t whole = sums_floats<Product>(layer(gradient, smaller(gradient.block, gradient.tokens)));
    const int64_t rest = sums_floats<Product>(layer(gradient, gradient.tokens % gradient.block));
    sums_per_participant = divide_up(larger(whole, rest), padding) * padding;
    const int64_t floats =
        panel_floats + transposed_floats + column_floats + call.workers->count * sums_per_participant;
    panels = static_cast<float*>(
        call.workers->scratch(*call.workers, 0, static_cast<size_t>(floats) * sizeof(float)));
    if (panels == nullptr) return;
    transposed = panels + panel_floats;
    columns = transposed + transposed_floats;
    sums = columns + column_floats;
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

// Packs the tokens first .. first + count - 1, and sums up their output gradients.
template <typename Packing>
void pack_block(Workers& workers, const WeightGradient& gradient, const Scratch<Packing>& scratch,
                int64_t first, int64_t count) {
  auto tile = [&](int64_t index, int32_t) {
    const int64_t token = index * Packing::tile_tokens;
    const int64_t tokens = smaller(Packing::tile_tokens, count - token);
    const int64_t step = Packing::steps(token);
    for (int64_t p = 0; p < gradient.panels; p++) {
      float* panel = scratch.panels + (p * Packing::steps(count) + step) * panel_width;
      Packing::pack_panel(gradient, first + token, tokens, p * panel_width, panel);
    }
    Packing::transpose_outputs(gradient, first + token, tokens, scratch.transposed + step, scratch.stride);
    if (!gradient.bias_gradient) return;
    for (int64_t t = token; t < token + tokens; t += sum_tokens) {
      sum_columns(gradient.output_gradients_of(first + t), gradient.output_gradient.row_stride,
                  smaller(sum_tokens, count - t), gradient.outputs,
                  scratch.columns + t / sum_tokens * gradient.outputs);
    }
  };
  for_each_tile(workers, divide_up(count, Packing::tile_tokens), tile);
}

void add_bias(const WeightGradient& gradient, const float* columns, int64_t count, bool add) {
  float* bias = static_cast<float*>(gradient.bias_gradient.data);
  for (int64_t o = 0; o < gradient.outputs; o += Vector::lanes) {
    const int64_t lanes = smaller(Vector::lanes, gradient.outputs - o);
    Vector sum = zero();
    for (int64_t i = 0; i < divide_up(count, sum_tokens); i++) {
      sum = sum + load_partial(columns + i * gradient.outputs + o, lanes);
    }
    store_partial(bias + o, add ? load_partial(bias + o, lanes) + sum : sum, lanes);
  }
}

// The op. Packing: what multiplies (Product); tile_tokens, a multiple of sum_tokens that one packing tile takes;
// steps(tokens) of k for as many tokens; pack_panel and transpose_outputs, which pack one tile's tokens, to whole steps.
template <typename Packing>
Status sum_blocks(const OpCall& call) {
  const WeightGradient gradient(call);
  if (gradient.outputs == 0) return Status::ok;
  const Scratch<Packing> scratch(call, gradient);
  if (scratch.panels == nullptr) return fail(call, Status::out_of_memory, "no memory for a block of tokens");
  Workers& workers = *call.workers;
  const auto sums_of = [&scratch](int32_t participant) {
    return scratch.sums + participant * scratch.sums_per_participant;
  };
  bool add = call.parameters[linear_weight_gradient_op::accumulate] == 1;
  for (int64_t first = 0; first < gradient.tokens || first == 0; first += gradient.block) {
    const int64_t count = smaller(gradient.block, gradient.tokens - first);
    pack_block<Packing>(workers, gradient, scratch, first, count);
    if (gradient.bias_gradient) add_bias(gradient, scratch.columns, count, add);
    Linear layer = scratch.layer(gradient, count);
    layer.residual = add ? layer.output : nullptr;
    if (gradient.inputs > 0) {
      run_linear<Activation::identity, typename Packing::Product>(workers, layer, sums_of);
    }
    add = true;
  }
  return Status::ok;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
