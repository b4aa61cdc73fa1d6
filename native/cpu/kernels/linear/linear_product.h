// A matrix product over packed panels, cut into tiles:  output = activation(input * panels + bias) + residual.
// What linear and its weight gradient are made of. A Product multiplies a strip of rows with a panel: FloatProduct, or
// one of bfloat16_product.h, for which "float" below is four bytes of k and k counts those.
//
// A tile is a block of rows times a group of panels. For each stretch of k (a piece of a panel that stays in
// the first cache level) and each panel, strips of rows run through panel_product.h; the sums wait in a small
// buffer between stretches. The input is read where it lies: a strip's rows are a few sequential streams, and
// copying them would cost more than it saves. Every sum is one chain over k in order, so neither the blocks
// nor the number of rows or threads can change a bit; the block sizes below follow the shapes only for the
// sake of speed.
#pragma once

#include "../packing/block_sizes.h"
#include "../packing/panel_product.h"
#include "activate.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t float_bytes = 4;
constexpr int64_t line_bytes = 64;
constexpr int64_t stretch_bytes = 24 * 1024;  // of a panel; shares the first cache level with a strip of rows
constexpr int64_t block_bytes = 192 * 1024;   // of the input's rows over a stretch; share the second level
constexpr int64_t sums_bytes = 192 * 1024;    // with these
constexpr int64_t most_strips = 32;           // in a tile
constexpr int64_t piece = 96;                 // of k, for few rows

// Where one linear layer's matrices lie and how it is cut.
struct Linear {
  const float* input;
  const float* packed;
  const float* bias;
  const float* residual;
  float* output;
  float* pre_activation;  // may be null: input * panels + bias
  int64_t input_stride, residual_stride, output_stride, pre_activation_stride;
  int64_t rows, inputs, outputs, panels;
  int64_t stretch;  // of k
  int64_t rows_per_tile;
  int64_t panels_per_tile;
};

// What linear and linear_bfloat16, whose tensors have the same places, are called with: all but the panels, not yet cut.
LIKEWISE_INLINE Linear linear_of(const OpCall& call) {
  static_assert(int32_t{linear_bfloat16_op::residual} == int32_t{linear_op::residual} &&
                int32_t{linear_bfloat16_op::pre_activation} == int32_t{linear_op::pre_activation});
  const TensorView& input = call.inputs[linear_op::input];
  const TensorView& residual = call.inputs[linear_op::residual];
  const TensorView& output = call.outputs[linear_op::output];
  const TensorView& pre_activation = call.outputs[linear_op::pre_activation];
  Linear layer = {};
  layer.input = static_cast<const float*>(input.data);
  layer.bias = static_cast<const float*>(call.inputs[linear_op::bias].data);
  layer.residual = static_cast<const float*>(residual.data);
  layer.output = static_cast<float*>(output.data);
  layer.pre_activation = static_cast<float*>(pre_activation.data);
  layer.input_stride = input.row_stride;
  layer.residual_stride = residual.row_stride;
  layer.output_stride = output.row_stride;
  layer.pre_activation_stride = pre_activation.row_stride;
  layer.rows = input.shape[0];
  layer.inputs = input.shape[1];
  layer.outputs = output.shape[1];
  layer.panels = call.inputs[linear_op::packed].shape[0];
  return layer;
}

// Some of the layer's rows; the input is the caller's.
LIKEWISE_INLINE Linear rows_of(const Linear& layer, int64_t first, int64_t count) {
  Linear part = layer;
  part.output += first * layer.output_stride;
  if (part.residual) part.residual += first * layer.residual_stride;
  if (part.pre_activation) part.pre_activation += first * layer.pre_activation_stride;
  part.rows = count;
  return part;
}

