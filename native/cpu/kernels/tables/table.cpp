// The backend table of the instruction set this file is compiled for: the vector kernels over a copy of the table
// below it (reference under avx2, avx2 under avx512).
#include "register.h"
#include "table_name.h"

namespace likewise {

void LIKEWISE_JOIN(fill_, LIKEWISE_ISA)(Backend& backend) {
  backend.name = LIKEWISE_STRING(LIKEWISE_ISA);
  LIKEWISE_ISA::register_linear(backend);  // sets the panel width with its kernels
  LIKEWISE_ISA::register_linear_bfloat16(backend);
  LIKEWISE_ISA::register_linear_int8(backend);
  LIKEWISE_ISA::register_linear_gradient(backend);
  LIKEWISE_ISA::register_activation_gradient(backend);
  LIKEWISE_ISA::register_optimizer(backend);
  LIKEWISE_ISA::register_lamb(backend);
  LIKEWISE_ISA::register_attention(backend);
  LIKEWISE_ISA::register_attention_gradient(backend);
  LIKEWISE_ISA::register_attention_bfloat16(backend);
  LIKEWISE_ISA::register_attention_gradient_bfloat16(backend);
  LIKEWISE_ISA::register_cosine_softmax_loss(backend);
  LIKEWISE_ISA::register_vocabulary_loss(backend);
  LIKEWISE_ISA::register_vocabulary_loss_bfloat16(backend);
  LIKEWISE_ISA::register_dropout(backend);
  LIKEWISE_ISA::register_embedding(backend);
  LIKEWISE_ISA::register_embedding_gradient(backend);
  LIKEWISE_ISA::register_layer_norm(backend);
  LIKEWISE_ISA::register_layer_norm_gradient(backend);
  LIKEWISE_ISA::register_peak(backend);
  LIKEWISE_ISA::register_peak_int8(backend);
  LIKEWISE_ISA::register_pool(backend);
  LIKEWISE_ISA::register_pool_gradient(backend);
  LIKEWISE_ISA::register_rows(backend);
  LIKEWISE_ISA::register_rows_int8(backend);
  LIKEWISE_ISA::register_table_rows(backend);
  LIKEWISE_ISA::register_covariance(backend);
  LIKEWISE_ISA::register_eigen(backend);
  LIKEWISE_ISA::register_whiten(backend);
}

}  // namespace likewise
