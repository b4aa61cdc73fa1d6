// What benchmarks of one instruction set (LIKEWISE_ISA) measure against: the loop of register-only fused multiply-adds.
#pragma once

#include <chrono>
#include <vector>

#include "../core/backend.h"

namespace likewise {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Operations per second of all threads together.
inline double measure_peak(double (*multiply_adds)(int64_t rounds), Workers& workers, int32_t threads) {
  std::vector<double> operations(static_cast<size_t>(threads) * 4);
  auto tile = [&](int64_t index, int32_t) { operations[static_cast<size_t>(index)] = multiply_adds(300000); };
  const double start = now();
  for_each_tile(workers, threads * 4, tile);
  double total = 0;
  for (const double each : operations) total += each;
  return total / (now() - start);
}

}  // namespace likewise
