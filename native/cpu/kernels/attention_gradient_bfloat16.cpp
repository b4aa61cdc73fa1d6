// The gradient of attention in bfloat16: its factors in pairs.
#include "attention_gradient_call.h"
#include "register.h"

namespace likewise::LIKEWISE_ISA {

void register_attention_gradient_bfloat16(Backend& backend) {
  backend[OpId::attention_gradient_bfloat16].float32 = attention_gradient<Pairs>;
}

}  // namespace likewise::LIKEWISE_ISA
