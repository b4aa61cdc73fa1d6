// sum[j] += sum_t (rows[t][j] - shift[j]),  products[i][j] += the same of products of two columns, j >= i.
//
// Rows are taken in blocks. A block is packed twice with the shift taken off: in panels, as linear's weights, and
// in strips of as many columns as a register tile has rows. A tile of work is a few panels of columns j and some
// strips of columns i, none below the diagonal. Products of a stretch of rows are summed in registers in the rows' own type and then
// added to the float64 sums, so float32 never sums more than a stretch and its error does not grow with the rows.
#include "../../simd/vector_double.h"
#include "../packing/panel_product.h"
#include "../tables/register.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t stretch_rows = 256;  // a panel of them shares the first cache level with a strip
constexpr int64_t block_rows = 512;
constexpr int64_t packing_rows = 32;
constexpr int64_t panels_per_tile = 3;
constexpr int64_t strips_per_tile = 32;
constexpr int64_t chunk_columns = Vector::lanes == 8 ? 48 : 224;  // whole panels and whole strips
static_assert(chunk_columns % panel_width == 0 && chunk_columns % strip_rows == 0);

template <typename Number>
struct VectorOf;
template <>
struct VectorOf<float> {
  using Type = Vector;
};
template <>
struct VectorOf<double> {
  using Type = DoubleVector;
};
template <typename Number>
using Lanes = typename VectorOf<Number>::Type;
template <typename Number>
constexpr int32_t width_of = panel_vectors * Lanes<Number>::lanes;  // of a panel

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <typename Number>
struct Block {
  const Number* input;
  int64_t stride;
  int64_t rows;
  int64_t width;
  const Number* shift;
  Number* panels;  // [panels][rows][width_of]
  Number* strips;  // [strips][rows][strip_rows]
  double* sum;
  double* products;
  int64_t products_stride;
};

// The chunk's columns of one row with the shift taken off. The result is 0 when all are finite, else NaN.
template <typename Number>
LIKEWISE_INLINE Number center_chunk(const Number* row, const Number* shift, int64_t columns, Number* chunk) {
  using Register = Lanes<Number>;
  const Register nothing = broadcast(Number(0));
  Register check = nothing;
  for (int64_t j = 0; j < chunk_columns; j += Register::lanes) {
    const int64_t n = columns - j < 0 ? 0 : smaller(columns - j, Register::lanes);
    const Register x = n == Register::lanes ? load(row + j) - load(shift + j)
                       : n == 0             ? nothing
                                            : load_partial(row + j, n) - load_partial(shift + j, n);
    store(chunk + j, x);
    check = fma(x, nothing, check);
  }
  return reduce_add(check);
}

// Packs some rows of a block. The first column of the first row that is not finite, or -1.
template <typename Number>
int64_t pack(const Block<Number>& block, int64_t first, int64_t rows, int64_t& bad_row) {
  constexpr int64_t width = width_of<Number>;
  alignas(64) Number chunk[chunk_columns];
  for (int64_t r = first; r < first + rows; r++) {
    const Number* row = block.input + r * block.stride;
    for (int64_t c = 0; c < block.width; c += chunk_columns) {
      const int64_t columns = smaller(chunk_columns, block.width - c);
      if (center_chunk(row + c, block.shift + c, columns, chunk) != 0) {
        int64_t j = 0;
        while (chunk[j] * 0 == 0) j++;
        bad_row = r;
        return c + j;
      }
      for (int64_t j = 0; j < columns; j += width) {
        Number* panel = block.panels + ((c + j) / width * block.rows + r) * width;
        for (int64_t i = 0; i < width; i += Lanes<Number>::lanes) store(panel + i, load(chunk + j + i));
      }
      for (int64_t j = 0; j < columns; j += strip_rows) {
        Number* strip = block.strips + ((c + j) / strip_rows * block.rows + r) * strip_rows;
        for (int32_t i = 0; i < strip_rows; i++) strip[i] = chunk[j + i];
      }
    }
  }
  return -1;
}

