// squared_norm, adamw: decoupled weight decay (Loshchilov and Hutter, 2019) with the gradient clipped by its norm, and lamb:
// its direction scaled by the norms of each tensor (You et al., 2020).
#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/data_checks.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <typename T>
Status squared_norm(const OpCall& call) {
  const TensorView& view = call.inputs[squared_norm_op::values];  // [n] or [rows, columns]
  const bool matrix = view.rank == 2;
  const int64_t rows = matrix ? view.shape[0] : 1, columns = view.shape[matrix ? 1 : 0];
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) {
    const T* row = values<T>(view) + (matrix ? i * view.row_stride : 0);
    for (int64_t j = 0; j < columns; ++j) sum += double(row[j]) * double(row[j]);
  }
  *values<T>(call.outputs[squared_norm_op::norm_squared]) = static_cast<T>(sum);
  return Status::ok;
}

template <typename T>
Status adamw(const OpCall& call) {
  using namespace adamw_op;
  const Status checked = check_adamw_data(call);
  if (checked != Status::ok) return checked;
  const double* parameter = call.parameters;
  const double norm_squared = *values<T>(call.inputs[gradient_norm_squared]);
  if (!std::isfinite(norm_squared) || norm_squared < 0) return Status::ok;
  const double room = parameter[max_norm] / (std::sqrt(norm_squared) + 1e-6);
  const double clip = parameter[max_norm] > 0 ? std::min(1.0, room) : 1;
  const int32_t* ends = values<int32_t>(call.inputs[group_ends]);
  const Matrix<T> settings(call.inputs[group_settings]);  // [groups, 2]
  const T* g = values<T>(call.inputs[gradient]);
  T *w = values<T>(call.outputs[value]), *m = values<T>(call.outputs[first_moment]),
    *v = values<T>(call.outputs[second_moment]);
  for (int64_t group = 0, i = 0; group < settings.rows; ++group) {
    const double rate = parameter[learning_rate] * settings[group][0], decay = settings[group][1];
    for (; i < ends[group]; ++i) {
      const double clipped = clip * g[i];
      const double first = parameter[beta1] * m[i] + (1 - parameter[beta1]) * clipped;
      const double second = parameter[beta2] * v[i] + (1 - parameter[beta2]) * clipped * clipped;
      const double spread = std::sqrt(second / parameter[second_correction]) + parameter[epsilon];
      m[i] = static_cast<T>(first);
      v[i] = static_cast<T>(second);
      w[i] = static_cast<T>(w[i] * (1 - rate * decay) - rate * first / parameter[first_correction] / spread);
    }
  }
  return Status::ok;
}

double trust_ratio(double value_squared, double direction_squared) {
  const double ratio = std::sqrt(value_squared) / std::sqrt(direction_squared);
  const bool both = value_squared > 0 && std::isfinite(value_squared) && direction_squared > 0 &&
                    std::isfinite(direction_squared);
  return both ? ratio : 1;
}

template <typename T>
Status lamb(const OpCall& call) {
  using namespace lamb_op;
  const Status checked = check_lamb_data(call);
  if (checked != Status::ok) return checked;
  const double* parameter = call.parameters;
  const double norm_squared = *values<T>(call.inputs[gradient_norm_squared]);
  if (!std::isfinite(norm_squared) || norm_squared < 0) return Status::ok;
  const double room = parameter[max_norm] / (std::sqrt(norm_squared) + 1e-6);
  const double clip = parameter[max_norm] > 0 ? std::min(1.0, room) : 1;
  const int32_t* ends = values<int32_t>(call.inputs[group_ends]);
  const Matrix<T> settings(call.inputs[group_settings]);  // [groups, 3]
  const T* g = values<T>(call.inputs[gradient]);
  T *w = values<T>(call.outputs[value]), *m = values<T>(call.outputs[first_moment]),
    *v = values<T>(call.outputs[second_moment]);
  for (int64_t group = 0, first = 0; group < settings.rows; first = ends[group++]) {
    const double rate = parameter[learning_rate] * settings[group][0], decay = settings[group][1];
    std::vector<double> direction;
    double value_squared = 0, direction_squared = 0;
    for (int64_t i = first; i < ends[group]; ++i) {
      const double clipped = clip * g[i];
      const double next = parameter[beta1] * m[i] + (1 - parameter[beta1]) * clipped;
      const double second = parameter[beta2] * v[i] + (1 - parameter[beta2]) * clipped * clipped;
      const double spread = std::sqrt(second / parameter[second_correction]) + parameter[epsilon];
      m[i] = static_cast<T>(next);
      v[i] = static_cast<T>(second);
      direction.push_back(next / parameter[first_correction] / spread + decay * w[i]);
      value_squared += double(w[i]) * double(w[i]);
      direction_squared += direction.back() * direction.back();
    }
    const double ratio = settings[group][2] == 1 ? trust_ratio(value_squared, direction_squared) : 1;
    for (int64_t i = first; i < ends[group]; ++i) {
      w[i] = static_cast<T>(w[i] - rate * ratio * direction[static_cast<size_t>(i - first)]);
    }
  }
  return Status::ok;
}

}  // namespace

void fill_optimizer(Backend& backend) {
  backend[OpId::squared_norm] = {squared_norm<float>, squared_norm<double>};
  backend[OpId::adamw] = {adamw<float>, adamw<double>};
  backend[OpId::lamb] = {lamb<float>, lamb<double>};
}

}  // namespace likewise::reference
