// linear_int8 over packed panels, and the packing.
//
// The rows are quantised here, a chunk of them at a time and each once, into the caller's scratch memory; then tiles of
// a block of rows times some panels are multiplied, as in linear_product.h. Quantising where the rows are made, in the
// op before, would save that: one pass over rows that are read anyway, for the largest and then for the rounding. Here it
// keeps every tensor between two ops float32, so that a layer is the same chain of ops in any precision and a row can
// serve several layers.
//
// Where both factors must be int16 (vector_int8.h), a stretch of a panel is widened once for all rows of a block; few
// rows widen as they go and read each panel once, in order: memory decides there, a quarter of linear's.
#include "../packing/block_sizes.h"
#include "../packing/int8_product.h"
#include "../rows/quantize_steps.h"
#include "../tables/register.h"
#include "activate.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t line_bytes = 64;
// Of a panel, as it is multiplied; in the first cache level, of which AMX, whose rows stream, may have more.
constexpr int64_t stretch_bytes = (Int8Product::whole_steps > 1 ? 24 : 16) * 1024;
constexpr int64_t block_bytes = 192 * 1024;                   // of a block's quantised rows; in the second
constexpr int64_t chunk_bytes = 2 * 1024 * 1024;              // of all quantised rows at a time; in the third
constexpr int64_t most_strips = Vector::lanes == 8 ? 16 : 8;  // in a block
constexpr bool widens = sizeof(Quantized) > sizeof(int8_t);
constexpr int64_t few_rows =
    2 * Int8Product::most_rows;  // up to which a panel is not worth widening beforehand

struct Int8Linear {
  const float* input;
  const int8_t* packed;
  const float* scales;
  const float* bias;
  const float* residual;
  float* output;
  int64_t input_stride, residual_stride, output_stride;
  int64_t rows, inputs, outputs, panels;
  int64_t steps;      // of a panel
  int64_t row_steps;  // from one quantised row to the next
  int64_t stretch;    // in steps
  int64_t chunk_rows;
  int64_t rows_per_tile;
  int64_t panels_per_tile;

  size_t chunk_memory() const {
    return static_cast<size_t>(Int8Product::whole_rows(chunk_rows) * row_steps * 4 +
                               chunk_rows * static_cast<int64_t>(sizeof(QuantizedRow)) + line_bytes);
  }
  size_t tile_memory() const {
    return static_cast<size_t>((widens ? stretch * step * panel_width * 2 : 0) +
                               Int8Product::whole_rows(rows_per_tile) * panel_width * 4);
  }
};

// Rows first .. first + count - 1 of the layer, quantised.
struct Chunk {
  int64_t first;
  int64_t count;
  int32_t* values;     // [count][row_steps]
  QuantizedRow* rows;  // [count]
};

void cut(Int8Linear& layer) {
  // An odd number of lines: rows that lie a power of two apart would share the few places of one cache set.
  layer.row_steps = (divide_up(layer.steps * 4, line_bytes) | 1) * line_bytes / 4;
  const int64_t row_bytes = layer.row_steps * 4;
  layer.chunk_rows =
      smaller(layer.rows, larger(most_strips * Int8Product::most_rows, chunk_bytes / row_bytes));
  const int64_t stretches = divide_up(layer.steps * 4 * panel_width, stretch_bytes);
  layer.stretch = larger(1, divide_up(layer.steps, larger(1, stretches)));
  layer.stretch = divide_up(layer.stretch, Int8Product::whole_steps) * Int8Product::whole_steps;

  constexpr int64_t most_rows = Int8Product::most_rows;
  const int64_t fitting = larger(2, block_bytes / row_bytes / most_rows);
  const int64_t blocks = divide_up(layer.chunk_rows, smaller(fitting, most_strips) * most_rows);
  layer.rows_per_tile = divide_up(layer.chunk_rows, blocks);
  if (blocks > 1) layer.rows_per_tile = divide_up(layer.rows_per_tile, most_rows) * most_rows;

  // A hundred tiles, none so small that handing it out costs. A few rows wait for the panels and cost as much as eight.
  const int64_t panel_cost = larger(8, layer.rows_per_tile) * larger(1, layer.inputs) * panel_width;
  const int64_t wanted = larger(256 * 1024, blocks * layer.panels * panel_cost / 100);
  layer.panels_per_tile = larger(1, smaller(layer.panels, wanted / panel_cost));
}

void quantize_chunk(Workers& workers, const Int8Linear& layer, const Chunk& chunk) {
  const int64_t tile_rows = larger(1, 8192 / larger(1, layer.inputs));
  for_each_row(workers, chunk.count, tile_rows, [&layer, &chunk](int64_t i) {
    const float* row = layer.input + (chunk.first + i) * layer.input_stride;
    Quantized* quantized = reinterpret_cast<Quantized*>(chunk.values + i * layer.row_steps);
    chunk.rows[i] = quantize_row(row, layer.inputs, quantized);
    const int64_t written = divide_up(layer.inputs, lanes) * lanes, depth = layer.steps * step;
    // Not element by element: products read these bytes four at a time, as another type.
    __builtin_memset(quantized + written, 0,
                     static_cast<size_t>(larger(0, depth - written)) * sizeof(Quantized));
  });
}

