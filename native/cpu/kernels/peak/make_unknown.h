// For loops that measure a rate.
#pragma once

#include "../../simd/vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

// The same number, but the compiler does not know: it would multiply once what stays the same.
LIKEWISE_INLINE void make_unknown(IntVector& a) {
#if defined(LIKEWISE_EMULATED)
  asm("" : "+m"(a.value));  // sixteen lanes have no register here
#else
  asm("" : "+v"(a.value));
#endif
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
