// A backend: how its memory is had and copied, and one function per op and element type. `reference` fills every
// entry; each instruction set starts as a copy of the table below it and overrides what it does better. A missing
// entry is an error naming op and dtype, never a silent fallback.
#pragma once

#include "op_call.h"

namespace likewise {

constexpr uint32_t backend_abi = 4;

using OpFunction = Status (*)(const OpCall& call);

struct OpEntry {
  OpFunction float32 = nullptr;
  OpFunction float64 = nullptr;
};

struct Backend {
  uint32_t abi = backend_abi;
  const char* name = nullptr;
  int32_t panel_width = 1;  // `width` of the packed weights this backend prefers

  void* (*allocate)(size_t bytes) = nullptr;  // 64-byte aligned; null when memory is exhausted
  void (*release)(void* memory, size_t bytes) = nullptr;
  void (*copy_in)(void* destination, const void* host, size_t bytes) = nullptr;
  void (*copy_out)(void* host, const void* source, size_t bytes) = nullptr;

  // Runs a loop of fused multiply-adds on one thread and returns how many floating-point operations it made.
  double (*multiply_adds)(int64_t rounds) = nullptr;
  // The same of the instruction that linear_int8 is made of.
  double (*int8_multiply_adds)(int64_t rounds) = nullptr;
  // The same of the instruction that multiplies in bfloat16; null where the ops in bfloat16 are emulated in float32.
  double (*bfloat16_multiply_adds)(int64_t rounds) = nullptr;

  OpEntry ops[op_count];

  OpEntry& operator[](OpId id) { return ops[static_cast<int32_t>(id)]; }
  const OpEntry& operator[](OpId id) const { return ops[static_cast<int32_t>(id)]; }
};

void fill_reference(Backend& backend);
#if defined(__x86_64__)
void fill_avx2(Backend& backend);
void fill_avx512(Backend& backend);
void fill_avx512_vnni(Backend& backend);  // the kernels in int8 only
void fill_avx512_bf16(Backend& backend);  // those in bfloat16 only
void fill_amx(Backend& backend);          // those of both that multiply tiles
#endif

}  // namespace likewise
