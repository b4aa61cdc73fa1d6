// A table for bfloat16 alone, as table_int8.cpp is one for int8.
#include "register.h"

#define LIKEWISE_STRING_OF(name) #name
#define LIKEWISE_STRING(name) LIKEWISE_STRING_OF(name)
#define LIKEWISE_JOIN_OF(left, right) left##right
#define LIKEWISE_JOIN(left, right) LIKEWISE_JOIN_OF(left, right)

namespace likewise {

void LIKEWISE_JOIN(fill_, LIKEWISE_ISA)(Backend& backend) {
  backend.name = LIKEWISE_STRING(LIKEWISE_ISA);
  LIKEWISE_ISA::register_linear_pairs(backend);
  LIKEWISE_ISA::register_linear_gradient_pairs(backend);
  LIKEWISE_ISA::register_attention_bfloat16(backend);
  LIKEWISE_ISA::register_attention_gradient_bfloat16(backend);
  LIKEWISE_ISA::register_peak_bfloat16(backend);
}

}  // namespace likewise
