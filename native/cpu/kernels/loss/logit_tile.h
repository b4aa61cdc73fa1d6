// What the cosine-softmax loss does with one tile of pairs, [panels][tile_rows][panel_width]:
//
//   multiply_tile   dot products of rows and packed columns
//   make_logits     z_ij = scale cos(query i, candidate j) (+ log_weight), -infinity where the pair is hidden
//   update_rows     running maximum and sum of exp(z - maximum) of each row
//   column_partials the same of each column, of this tile's rows alone
//   make_gradients  z_ij becomes the loss's derivative by z_ij
//   store_gradients copies them out in rows and in columns
//
// Maxima start at no_logit, which is finite, so that what sees nothing gets the total 0 and never NaN.
#pragma once

#include "../linear/linear_product.h"
#include "../packing/pack_panels.h"
#include "../rows/row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr float no_logit = -0x1p127f;
constexpr int64_t tile_rows = strip_rows * (lanes == 8 ? 16 : 8);  // 96 or 112, multiples of 16
constexpr int64_t panel_sums = tile_rows * panel_width;            // between the values of two panels
constexpr int64_t tile_panels = lanes == 8 ? 16 : 8;
constexpr int64_t tile_columns = tile_panels * panel_width;  // 256

// The pairs, and what is known of each row and column so far. Arrays of columns may be read up to a panel's end.
struct Pairs {
  int64_t rows, columns;
  const int32_t* positives;  // [rows]
  const int32_t* excluded;   // [rows, 2 ranges], null: none
  int64_t excluded_stride, ranges;
  const int32_t *query_ids, *candidate_ids;  // null: none
  const int32_t *weighted, *groups;          // [rows], null: none
  float scale, log_weight, positive_weight;  // positive_weight: 1 / the number of positives
  bool symmetric;
  float *row_factors, *column_factors;  // 1 / length
  float *row_maxima, *row_totals;
  float *column_maxima, *column_totals;  // symmetric
  float *row_weights, *column_weights;   // of exp(z - maximum) in the gradient
  float* positive_logits;                // [rows]
};

struct LogitTile {
  int64_t row, rows;        // rows <= tile_rows
  int64_t column, columns;  // columns <= tile_columns
  float* values;

  float* panel(int64_t row, int64_t p) const { return values + p * panel_sums + row * panel_width; }
  float& at(int64_t row, int64_t j) const { return panel(row, j / panel_width)[j % panel_width]; }
  int64_t panels() const { return divide_up(columns, panel_width); }
};

LIKEWISE_INLINE float exp_of(float x) {
  float all[lanes];
  store(all, exp(broadcast(x)));
  return all[0];
}

// values[p][r][j] = rows[r] . column j of panel p, a stretch of `depth` at a time, each sum in the order of k.
LIKEWISE_INLINE void multiply_tile(const float* rows, int64_t stride, int64_t depth, const float* packed,
                                   const LogitTile& tile) {
  const int64_t stretches = divide_up(depth, stretch_bytes / float_bytes / panel_width);
  const int64_t stretch = divide_up(depth, stretches);
  const int64_t strips = divide_up(tile.rows, strip_rows);
  for (int64_t k = 0; k < depth; k += stretch) {
    for (int64_t p = 0; p < tile.panels(); p++) {
      Strip strip = {};
      strip.a = rows + k;
      strip.stride = stride;
      strip.panel = packed + (p * depth + k) * panel_width;
      strip.depth = smaller(stretch, depth - k);
      strip.add = k > 0;
      strip.sums = tile.panel(0, p);
      for (int64_t s = 0; s < strips; s++) {
        const int64_t count = tile.rows / strips + (s < tile.rows % strips ? 1 : 0);
        if (p + 1 < tile.panels() && strips >= 4) {
          prefetch_share(strip.panel + depth * panel_width, strip.depth * panel_width, s, strips);
        }
        one_panel<false>[count](strip);
        strip.a += count * stride;
        strip.sums += count * panel_width;
      }
    }
  }
}

