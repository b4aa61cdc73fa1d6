// What dropout multiplies the elements of a matrix by: 0 or 1 / (1 - p), decided as core/philox.h says.
#pragma once

#include "../core/philox.h"
#include "reference.h"

namespace likewise::reference {

class RowDropout {
 public:
  // keys: int32 [rows, 2], not read when `probability` is 0
  RowDropout(const TensorView& keys, double probability, double seed, double site, int64_t width)
      : keys_(keys),
        threshold_(dropout_threshold(probability)),
        seed_(static_cast<uint32_t>(seed)),
        site_(static_cast<uint32_t>(site)),
        stride_(dropout_stride(width)) {}

  double factor(int64_t row, int64_t column) const {
    if (threshold_ == 0) return 1;
    const uint32_t sequence = static_cast<uint32_t>(keys_[row][0]);
    const uint32_t position = static_cast<uint32_t>(keys_[row][1]);
    const PhiloxBlock block =
        philox(static_cast<uint32_t>(column % stride_), position, sequence, 0, seed_, site_);
    const bool kept = block.decision(static_cast<int32_t>(column / stride_)) >= threshold_;
    return kept ? static_cast<double>(dropout_factor(threshold_)) : 0;
  }

  // x times the factor; nothing of a dropped x is left, NaN neither.
  double apply(int64_t row, int64_t column, double x) const {
    const double scale = factor(row, column);
    return scale == 0 ? 0 : scale * x;
  }

 private:
  Matrix<int32_t> keys_;
  uint32_t threshold_, seed_, site_;
  int64_t stride_;
};

}  // namespace likewise::reference