LIKEWISE_INLINE void add_widened(double* destination, Vector x) {
  constexpr int32_t half = DoubleVector::lanes;
  store(destination, load(destination) + low_double(x));
  store(destination + half, load(destination + half) + high_double(x));
}
LIKEWISE_INLINE void add_widened(double* destination, DoubleVector x) {
  store(destination, load(destination) + x);
}

// The float64 sums of a tile lie in the last level: they come while its products are computed.
template <int64_t width>
LIKEWISE_INLINE void prefetch_tile(const double* products, int64_t stride) {
  constexpr int64_t line = 8;  // doubles
  for (int32_t r = 0; r < strip_rows; r++) {
    for (int64_t c = 0; c < width; c += line) __builtin_prefetch(products + r * stride + c, 1);
  }
}

// products[i .. i + strip_rows - 1][j .. j + width - 1] += strip^T panel over a stretch of rows.
template <typename Number>
void multiply_columns(const Block<Number>& block, const Number* strip, const Number* panel, int64_t depth,
                      int64_t i, int64_t j) {
  using Register = Lanes<Number>;
  constexpr int64_t width = width_of<Number>;
  double* products = block.products + i * block.products_stride + j;
  prefetch_tile<width>(products, block.products_stride);
  Register sums[strip_rows][panel_vectors];
#pragma GCC unroll 16
  for (int32_t r = 0; r < strip_rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) sums[r][v] = broadcast(Number(0));
  }
  for (int64_t k = 0; k < depth; k++) {
    Register columns[panel_vectors];
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) columns[v] = load(panel + v * Register::lanes);
#pragma GCC unroll 16
    for (int32_t r = 0; r < strip_rows; r++) {
      const Register element = broadcast(strip[r]);
#pragma GCC unroll 2
      for (int32_t v = 0; v < panel_vectors; v++) sums[r][v] = fma(element, columns[v], sums[r][v]);
    }
    strip += strip_rows;
    panel += width;
  }
  if (i + strip_rows - 1 <= j && j + width <= block.width) {
#pragma GCC unroll 16
    for (int32_t r = 0; r < strip_rows; r++) {
      double* row = products + r * block.products_stride;
#pragma GCC unroll 2
      for (int32_t v = 0; v < panel_vectors; v++) add_widened(row + v * Register::lanes, sums[r][v]);
    }
    return;
  }
  alignas(64) Number tile[strip_rows * width];  // crosses the diagonal or the last column
#pragma GCC unroll 16
  for (int32_t r = 0; r < strip_rows; r++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) store(tile + r * width + v * Register::lanes, sums[r][v]);
  }
  for (int64_t r = 0; r < smaller(strip_rows, block.width - i); r++) {
    for (int64_t c = 0; c < smaller(width, block.width - j); c++) {
      if (j + c >= i + r) products[r * block.products_stride + c] += double(tile[r * width + c]);
    }
  }
}

// The products of a group of panels with a group of strips, which stays in the second level for all of them.
template <typename Number>
void add_products(const Block<Number>& block, int64_t first_panel, int64_t first_strip) {
  constexpr int64_t width = width_of<Number>;
  const int64_t panels = smaller(first_panel + panels_per_tile, divide_up(block.width, width));
  for (int64_t k = 0; k < block.rows; k += stretch_rows) {
    const int64_t depth = smaller(stretch_rows, block.rows - k);
    for (int64_t panel = first_panel; panel < panels; panel++) {
      const Number* columns = block.panels + (panel * block.rows + k) * width;
      const int64_t last = smaller((panel + 1) * width, block.width) - 1;
      const int64_t strips = smaller(first_strip + strips_per_tile, last / strip_rows + 1);
      for (int64_t s = first_strip; s < strips; s++) {
        const Number* strip = block.strips + (s * block.rows + k) * strip_rows;
        multiply_columns(block, strip, columns, depth, s * strip_rows, panel * width);
      }
    }
  }
}