// body(j, values) for every vector of one row of a tile, j counted from the tile's first column.
template <typename Body>
LIKEWISE_INLINE void for_each_in_row(const LogitTile& tile, int64_t row, Body body) {
  for (int64_t p = 0; p < tile.panels(); p++) {
    float* values = tile.panel(row, p);
    for (int64_t v = 0; v < panel_width; v += lanes) body(p * panel_width + v, values + v);
  }
}

// No pair of these rows and columns counts: each row excludes all of the columns, and none has its positive there.
LIKEWISE_INLINE bool all_hidden(const Pairs& pairs, int64_t row, int64_t rows, int64_t column,
                                int64_t columns) {
  for (int64_t i = row; i < row + rows; i++) {
    const int32_t* range = pairs.excluded + i * pairs.excluded_stride;
    bool hidden = false;
    for (int64_t m = 0; m < pairs.ranges; m++) {
      hidden = hidden || (range[2 * m] <= column && range[2 * m + 1] >= column + columns);
    }
    const int64_t positive = pairs.positives[i] - column;
    if (!hidden || (positive >= 0 && positive < columns)) return false;
  }
  return true;
}

LIKEWISE_INLINE void hide_row(const Pairs& pairs, const LogitTile& tile, int64_t r) {
  const int32_t* range = pairs.excluded + (tile.row + r) * pairs.excluded_stride;
  for (int64_t m = 0; m < pairs.ranges; m++) {
    const int64_t first = range[2 * m] > tile.column ? range[2 * m] - tile.column : 0;
    const int64_t last = smaller(range[2 * m + 1] - tile.column, tile.columns);
    for (int64_t j = first; j < last; j++) tile.at(r, j) = -__builtin_inff();
  }
}

LIKEWISE_INLINE void make_logits_of_row(const Pairs& pairs, const LogitTile& tile, int64_t r) {
  const int64_t i = tile.row + r;
  const float* factors = pairs.column_factors + tile.column;
  const int32_t* ids = pairs.candidate_ids ? pairs.candidate_ids + tile.column : nullptr;
  const IntVector own = broadcast_int(ids ? pairs.query_ids[i] : 0);
  const float row_scale = pairs.scale * pairs.row_factors[i];
  const int64_t positive = pairs.positives[i] - tile.column;
  const int64_t weighted = pairs.weighted ? pairs.weighted[i] - tile.column : -1;
  const bool has_positive = positive >= 0 && positive < tile.columns;
  float kept = 0;  // the positive is never hidden
  if (has_positive) {
    kept = tile.at(r, positive) * row_scale * factors[positive];
    if (weighted == positive) kept += pairs.log_weight;
  }
  const Vector hidden = zero() - infinity();
  for_each_in_row(tile, r, [&](int64_t j, float* values) {
    const int64_t n = tile.columns - j;
    Vector z = load(values) * broadcast(row_scale) * load(factors + j);
    if (ids && n > 0) {
      const IntVector id = n >= lanes ? load_int(ids + j) : load_int_partial(ids + j, n);
      z = select(less_equal(id, own) & less_equal(own, id), hidden, z);
    }
    if (n < lanes) z = select(mask_first(n > 0 ? n : 0), z, hidden);
    store(values, z);
  });
  if (weighted >= 0 && weighted < tile.columns) tile.at(r, weighted) += pairs.log_weight;
  if (pairs.ranges > 0) hide_row(pairs, tile, r);
  if (has_positive) pairs.positive_logits[i] = tile.at(r, positive) = kept;
}

LIKEWISE_INLINE void make_logits(const Pairs& pairs, const LogitTile& tile) {
  for (int64_t r = 0; r < tile.rows; r++) make_logits_of_row(pairs, tile, r);
}

LIKEWISE_INLINE void update_rows(const Pairs& pairs, const LogitTile& tile) {
  for (int64_t r = 0; r < tile.rows; r++) {
    float& largest = pairs.row_maxima[tile.row + r];
    float& total = pairs.row_totals[tile.row + r];
    Vector top = broadcast(largest);
    for_each_in_row(tile, r, [&](int64_t, float* values) { top = maximum(load(values), top); });
    const float next = reduce_max(top);
    Vector sums[2] = {zero(), zero()};
    for_each_in_row(tile, r, [&](int64_t j, float* values) {
      Vector& sum = sums[j / lanes % 2];
      sum = sum + exp(load(values) - broadcast(next));
    });
    total = total * exp_of(largest - next) + reduce_add(sums[0] + sums[1]);
    largest = next;
  }
}

