// A table for what AMX multiplies, in bfloat16 and in int8: over a copy of the table below it, as table_int8.cpp.
#include "register.h"
#include "table_name.h"

namespace likewise {

void LIKEWISE_JOIN(fill_, LIKEWISE_ISA)(Backend& backend) {
  backend.name = LIKEWISE_STRING(LIKEWISE_ISA);
  LIKEWISE_ISA::register_linear_pairs(backend);
  LIKEWISE_ISA::register_linear_gradient_pairs(backend);
  LIKEWISE_ISA::register_linear_int8(backend);
  LIKEWISE_ISA::register_attention_bfloat16(backend);
  LIKEWISE_ISA::register_attention_gradient_bfloat16(backend);
  LIKEWISE_ISA::register_vocabulary_loss_bfloat16(backend);
  LIKEWISE_ISA::register_peak_tiles(backend);
}

}  // namespace likewise
