// What the vocabulary's cross-entropy does with the logits of one chunk of words by a block of positions,
// [panels of positions][chunk_words][panel_width]: a lane is a position, so nothing is summed across lanes.
//
//   multiply_chunk   the words' dot products with the states
//   softmax_chunk    z = product + bias becomes exp(z - maximum), the maximum of this chunk alone; the maxima, the sums and
//                    the targets' own logits are kept
//   derive_panel     exp(z - maximum) becomes the derivative of the loss by z
//
// Maxima start at no_logit, which is finite, so that words of probability 0 alone give the sum 0 and never NaN.
#pragma once

#include "../../simd/math.h"
#include "vocabulary_factors.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr float no_logit = -0x1p127f;
constexpr int64_t slot_floats = chunk_words * panel_width;  // of a panel of positions

struct Chunk {
  int64_t word, words;  // the first one and how many, up to chunk_words
  int64_t panels, positions;
  float* values;  // [panels][chunk_words][panel_width]
};

// What is known of the block's positions, [panels * panel_width] each.
struct PositionSums {
  const int32_t* targets;  // [positions]
  float* own;              // the target's logit
  float* maxima;  // of the chunk; after the forward the factors of its exponentials in the derivatives
  float* totals;  // of the chunk's exponentials
};

template <typename Factors>
void multiply_chunk(const float* rows, int64_t stride, const float* panels, int64_t depth,
                    const Chunk& chunk) {
  using Product = typename Factors::Product;
  const int64_t stretches = divide_up(depth, stretch_bytes / float_bytes / panel_width);
  const int64_t whole = Product::whole_steps;
  const int64_t stretch = divide_up(divide_up(depth, stretches), whole) * whole;
  const int64_t strips = divide_up(chunk.words, Product::most_rows);
  for (int64_t k = 0; k < depth; k += stretch) {
    for (int64_t p = 0; p < chunk.panels; p++) {
      Strip strip = {};
      strip.a = rows + k;
      strip.stride = stride;
      strip.panel = panels + (p * depth + k) * panel_width;
      strip.depth = smaller(stretch, depth - k);
      strip.add = k > 0;
      strip.sums = chunk.values + p * slot_floats;
      for (int64_t s = 0; s < strips; s++) {
        const int64_t count = Product::share(chunk.words, strips, s);
        if (p + 1 < chunk.panels && strips >= 4) {
          prefetch_share(strip.panel + depth * panel_width, strip.depth * panel_width, s, strips);
        }
        Product::multiply(strip, count, 1, false);
        strip.a += count * stride;
        strip.sums += count * panel_width;
      }
    }
  }
}

// body(position, its value): of the positions whose target is in the chunk.
template <typename Body>
LIKEWISE_INLINE void for_each_target(const Chunk& chunk, const PositionSums& sums, Body body) {
  for (int64_t i = 0; i < chunk.positions; i++) {
    const int64_t word = sums.targets[i] - chunk.word;
    if (word < 0 || word >= chunk.words) continue;
    body(i, chunk.values[i / panel_width * slot_floats + word * panel_width + i % panel_width]);
  }
}

LIKEWISE_INLINE void softmax_chunk(const Chunk& chunk, const float* bias, const PositionSums& sums) {
  for (int64_t j = 0; j < chunk.panels * panel_width; j += lanes) {
    float* values = chunk.values + j / panel_width * slot_floats + j % panel_width;
    Vector top = broadcast(no_logit);
    for (int64_t v = 0; v < chunk.words; v++) {
      Vector z = load(values + v * panel_width);
      if (bias) {
        z = z + broadcast(bias[chunk.word + v]);
        store(values + v * panel_width, z);
      }
      top = maximum(z, top);
    }
    store(sums.maxima + j, top);
  }
  for_each_target(chunk, sums, [&](int64_t i, float& z) { sums.own[i] = z; });
  for (int64_t j = 0; j < chunk.panels * panel_width; j += lanes) {
    float* values = chunk.values + j / panel_width * slot_floats + j % panel_width;
    const Vector top = load(sums.maxima + j);
    Vector total = zero();
    for (int64_t v = 0; v < chunk.words; v++) {
      const Vector share = exp(load(values + v * panel_width) - top);
      store(values + v * panel_width, share);
      total = total + share;
    }
    store(sums.totals + j, total);
  }
}

// The derivatives of one panel of positions, zeros past the chunk's last word and the last position.
LIKEWISE_INLINE void derive_panel(const Chunk& chunk, const PositionSums& sums, const float* weights,
                                  int64_t panel) {
  float* values = chunk.values + panel * slot_floats;
  const int64_t first = panel * panel_width;
  for (int64_t j = 0; j < panel_width; j += lanes) {
    const Vector factor = load(sums.maxima + first + j);
    const int64_t n = larger(0, smaller(lanes, chunk.positions - first - j));
    const Mask here = mask_first(n);
    for (int64_t v = 0; v < chunk.words; v++) {
      float* value = values + v * panel_width + j;
      store(value, zero_unless(here, load(value) * factor));
    }
    for (int64_t v = chunk.words; v < chunk_words; v++) store(values + v * panel_width + j, zero());
  }
  for (int64_t i = first; i < smaller(first + panel_width, chunk.positions); i++) {
    const int64_t word = sums.targets[i] - chunk.word;
    if (word >= 0 && word < chunk.words) values[word * panel_width + i - first] -= weights[i];
  }
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
