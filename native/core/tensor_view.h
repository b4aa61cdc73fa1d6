// What a kernel sees of a tensor: where it lies, its element type, its shape. Owns nothing.
#pragma once

#include <stdint.h>

namespace likewise {

enum class DType : int32_t { float32, float64, int32, int8, bfloat16 };

constexpr int32_t max_rank = 4;

struct TensorView {
  void* data = nullptr;  // memory of the backend that runs the op; null: this optional tensor is absent
  DType dtype = DType::float32;
  int32_t rank = 0;
  int64_t shape[max_rank] = {0, 0, 0, 0};
  int64_t row_stride = 0;  // matrices: elements from one row's start to the next row's; otherwise unused

  explicit operator bool() const { return data != nullptr; }
};

}  // namespace likewise
