// Attention in float32.
#include "../tables/register.h"
#include "attention_call.h"

namespace likewise::LIKEWISE_ISA {

void register_attention(Backend& backend) { backend[OpId::attention].float32 = attention<Floats>; }

}  // namespace likewise::LIKEWISE_ISA
