// output = (input - mean) * weight^T over packed panels, scaled to unit length when asked for.
//
// A tile is a block of rows: the mean is taken off into scratch memory, the block runs through the panels
// (panel_product.h), and its rows are scaled while they are near. Every sum is one chain over k in order.
#include "../packing/panel_product.h"
#include "../rows/row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = strip_rows * (Vector::lanes == 8 ? 8 : 4);
constexpr int64_t stretch = 384;  // of k: a piece of a panel that stays in the first cache level

struct Whitening {
  TensorView input, output;
  const float* mean;
  const float* packed;
  int64_t inputs, outputs, panels;
  bool normalize;
  float epsilon;
};

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// The sums of one panel over `rows` centred rows.
void multiply_panel(const Whitening& w, const float* centered, int64_t rows, int64_t panel, float* sums) {
  for (int64_t k = 0; k < w.inputs || k == 0; k += stretch) {
    Strip strip = {};
    strip.stride = w.inputs;
    strip.panel = w.packed + (panel * w.inputs + k) * panel_width;
    strip.depth = smaller(stretch, w.inputs - k);
    strip.add = k > 0;
    for (int64_t r = 0; r < rows; r += strip_rows) {
      strip.a = centered + r * w.inputs + k;
      strip.sums = sums + r * panel_width;
      one_panel<false>[smaller(strip_rows, rows - r)](strip);
    }
  }
}

void scale_row(float* y, int64_t width, float epsilon) {
  const float squares = sum_over(width, [y](int64_t j, int64_t n) {
    const Vector value = load_first(y + j, n);
    return value * value;
  });
  const Vector norm = maximum(broadcast(epsilon), sqrt(broadcast(squares)));  // NaN stays
  for_each_vector(width, [=](int64_t j, int64_t n) { store_first(y + j, load_first(y + j, n) / norm, n); });
}

// memory: [rows, inputs] centred rows, then [rows, panel_width] sums
void whiten_rows(const Whitening& w, int64_t first, int64_t rows, float* memory) {
  for (int64_t r = 0; r < rows; r++) {
    const float* x = row_of(w.input, first + r);
    float* centered = memory + r * w.inputs;
    for_each_vector(w.inputs, [&w, x, centered](int64_t j, int64_t n) {
      store_first(centered + j, load_first(x + j, n) - load_first(w.mean + j, n), n);
    });
  }
  float* sums = memory + rows * w.inputs;
  for (int64_t p = 0; p < w.panels; p++) {
    multiply_panel(w, memory, rows, p, sums);
    const int64_t columns = smaller(panel_width, w.outputs - p * panel_width);
    for (int64_t r = 0; r < rows; r++) {
      float* y = row_of(w.output, first + r) + p * panel_width;
      const float* sum = sums + r * panel_width;
      for_each_vector(columns, [y, sum](int64_t j, int64_t n) { store_first(y + j, load(sum + j), n); });
    }
  }
  for (int64_t r = 0; w.normalize && r < rows; r++) {
    scale_row(row_of(w.output, first + r), w.outputs, w.epsilon);
  }
}

Status whiten(const OpCall& call) {
  using namespace whiten_op;
  const TensorView& panels = call.inputs[packed];
  Whitening w = {};
  w.input = call.inputs[input];
  w.output = call.outputs[output];
  w.mean = vector_of(call.inputs[mean]);
  w.packed = vector_of(panels);
  w.inputs = w.input.shape[1];
  w.outputs = w.output.shape[1];
  w.panels = panels.shape[0];
  w.normalize = call.parameters[normalize] == 1;
  w.epsilon = static_cast<float>(call.parameters[epsilon]);
  if (panels.shape[2] != panel_width) {
    return fail(call, Status::invalid_value, "expected panels of width %d but received %lld",
                static_cast<int>(panel_width), static_cast<long long>(panels.shape[2]));
  }
  const int64_t rows = w.input.shape[0];
  Workers& workers = *call.workers;
  bool exhausted = false;
  auto tile = [&](int64_t index, int32_t participant) {
    const int64_t count = smaller(tile_rows, rows - index * tile_rows);
    const int64_t floats = count * (w.inputs + panel_width);
    void* memory = workers.scratch(workers, participant, static_cast<size_t>(floats) * sizeof(float));
    if (memory == nullptr) {
      __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
      return;
    }
    whiten_rows(w, index * tile_rows, count, static_cast<float*>(memory));
  };
  for_each_tile(workers, rows / tile_rows + (rows % tile_rows != 0), tile);
  return exhausted ? fail(call, Status::out_of_memory, "no memory for a tile of rows") : Status::ok;
}

}  // namespace

void register_whiten(Backend& backend) { backend[OpId::whiten].float32 = whiten; }

}  // namespace likewise::LIKEWISE_ISA
