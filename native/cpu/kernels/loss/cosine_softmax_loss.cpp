// The cosine-softmax loss and its gradients in memory proportional to the rows (as Cheng et al., "Breaking the Memory
// Barrier", 2024, do on GPUs): similarities are made tile by tile and never kept.
//
// Forward: for each block of columns, packed once, tiles of rows take their dot products and bring the running maximum
// and total of each row up to date; symmetric, each tile also leaves those of its columns alone, which are then merged
// in the order of the tiles. Backward: for each block of rows and columns, the tiles make their similarities again and
// store the derivatives by them in scratch memory, once by row and once by column; two matrix products add them to the
// two gradients. Blocks come in a fixed order and no two tiles write the same place, so results do not depend on
// threads. The dot products are of the raw rows: lengths are divided out of the logits, of the derivatives and, with
// the projection that the derivative of a division by length is, of the gradients. 8 rows columns width operations.
#include "../../../core/data_checks.h"
#include "logit_tile.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t block_rows = 10 * tile_rows;  // with block_columns: what the derivatives take, 2 x 4 MiB
constexpr int64_t block_columns = 4 * tile_columns;
constexpr int64_t row_stride =
    block_columns + 16;  // no power of two, whose rows would share few lines of the cache
constexpr int64_t column_stride = block_rows + 16;
constexpr int64_t own_floats = sums_bytes / float_bytes + 8 * panel_width;  // of each participant
static_assert(own_floats >= tile_panels * panel_sums);

struct Rows {
  const float* data;
  int64_t stride;
  float* gradient;  // null: not wanted
  int64_t gradient_stride;
  int64_t count;
  float* factors;  // [count], 1 / max(length, epsilon)
};

struct Loss {
  Pairs pairs;
  Rows queries, candidates;
  int64_t width;
  float epsilon;
  float* columns;  // [block_columns / panel_width, width, panel_width], candidates to be multiplied by rows
  float* candidate_panels;  // [ceil(width / panel_width), block_columns, panel_width]
  float* query_panels;      // [ceil(width / panel_width), block_rows, panel_width]
  float* by_row;            // [block_rows, row_stride]
  float* by_column;         // [block_columns, column_stride]
  float* partial_maxima;    // [tiles of rows, block_columns]
  float* partial_totals;
  float *group_maxima, *group_totals, *group_counts;  // [rows]
  float* scale_terms;                                 // [rows]
  float* own;                                         // [participants, own_floats]
};

// Lays the arrays out from `memory` on, unless it is null, and returns how many floats they take.
int64_t place(Loss& loss, int32_t participants, float* memory) {
  int64_t used = 0;
  auto array = [&](float*& start, int64_t floats) {
    if (memory) start = memory + used;
    used += divide_up(floats, 16) * 16;
  };
  Pairs& pairs = loss.pairs;
  const int64_t rows = pairs.rows + 8, columns = pairs.columns + panel_width;
  const int64_t panels = divide_up(loss.width, panel_width) * panel_width;
  array(loss.queries.factors, rows);
  array(pairs.row_maxima, rows);
  array(pairs.row_totals, rows);
  array(pairs.row_weights, rows);
  array(pairs.positive_logits, rows);
  array(loss.scale_terms, rows);
  array(loss.candidates.factors, columns);
  array(loss.columns, block_columns * loss.width);
  if (pairs.symmetric) {
    const int64_t partials = divide_up(pairs.rows, tile_rows) * block_columns;
    array(pairs.column_maxima, columns);
    array(pairs.column_totals, columns);
    array(pairs.column_weights, columns);
    array(loss.partial_maxima, partials);
    array(loss.partial_totals, partials);
  }
  if (pairs.groups) {
    array(loss.group_maxima, rows);
    array(loss.group_totals, rows);
    array(loss.group_counts, rows);
  }
  if (loss.queries.gradient) {
    array(loss.candidate_panels, panels * block_columns);
    array(loss.by_row, block_rows * row_stride);
  }
  if (loss.candidates.gradient) {
    array(loss.query_panels, panels * block_rows);
    array(loss.by_column, block_columns * column_stride);
  }
  array(loss.own, participants * own_floats);
  pairs.row_factors = loss.queries.factors;
  pairs.column_factors = loss.candidates.factors;
  return used;
}

