// The plain truth of every op: scalar loops as the formulas read, for float32 and float64. Every sum is taken
// in double, so that the float32 version is exact to the rounding of its output. Speed does not matter here.
#pragma once

#include "../core/backend.h"

namespace likewise::reference {

// A matrix [rows, columns] seen with its element type.
template <typename T>
struct Matrix {
  T* data;
  int64_t rows;
  int64_t columns;
  int64_t row_stride;

  explicit Matrix(const TensorView& view)
      : data(static_cast<T*>(view.data)),
        rows(view.shape[0]),
        columns(view.shape[1]),
        row_stride(view.row_stride) {}

  T* operator[](int64_t row) const { return data + row * row_stride; }
};

template <typename T>
T* values(const TensorView& view) {
  return static_cast<T*>(view.data);
}

double activate(Activation activation, double x);

void fill_linear(Backend& backend);  // pack_weight too
void fill_bfloat16(
    Backend& backend);             // pack_weight_bfloat16, linear_bfloat16, linear_weight_gradient_bfloat16
void fill_int8(Backend& backend);  // quantize_weight, pack_weight_int8, linear_int8, gather_rows_int8
void fill_linear_gradient(Backend& backend);  // activation_gradient too
void fill_optimizer(Backend& backend);        // squared_norm, adamw, lamb
void fill_embedding(Backend& backend);        // embedding_gradient too
void fill_layer_norm(Backend& backend);       // layer_norm_gradient too
void fill_attention(Backend& backend);
void fill_pool(Backend& backend);
void fill_pool_gradient(Backend& backend);
void fill_row_gradients(Backend& backend);
void fill_rows(Backend& backend);
void fill_cosine_softmax_loss(Backend& backend);
void fill_vocabulary_loss(Backend& backend);  // in bfloat16 too
void fill_plain(Backend& backend);
void fill_table_rows(Backend& backend);
void fill_covariance(Backend& backend);
void fill_eigen(Backend& backend);
void fill_whiten(Backend& backend);

}  // namespace likewise::reference
