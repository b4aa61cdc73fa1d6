// A table for int8 alone: over a copy of the table below it, the kernels that the instruction set this file is compiled
// for is better at.
#include "register.h"
#include "table_name.h"

namespace likewise {

void LIKEWISE_JOIN(fill_, LIKEWISE_ISA)(Backend& backend) {
  backend.name = LIKEWISE_STRING(LIKEWISE_ISA);
  LIKEWISE_ISA::register_linear_int8(backend);
  LIKEWISE_ISA::register_peak_int8(backend);
}

}  // namespace likewise