template <typename Number>
void add_sums(const Block<Number>& block, int64_t panel) {
  using Register = Lanes<Number>;
  constexpr int64_t width = width_of<Number>;
  const int64_t j = panel * width;
  const Number* columns = block.panels + panel * block.rows * width;
  alignas(64) double sums[width] = {};
  for (int64_t k = 0; k < block.rows; k++) {
#pragma GCC unroll 2
    for (int32_t v = 0; v < panel_vectors; v++) {
      add_widened(sums + v * Register::lanes, load(columns + k * width + v * Register::lanes));
    }
  }
  for (int64_t c = 0; c < smaller(width, block.width - j); c++) block.sum[j + c] += sums[c];
}

// Packs a block and adds it; fails at the first row that is not finite.
template <typename Number>
Status add_block(const OpCall& call, const Block<Number>& block, int64_t first) {
  Workers& workers = *call.workers;
  const int64_t parts = divide_up(block.rows, packing_rows);
  int64_t bad_row[block_rows / packing_rows], bad_column[block_rows / packing_rows];
  auto pack_part = [&](int64_t part, int32_t) {
    const int64_t start = part * packing_rows;
    bad_column[part] = pack(block, start, smaller(packing_rows, block.rows - start), bad_row[part]);
  };
  for_each_tile(workers, parts, pack_part);
  for (int64_t part = 0; part < parts; part++) {
    if (bad_column[part] < 0) continue;
    const int64_t row = first + bad_row[part];
    return fail(call, Status::invalid_value,
                "[covariance] expected finite rows but row %lld is not, in column %lld",
                static_cast<long long>(row), static_cast<long long>(bad_column[part]));
  }
  const int64_t panels = divide_up(block.width, width_of<Number>);
  const int64_t across = divide_up(panels, panels_per_tile);
  const int64_t down = divide_up(divide_up(block.width, strip_rows), strips_per_tile);
  auto add = [&](int64_t index, int32_t) {
    const int64_t panel = index / down * panels_per_tile;
    const int64_t strip = index % down * strips_per_tile;
    if (strip == 0) {
      for (int64_t p = panel; p < smaller(panel + panels_per_tile, panels); p++) add_sums(block, p);
    }
    add_products(block, panel, strip);
  };
  for_each_tile(workers, across * down, add);
  return Status::ok;
}

template <typename Number>
Status covariance(const OpCall& call) {
  using namespace covariance_op;
  const TensorView& in = call.inputs[rows];
  const int64_t width = in.shape[1];
  if (width == 0) return Status::ok;
  const int64_t most = smaller(block_rows, in.shape[0]);
  const int64_t panel_numbers = divide_up(width, width_of<Number>) * width_of<Number> * most;
  const int64_t strip_numbers = divide_up(width, strip_rows) * strip_rows * most;
  // Of this thread alone: no tile asks for scratch memory.
  void* memory = call.workers->scratch(*call.workers, 0,
                                       static_cast<size_t>(panel_numbers + strip_numbers) * sizeof(Number));
  if (memory == nullptr) return fail(call, Status::out_of_memory, "no memory for a block of rows");
  Block<Number> block = {};
  block.stride = in.row_stride;
  block.width = width;
  block.shift = static_cast<const Number*>(call.inputs[shift].data);
  block.panels = static_cast<Number*>(memory);
  block.strips = block.panels + panel_numbers;
  block.sum = static_cast<double*>(call.outputs[sum].data);
  block.products = static_cast<double*>(call.outputs[products].data);
  block.products_stride = call.outputs[products].row_stride;
  for (int64_t t = 0; t < in.shape[0]; t += block_rows) {
    block.input = static_cast<const Number*>(in.data) + t * in.row_stride;
    block.rows = smaller(block_rows, in.shape[0] - t);
    const int64_t start = static_cast<int64_t>(call.parameters[first]) + t;
    const Status status = add_block(call, block, start);
    if (status != Status::ok) return status;
  }
  return Status::ok;
}

}  // namespace

void register_covariance(Backend& backend) {
  backend[OpId::covariance] = {covariance<float>, covariance<double>};
}

}  // namespace likewise::LIKEWISE_ISA
