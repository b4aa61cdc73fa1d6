// One call of an op with its numbers, independent of backend, element type and memory layout; and running it.
#pragma once

#include <string>
#include <vector>

#include "../core/backend.h"
#include "guarded_tensor.h"

namespace likewise::test {

struct Operand {
  std::vector<int64_t> shape;  // empty: absent
  std::vector<double> values;  // representable in float32
  bool integer = false;
  bool to_pack = false;  // a weight [outputs, inputs], passed as pack_weight or pack_weight_bfloat16 makes it
  bool per_row = false;  // its rows belong to the op's rows: row r of it decides only row r of the outputs
};

struct OpCase {
  OpId op;
  std::string name;
  std::vector<Operand> inputs;
  std::vector<std::vector<int64_t>> outputs;  // shapes; empty: absent
  std::vector<double> parameters;
  double error_units = 0;                        // |error| <= 2^-23 (error_units + 16 |expected|)
  int32_t in_place = -1;                         // this input is the very memory of output 0
  std::vector<std::vector<double>> before = {};  // what an output holds before the call; empty: nothing sound
};

struct OpResult {
  Status status = Status::ok;
  std::string message;
  std::vector<std::vector<double>> outputs;  // empty vectors: absent
  bool surroundings_intact = true;
  std::string refused;  // why check_call did not let it pass
};

// panel_width: of the packed weights.
OpResult run_case(const OpCase& one, const Backend& backend, DType real, int32_t panel_width,
                  const Layout& layout, Workers& workers);

// The bits agree; NaN equals NaN.
bool same_bits(const OpResult& a, const OpResult& b);

// Deterministic numbers in [-1, 1], representable in float32.
std::vector<double> random_values(int64_t count, uint32_t seed);
Operand random_operand(std::vector<int64_t> shape, uint32_t seed, bool per_row = false);
Operand int_operand(const std::vector<int32_t>& values, bool per_row = false);

// Magnitudes in [0.5, 1], signs alternating along the row: no row is nearly constant, where normalising it
// would blow rounding errors up.
Operand spread_operand(int64_t rows, int64_t width, uint32_t seed, bool per_row, double offset = 0);
// `count` ids below `entries`.
std::vector<int32_t> random_ids(int64_t count, int64_t entries, uint32_t seed);
// int32 [rows, 2], any numbers: sequence and position of each row.
Operand row_keys_operand(int64_t rows, uint32_t seed);

// The cases of the table, over sizes 0, 1, 2, 3, odd, about a register and past every block of the kernels.
std::vector<OpCase> linear_cases();  // pack_weight too
std::vector<OpCase> linear_gradient_cases();
std::vector<OpCase> bfloat16_linear_cases();  // these two: linear's and its gradient's, in bfloat16
std::vector<OpCase> bfloat16_gradient_cases();
std::vector<OpCase> activation_gradient_cases();
std::vector<OpCase> optimizer_cases();  // squared_norm, adamw, lamb
std::vector<OpCase> row_cases();        // embedding, layer_norm, l2_normalize, weighted_sum
std::vector<OpCase> attention_cases();
std::vector<OpCase> attention_gradient_cases();
std::vector<OpCase> attention_bfloat16_cases();
std::vector<OpCase> attention_gradient_bfloat16_cases();
std::vector<OpCase> pool_cases();
std::vector<OpCase> pool_gradient_cases();
std::vector<OpCase> dropped_row_cases();   // dropout, and layer_norm with it
std::vector<OpCase> row_gradient_cases();  // of layer_norm and l2_normalize, row by row
std::vector<OpCase>
affine_gradient_cases();  // layer_norm_gradient and embedding_gradient with their sums over rows
std::vector<OpCase> table_row_cases();            // gather_rows, scatter_rows
std::vector<OpCase> loss_cases();                 // cosine_softmax_loss
std::vector<OpCase> loss_block_cases();           // the same past its blocks
std::vector<OpCase> loss_gradient_cases();        // small ones of every form
std::vector<OpCase> vocabulary_cases();           // vocabulary_loss, in bfloat16 too
std::vector<OpCase> vocabulary_block_cases();     // more positions than one block
std::vector<OpCase> vocabulary_gradient_cases();  // small ones
std::vector<OpCase> whiten_cases();

}  // namespace likewise::test
