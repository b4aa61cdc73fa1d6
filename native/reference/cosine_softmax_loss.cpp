// The cosine-softmax loss as ops.def states it, with every similarity kept in memory.
#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

constexpr double hidden = -INFINITY;

struct UnitRows {
  int64_t rows, width;
  std::vector<double> values;   // [rows, width], divided by the length
  std::vector<double> lengths;  // [rows], at least epsilon
  std::vector<bool> clipped;    // the length was below epsilon

  const double* operator[](int64_t row) const { return values.data() + row * width; }
};

template <typename T>
UnitRows unit_rows(const TensorView& view, double epsilon) {
  const Matrix<T> x(view);
  UnitRows unit{x.rows, x.columns, {}, {}, {}};
  for (int64_t i = 0; i < x.rows; ++i) {
    double squares = 0;
    for (int64_t j = 0; j < x.columns; ++j) squares += double(x[i][j]) * double(x[i][j]);
    const double length = std::sqrt(squares);
    unit.clipped.push_back(length <= epsilon);
    unit.lengths.push_back(std::max(length, epsilon));  // NaN stays
    for (int64_t j = 0; j < x.columns; ++j) unit.values.push_back(double(x[i][j]) / unit.lengths.back());
  }
  return unit;
}

double dot(const double* a, const double* b, int64_t width) {
  double sum = 0;
  for (int64_t k = 0; k < width; ++k) sum += a[k] * b[k];
  return sum;
}

// Sums of exponentials with their maximum taken out.
struct LogSum {
  double top = -INFINITY, total = 0;
  int64_t positives = 0;

  void add(double z) {
    if (z == -INFINITY) return;
    const double next = z > top ? z : top;
    total = (total == 0 ? 0 : total * std::exp(top - next)) + std::exp(z - next);
    top = next;
  }
  double log() const { return top + std::log(total); }
  // The share that exp(z) has, times the number of positives.
  double share(double z) const {
    return total == 0 ? 0 : static_cast<double>(positives) * std::exp(z - top) / total;
  }
};

// z_ij for every pair, -infinity where it is hidden.
struct Logits {
  const OpCall& call;
  int64_t rows, columns;
  std::vector<double> cosines, values;  // [rows, columns]
  const int32_t* positives;

  Logits(const OpCall& call, const UnitRows& queries, const UnitRows& candidates, double scale)
      : call(call), rows(queries.rows), columns(candidates.rows) {
    using namespace cosine_softmax_loss_op;
    positives = reference::values<const int32_t>(call.inputs[cosine_softmax_loss_op::positives]);
    const int32_t* weighted = reference::values<const int32_t>(call.inputs[cosine_softmax_loss_op::weighted]);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        const double cosine = dot(queries[i], candidates[j], queries.width);
        const double weight = weighted && weighted[i] == j ? call.parameters[log_weight] : 0;
        cosines.push_back(cosine);
        values.push_back(is_hidden(i, j) ? hidden : scale * cosine + weight);
      }
    }
  }

  bool is_hidden(int64_t i, int64_t j) const {
    using namespace cosine_softmax_loss_op;
    const TensorView* in = call.inputs;
    if (positives[i] == j) return false;
    if (in[query_ids] && values_of(query_ids)[i] == values_of(candidate_ids)[j]) return true;
    if (!in[excluded]) return false;
    const int32_t* range = values_of(excluded) + i * in[excluded].row_stride;
    for (int64_t m = 0; m + 1 < in[excluded].shape[1]; m += 2) {
      if (range[m] <= j && j < range[m + 1]) return true;
    }
    return false;
  }

  const int32_t* values_of(int32_t input) const {
    return reference::values<const int32_t>(call.inputs[input]);
  }
  double at(int64_t i, int64_t j) const { return values[i * columns + j]; }
};

