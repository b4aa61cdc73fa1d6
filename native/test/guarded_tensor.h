// A tensor in memory of its own, before a page that may not be touched, with a known pattern everywhere
// around it and between its rows: reading past the end faults or yields NaN, writing outside the rows is seen
// afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/tensor_view.h"

namespace likewise::test {

// Where a tensor lies. at_end: its last byte is the last before the forbidden page; else it starts `shift`
// elements past a 64-byte boundary. gap: elements between the rows of a matrix.
struct Layout {
  const char* name;
  bool at_end;
  int64_t shift;
  int64_t gap;
};

constexpr Layout layouts[] = {
    {"aligned", false, 0, 0},
    {"before a forbidden page", true, 0, 0},
    {"one element off, strided", false, 1, 3},
    {"before a forbidden page, strided", true, 0, 5},
};

class GuardedTensor {
 public:
  GuardedTensor(DType dtype, const std::vector<int64_t>& shape, const Layout& layout);
  ~GuardedTensor();
  GuardedTensor(const GuardedTensor&) = delete;
  GuardedTensor& operator=(const GuardedTensor&) = delete;

  const TensorView& view() const { return view_; }
  void set(const std::vector<double>& values);
  std::vector<double> values() const;
  bool surroundings_intact() const;

 private:
  template <typename Visit>
  void for_each_element(Visit visit) const;

  TensorView view_;
  unsigned char* memory_ = nullptr;
  size_t bytes_ = 0;  // before the forbidden page
  size_t element_ = 0;
};

}  // namespace likewise::test