void measure_lengths(Workers& workers, const Rows& rows, int64_t width, float epsilon) {
  for_each_row(workers, rows.count, 64, [&rows, width, epsilon](int64_t i) {
    const float* x = rows.data + i * rows.stride;
    const float squares = sum_over(width, [x](int64_t j, int64_t n) {
      const Vector value = load_first(x + j, n);
      return value * value;
    });
    const Vector length = maximum(broadcast(epsilon), sqrt(broadcast(squares)));  // NaN stays
    store_partial(rows.factors + i, broadcast(1.0f) / length, 1);
    if (rows.gradient) {
      float* gradient = rows.gradient + i * rows.gradient_stride;
      for_each_vector(width, [gradient](int64_t j, int64_t n) { store_first(gradient + j, zero(), n); });
    }
  });
}

void pack_block(Workers& workers, const Loss& loss, int64_t column, int64_t columns) {
  const Rows& from = loss.candidates;
  const PanelSource source = {from.data + column * from.stride, from.stride, columns, loss.width};
  auto tile = [&](int64_t panel, int32_t) {
    pack_rows(source, panel * panel_width, panel_width, loss.columns + panel * loss.width * panel_width);
  };
  for_each_tile(workers, divide_up(columns, panel_width), tile);
}

// The logits of one tile; the columns from `column` on are the packed block's.
LogitTile logits_of(const Loss& loss, int64_t row, int64_t rows, int64_t column, int64_t first,
                    int64_t columns, float* values) {
  const LogitTile tile = {row, rows, column + first, columns, values};
  multiply_tile(loss.queries.data + row * loss.queries.stride, loss.queries.stride, loss.width,
                loss.columns + first * loss.width, tile);
  make_logits(loss.pairs, tile);
  return tile;
}

void forward_tile(const Loss& loss, int64_t index, int64_t column, int64_t columns, float* values) {
  const Pairs& pairs = loss.pairs;
  const int64_t row = index * tile_rows;
  const int64_t rows = smaller(tile_rows, pairs.rows - row);
  for (int64_t first = 0; first < columns; first += tile_columns) {
    const int64_t count = smaller(tile_columns, columns - first);
    float* maxima = pairs.symmetric ? loss.partial_maxima + index * block_columns + first : nullptr;
    float* totals = pairs.symmetric ? loss.partial_totals + index * block_columns + first : nullptr;
    if (all_hidden(pairs, row, rows, column + first, count)) {
      if (pairs.symmetric) no_partials(count, maxima, totals);
      continue;
    }
    const LogitTile tile = logits_of(loss, row, rows, column, first, count, values);
    update_rows(pairs, tile);
    if (pairs.symmetric) column_partials(tile, maxima, totals);
  }
}

void forward(Workers& workers, const Loss& loss) {
  const Pairs& pairs = loss.pairs;
  const int64_t row_tiles = divide_up(pairs.rows, tile_rows);
  for (int64_t i = 0; i < pairs.rows; i++) {
    pairs.row_maxima[i] = no_logit;
    pairs.row_totals[i] = 0;
  }
  for (int64_t column = 0; column < pairs.columns; column += block_columns) {
    const int64_t columns = smaller(block_columns, pairs.columns - column);
    pack_block(workers, loss, column, columns);
    auto tile = [&](int64_t index, int32_t participant) {
      forward_tile(loss, index, column, columns, loss.own + participant * own_floats);
    };
    for_each_tile(workers, row_tiles, tile);
    auto merge = [&](int64_t vector, int32_t) {
      const int64_t j = vector * lanes;
      merge_partials(loss.partial_maxima + j, loss.partial_totals + j, row_tiles, block_columns,
                     pairs.column_maxima + column + j, pairs.column_totals + column + j);
    };
    if (pairs.symmetric) for_each_tile(workers, divide_up(columns, lanes), merge);
  }
}

