// A layer in int8 with its numbers, and running it on a backend: its weight quantised, packed and multiplied.
#pragma once

#include <string>
#include <vector>

#include "../core/backend.h"
#include "guarded_tensor.h"

namespace likewise::test {

struct Int8Layer {
  int64_t rows, inputs, outputs;
  std::vector<double> input;     // [rows, inputs]
  std::vector<double> weight;    // [outputs, inputs]; read when nothing is stored
  std::vector<double> bias;      // [outputs]; empty: absent
  std::vector<double> residual;  // [rows, outputs]; empty: absent
  Activation activation = Activation::identity;
  bool in_place = false;            // the residual is the output's own memory
  std::vector<double> stored = {};  // [outputs, inputs], whole numbers of int8 whose scales are 1

  std::string name() const;
};

// Numbers in [-1, 1], and every optional tensor.
Int8Layer random_layer(int64_t rows, int64_t inputs, int64_t outputs, uint32_t seed = 1);

struct QuantizedValues {
  Status status = Status::ok;
  std::string message;
  std::vector<double> values;  // [rows, columns]
  std::vector<double> scales;  // [rows]
};

QuantizedValues quantize(const std::vector<double>& weight, int64_t rows, int64_t columns,
                         const Backend& backend, const Layout& layout, Workers& workers);

// linear_int8 of what the reference quantised and this backend packed.  [rows, outputs]
std::vector<double> multiply(const Int8Layer& layer, const Backend& backend, const Layout& layout,
                             Workers& workers);
// The same, one participant, nothing odd about the layout.
std::vector<double> multiply(const Int8Layer& layer, const Backend& backend);

// Equal to the bit, NaN equal to NaN.
bool same_numbers(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace likewise::test
