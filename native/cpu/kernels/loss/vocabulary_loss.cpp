// vocabulary_loss, of vocabulary_block.h, with floats as they are.
#include "../tables/register.h"
#include "vocabulary_block.h"

namespace likewise::LIKEWISE_ISA {

void register_vocabulary_loss(Backend& backend) {
  backend[OpId::vocabulary_loss].float32 = vocabulary_loss_of<FloatFactors<false>>;
}

}  // namespace likewise::LIKEWISE_ISA
