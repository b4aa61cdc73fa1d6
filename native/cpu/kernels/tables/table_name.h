// What a table's file is named by: LIKEWISE_ISA, which the compiler is given, as a text and as the end of a name.
#pragma once

#define LIKEWISE_STRING_OF(name) #name
#define LIKEWISE_STRING(name) LIKEWISE_STRING_OF(name)
#define LIKEWISE_JOIN_OF(left, right) left##right
#define LIKEWISE_JOIN(left, right) LIKEWISE_JOIN_OF(left, right)
