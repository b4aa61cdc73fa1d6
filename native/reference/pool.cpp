// One row per sequence from its tokens: first, last, largest, or a weighted sum (weighted_mean: Muennighoff
// 2022, SGPT).
#include <algorithm>
#include <cmath>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

// Column j of a sequence's tokens first .. last - 1; token i counts from `start`, the sequence's first,
// skipped or not.
template <typename T>
double pool_column(Pooling mode, const Matrix<T>& x, int64_t start, int64_t first, int64_t last, int64_t j) {
  double sum = 0, weights = 0, largest = x[first][j];
  for (int64_t i = first; i < last; ++i) {
    const double value = x[i][j];
    const double weight = mode == Pooling::weighted_mean ? double(i - start + 1) : 1;
    sum += weight * value;
    weights += weight;
    if (value > largest || std::isnan(value)) largest = value;  // once NaN, always NaN
  }
  switch (mode) {
    case Pooling::cls: return x[first][j];
    case Pooling::mean:
    case Pooling::weighted_mean: return sum / weights;
    case Pooling::max: return largest;
    case Pooling::mean_sqrt_len: return sum / std::sqrt(weights);
    case Pooling::last_token: return x[last - 1][j];
  }
  return 0;
}

template <typename T>
Status pool(const OpCall& call) {
  using namespace pool_op;
  const Status checked = check_pool_data(call);
  if (checked != Status::ok) return checked;
  const Matrix<T> x(call.inputs[input]), y(call.outputs[output]);  // [tokens, width], [sequences, width]
  const int32_t* starts = values<int32_t>(call.inputs[offsets]);
  const int32_t* skipped = values<int32_t>(call.inputs[skip]);
  const Pooling pooling = static_cast<Pooling>(static_cast<int32_t>(call.parameters[mode]));
  for (int64_t s = 0; s < y.rows; ++s) {
    const int64_t first = int64_t(starts[s]) + (skipped != nullptr ? skipped[s] : 0), last = starts[s + 1];
    for (int64_t j = 0; j < y.columns; ++j) {
      y[s][j] = first < last ? static_cast<T>(pool_column(pooling, x, starts[s], first, last, j)) : T(0);
    }
  }
  return Status::ok;
}

}  // namespace

void fill_pool(Backend& backend) { backend[OpId::pool] = {pool<float>, pool<double>}; }

}  // namespace likewise::reference
