// What each kernel file offers to the table of its instruction set: a function that puts its kernels into a backend.
// The only functions of a kernel object with external linkage.
#pragma once

#include "../../core/backend.h"

namespace likewise::LIKEWISE_ISA {

void register_linear(Backend& backend);
void register_attention(Backend& backend);
void register_embedding(Backend& backend);
void register_layer_norm(Backend& backend);
void register_peak(Backend& backend);  // multiply_adds
void register_pool(Backend& backend);
void register_rows(Backend& backend);  // l2_normalize, weighted_sum

}  // namespace likewise::LIKEWISE_ISA