// Rows of one group get the group's maximum and total; row_weights becomes the number of its positives.
void join_groups(const Loss& loss) {
  const Pairs& pairs = loss.pairs;
  for (int64_t g = 0; g < pairs.rows; g++) {
    loss.group_maxima[g] = no_logit;
    loss.group_totals[g] = loss.group_counts[g] = 0;
  }
  for (int64_t i = 0; i < pairs.rows; i++) {
    const int32_t g = pairs.groups[i];
    const float top = loss.group_maxima[g], other = pairs.row_maxima[i];
    const float next = other > top ? other : top;
    loss.group_totals[g] =
        loss.group_totals[g] * exp_of(top - next) + pairs.row_totals[i] * exp_of(other - next);
    loss.group_maxima[g] = next;
    loss.group_counts[g] += pairs.row_weights[i];
  }
  for (int64_t i = 0; i < pairs.rows; i++) {
    const int32_t g = pairs.groups[i];
    pairs.row_maxima[i] = loss.group_maxima[g];
    pairs.row_totals[i] = loss.group_totals[g];
    pairs.row_weights[i] = loss.group_counts[g];
  }
}

// The loss; row_weights and column_weights become the factors of exp(z - maximum) in its derivative.
float finish_forward(const Loss& loss) {
  const Pairs& pairs = loss.pairs;
  const float share = pairs.symmetric ? 0.5f : 1.0f;
  for (int64_t i = 0; i < pairs.rows; i++) pairs.row_weights[i] = pairs.positives[i] >= 0 ? 1.0f : 0.0f;
  if (pairs.groups) join_groups(loss);
  for (int64_t j = 0; pairs.symmetric && j < pairs.columns; j++) pairs.column_weights[j] = 0;
  double sum = 0;
  for (int64_t i = 0; i < pairs.rows; i++) {
    const int32_t positive = pairs.positives[i];
    if (positive < 0) continue;
    double partition = pairs.row_maxima[i] + __builtin_log(static_cast<double>(pairs.row_totals[i]));
    if (pairs.symmetric) {
      pairs.column_weights[positive] += 1;
      const double total = pairs.column_totals[positive];
      partition = (partition + pairs.column_maxima[positive] + __builtin_log(total)) / 2;
    }
    sum += partition - pairs.positive_logits[i];
  }
  auto weigh = [&](float& weight, float total) {  // NaN stays
    weight = total == 0 ? 0 : weight * share * pairs.positive_weight / total;
  };
  for (int64_t i = 0; i < pairs.rows; i++) weigh(pairs.row_weights[i], pairs.row_totals[i]);
  for (int64_t j = 0; pairs.symmetric && j < pairs.columns; j++)
    weigh(pairs.column_weights[j], pairs.column_totals[j]);
  return static_cast<float>(sum * pairs.positive_weight);
}

// rows.gradient += left * (rows of `right`): derivatives [count, depth] times panels of the other side's rows.
void add_product(Workers& workers, const Loss& loss, const float* left, int64_t stride, int64_t count,
                 int64_t depth, const float* panels, const Rows& rows, int64_t first) {
  Linear product = {};
  product.input = left;
  product.input_stride = stride;
  product.packed = panels;
  product.output = rows.gradient + first * rows.gradient_stride;
  product.residual = product.output;
  product.output_stride = product.residual_stride = rows.gradient_stride;
  product.rows = count;
  product.inputs = depth;
  product.outputs = loss.width;
  product.panels = divide_up(loss.width, panel_width);
  cut(product);
  const bool fits = sums_floats(product) <= own_floats;
  run_linear<Activation::identity>(workers, product, [&](int32_t participant) {
    return fits ? loss.own + participant * own_floats : nullptr;
  });
}

