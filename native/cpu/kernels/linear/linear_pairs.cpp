// linear_bfloat16 and its packing where an instruction multiplies pairs of bfloat16 (bfloat16_product.h).
//
// A chunk of rows is rounded into scratch memory, each row once, and multiplied by linear_product.h with the packed panels
// as they lie:  packed[p][k / 2][j][k % 2] = weight[p * width + j][k]. Rounded rows are as deep as a panel, with zeros past
// the last input, and read in whole tiles where tiles multiply.
#include "../packing/pair_panels.h"
#include "../rows/row_steps.h"
#include "linear_product.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t chunk_bytes = 2 * 1024 * 1024;  // of rounded rows at a time; in the third cache level
constexpr int64_t tile_floats = 8 * 1024;         // that one tile rounds

// Memory that all participants share, in floats, each part a whole number of cache lines.
struct Scratch {
  int64_t rows;    // of a chunk
  int64_t stride;  // of rounded rows; an odd number of lines, which do not share their places in the cache
  int64_t rounded, sums;

  explicit Scratch(const Linear& layer) : rows(0), stride((layer.inputs / 16 | 1) * 16), rounded(0), sums(0) {
    const int64_t fitting = chunk_bytes / 4 / stride / PairProduct::most_rows;
    rows = smaller(layer.rows, larger(8, fitting) * PairProduct::most_rows);
    rounded = PairProduct::whole_rows(rows) * stride;
    sums = larger(sums_of(layer, rows), sums_of(layer, layer.rows % rows));
  }

  static int64_t sums_of(const Linear& layer, int64_t count) {
    if (count == 0) return 0;
    Linear part = layer;
    part.rows = count;
    cut<PairProduct>(part);
    return divide_up(sums_floats<PairProduct>(part), 16) * 16;
  }
};

template <Activation activation>
Status run(const OpCall& call, const Linear& layer, int64_t inputs) {
  Workers& workers = *call.workers;
  const Scratch scratch(layer);
  const int64_t floats = scratch.rounded + workers.count * scratch.sums;
  float* memory =
      static_cast<float*>(workers.scratch(workers, 0, static_cast<size_t>(floats) * sizeof(float)));
  if (memory == nullptr) return fail(call, Status::out_of_memory, "no memory for rounded rows");
  const auto sums_of = [memory, &scratch](int32_t participant) {
    return memory + scratch.rounded + participant * scratch.sums;
  };
  for (int64_t first = 0; first < layer.rows; first += scratch.rows) {
    const int64_t rows = smaller(scratch.rows, layer.rows - first);
    for_each_row(workers, rows, larger(1, tile_floats / larger(1, inputs)), [&](int64_t i) {
      round_row(layer.input + (first + i) * layer.input_stride, inputs,
                reinterpret_cast<int32_t*>(memory + i * scratch.stride));
    });
    Linear part = rows_of(layer, first, rows);
    part.input = memory;
    part.input_stride = scratch.stride;
    cut<PairProduct>(part);
    run_linear<activation, PairProduct>(workers, part, sums_of);
  }
  return Status::ok;
}

Status linear_bfloat16(const OpCall& call) {
  const TensorView& packed = call.inputs[linear_bfloat16_op::packed];
  Linear layer = linear_of(call);
  if (packed.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(packed.shape[2]));
  }
  if (layer.rows == 0 || layer.outputs == 0) return Status::ok;
  const int64_t inputs = layer.inputs;
  layer.packed = static_cast<const float*>(packed.data);
  layer.inputs = packed.shape[1] / 2;
  switch (static_cast<Activation>(static_cast<int32_t>(call.parameters[linear_bfloat16_op::activation]))) {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) \
  case Activation::name: return run<Activation::name>(call, layer, inputs);
#include "../../../ops.def"
#undef ACTIVATION
#undef OP
  }
  return fail(call, Status::invalid_value, "unknown activation %g",
              call.parameters[linear_bfloat16_op::activation]);
}

Status pack_weight_bfloat16(const OpCall& call) {
  using namespace pack_weight_bfloat16_op;
  const TensorView& from = call.inputs[weight];
  const TensorView& panels = call.outputs[packed];
  const bool turned = call.parameters[transposed] == 1;
  const int64_t steps = panels.shape[1] / 2;
  if (panels.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(panels.shape[2]));
  }
  auto tile = [&](int64_t panel, int32_t) {
    const PanelSource source = {vector_of(from), from.row_stride, from.shape[0], from.shape[1]};
    pack_pair_panel(source, turned, panel * panel_width, steps,
                    static_cast<int32_t*>(panels.data) + panel * steps * panel_width);
  };
  for_each_tile(*call.workers, panels.shape[0], tile);
  return Status::ok;
}

}  // namespace

void register_linear_pairs(Backend& backend) {
  backend[OpId::pack_weight_bfloat16].float32 = pack_weight_bfloat16;
  backend[OpId::linear_bfloat16].float32 = linear_bfloat16;
}

}  // namespace likewise::LIKEWISE_ISA
