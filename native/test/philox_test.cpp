// Philox: against the authors' known answers for seven rounds, and the vector form against the plain one on random
// counters.
#include <random>
#include <string_view>
#include <vector>

#include "../core/philox.h"
#include "check.h"
#include "test_backends.h"
#include "vector_functions.h"

namespace likewise::test {

namespace {

void check_vector_form(void (*run)(const PhiloxCase&), const char* name) {
  constexpr int64_t count = 16 * 64;
  std::mt19937 random(7);
  for (const uint32_t threshold : {0u, 1u, 6554u, 32768u, 65535u, 65536u}) {
    std::vector<int32_t> counters[4], words[4];
    std::vector<float> kept[8];
    PhiloxCase blocks{
        {}, {static_cast<uint32_t>(random()), static_cast<uint32_t>(random())}, threshold, count, {}, {}};
    for (int32_t w = 0; w < 4; ++w) {
      for (int64_t i = 0; i < count; ++i) counters[w].push_back(static_cast<int32_t>(random()));
      words[w].resize(count);
      blocks.counters[w] = counters[w].data();
      blocks.words[w] = words[w].data();
    }
    for (int32_t d = 0; d < 8; ++d) {
      kept[d].resize(count);
      blocks.kept[d] = kept[d].data();
    }
    run(blocks);
    auto word = [&counters](int32_t w, int64_t i) { return static_cast<uint32_t>(counters[w][i]); };
    for (int64_t i = 0; i < count; ++i) {
      const PhiloxBlock plain =
          philox(word(0, i), word(1, i), word(2, i), word(3, i), blocks.keys[0], blocks.keys[1]);
      for (int32_t w = 0; w < 4; ++w) {
        CHECK(static_cast<uint32_t>(words[w][i]) == plain.words[w], "%s: word %d of block %lld", name, w,
              static_cast<long long>(i));
      }
      for (int32_t d = 0; d < 8; ++d) {
        CHECK((kept[d][i] == 1.0f) == (plain.decision(d) >= threshold), "%s: decision %d of block %lld at %u",
              name, d, static_cast<long long>(i), threshold);
      }
    }
  }
}

}  // namespace

TEST(philox_in_vectors) {
  for (const Backend& backend : test_backends()) {
    const std::string_view name = backend.name;
    if (name == "avx2") check_vector_form(avx2::run_philox, "avx2");
    if (name == "avx512") check_vector_form(avx512::run_philox, "avx512");
  }
}

TEST(philox_known_answers) {
  constexpr uint32_t full = 0xffffffffu;
  struct {
    uint32_t counter[4], key[2], words[4];
  } const answers[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48}},
      {{full, full, full, full}, {full, full}, {0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},  // digits of pi
       {0xa4093822, 0x299f31d0},
       {0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a}},
  };
  for (const auto& [c, key, words] : answers) {
    const PhiloxBlock block = philox(c[0], c[1], c[2], c[3], key[0], key[1]);
    for (int32_t w = 0; w < 4; ++w) CHECK(block.words[w] == words[w], "word %d of counter %08x ..", w, c[0]);
  }
}

}  // namespace likewise::test
