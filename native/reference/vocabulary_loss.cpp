// The vocabulary's cross-entropy as ops.def states it, one position at a time; in bfloat16 the factors of its three products
// are rounded first.
#include <cmath>
#include <vector>

#include "../core/data_checks.h"
#include "bfloat16.h"
#include "reference.h"

namespace likewise::reference {

namespace {

template <bool rounded>
double factor_of(double value) {
  if constexpr (rounded) return round_to_bfloat16(static_cast<float>(value));
  return value;
}

// z_ij, then g_ij without the weight, of one position.
struct Logits {
  std::vector<double> values;
  double top = -INFINITY, total = 0, own = 0;

  double loss() const { return top + std::log(total) - own; }

  void finish(int64_t target) {
    for (const double z : values) top = z > top ? z : top;
    for (const double z : values) total += std::exp(z - top);
    own = values[static_cast<size_t>(target)];
  }
  void derive(int64_t target) {
    for (double& z : values) z = std::exp(z - top) / total;
    values[static_cast<size_t>(target)] -= 1;
  }
};

// Gradients of table and bias so far, in double.
struct Sums {
  std::vector<double> table, bias;
};

template <typename T, bool rounded>
class Loss {
 public:
  explicit Loss(const OpCall& call)
      : x_(call.inputs[vocabulary_loss_op::states]),
        words_(call.inputs[vocabulary_loss_op::table]),
        call_(call) {
    using namespace vocabulary_loss_op;
    const bool add = call.parameters[accumulate] == 1;
    const Matrix<T> table(call.outputs[table_gradient]);
    const T* bias = values<T>(call.outputs[bias_gradient]);
    sums_.table.assign(static_cast<size_t>(words_.rows * words_.columns), 0);
    sums_.bias.assign(static_cast<size_t>(words_.rows), 0);
    for (int64_t j = 0; add && j < words_.rows; ++j) {
      if (bias) sums_.bias[static_cast<size_t>(j)] = bias[j];
      for (int64_t k = 0; table.data && k < words_.columns; ++k) table_sum(j, k) = table[j][k];
    }
  }

  void add_position(int64_t i) {
    using namespace vocabulary_loss_op;
    const int64_t target = values<int32_t>(call_.inputs[targets])[i];
    Logits logits;
    const T* bias = values<T>(call_.inputs[vocabulary_loss_op::bias]);
    for (int64_t j = 0; j < words_.rows; ++j) {
      double z = bias ? double(bias[j]) : 0;
      for (int64_t k = 0; k < words_.columns; ++k) z += factor(x_[i][k]) * factor(words_[j][k]);
      logits.values.push_back(z);
    }
    logits.finish(target);
    const double loss = logits.loss();
    values<T>(call_.outputs[losses])[i] = static_cast<T>(loss);
    if (call_.outputs[hits]) {
      values<T>(call_.outputs[hits])[i] = !std::isnan(loss) && logits.own >= logits.top ? 1 : 0;
    }
    logits.derive(target);
    const T* weight = values<T>(call_.inputs[weights]);
    for (double& g : logits.values) g *= weight ? double(weight[i]) : 1;
    add_gradients(i, logits.values);
  }

  void store() const {
    using namespace vocabulary_loss_op;
    const Matrix<T> table(call_.outputs[table_gradient]);
    T* bias = values<T>(call_.outputs[bias_gradient]);
    for (int64_t j = 0; j < words_.rows; ++j) {
      if (bias) bias[j] = static_cast<T>(sums_.bias[static_cast<size_t>(j)]);
      for (int64_t k = 0; table.data && k < words_.columns; ++k) {
        table[j][k] = static_cast<T>(sums_.table[static_cast<size_t>(j * words_.columns + k)]);
      }
    }
  }

 private:
  static double factor(double value) { return factor_of<rounded>(value); }
  double& table_sum(int64_t j, int64_t k) { return sums_.table[static_cast<size_t>(j * words_.columns + k)]; }

  void add_gradients(int64_t i, const std::vector<double>& g) {
    using namespace vocabulary_loss_op;
    for (int64_t j = 0; j < words_.rows; ++j) {
      const double derivative = g[static_cast<size_t>(j)];
      sums_.bias[static_cast<size_t>(j)] += derivative;
      for (int64_t k = 0; k < words_.columns; ++k) table_sum(j, k) += factor(derivative) * factor(x_[i][k]);
    }
    if (!call_.outputs[state_gradient]) return;
    const Matrix<T> gradient(call_.outputs[state_gradient]);
    for (int64_t k = 0; k < words_.columns; ++k) {
      double sum = 0;
      for (int64_t j = 0; j < words_.rows; ++j)
        sum += factor(g[static_cast<size_t>(j)]) * factor(words_[j][k]);
      gradient[i][k] = static_cast<T>(sum);
    }
  }

  const Matrix<T> x_, words_;  // [positions, width], [words, width]
  const OpCall& call_;
  Sums sums_;
};

template <typename T, bool rounded>
Status vocabulary_loss(const OpCall& call) {
  const Status checked = check_vocabulary_loss_data(call);
  if (checked != Status::ok) return checked;
  Loss<T, rounded> loss(call);
  const int64_t positions = call.inputs[vocabulary_loss_op::states].shape[0];
  for (int64_t i = 0; i < positions; ++i) loss.add_position(i);
  loss.store();
  return Status::ok;
}

}  // namespace

void fill_vocabulary_loss(Backend& backend) {
  backend[OpId::vocabulary_loss] = {vocabulary_loss<float, false>, vocabulary_loss<double, false>};
  backend[OpId::vocabulary_loss_bfloat16] = {vocabulary_loss<float, true>, nullptr};
}

}  // namespace likewise::reference
