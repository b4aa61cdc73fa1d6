// Layer normalisation of one row, shared by layer_norm and embedding (Ba, Kiros, Hinton 2016):
//   output = (x - mean) / sqrt(variance + epsilon) * gamma + beta,   biased variance
#pragma once

#include <cmath>
#include <vector>

namespace likewise::reference {

template <typename T>
void normalize_row(const std::vector<double>& x, const T* gamma, const T* beta, double epsilon, T* output) {
  const double width = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double value : x) mean += value;
  mean /= width;
  for (const double value : x) variance += (value - mean) * (value - mean);
  variance /= width;
  const double scale = 1 / std::sqrt(variance + epsilon);
  for (size_t j = 0; j < x.size(); ++j) {
    output[j] = static_cast<T>((x[j] - mean) * scale * double(gamma[j]) + double(beta[j]));
  }
}

}  // namespace likewise::reference