void pack_side(Workers& workers, const Loss& loss, const Rows& rows, int64_t first, int64_t count,
               float* panels) {
  const PanelSource source = {rows.data + first * rows.stride, rows.stride, count, loss.width};
  auto tile = [&](int64_t panel, int32_t) {
    pack_columns(source, panel * panel_width, panel_width, panels + panel * count * panel_width);
  };
  for_each_tile(workers, divide_up(loss.width, panel_width), tile);
}

void backward_block(Workers& workers, const Loss& loss, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) {
  const Pairs& pairs = loss.pairs;
  const int64_t groups = divide_up(columns, tile_columns);
  auto tile = [&](int64_t index, int32_t participant) {
    const int64_t r = index / groups * tile_rows, first = index % groups * tile_columns;
    const LogitTile made =
        logits_of(loss, row + r, smaller(tile_rows, rows - r), column, first,
                  smaller(tile_columns, columns - first), loss.own + participant * own_floats);
    pairs.symmetric ? make_gradients<true>(pairs, made) : make_gradients<false>(pairs, made);
    store_gradients(
        pairs, made, loss.queries.gradient ? loss.by_row + r * row_stride + first : nullptr, row_stride,
        loss.candidates.gradient ? loss.by_column + first * column_stride + r : nullptr, column_stride);
  };
  for_each_tile(workers, divide_up(rows, tile_rows) * groups, tile);
  if (loss.queries.gradient) {
    add_product(workers, loss, loss.by_row, row_stride, rows, columns, loss.candidate_panels, loss.queries,
                row);
  }
  if (loss.candidates.gradient) {
    pack_side(workers, loss, loss.queries, row, rows, loss.query_panels);
    add_product(workers, loss, loss.by_column, column_stride, columns, rows, loss.query_panels,
                loss.candidates, column);
  }
}

void backward(Workers& workers, const Loss& loss) {
  const Pairs& pairs = loss.pairs;
  for (int64_t column = 0; column < pairs.columns; column += block_columns) {
    const int64_t columns = smaller(block_columns, pairs.columns - column);
    if (pairs.columns > block_columns) pack_block(workers, loss, column, columns);
    if (loss.queries.gradient)
      pack_side(workers, loss, loss.candidates, column, columns, loss.candidate_panels);
    for (int64_t row = 0; row < pairs.rows; row += block_rows) {
      const int64_t rows = smaller(block_rows, pairs.rows - row);
      if (!all_hidden(pairs, row, rows, column, columns))
        backward_block(workers, loss, row, rows, column, columns);
    }
  }
}

// gradient = scale (g - x / |x| (x / |x| . g)) / |x| for g = sum_j derivative_ij y_j / |y_j|, which was added up;
// below epsilon the length is a constant and nothing is projected out. terms: x / |x| . g
void finish_gradient(Workers& workers, const Loss& loss, const Rows& rows, float* terms) {
  if (rows.gradient == nullptr) return;
  const float limit = 1.0f / loss.epsilon;
  for_each_row(workers, rows.count, 64, [&rows, &loss, limit, terms](int64_t i) {
    const float* x = rows.data + i * rows.stride;
    float* gradient = rows.gradient + i * rows.gradient_stride;
    const float factor = rows.factors[i];
    const float term = factor * sum_over(loss.width, [x, gradient](int64_t j, int64_t n) {
                         return load_first(x + j, n) * load_first(gradient + j, n);
                       });
    const Vector along = broadcast(factor < limit ? term * factor : 0);
    const Vector by = broadcast(loss.pairs.scale * factor);
    for_each_vector(loss.width, [=](int64_t j, int64_t n) {
      store_first(gradient + j, fnma(load_first(x + j, n), along, load_first(gradient + j, n)) * by, n);
    });
    if (terms) terms[i] = term;
  });
}

