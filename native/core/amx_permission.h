// Linux saves the 8 KB of a thread's AMX tiles only for processes that asked for them; the first tile instruction of
// another ends it.
#pragma once

#include <string>

namespace likewise {

// Asks for the tiles, for all threads of this process and for its lifetime. Empty: granted; else why not.
std::string request_amx();

}  // namespace likewise
