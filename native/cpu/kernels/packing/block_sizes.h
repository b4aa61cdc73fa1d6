// What the kernels that cut products into tiles reckon with.
#pragma once

#include <stdint.h>

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
