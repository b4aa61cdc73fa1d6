// Layer normalisation of one row and its gradient, shared by layer_norm and embedding (Ba, Kiros, Hinton 2016):
//   output = normal * gamma + beta,   normal = (x - mean) * scale,   scale = 1 / sqrt(variance + epsilon)
// with the biased variance. With g = output_gradient * gamma and means over the row:
//   x_gradient = scale (g - mean(g) - normal mean(g normal))
//   gamma_gradient += output_gradient * normal,   beta_gradient += output_gradient
#pragma once

#include <cmath>
#include <vector>

#include "reference.h"

namespace likewise::reference {

struct Moments {
  double mean = 0;
  double scale = 0;
};

inline Moments moments_of(const std::vector<double>& x, double epsilon) {
  const double width = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double value : x) mean += value;
  mean /= width;
  for (const double value : x) variance += (value - mean) * (value - mean);
  variance /= width;
  return {mean, 1 / std::sqrt(variance + epsilon)};
}

template <typename T>
void normalize_row(const std::vector<double>& x, const T* gamma, const T* beta, double epsilon, T* output) {
  const Moments row = moments_of(x, epsilon);
  for (size_t j = 0; j < x.size(); ++j) {
    output[j] = static_cast<T>((x[j] - row.mean) * row.scale * double(gamma[j]) + double(beta[j]));
  }
}

// Sums over rows of what each adds to the gradients of gamma and beta.
struct AffineGradients {
  std::vector<double> gamma, beta;

  explicit AffineGradients(int64_t width)
      : gamma(static_cast<size_t>(width)), beta(static_cast<size_t>(width)) {}

  // gradient (+)= sum, each where it is asked for
  template <typename T>
  void store(const TensorView& gamma_gradient, const TensorView& beta_gradient, bool accumulate) const {
    const auto write = [accumulate](const TensorView& gradient, const std::vector<double>& sum) {
      for (size_t j = 0; gradient && j < sum.size(); ++j) {
        T& value = values<T>(gradient)[j];
        value = static_cast<T>(accumulate ? double(value) + sum[j] : sum[j]);
      }
    };
    write(gamma_gradient, gamma);
    write(beta_gradient, beta);
  }
};

// The gradient of x; adds to `sums`.
template <typename T>
std::vector<double> normalize_gradient_row(const std::vector<double>& x, const T* output_gradient,
                                           const T* gamma, double epsilon, AffineGradients& sums) {
  const Moments row = moments_of(x, epsilon);
  const double width = static_cast<double>(x.size());
  std::vector<double> normal(x.size()), gradient(x.size());
  double mean = 0, product = 0;
  for (size_t j = 0; j < x.size(); ++j) {
    normal[j] = (x[j] - row.mean) * row.scale;
    gradient[j] = double(output_gradient[j]) * double(gamma[j]);
    mean += gradient[j];
    product += gradient[j] * normal[j];
    sums.gamma[j] += double(output_gradient[j]) * normal[j];
    sums.beta[j] += double(output_gradient[j]);
  }
  for (size_t j = 0; j < x.size(); ++j) {
    gradient[j] = row.scale * (gradient[j] - mean / width - normal[j] * product / width);
  }
  return gradient;
}

}  // namespace likewise::reference