// dL/dx of one side; derivative(i, j): by the logit of its row i with the other's row j.
template <typename T, typename Derivative>
void gradient_of(const TensorView& view, const UnitRows& own, const UnitRows& others, double scale,
                 Derivative derivative) {
  if (!view) return;
  const Matrix<T> output(view);
  std::vector<double> sum(static_cast<size_t>(own.width));
  for (int64_t i = 0; i < own.rows; ++i) {
    std::fill(sum.begin(), sum.end(), 0.0);
    for (int64_t j = 0; j < others.rows; ++j) {
      for (int64_t k = 0; k < own.width; ++k) sum[k] += derivative(i, j) * others[j][k];
    }
    const double along = own.clipped[i] ? 0 : dot(own[i], sum.data(), own.width);
    for (int64_t k = 0; k < own.width; ++k) {
      output[i][k] = static_cast<T>(scale * (sum[k] - own[i][k] * along) / own.lengths[i]);
    }
  }
}

template <typename T>
Status zero_gradients(const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  for (const int32_t output : {query_gradient, candidate_gradient}) {
    const Matrix<T> gradient(call.outputs[output]);
    for (int64_t i = 0; gradient.data && i < gradient.rows; ++i)
      std::fill(gradient[i], gradient[i] + gradient.columns, T{0});
  }
  if (call.outputs[scale_gradient]) *values<T>(call.outputs[scale_gradient]) = 0;
  return Status::ok;
}

template <typename T>
Status cosine_softmax_loss(const OpCall& call) {
  using namespace cosine_softmax_loss_op;
  const Status checked = check_cosine_softmax_loss_data(call);
  if (checked != Status::ok) return checked;
  const TensorView* in = call.inputs;
  const UnitRows q = unit_rows<T>(in[queries], call.parameters[epsilon]);
  const UnitRows c = unit_rows<T>(in[candidates], call.parameters[epsilon]);
  const double factor = in[learned_scale] ? double(*values<T>(in[learned_scale])) : call.parameters[scale];
  const Logits z(call, q, c, factor);
  const int32_t* groups = values<const int32_t>(in[row_groups]);
  const auto group = [groups](int64_t i) { return groups ? int64_t{groups[i]} : i; };
  const bool both = call.parameters[symmetric] == 1;

  std::vector<LogSum> rows(static_cast<size_t>(q.rows)), columns(static_cast<size_t>(c.rows));
  double count = 0;
  for (int64_t i = 0; i < q.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      rows[group(i)].add(z.at(i, j));
      columns[j].add(z.at(i, j));
    }
    if (z.positives[i] < 0) continue;
    ++count;
    ++rows[group(i)].positives;
    ++columns[z.positives[i]].positives;
  }
  double sum = 0;
  for (int64_t i = 0; i < q.rows; ++i) {
    const int32_t positive = z.positives[i];
    if (positive < 0) continue;
    const double row = rows[group(i)].log();
    sum += (both ? (row + columns[positive].log()) / 2 : row) - z.at(i, positive);
  }
  *values<T>(call.outputs[loss]) = static_cast<T>(count == 0 ? 0 : sum / count);
  if (count == 0) return zero_gradients<T>(call);

  std::vector<double> derivatives;  // by z, [rows, columns]
  for (int64_t i = 0; i < q.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      const double row = rows[group(i)].share(z.at(i, j));
      const double shares = both ? (row + columns[j].share(z.at(i, j))) / 2 : row;
      derivatives.push_back((shares - (z.positives[i] == j ? 1 : 0)) / count);
    }
  }
  const auto derivative = [&](int64_t i, int64_t j) { return derivatives[i * c.rows + j]; };
  gradient_of<T>(call.outputs[query_gradient], q, c, factor, derivative);
  gradient_of<T>(call.outputs[candidate_gradient], c, q, factor,
                 [&](int64_t j, int64_t i) { return derivative(i, j); });
  if (!call.outputs[scale_gradient]) return Status::ok;
  double along = 0;
  for (int64_t i = 0; i < q.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) along += derivative(i, j) * z.cosines[i * c.rows + j];
  }
  *values<T>(call.outputs[scale_gradient]) = static_cast<T>(along);
  return Status::ok;
}

}  // namespace

void fill_cosine_softmax_loss(Backend& backend) {
  backend[OpId::cosine_softmax_loss] = {cosine_softmax_loss<float>, cosine_softmax_loss<double>};
}

}  // namespace likewise::reference
