// The gradient of attention in bfloat16: its factors in pairs, in tiles where there are any.
#include "../tables/register.h"
#include "attention_gradient_call.h"

#if defined(__AMX_BF16__)
#include "attention_tiles.h"
#endif

namespace likewise::LIKEWISE_ISA {

#if defined(__AMX_BF16__)
using Best = Tiles;
#else
using Best = Pairs;
#endif

void register_attention_gradient_bfloat16(Backend& backend) {
  backend[OpId::attention_gradient_bfloat16].float32 = attention_gradient<Best>;
}

}  // namespace likewise::LIKEWISE_ISA