// Turns the sums of one panel and some rows of the chunk into output. Never inlined: one copy for many and for few rows,
// for the compiler may join a product and a sum in one place and not in another.
template <Activation activation>
__attribute__((noinline)) void finish(const Int8Linear& layer, const Chunk& chunk, int64_t row, int64_t count,
                                      int64_t panel, const int32_t* sums) {
  for (int32_t v = 0; v < panel_vectors; v++) {
    const int64_t column = panel * panel_width + v * lanes;
    const int64_t n = smaller(lanes, layer.outputs - column);
    if (n <= 0) return;
    const Vector scale = load_first(layer.scales + column, n);
    const Vector bias = layer.bias ? load_first(layer.bias + column, n) : zero();
    for (int64_t r = 0; r < count; r++) {
      const QuantizedRow& quantized = chunk.rows[row + r];
      IntVector sum = load_int(sums + r * panel_width + v * lanes);
      if constexpr (weight_offset != 0) sum = sum + broadcast_int(quantized.lift);
      Vector x = activate<activation>(fma(to_float(sum), broadcast(quantized.scale) * scale, bias));
      const int64_t place = chunk.first + row + r;
      if (layer.residual) x = x + load_first(layer.residual + place * layer.residual_stride + column, n);
      store_first(layer.output + place * layer.output_stride + column, x, n);
    }
  }
}

// Where a tile works: a stretch of a panel, widened, and the sums of a block with a panel.
struct Workspace {
  int16_t* widened;
  int32_t* sums;

  Workspace(const Int8Linear& layer, void* memory)
      : widened(static_cast<int16_t*>(memory)),
        sums(reinterpret_cast<int32_t*>(widened + (widens ? layer.stretch * step * panel_width : 0))) {}
};

// A block of rows with a stretch of a panel, in strips as equal as can be; finished when it is the last stretch.
template <Activation activation, typename Weight, bool ahead>
void run_strips(const Int8Linear& layer, const Chunk& chunk, int64_t row, int64_t rows, int64_t panel,
                int64_t from, int64_t steps, const Weight* weights, int32_t* sums) {
  const int64_t strips = divide_up(rows, Int8Product::most_rows);
  for (int64_t s = 0; s < strips; s++) {
    const int64_t count = Int8Product::share(rows, strips, s);
    const Int8Strip<Weight> strip = {
        chunk.values + row * layer.row_steps + from, layer.row_steps, weights, steps, from > 0, sums};
    if constexpr (ahead) {
      s == 0 ? Int8Product::multiply<Weight, true>(strip, count)
             : Int8Product::multiply<Weight, false>(strip, count);
    } else {
      Int8Product::multiply<Weight, false>(strip, count);
    }
    if (from + steps == layer.steps) finish<activation>(layer, chunk, row, count, panel, sums);
    row += count;
    sums += count * panel_width;
  }
}

template <Activation activation>
void run_panel(const Int8Linear& layer, const Chunk& chunk, int64_t row, int64_t rows, int64_t panel,
               const Workspace& space) {
  const int8_t* packed = layer.packed + panel * layer.steps * step * panel_width;
  for (int64_t from = 0; from < layer.steps; from += layer.stretch) {
    const int64_t steps = smaller(layer.stretch, layer.steps - from);
    const int8_t* stretch = packed + from * step * panel_width;
    if constexpr (widens) {
      if (rows > few_rows) {
        for (int64_t i = 0; i < steps * step * panel_width; i += 2 * lanes) {
          store_int(reinterpret_cast<int32_t*>(space.widened + i), widen_int8(stretch + i));
        }
        run_strips<activation, int16_t, false>(layer, chunk, row, rows, panel, from, steps, space.widened,
                                               space.sums);
        continue;
      }
    }
    run_strips<activation, int8_t, true>(layer, chunk, row, rows, panel, from, steps, stretch, space.sums);
  }
}

// Nothing to sum: zeros are finished.
template <Activation activation>
void run_empty(const Int8Linear& layer, const Chunk& chunk, int64_t row, int64_t rows, int64_t panel) {
  const int32_t sums[panel_width] = {};
  for (int64_t r = 0; r < rows; r++) finish<activation>(layer, chunk, row + r, 1, panel, sums);
}

