// The gradient of pool: what each token adds to its sequence's row, by every POOLING. Of several largest, max takes the
// first; of a column with NaN the first NaN, which is what pool gives then.
#include <algorithm>
#include <cmath>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
int64_t largest_of(const Matrix<T>& x, int64_t first, int64_t last, int64_t j) {
  int64_t best = first;
  for (int64_t i = first; i < last && !std::isnan(x[best][j]); ++i) {
    if (x[i][j] > x[best][j] || std::isnan(x[i][j])) best = i;
  }
  return best;
}

// The weight of token i among first .. last - 1; i counts from `start`, the sequence's first, skipped or not.
double weight_of(Pooling mode, int64_t start, int64_t first, int64_t last, int64_t i) {
  const double count = static_cast<double>(last - first);
  double places = 0;
  switch (mode) {
    case Pooling::cls: return i == first;
    case Pooling::mean: return 1 / count;
    case Pooling::mean_sqrt_len: return 1 / std::sqrt(count);
    case Pooling::weighted_mean:
      for (int64_t place = first; place < last; ++place) places += static_cast<double>(place - start + 1);
      return static_cast<double>(i - start + 1) / places;
    case Pooling::last_token: return i == last - 1;
    case Pooling::max: return 0;  // decided per column
  }
  return 0;
}

// A weight of 0 passes nothing on, NaN neither.
template <typename T>
T weighted(double weight, T gradient) {
  return weight == 0 ? T(0) : static_cast<T>(weight * double(gradient));
}

template <typename T>
Status pool_gradient(const OpCall& call) {
  using namespace pool_gradient_op;
  const Status checked = check_pool_gradient_data(call);
  if (checked != Status::ok) return checked;
  const Matrix<T> dy(call.inputs[output_gradient]);                         // [sequences, width]
  const Matrix<T> x(call.inputs[input]), dx(call.outputs[input_gradient]);  // [tokens, width]
  const int32_t* starts = values<int32_t>(call.inputs[offsets]);
  const int32_t* skipped = values<int32_t>(call.inputs[skip]);
  const Pooling pooling = static_cast<Pooling>(static_cast<int32_t>(call.parameters[mode]));
  for (int64_t s = 0; s < dy.rows; ++s) {
    const int64_t start = starts[s], last = starts[s + 1];
    const int64_t first = start + (skipped != nullptr ? skipped[s] : 0);
    for (int64_t i = start; i < last; ++i) {
      const double weight = i < first ? 0 : weight_of(pooling, start, first, last, i);
      for (int64_t j = 0; j < dy.columns; ++j) dx[i][j] = weighted(weight, dy[s][j]);
    }
    if (pooling != Pooling::max || first >= last) continue;
    for (int64_t j = 0; j < dy.columns; ++j) dx[largest_of(x, first, last, j)][j] = dy[s][j];
  }
  return Status::ok;
}

}  // namespace

void fill_pool_gradient(Backend& backend) {
  backend[OpId::pool_gradient] = {pool_gradient<float>, pool_gradient<double>};
}

}  // namespace likewise::reference