LIKEWISE_INLINE void column_partials(const LogitTile& tile, float* maxima, float* totals) {
  for (int64_t j = 0; j < tile.columns; j += lanes) {
    const float* values = &tile.at(0, j);
    Vector top = broadcast(no_logit);
    for (int64_t r = 0; r < tile.rows; r++) top = maximum(load(values + r * panel_width), top);
    Vector sum = zero();
    for (int64_t r = 0; r < tile.rows; r++) sum = sum + exp(load(values + r * panel_width) - top);
    store(maxima + j, top);
    store(totals + j, sum);
  }
}

LIKEWISE_INLINE void no_partials(int64_t columns, float* maxima, float* totals) {
  for (int64_t j = 0; j < columns; j += lanes) {
    store(maxima + j, broadcast(no_logit));
    store(totals + j, zero());
  }
}

// One vector of columns over the tiles of rows, in their order; `stride` apart.
LIKEWISE_INLINE void merge_partials(const float* maxima, const float* totals, int64_t tiles, int64_t stride,
                                    float* maximum_out, float* total_out) {
  Vector top = broadcast(no_logit), sum = zero();
  for (int64_t t = 0; t < tiles; t++) {
    const Vector other = load(maxima + t * stride);
    const Vector next = maximum(other, top);
    sum = sum * exp(top - next) + load(totals + t * stride) * exp(other - next);
    top = next;
  }
  store(maximum_out, top);
  store(total_out, sum);
}

template <bool symmetric>
LIKEWISE_INLINE void make_gradients(const Pairs& pairs, const LogitTile& tile) {
  for (int64_t r = 0; r < tile.rows; r++) {
    const int64_t i = tile.row + r;
    const Vector top = broadcast(pairs.row_maxima[i]), weight = broadcast(pairs.row_weights[i]);
    for_each_in_row(tile, r, [&](int64_t j, float* values) {
      const Vector z = load(values);
      Vector gradient = exp(z - top) * weight;
      if constexpr (symmetric) {
        const int64_t column = tile.column + j;
        gradient =
            fma(exp(z - load(pairs.column_maxima + column)), load(pairs.column_weights + column), gradient);
      }
      store(values, gradient);
    });
    const int64_t positive = pairs.positives[i] - tile.column;
    if (positive >= 0 && positive < tile.columns) tile.at(r, positive) -= pairs.positive_weight;
  }
}

// rows[r][j] = g_rj * column_factors[j] and columns[j][r] = g_rj * row_factors[r]: what the raw candidates and the raw
// queries are multiplied by. Rows past the last are copied too, up to a multiple of 8, for nobody to read.
LIKEWISE_INLINE void store_gradients(const Pairs& pairs, const LogitTile& tile, float* rows,
                                     int64_t row_stride, float* columns, int64_t column_stride) {
  for (int64_t r = 0; rows && r < tile.rows; r++) {
    for_each_in_row(tile, r, [&](int64_t j, float* values) {
      store(rows + r * row_stride + j, load(values) * load(pairs.column_factors + tile.column + j));
    });
  }
  for (int64_t r = 0; columns && r < tile.rows; r += 8) {
    const __m256 factors = _mm256_loadu_ps(pairs.row_factors + tile.row + r);
    for (int64_t j = 0; j < tile.panels() * panel_width; j += 8) {
      const float* source = &tile.at(r, j);
      float* target = columns + j * column_stride + r;
      __m256 block[8];
      for (int32_t n = 0; n < 8; n++) block[n] = _mm256_loadu_ps(source + n * panel_width);
      transpose_8x8(block);
      for (int32_t n = 0; n < 8; n++)
        _mm256_storeu_ps(target + n * column_stride, _mm256_mul_ps(block[n], factors));
    }
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