// own: the caller's memory for a tile, as it cannot ask for scratch while the chunk lies in it.
template <Activation activation>
bool run_chunk(Workers& workers, const Int8Linear& layer, const Chunk& chunk, void* own) {
  const int64_t groups = divide_up(layer.panels, layer.panels_per_tile);
  bool exhausted = false;
  auto tile = [&](int64_t index, int32_t participant) {
    void* memory = participant == 0 ? own : workers.scratch(workers, participant, layer.tile_memory());
    if (memory == nullptr) {
      __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
      return;
    }
    [[maybe_unused]] Int8Product::Session session;
    const Workspace space(layer, memory);
    const int64_t row = index / groups * layer.rows_per_tile;
    const int64_t rows = smaller(layer.rows_per_tile, chunk.count - row);
    const int64_t first = index % groups * layer.panels_per_tile;
    const int64_t last = smaller(first + layer.panels_per_tile, layer.panels);
    for (int64_t p = first; p < last; p++) {
      layer.steps > 0 ? run_panel<activation>(layer, chunk, row, rows, p, space)
                      : run_empty<activation>(layer, chunk, row, rows, p);
    }
  };
  for_each_tile(workers, divide_up(chunk.count, layer.rows_per_tile) * groups, tile);
  return !exhausted;
}

template <Activation activation>
Status run(const OpCall& call, const Int8Linear& layer) {
  Workers& workers = *call.workers;
  const size_t chunk_memory = (layer.chunk_memory() + line_bytes - 1) / line_bytes * line_bytes;
  char* memory = static_cast<char*>(workers.scratch(workers, 0, chunk_memory + layer.tile_memory()));
  bool done = memory != nullptr;
  for (int64_t first = 0; done && first < layer.rows; first += layer.chunk_rows) {
    Chunk chunk = {first, smaller(layer.chunk_rows, layer.rows - first), nullptr, nullptr};
    chunk.values = reinterpret_cast<int32_t*>(memory);
    const int64_t whole_rows = Int8Product::whole_rows(layer.chunk_rows);
    chunk.rows = reinterpret_cast<QuantizedRow*>(chunk.values + whole_rows * layer.row_steps);
    quantize_chunk(workers, layer, chunk);
    done = run_chunk<activation>(workers, layer, chunk, memory + chunk_memory);
  }
  return done ? Status::ok : fail(call, Status::out_of_memory, "no memory for quantised rows");
}

Status linear_int8(const OpCall& call) {
  using namespace linear_int8_op;
  const TensorView* in = call.inputs;
  const TensorView& out = call.outputs[output];
  const TensorView& panels = in[packed];
  Int8Linear layer = {};
  layer.input = vector_of(in[input]);
  layer.packed = static_cast<const int8_t*>(panels.data);
  layer.scales = vector_of(in[scales]);
  layer.bias = vector_of(in[bias]);
  layer.residual = vector_of(in[residual]);
  layer.output = static_cast<float*>(out.data);
  layer.input_stride = in[input].row_stride;
  layer.residual_stride = in[residual].row_stride;
  layer.output_stride = out.row_stride;
  layer.rows = in[input].shape[0];
  layer.inputs = in[input].shape[1];
  layer.outputs = out.shape[1];
  layer.panels = panels.shape[0];
  layer.steps = panels.shape[1] / step;
  if (panels.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(panels.shape[2]));
  }
  if (layer.rows == 0 || layer.outputs == 0) return Status::ok;
  cut(layer);
  switch (static_cast<Activation>(static_cast<int32_t>(call.parameters[activation]))) {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) \
  case Activation::name: return run<Activation::name>(call, layer);
#include "../../../ops.def"
#undef ACTIVATION
#undef OP
  }
  return fail(call, Status::invalid_value, "unknown activation %g", call.parameters[activation]);
}

// packed[p][k / step][j][k % step] = quantized[p * width + j][k] + weight_offset, k and rows past the last as if zero
Status pack_weight_int8(const OpCall& call) {
  const TensorView& from = call.inputs[pack_weight_int8_op::quantized];  // [outputs, inputs]
  const TensorView& packed = call.outputs[pack_weight_int8_op::packed];  // [panels, depth, width]
  const int64_t depth = packed.shape[1];
  const int64_t width = packed.shape[2];
  auto tile = [&](int64_t panel, int32_t) {
    int8_t* to = static_cast<int8_t*>(packed.data) + panel * depth * width;
    for (int64_t j = 0; j < width; j++) {
      const int64_t row = panel * width + j;
      const int8_t* weight = static_cast<const int8_t*>(from.data) + row * from.row_stride;
      const int64_t known = row < from.shape[0] ? from.shape[1] : 0;
      for (int64_t k = 0; k < depth; k++) {
        const int32_t value = (k < known ? weight[k] : 0) + weight_offset;
        to[(k / step * width + j) * step + k % step] = static_cast<int8_t>(static_cast<uint8_t>(value));
      }
    }
  };
  for_each_tile(*call.workers, packed.shape[0], tile);
  return Status::ok;
}

}  // namespace

void register_linear_int8(Backend& backend) {
  backend[OpId::pack_weight_int8].float32 = pack_weight_int8;
  backend[OpId::linear_int8].float32 = linear_int8;
}

}  // namespace likewise::LIKEWISE_ISA
