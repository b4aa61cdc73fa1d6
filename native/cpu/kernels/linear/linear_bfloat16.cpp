// linear_bfloat16 and its packing where no instruction multiplies in bfloat16: emulated.
//
// Products of two bfloat16 numbers are exact in float32, so a linear layer in float32 over rounded rows and widened panels
// is the thing itself. A chunk of rows is rounded into scratch memory, then a group of panels at a time is widened beside
// it and multiplied by linear_product.h: no faster than float32, for those who want to see what bfloat16 computes on a CPU
// without it. Each sum is linear's chain over k, whatever the number of rows.
#include "../../simd/bfloat16.h"
#include "../packing/pack_panels.h"
#include "../rows/row_steps.h"
#include "linear_product.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t chunk_floats = 512 * 1024;  // of rounded rows at a time, and of widened panels
constexpr int64_t tile_floats = 8 * 1024;     // that one tile rounds

// What all participants share; floats, each part a whole number of cache lines.
struct Scratch {
  int64_t rows, panels;  // in a chunk and in a group
  int64_t rounded, widened, sums;

  explicit Scratch(const Linear& layer)
      : rows(smaller(layer.rows, larger(strip_rows, chunk_floats / larger(1, layer.inputs)))),
        panels(smaller(layer.panels, larger(1, chunk_floats / larger(1, layer.inputs * panel_width)))),
        rounded(whole_lines(rows * layer.inputs)),
        widened(whole_lines(panels * layer.inputs * panel_width)),
        sums(whole_lines(most_sums(layer))) {}

  static int64_t whole_lines(int64_t floats) { return divide_up(floats, 16) * 16; }

  // Of any part of the layer that part_of makes.
  int64_t most_sums(const Linear& layer) const {
    const int64_t counts[] = {rows, layer.rows % rows}, widths[] = {panels, layer.panels % panels};
    int64_t most = 0;
    for (const int64_t count : counts) {
      for (const int64_t width : widths) {
        if (count == 0 || width == 0) continue;
        Linear part = layer;
        part.rows = count;
        part.panels = width;
        cut(part);
        most = larger(most, sums_floats(part));
      }
    }
    return most;
  }
};

void round_rows(Workers& workers, const Linear& layer, int64_t first, int64_t count, float* rounded) {
  const int64_t tile_rows = larger(1, tile_floats / larger(1, layer.inputs));
  for_each_row(workers, count, tile_rows, [&layer, first, rounded](int64_t i) {
    const float* row = layer.input + (first + i) * layer.input_stride;
    for_each_vector(layer.inputs, [&](int64_t k, int64_t n) {
      store_first(rounded + i * layer.inputs + k, round_to_bfloat16(load_first(row + k, n)), n);
    });
  });
}

// packed bfloat16 [panels, depth, width] -> float32 [panels, inputs, width]
void widen_panels(Workers& workers, const uint16_t* packed, int64_t depth, int64_t inputs, int64_t count,
                  float* widened) {
  for_each_row(workers, count, 1, [=](int64_t p) {
    const uint16_t* from = packed + p * depth * panel_width;
    float* to = widened + p * inputs * panel_width;
    for (int64_t i = 0; i < inputs * panel_width; i += lanes) store(to + i, load_bfloat16(from + i));
  });
}

// A chunk of rows with a group of panels, without its factors.
Linear part_of(const Linear& layer, int64_t row, int64_t rows, int64_t panel, int64_t panels) {
  const int64_t column = panel * panel_width;
  Linear part = layer;
  part.output += row * layer.output_stride + column;
  if (part.bias) part.bias += column;
  if (part.residual) part.residual += row * layer.residual_stride + column;
  if (part.pre_activation) part.pre_activation += row * layer.pre_activation_stride + column;
  part.input_stride = layer.inputs;
  part.rows = rows;
  part.outputs = smaller(layer.outputs - column, panels * panel_width);
  part.panels = panels;
  cut(part);
  return part;
}

