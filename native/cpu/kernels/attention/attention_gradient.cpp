// The gradient of attention in float32.
#include "../tables/register.h"
#include "attention_gradient_call.h"

namespace likewise::LIKEWISE_ISA {

void register_attention_gradient(Backend& backend) {
  backend[OpId::attention_gradient].float32 = attention_gradient<Floats>;
}

}  // namespace likewise::LIKEWISE_ISA
