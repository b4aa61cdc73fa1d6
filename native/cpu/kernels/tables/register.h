// What each kernel file offers to the table of its instruction set: a function that puts its kernels into a backend.
// The only functions of a kernel object with external linkage.
#pragma once

#include "../../../core/backend.h"

namespace likewise::LIKEWISE_ISA {

void register_cosine_softmax_loss(Backend& backend);
void register_vocabulary_loss(Backend& backend);
void register_vocabulary_loss_bfloat16(
    Backend& backend);  // emulated where no instruction multiplies in bfloat16
void register_linear(Backend& backend);
void register_linear_bfloat16(Backend& backend);  // emulated; pack_weight_bfloat16 too
void register_linear_int8(Backend& backend);      // pack_weight_int8 too
void register_linear_gradient(Backend& backend);  // of the weight and the bias; in bfloat16 emulated
void register_activation_gradient(Backend& backend);
void register_optimizer(Backend& backend);  // squared_norm, adamw
void register_lamb(Backend& backend);
void register_attention(Backend& backend);
void register_attention_gradient(Backend& backend);
void register_attention_bfloat16(Backend& backend);  // emulated where no instruction multiplies in bfloat16
void register_attention_gradient_bfloat16(Backend& backend);
void register_dropout(Backend& backend);
void register_embedding(Backend& backend);
void register_embedding_gradient(Backend& backend);
void register_layer_norm(Backend& backend);
void register_layer_norm_gradient(Backend& backend);
void register_covariance(Backend& backend);
void register_eigen(Backend& backend);
void register_whiten(Backend& backend);
void register_peak(Backend& backend);                   // multiply_adds
void register_peak_int8(Backend& backend);              // int8_multiply_adds
void register_linear_pairs(Backend& backend);           // linear_bfloat16, pack_weight_bfloat16
void register_linear_gradient_pairs(Backend& backend);  // linear_weight_gradient_bfloat16
void register_peak_bfloat16(Backend& backend);
void register_peak_tiles(Backend& backend);  // both of these on AMX
void register_pool(Backend& backend);
void register_pool_gradient(Backend& backend);
void register_rows(Backend& backend);        // l2_normalize, its gradient, weighted_sum
void register_rows_int8(Backend& backend);   // quantize_weight, gather_rows_int8
void register_table_rows(Backend& backend);  // gather_rows, scatter_rows

}  // namespace likewise::LIKEWISE_ISA
