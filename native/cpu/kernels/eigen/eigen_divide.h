// Eigenvalues and eigenvectors of a symmetric tridiagonal matrix by divide and conquer (Cuppen 1981).
//
// The matrix is cut into leaves of equal depth by taking |e| off the diagonal on both sides of a cut. Leaves are
// solved by implicit QL. Two neighbours with eigenvectors Q1, Q2 make the eigenproblem of diag(d) + rho z z^T, z of
// Q1's last and Q2's first components. Components that are small, and one of two poles that are close, deflate
// (LAPACK's dlaed2); the others come from the secular equation. Their vectors are those of the z that makes the
// computed roots exact (Gu and Eisenstat 1994), orthogonal to rounding, and multiply Q1 and Q2. That product is
// where the time goes.
#pragma once

#include "eigen_secular.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t largest_leaf = 32;
constexpr int64_t roots_at_once = 16;
constexpr int64_t columns_at_once = 32;  // of a product's tiles
constexpr int64_t product_depth = 256;   // of a packed piece that stays in the first cache level

enum Half : int64_t { upper_half = 1, lower_half = 2, both_halves = 3 };  // where an eigenvector is not zero

// Two neighbouring blocks [start, start + first) and the `size - first` rows after them, from `source` to `target`.
struct Merge {
  int64_t start, first, size;
  const double* source;
  double* target;
  int64_t poles;  // that did not deflate
};