template <typename Product = FloatProduct>
void cut(Linear& layer) {
  const int64_t stretches = divide_up(layer.inputs, stretch_bytes / float_bytes / panel_width);
  layer.stretch = larger(1, divide_up(layer.inputs, larger(1, stretches)));
  layer.stretch = divide_up(layer.stretch, Product::whole_steps) * Product::whole_steps;

  // Equal blocks of rows, as large as the second level lets them be.
  const int64_t fitting = larger(4, block_bytes / float_bytes / layer.stretch / Product::most_rows);
  const int64_t blocks = divide_up(layer.rows, smaller(fitting, most_strips) * Product::most_rows);
  layer.rows_per_tile = divide_up(layer.rows, blocks);
  if (blocks > 1)
    layer.rows_per_tile = divide_up(layer.rows_per_tile, Product::most_rows) * Product::most_rows;

  // A hundred tiles, none so small that handing it out costs, none so large that its sums leave the second
  // level. A few rows wait for the panels and cost as much as eight.
  const int64_t panel_cost = larger(8, layer.rows_per_tile) * larger(1, layer.inputs) * panel_width;
  const int64_t wanted = larger(128 * 1024, blocks * layer.panels * panel_cost / 100);
  const int64_t most_panels = sums_bytes / float_bytes / (layer.rows_per_tile * panel_width);
  layer.panels_per_tile = larger(1, smaller(smaller(layer.panels, most_panels), wanted / panel_cost));
  const int64_t at_once = Product::at_once(layer.rows_per_tile);
  layer.panels_per_tile = divide_up(layer.panels_per_tile, at_once) * at_once;
}

void finish_pre_activation(const Linear& layer, int64_t row, int64_t rows, int64_t panel, const float* sums) {
  for (int32_t v = 0; v < panel_vectors; v++) {
    const int64_t column = panel * panel_width + v * Vector::lanes;
    const int64_t lanes = smaller(Vector::lanes, layer.outputs - column);
    if (lanes <= 0) return;
    const Vector bias = layer.bias ? load_partial(layer.bias + column, lanes) : zero();
    float* output = layer.pre_activation + row * layer.pre_activation_stride + column;
    for (int64_t r = 0; r < rows; r++) {
      const Vector x = load(sums + r * panel_width + v * Vector::lanes) + bias;
      if (lanes == Vector::lanes) {
        store(output + r * layer.pre_activation_stride, x);
      } else {
        store_partial(output + r * layer.pre_activation_stride, x, lanes);
      }
    }
  }
}

// Turns the sums of one panel and some rows into output.
template <Activation activation>
void finish(const Linear& layer, int64_t row, int64_t rows, int64_t panel, const float* sums) {
  if (layer.pre_activation) finish_pre_activation(layer, row, rows, panel, sums);
  for (int32_t v = 0; v < panel_vectors; v++) {
    const int64_t column = panel * panel_width + v * Vector::lanes;
    const int64_t lanes = smaller(Vector::lanes, layer.outputs - column);
    if (lanes <= 0) return;
    const Vector bias = layer.bias ? load_partial(layer.bias + column, lanes) : zero();
    const float* sum = sums + v * Vector::lanes;
    float* output = layer.output + row * layer.output_stride + column;
    const float* residual = layer.residual ? layer.residual + row * layer.residual_stride + column : nullptr;
    if (lanes == Vector::lanes) {
      for (int64_t r = 0; r < rows; r++) {
        Vector x = activate<activation>(load(sum + r * panel_width) + bias);
        if (residual) x = x + load(residual + r * layer.residual_stride);
        store(output + r * layer.output_stride, x);
      }
    } else {
      for (int64_t r = 0; r < rows; r++) {
        Vector x = activate<activation>(load(sum + r * panel_width) + bias);
        if (residual) x = x + load_partial(residual + r * layer.residual_stride, lanes);
        store_partial(output + r * layer.output_stride, x, lanes);
      }
    }
  }
}

// A strip of rows reads its share of the panels that come next into the first level.
LIKEWISE_INLINE void prefetch_share(const float* next, int64_t floats, int64_t share, int64_t shares) {
  const int64_t lines = floats * float_bytes / line_bytes;
  const char* bytes = reinterpret_cast<const char*>(next);
  for (int64_t i = lines * share / shares; i < lines * (share + 1) / shares; i++) {
    _mm_prefetch(bytes + i * line_bytes, _MM_HINT_T0);
  }
}

// A strip is finished as soon as its sums are complete, while they are near and so that the stores drain behind
// the next strip.
template <Activation activation, typename Product>
void run_panels(const Linear& layer, Strip strip, int64_t row, int64_t rows, int64_t panel, int64_t panels,
                const float* next, bool last) {
  const int64_t strips = divide_up(rows, Product::most_rows);
  for (int64_t s = 0; s < strips; s++) {
    const int64_t count = Product::share(rows, strips, s);
    if (next && strips >= 4) prefetch_share(next, strip.depth * panel_width, s, strips);
    Product::multiply(strip, count, panels, Product::few_rows == 0 && strips < 4 && s == 0);
    for (int64_t p = 0; last && p < panels; p++) {
      finish<activation>(layer, row, count, panel + p, strip.sums + p * strip.panel_sums);
    }
    row += count;
    strip.a += count * strip.stride;
    strip.sums += count * panel_width;
  }
}

