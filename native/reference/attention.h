// What attention and its gradient share: which tokens are a sequence's, which keys a query sees, which of the
// probabilities dropout keeps (core/philox.h), and what is made of the factors of a product.
#pragma once

#include <vector>

#include "../core/philox.h"
#include "bfloat16.h"
#include "reference.h"

namespace likewise::reference {

// The rows of sequence s.
struct Span {
  int64_t first, last;

  Span(const TensorView& offsets, int64_t s)
      : first(values<int32_t>(offsets)[s]), last(values<int32_t>(offsets)[s + 1]) {}
  int64_t size() const { return last - first; }
};

inline bool sees(const TensorView& query_rank, const TensorView& key_rank, bool strict, int64_t i,
                 int64_t j) {
  if (!query_rank) return true;
  const int32_t of_query = values<int32_t>(query_rank)[i], of_key = values<int32_t>(key_rank)[j];
  return strict ? of_key < of_query : of_key <= of_query;
}

// Dropout of one sequence's probabilities; parameters: probability, seed, site.
struct ScoreDropout {
  uint32_t threshold, sequence, seed, site;

  ScoreDropout(const TensorView& sequence_ids, int64_t s, const double* parameters)
      : threshold(dropout_threshold(parameters[0])),
        sequence(threshold == 0 ? 0 : static_cast<uint32_t>(values<int32_t>(sequence_ids)[s])),
        seed(static_cast<uint32_t>(parameters[1])),
        site(static_cast<uint32_t>(parameters[2])) {}

  // What the probability of query i for key j, both counted from the sequence's first, is multiplied by.
  double factor(int64_t i, int64_t j, int64_t head) const {
    if (threshold == 0) return 1;
    const PhiloxBlock block = philox(static_cast<uint32_t>(j / 8), static_cast<uint32_t>(i), sequence,
                                     static_cast<uint32_t>(head + 1), seed, site);
    return block.decision(static_cast<int32_t>(j % 8)) < threshold ? 0 : double(dropout_factor(threshold));
  }
};

// A factor of a product, as it counts there.
using Factor = double (*)(double);
inline double as_it_is(double x) { return x; }
inline double in_bfloat16(double x) { return round_to_bfloat16(static_cast<float>(x)); }

// The rows of a matrix, each number as it counts in a product.
template <typename T, Factor factor>
struct Factors {
  int64_t columns;
  std::vector<double> numbers;

  explicit Factors(const TensorView& view) : columns(view.shape[1]) {
    const Matrix<T> matrix(view);
    for (int64_t r = 0; r < matrix.rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) numbers.push_back(factor(double(matrix[r][c])));
    }
  }

  const double* operator[](int64_t row) const { return numbers.data() + row * columns; }
};

template <typename T>
double dot(const double* a, const T* b, int64_t count) {
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += a[c] * double(b[c]);
  return sum;
}

void fill_attention_gradient(Backend& backend);

}  // namespace likewise::reference
