// vocabulary_loss_bfloat16, of vocabulary_block.h: pairs, or tiles of them, where instructions multiply them; elsewhere rounded
// floats, whose products are exact in float32.
#include "../tables/register.h"
#include "vocabulary_block.h"

namespace likewise::LIKEWISE_ISA {

void register_vocabulary_loss_bfloat16(Backend& backend) {
#if defined(__AVX512BF16__)
  backend[OpId::vocabulary_loss_bfloat16].float32 = vocabulary_loss_of<PairFactors>;
#else
  backend[OpId::vocabulary_loss_bfloat16].float32 = vocabulary_loss_of<FloatFactors<true> >;
#endif
}

}  // namespace likewise::LIKEWISE_ISA
