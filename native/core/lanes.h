// The two lanes of a stream. Each is in order by itself, and one thread executes both, taking urgent commands first
// whenever a command ends. What a command must wait for in the other lane follows from the memory it uses.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace likewise {

enum class Lane : int32_t { ordinary, urgent };
constexpr size_t lane_count = 2;

// So many commands of each lane: a point that a stream's execution reaches. Commands are counted from 1.
class Point {
 public:
  uint64_t& operator[](Lane lane) { return counts_[static_cast<size_t>(lane)]; }
  uint64_t operator[](Lane lane) const { return counts_[static_cast<size_t>(lane)]; }

  // Moves on to where both have been reached.
  void include(const Point& other) {
    for (size_t i = 0; i < lane_count; i++) counts_[i] = std::max(counts_[i], other.counts_[i]);
  }
  bool reached(const Point& other) const {
    for (size_t i = 0; i < lane_count; i++) {
      if (counts_[i] < other.counts_[i]) return false;
    }
    return true;
  }
  uint64_t sum() const { return counts_[0] + counts_[1]; }

 private:
  std::array<uint64_t, lane_count> counts_ = {};
};

}  // namespace likewise
