// Guarded tensors; see guarded_tensor.h.
#include "guarded_tensor.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../reference/bfloat16.h"

namespace likewise::test {

namespace {

constexpr size_t page = 4096;
constexpr unsigned char pattern = 0xff;  // NaN in every float, -1 as int32 and int8

size_t element_size(DType dtype) {
  switch (dtype) {
    case DType::float64: return 8;
    case DType::bfloat16: return 2;
    case DType::int8: return 1;
    default: return 4;
  }
}

}  // namespace

GuardedTensor::GuardedTensor(DType dtype, const std::vector<int64_t>& shape, const Layout& layout) {
  view_.dtype = dtype;
  view_.rank = static_cast<int32_t>(shape.size());
  element_ = element_size(dtype);
  int64_t elements = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    view_.shape[i] = shape[i];
    elements *= shape[i];
  }
  if (shape.size() == 2) {
    view_.row_stride = shape[1] + layout.gap;
    if (elements > 0) elements = (shape[0] - 1) * view_.row_stride + shape[1];
  }
  const size_t used = static_cast<size_t>(elements) * element_;
  bytes_ = (used + 2 * 64 + page - 1) / page * page;
  void* mapped = mmap(nullptr, bytes_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED || mprotect(static_cast<unsigned char*>(mapped) + bytes_, page, PROT_NONE) != 0) {
    std::perror("mmap");
    std::abort();
  }
  memory_ = static_cast<unsigned char*>(mapped);
  std::memset(memory_, pattern, bytes_);
  const size_t start = layout.at_end ? bytes_ - used : 64 + static_cast<size_t>(layout.shift) * element_;
  view_.data = memory_ + start;
}

GuardedTensor::~GuardedTensor() { munmap(memory_, bytes_ + page); }

// visit(address, index) for every element, row by row.
template <typename Visit>
void GuardedTensor::for_each_element(Visit visit) const {
  int64_t rows = 1, columns = 1;
  for (int32_t i = 0; i < view_.rank; ++i) (view_.rank == 2 && i == 0 ? rows : columns) *= view_.shape[i];
  const int64_t stride = view_.rank == 2 ? view_.row_stride : columns;
  unsigned char* data = static_cast<unsigned char*>(view_.data);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      visit(data + static_cast<size_t>(r * stride + c) * element_, static_cast<size_t>(r * columns + c));
    }
  }
}

void GuardedTensor::set(const std::vector<double>& values) {
  for_each_element([&](unsigned char* address, size_t i) {
    const bool integer = view_.dtype == DType::int32 || view_.dtype == DType::int8;
    const float single = static_cast<float>(values[i]);
    const int32_t whole = integer ? static_cast<int32_t>(values[i]) : 0;  // its first byte is the int8
    const uint16_t half = reference::to_bfloat16(single);
    const void* source = view_.dtype == DType::float64    ? static_cast<const void*>(&values[i])
                         : view_.dtype == DType::float32  ? static_cast<const void*>(&single)
                         : view_.dtype == DType::bfloat16 ? static_cast<const void*>(&half)
                                                          : static_cast<const void*>(&whole);
    std::memcpy(address, source, element_);
  });
}

std::vector<double> GuardedTensor::values() const {
  std::vector<double> result;
  for_each_element([&](unsigned char* address, size_t) {
    float single;
    int32_t whole;
    int8_t byte;
    uint16_t half;
    double real;
    if (view_.dtype == DType::float64) {
      std::memcpy(&real, address, 8);
    } else if (view_.dtype == DType::float32) {
      std::memcpy(&single, address, 4);
      real = single;
    } else if (view_.dtype == DType::int8) {
      std::memcpy(&byte, address, 1);
      real = byte;
    } else if (view_.dtype == DType::bfloat16) {
      std::memcpy(&half, address, 2);
      real = reference::from_bfloat16(half);
    } else {
      std::memcpy(&whole, address, 4);
      real = whole;
    }
    result.push_back(real);
  });
  return result;
}

bool GuardedTensor::surroundings_intact() const {
  std::vector<unsigned char> copy(memory_, memory_ + bytes_);
  for_each_element(
      [&](unsigned char* address, size_t) { std::memset(&copy[address - memory_], pattern, element_); });
  for (const unsigned char byte : copy) {
    if (byte != pattern) return false;
  }
  return true;
}

}  // namespace likewise::test
