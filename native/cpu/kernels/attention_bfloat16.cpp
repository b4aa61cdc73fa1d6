// Attention in bfloat16: its factors in pairs.
#include "attention_call.h"
#include "register.h"

namespace likewise::LIKEWISE_ISA {

void register_attention_bfloat16(Backend& backend) {
  backend[OpId::attention_bfloat16].float32 = attention<Pairs>;
}

}  // namespace likewise::LIKEWISE_ISA