template <Activation activation>
Status run(const OpCall& call, const Linear& layer) {
  Workers& workers = *call.workers;
  const TensorView& packed = call.inputs[linear_bfloat16_op::packed];
  const int64_t depth = packed.shape[1];
  const Scratch scratch(layer);
  const int64_t floats = scratch.rounded + scratch.widened + workers.count * scratch.sums;
  float* memory =
      static_cast<float*>(workers.scratch(workers, 0, static_cast<size_t>(floats) * sizeof(float)));
  if (memory == nullptr) return fail(call, Status::out_of_memory, "no memory for rounded rows");
  float* widened = memory + scratch.rounded;
  const auto sums_of = [widened, &scratch](int32_t participant) {
    return widened + scratch.widened + participant * scratch.sums;
  };
  for (int64_t row = 0; row < layer.rows; row += scratch.rows) {
    const int64_t rows = smaller(scratch.rows, layer.rows - row);
    round_rows(workers, layer, row, rows, memory);
    for (int64_t panel = 0; panel < layer.panels; panel += scratch.panels) {
      const int64_t panels = smaller(scratch.panels, layer.panels - panel);
      widen_panels(workers, static_cast<const uint16_t*>(packed.data) + panel * depth * panel_width, depth,
                   layer.inputs, panels, widened);
      Linear part = part_of(layer, row, rows, panel, panels);
      part.input = memory;
      part.packed = widened;
      run_linear<activation>(workers, part, sums_of);
    }
  }
  return Status::ok;
}

Status linear_bfloat16(const OpCall& call) {
  const TensorView& packed = call.inputs[linear_bfloat16_op::packed];
  const Linear layer = linear_of(call);
  if (packed.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(packed.shape[2]));
  }
  if (layer.rows == 0 || layer.outputs == 0) return Status::ok;
  switch (static_cast<Activation>(static_cast<int32_t>(call.parameters[linear_bfloat16_op::activation]))) {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) \
  case Activation::name: return run<Activation::name>(call, layer);
#include "../../../ops.def"
#undef ACTIVATION
#undef OP
  }
  return fail(call, Status::invalid_value, "unknown activation %g",
              call.parameters[linear_bfloat16_op::activation]);
}

// Each panel in float32 first, as pack_weight has it, then rounded; zeros down to its depth.
Status pack_weight_bfloat16(const OpCall& call) {
  using namespace pack_weight_bfloat16_op;
  const TensorView& from = call.inputs[weight];
  const TensorView& panels = call.outputs[packed];
  const PanelSource source = {vector_of(from), from.row_stride, from.shape[0], from.shape[1]};
  const bool turned = call.parameters[transposed] == 1;
  const int64_t inputs = turned ? from.shape[0] : from.shape[1];
  const int64_t depth = panels.shape[1], width = panels.shape[2];
  if (width != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(width));
  }
  Workers& workers = *call.workers;
  bool exhausted = false;
  auto tile = [&](int64_t panel, int32_t participant) {
    const size_t bytes = static_cast<size_t>(larger(1, inputs) * width) * sizeof(float);
    float* floats = static_cast<float*>(workers.scratch(workers, participant, bytes));
    if (floats == nullptr) {
      __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
      return;
    }
    if (turned) {
      pack_columns(source, panel * width, width, floats);
    } else {
      pack_rows(source, panel * width, width, floats);
    }
    uint16_t* to = static_cast<uint16_t*>(panels.data) + panel * depth * width;
    for (int64_t i = 0; i < inputs * width; i += lanes) {
      store_bfloat16(to + i, round_to_bfloat16(load(floats + i)));
    }
    for (int64_t i = inputs * width; i < depth * width; i++) to[i] = 0;
  };
  for_each_tile(workers, panels.shape[0], tile);
  return exhausted ? fail(call, Status::out_of_memory, "no memory for a panel") : Status::ok;
}

}  // namespace

void register_linear_bfloat16(Backend& backend) {
  backend[OpId::pack_weight_bfloat16].float32 = pack_weight_bfloat16;
  backend[OpId::linear_bfloat16].float32 = linear_bfloat16;
}

}  // namespace likewise::LIKEWISE_ISA