// Implicit QL (EISPACK's tql2) on a leaf, eigenvectors in rows of `rows`, ascending; e [n], the last one of no use.
// False: no convergence.
bool solve_leaf(double* d, double* e, int64_t n, double* rows, int64_t stride) {
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < n; j++) rows[i * stride + j] = i == j ? 1 : 0;
  }
  for (int64_t l = 0; l < n; l++) {
    for (int32_t turn = 0;; turn++) {
      int64_t m = l;
      while (m + 1 < n && magnitude(e[m]) > epsilon * (magnitude(d[m]) + magnitude(d[m + 1]))) m++;
      if (m == l) break;
      if (turn == 80) return false;
      double g = (d[l + 1] - d[l]) / (2 * e[l]);
      double r = hypotenuse(g, 1);
      g = d[m] - d[l] + e[l] / (g + __builtin_copysign(r, g));
      double s = 1, c = 1, p = 0;
      int64_t i = m - 1;
      for (; i >= l; i--) {
        const double f = s * e[i], b = c * e[i];
        r = hypotenuse(f, g);
        e[i + 1] = r;
        if (r == 0) {
          d[i + 1] -= p;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        double *x = rows + i * stride, *y = x + stride;
        for (int64_t k = 0; k < n; k++) {
          const double above = x[k], below = y[k];
          y[k] = s * above + c * below;
          x[k] = c * above - s * below;
        }
      }
      e[m] = 0;
      if (r == 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
    }
  }
  for (int64_t i = 0; i < n; i++) {
    int64_t least = i;
    for (int64_t j = i + 1; j < n; j++) least = d[j] < d[least] ? j : least;
    if (least == i) continue;
    const double value = d[i];
    d[i] = d[least];
    d[least] = value;
    for (int64_t k = 0; k < n; k++) {
      const double element = rows[i * stride + k];
      rows[i * stride + k] = rows[least * stride + k];
      rows[least * stride + k] = element;
    }
  }
  return true;
}

// z and the order of the poles; returns rho, made positive and scaled so that |z| = 1.
double begin_merge(const Solver& s, const Merge& m, double coupling) {
  const double* d = s.diagonal + m.start;
  const double sign = coupling < 0 ? -1 : 1;
  const double inverse_root_two = 0.70710678118654752440;
  for (int64_t j = 0; j < m.size; j++) {
    const double* row = m.source + (m.start + j) * s.stride + m.start;
    s.z[j] = (j < m.first ? row[m.first - 1] : sign * row[m.first]) * inverse_root_two;
    s.halves[j] = j < m.first ? upper_half : lower_half;
  }
  for (int64_t i = 0, j = m.first, k = 0; k < m.size; k++) {
    const bool upper = j == m.size || (i < m.first && d[i] <= d[j]);
    s.order[k] = upper ? i++ : j++;
  }
  return 2 * magnitude(coupling);
}

// Rotates eigenvectors i and j so that z_i vanishes; both may then fill the whole block.
void rotate_pair(const Solver& s, const Merge& m, int64_t i, int64_t j, double cosine, double sine) {
  double* x = const_cast<double*>(m.source) + (m.start + i) * s.stride + m.start;
  double* y = const_cast<double*>(m.source) + (m.start + j) * s.stride + m.start;
  if (s.halves[i] != s.halves[j]) {
    double* row[2] = {x, y};
    const int64_t half[2] = {s.halves[i], s.halves[j]};
    for (int32_t r = 0; r < 2; r++) {
      if (half[r] == upper_half)
        for (int64_t c = m.first; c < m.size; c++) row[r][c] = 0;
      if (half[r] == lower_half)
        for (int64_t c = 0; c < m.first; c++) row[r][c] = 0;
    }
    s.halves[i] = s.halves[j] = both_halves;
  }
  const int64_t from = s.halves[i] == lower_half ? m.first : 0;
  const int64_t to = s.halves[i] == upper_half ? m.first : m.size;
  for (int64_t c = from; c < to; c++) {
    const double above = x[c], below = y[c];
    x[c] = cosine * above + sine * below;
    y[c] = cosine * below - sine * above;
  }
}

// Splits the poles into s.kept and s.deflated (the number of which is returned), both in order.
int64_t deflate(const Solver& s, Merge& m, double rho) {
  double* d = s.diagonal + m.start;
  double largest = 0;
  for (int64_t j = 0; j < m.size; j++) {
    largest = magnitude(d[j]) > largest ? magnitude(d[j]) : largest;
    largest = magnitude(s.z[j]) > largest ? magnitude(s.z[j]) : largest;
  }
  const double tolerance = 16 * epsilon * largest;
  int64_t before = -1, deflated = 0;
  m.poles = 0;
  for (int64_t k = 0; k < m.size; k++) {
    const int64_t j = s.order[k];
    if (rho * magnitude(s.z[j]) <= tolerance) {
      s.deflated[deflated++] = j;
      continue;
    }
    if (before >= 0) {
      const double length = hypotenuse(s.z[j], s.z[before]);
      const double cosine = s.z[j] / length, sine = -s.z[before] / length;
      if (magnitude((d[j] - d[before]) * cosine * sine) <= tolerance) {
        s.z[j] = length;
        s.z[before] = 0;
        rotate_pair(s, m, before, j, cosine, sine);
        const double value = d[before] * cosine * cosine + d[j] * sine * sine;
        d[j] = d[before] * sine * sine + d[j] * cosine * cosine;
        d[before] = value;
        s.deflated[deflated++] = before;
      } else {
        s.kept[m.poles++] = before;
      }
    }
    before = j;
  }
  if (before >= 0) s.kept[m.poles++] = before;
  return deflated;
}

// The place of each kept pole in the vectors: those of the upper half only, of both, of the lower half only, so that
// each half multiplies one contiguous run. Returns the ends of the first two groups.
void place_poles(const Solver& s, const Merge& m, int64_t& upper_end, int64_t& both_end) {
  int64_t next = 0;
  constexpr int64_t groups[] = {upper_half, both_halves, lower_half};
  for (const int64_t half : groups) {
    for (int64_t i = 0; i < m.poles; i++) {
      if (s.halves[s.kept[i]] != half) continue;
      s.list[next] = s.kept[i];
      s.place[i] = next++;
    }
    if (half == upper_half) upper_end = next;
    if (half == both_halves) both_end = next;
  }
}

// s.z from `from` on becomes the z whose secular equation has exactly the computed roots:
//   z_i^2 = prod_j (root_j - pole_i) / prod_{j != i} (pole_j - pole_i)
void exact_weights(const Solver& s, int64_t poles, int64_t from, int64_t count) {
  double product[double_lanes], divisor[double_lanes];
  for (int64_t i = 0; i < count; i++) product[i] = -1;
  for (int64_t j = 0; j < poles; j++) {
    const double* difference = s.secular + j * s.stride + from;
    for (int64_t i = 0; i < count; i++) divisor[i] = from + i == j ? 1 : s.poles[from + i] - s.poles[j];
    for (int64_t i = 0; i < count; i++) product[i] *= difference[i] / divisor[i];
  }
  for (int64_t i = 0; i < count; i++) {
    s.weights[from + i] = square_root(product[i] > 0 ? product[i] : 0);
  }
}

// The roots, and in the rows of s.secular the eigenvectors of the merged problem, unit length, in s.place's order.
Status solve_poles(const Solver& s, const Merge& m, double rho, const OpCall& call) {
  const int64_t poles = m.poles;
  for (int64_t i = 0; i < poles; i++) {
    s.poles[i] = s.diagonal[m.start + s.kept[i]];
    s.weights[i] = rho * s.z[s.kept[i]] * s.z[s.kept[i]];
  }
  const int64_t work = 24 * poles * poles, parts = divide_up(poles, roots_at_once);
  for_each_part(*s.workers, parts, work, [&s, poles](int64_t part, int32_t) {
    for (int64_t j = part * roots_at_once; j < smaller(poles, (part + 1) * roots_at_once); j++) {
      s.roots[j] = solve_secular(s.poles, s.weights, poles, j, s.secular + j * s.stride);
    }
  });
  for_each_part(
      *s.workers, divide_up(poles, double_lanes), 8 * poles * poles, [&s, poles](int64_t part, int32_t) {
        exact_weights(s, poles, part * double_lanes, smaller(double_lanes, poles - part * double_lanes));
      });
  for (int64_t i = 0; i < poles; i++) s.weights[i] = __builtin_copysign(s.weights[i], s.z[s.kept[i]]);
  bool exhausted = false;
  for_each_part(*s.workers, parts, 8 * poles * poles, [&](int64_t part, int32_t participant) {
    double* vector = static_cast<double*>(
        s.workers->scratch(*s.workers, participant, static_cast<size_t>(poles) * sizeof(double)));
    if (vector == nullptr) {
      __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
      return;
    }
    for (int64_t j = part * roots_at_once; j < smaller(poles, (part + 1) * roots_at_once); j++) {
      double* row = s.secular + j * s.stride;
      for (int64_t i = 0; i < poles; i++) vector[i] = s.weights[i] / row[i];
      const double scale = 1 / square_root(dot(vector, vector, poles));
      for (int64_t i = 0; i < poles; i++) row[s.place[i]] = vector[i] * scale;
    }
  });
  return exhausted ? fail(call, Status::out_of_memory, "no memory for a row of eigenvectors") : Status::ok;
}

// target[rank_j][columns] = sum_i secular[j][from + i] * source[list_{from + i}][columns], i < depth, for some columns
// of one half. The source's rows are packed in panels of tile_columns.
void multiply_columns(const Solver& s, const Merge& m, int64_t from, int64_t depth, int64_t column,
                      int64_t columns, double* packed) {
  double* target = m.target + m.start * s.stride + m.start + column;
  const double* source = m.source + m.start * s.stride + m.start + column;
  for (int64_t j = 0; j < m.poles; j++) {
    for (int64_t c = 0; c < columns; c++) target[s.rank[j] * s.stride + c] = 0;
  }
  for (int64_t k = 0; k < depth; k += product_depth) {
    const int64_t piece = smaller(product_depth, depth - k);
    for (int64_t c = 0; c < columns; c += tile_columns) {
      const int64_t width = smaller(tile_columns, columns - c);
      for (int64_t i = 0; i < piece; i++) {
        const double* row = source + s.list[from + k + i] * s.stride + c;
        for (int64_t v = 0; v < width; v++) packed[i * tile_columns + v] = row[v];
      }
      for (int64_t j = 0; j < m.poles; j += tile_rows) {
        const int64_t rows = smaller(tile_rows, m.poles - j);
        double* output[tile_rows];
        for (int64_t r = 0; r < rows; r++) output[r] = target + s.rank[j + r] * s.stride + c;
        multiply_tile<false>(s.secular + j * s.stride + from + k, 1, s.stride, packed, tile_columns, piece,
                             output, rows, width);
      }
    }
  }
}

Status multiply_vectors(const Solver& s, const Merge& m, int64_t upper_end, int64_t both_end,
                        const OpCall& call) {
  const int64_t upper_parts = divide_up(m.first, columns_at_once);
  const int64_t lower_parts = divide_up(m.size - m.first, columns_at_once);
  bool exhausted = false;
  for_each_part(*s.workers, upper_parts + lower_parts, m.poles * m.poles * m.size / 2,
                [&](int64_t part, int32_t participant) {
                  void* packed = s.workers->scratch(*s.workers, participant,
                                                    product_depth * tile_columns * sizeof(double));
                  if (packed == nullptr) {
                    __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
                    return;
                  }
                  const bool upper = part < upper_parts;
                  const int64_t column =
                      upper ? part * columns_at_once : m.first + (part - upper_parts) * columns_at_once;
                  const int64_t columns = smaller(columns_at_once, (upper ? m.first : m.size) - column);
                  const int64_t from = upper ? 0 : upper_end, to = upper ? both_end : m.poles;
                  multiply_columns(s, m, from, to - from, column, columns, static_cast<double*>(packed));
                });
  return exhausted ? fail(call, Status::out_of_memory, "no memory for a product's tile") : Status::ok;
}

// Roots and deflated values in one ascending order: their ranks, s.rank of the roots, then s.order of the deflated,
// and the values in s.diagonal.
void rank_values(const Solver& s, const Merge& m, int64_t deflated) {
  double* d = s.diagonal + m.start;
  for (int64_t i = 1; i < deflated; i++) {
    const int64_t moved = s.deflated[i];
    int64_t j = i;
    for (; j > 0 && d[s.deflated[j - 1]] > d[moved]; j--) s.deflated[j] = s.deflated[j - 1];
    s.deflated[j] = moved;
  }
  for (int64_t i = 0; i < deflated; i++) s.z[i] = d[s.deflated[i]];
  for (int64_t i = 0, j = 0, k = 0; k < m.size; k++) {
    const bool root = j == deflated || (i < m.poles && s.roots[i] <= s.z[j]);
    if (root) {
      s.rank[i] = k;
      d[k] = s.roots[i++];
    } else {
      s.order[j] = k;
      d[k] = s.z[j++];
    }
  }
}

void copy_deflated(const Solver& s, const Merge& m, int64_t deflated) {
  for (int64_t j = 0; j < deflated; j++) {
    const int64_t half = s.halves[s.deflated[j]];
    const double* from = m.source + (m.start + s.deflated[j]) * s.stride + m.start;
    double* to = m.target + (m.start + s.order[j]) * s.stride + m.start;
    for (int64_t c = 0; c < m.first; c++) to[c] = half == lower_half ? 0 : from[c];
    for (int64_t c = m.first; c < m.size; c++) to[c] = half == upper_half ? 0 : from[c];
  }
}

Status merge(const Solver& s, Merge m, const OpCall& call) {
  const double rho = begin_merge(s, m, s.off_diagonal[m.start + m.first - 1]);
  const int64_t deflated = deflate(s, m, rho);
  int64_t upper_end = 0, both_end = 0;
  place_poles(s, m, upper_end, both_end);
  Status status = solve_poles(s, m, rho, call);
  if (status != Status::ok) return status;
  rank_values(s, m, deflated);
  copy_deflated(s, m, deflated);
  return multiply_vectors(s, m, upper_end, both_end, call);
}

// Eigenvalues into s.diagonal, ascending, and eigenvectors into the rows of `vectors`, one of s.vectors.
Status solve_tridiagonal(const Solver& s, double*& vectors, const OpCall& call) {
  const int64_t n = s.size;
  int64_t leaves = 1;
  while (divide_up(n, leaves) > largest_leaf) leaves *= 2;
  for (int64_t leaf = 1; leaf < leaves; leaf++) {
    const int64_t cut = n * leaf / leaves;
    const double coupling = magnitude(s.off_diagonal[cut - 1]);
    s.diagonal[cut - 1] -= coupling;
    s.diagonal[cut] -= coupling;
  }
  bool failed = false;
  for_each_part(*s.workers, leaves, n * largest_leaf * largest_leaf, [&](int64_t leaf, int32_t) {
    const int64_t start = n * leaf / leaves, end = n * (leaf + 1) / leaves;
    double off_diagonal[largest_leaf];
    for (int64_t i = start; i + 1 < end; i++) off_diagonal[i - start] = s.off_diagonal[i];
    double* rows = s.vectors[0] + start * s.stride + start;
    if (!solve_leaf(s.diagonal + start, off_diagonal, end - start, rows, s.stride)) {
      __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
    }
  });
  if (failed) return fail(call, Status::invalid_value, "[symmetricEigen] did not converge");
  int32_t now = 0;
  for (int64_t width = 1; width < leaves; width *= 2) {
    for (int64_t leaf = 0; leaf < leaves; leaf += 2 * width) {
      Merge m = {};
      m.start = n * leaf / leaves;
      m.first = n * (leaf + width) / leaves - m.start;
      m.size = n * (leaf + 2 * width) / leaves - m.start;
      m.source = s.vectors[now];
      m.target = s.vectors[1 - now];
      const Status status = merge(s, m, call);
      if (status != Status::ok) return status;
    }
    now = 1 - now;
  }
  vectors = s.vectors[now];
  return Status::ok;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
