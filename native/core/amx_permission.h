// Whether this CPU has AMX, and whether this process may use it: Linux saves the 8 KB of a thread's AMX tiles only for
// processes that asked for them; the first tile instruction of another ends it.
#pragma once

#include <string>

namespace likewise {

// TILE, BF16 and INT8. Read from the CPU itself: `__builtin_cpu_supports` knows these names in clang 19 and later only.
bool cpu_has_amx();

// Asks for the tiles, for all threads of this process and for its lifetime. Empty: granted; else why not.
std::string request_amx();

}  // namespace likewise