Loss describe(const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  const TensorView* in = call.inputs;
  const TensorView* out = call.outputs;
  auto ints = [in](int32_t index) { return static_cast<const int32_t*>(in[index].data); };
  auto side = [](const TensorView& input, const TensorView& gradient) {
    return Rows{static_cast<const float*>(input.data),
                input.row_stride,
                static_cast<float*>(gradient.data),
                gradient.row_stride,
                input.shape[0],
                nullptr};
  };
  Loss loss = {};
  loss.queries = side(in[queries], out[query_gradient]);
  loss.candidates = side(in[candidates], out[candidate_gradient]);
  loss.width = in[queries].shape[1];
  loss.epsilon = static_cast<float>(call.parameters[epsilon]);
  Pairs& pairs = loss.pairs;
  pairs.rows = loss.queries.count;
  pairs.columns = loss.candidates.count;
  pairs.positives = ints(positives);
  pairs.excluded = ints(excluded);
  pairs.excluded_stride = in[excluded].row_stride;
  pairs.ranges = in[excluded] ? in[excluded].shape[1] / 2 : 0;
  pairs.query_ids = ints(query_ids);
  pairs.candidate_ids = ints(candidate_ids);
  pairs.weighted = ints(weighted);
  pairs.groups = ints(row_groups);
  const float* learned = static_cast<const float*>(in[learned_scale].data);
  pairs.scale = learned ? *learned : static_cast<float>(call.parameters[scale]);
  pairs.log_weight = static_cast<float>(call.parameters[log_weight]);
  pairs.symmetric = call.parameters[symmetric] == 1;
  int64_t count = 0;
  for (int64_t i = 0; i < pairs.rows; i++) count += pairs.positives[i] >= 0;
  pairs.positive_weight = count == 0 ? 0 : 1 / static_cast<float>(count);
  return loss;
}

Status cosine_softmax_loss(const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  const Status checked = check_cosine_softmax_loss_data(call);
  if (checked != Status::ok) return checked;
  Loss loss = describe(call);
  Workers& workers = *call.workers;
  const int64_t floats = place(loss, workers.count, nullptr);
  // One block for all participants, taken before any tile runs.
  void* memory = workers.scratch(workers, 0, static_cast<size_t>(floats) * sizeof(float));
  if (memory == nullptr) {
    return fail(call, Status::out_of_memory, "[cosineSoftmaxLoss] expected %lld bytes of scratch memory",
                static_cast<long long>(floats) * float_bytes);
  }
  place(loss, workers.count, static_cast<float*>(memory));
  measure_lengths(workers, loss.queries, loss.width, loss.epsilon);
  measure_lengths(workers, loss.candidates, loss.width, loss.epsilon);
  forward(workers, loss);
  *static_cast<float*>(call.outputs[cosine_softmax_loss_op::loss].data) = finish_forward(loss);
  if (loss.pairs.positive_weight != 0) {
    if (loss.queries.gradient || loss.candidates.gradient) backward(workers, loss);
    finish_gradient(workers, loss, loss.queries, loss.scale_terms);
    finish_gradient(workers, loss, loss.candidates, nullptr);
  }
  if (float* gradient = static_cast<float*>(call.outputs[scale_gradient].data)) {
    double sum = 0;
    for (int64_t i = 0; loss.pairs.positive_weight != 0 && i < loss.pairs.rows; i++)
      sum += loss.scale_terms[i];
    *gradient = static_cast<float>(sum);
  }
  return Status::ok;
}

}  // namespace

void register_cosine_softmax_loss(Backend& backend) {
  backend[OpId::cosine_softmax_loss].float32 = cosine_softmax_loss;
}

}  // namespace likewise::LIKEWISE_ISA