// Few rows: memory decides. Each panel is read once, in order, in pieces that all strips use while they are near.
template <Activation activation, typename Product>
void run_few_rows(const Linear& layer, int64_t row, int64_t rows, int64_t panel, int64_t panels,
                  float* sums) {
  const int64_t strips = divide_up(rows, Product::most_rows);
  Strip strip = {};
  strip.stride = layer.input_stride;
  for (int64_t p = panel; p < panel + panels; p++) {
    for (int64_t k = 0; k < layer.inputs; k += piece) {
      strip.a = layer.input + row * layer.input_stride + k;
      strip.panel = layer.packed + (p * layer.inputs + k) * panel_width;
      strip.depth = smaller(piece, layer.inputs - k);
      strip.add = k > 0;
      strip.sums = sums;
      for (int64_t s = 0; s < strips; s++) {
        const int64_t count = Product::share(rows, strips, s);
        Product::multiply(strip, count, 1, s == 0);
        strip.a += count * strip.stride;
        strip.sums += count * panel_width;
      }
    }
    finish<activation>(layer, row, rows, p, sums);
  }
}

template <Activation activation, typename Product>
void run_tile(const Linear& layer, int64_t row, int64_t rows, int64_t panel, int64_t panels, float* sums) {
  if (Product::at_once(rows) == 1 && rows <= Product::few_rows && layer.inputs > 0) {
    return run_few_rows<activation, Product>(layer, row, rows, panel, panels, sums);
  }
  Strip strip = {};
  strip.stride = layer.input_stride;
  strip.panel_stride = layer.inputs * panel_width;
  strip.panel_sums = Product::whole_rows(rows) * panel_width;
  for (int64_t k = 0; k < layer.inputs || k == 0; k += layer.stretch) {
    strip.a = layer.input + row * layer.input_stride + k;
    strip.depth = smaller(layer.stretch, layer.inputs - k);
    strip.add = k > 0;
    const bool last = k + strip.depth >= layer.inputs;
    const int64_t at_once = Product::at_once(rows);
    for (int64_t p = 0; p < panels;) {
      const int64_t count = p + at_once <= panels ? at_once : 1;
      strip.panel = layer.packed + (panel + p) * strip.panel_stride + k * panel_width;
      strip.sums = layer.stretch < layer.inputs ? sums + p * strip.panel_sums : sums;
      const float* next = p + 1 < panels ? strip.panel + strip.panel_stride : nullptr;
      run_panels<activation, Product>(layer, strip, row, rows, panel + p, count, next, last);
      p += count;
    }
  }
}

// Of the buffer that every participant works with.
template <typename Product = FloatProduct>
int64_t sums_floats(const Linear& layer) {
  const int64_t waiting =
      layer.stretch < layer.inputs ? layer.panels_per_tile : Product::at_once(layer.rows_per_tile);
  return Product::whole_rows(layer.rows_per_tile) * waiting * panel_width;
}

// sums_of(participant): that participant's buffer, or null when there is none. False: there was none.
template <Activation activation, typename Product = FloatProduct, typename SumsOf>
bool run_linear(Workers& workers, const Linear& layer, SumsOf sums_of) {
  const int64_t row_blocks = divide_up(layer.rows, layer.rows_per_tile);
  const int64_t groups = divide_up(layer.panels, layer.panels_per_tile);
  bool exhausted = false;
  auto tile = [&](int64_t index, int32_t participant) {
    float* sums = sums_of(participant);
    if (sums == nullptr) {
      __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
      return;
    }
    [[maybe_unused]] typename Product::Session session;
    const int64_t row = index / groups * layer.rows_per_tile;
    const int64_t panel = index % groups * layer.panels_per_tile;
    run_tile<activation, Product>(layer, row, smaller(layer.rows_per_tile, layer.rows - row), panel,
                                  smaller(layer.panels_per_tile, layer.panels - panel), sums);
  };
  for_each_tile(workers, row_blocks * groups, tile);
  return !exhausted;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
