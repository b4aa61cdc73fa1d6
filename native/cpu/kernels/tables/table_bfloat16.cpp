// A table for bfloat16 alone, as table_int8.cpp is one for int8.
#include "register.h"
#include "table_name.h"

namespace likewise {

void LIKEWISE_JOIN(fill_, LIKEWISE_ISA)(Backend& backend) {
  backend.name = LIKEWISE_STRING(LIKEWISE_ISA);
  LIKEWISE_ISA::register_linear_pairs(backend);
  LIKEWISE_ISA::register_linear_gradient_pairs(backend);
  LIKEWISE_ISA::register_attention_bfloat16(backend);
  LIKEWISE_ISA::register_attention_gradient_bfloat16(backend);
  LIKEWISE_ISA::register_vocabulary_loss_bfloat16(backend);
  LIKEWISE_ISA::register_peak_bfloat16(backend);
}

}  // namespace likewise
