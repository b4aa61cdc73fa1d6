// The gradient of a normalised row, shared by layer_norm_gradient and embedding_gradient. With
// normal = (x - mean) scale and g = output_gradient gamma, means over the row:
//   x_gradient = scale (g - mean(g) - normal mean(g normal))
//   gamma_gradient += output_gradient normal,   beta_gradient += output_gradient
// The latter are sums over all rows: blocks of `block_rows` rows, whatever the number of threads, have sums of their
// own, which are then added in the order of the blocks.
#pragma once

#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t block_rows = 64;
constexpr int64_t tile_columns = 64;

// What a call wants of gamma and beta: [width] each, null where it is not asked for.
struct AffineGradients {
  const TensorView& gamma;
  const TensorView& beta;
  bool accumulate;

  bool wanted() const { return gamma.data != nullptr || beta.data != nullptr; }
};

// gradient from x, its moments and output_gradient; `gradient` may be x. sums [2, width] grow by what the row adds to
// the gradients of gamma and beta.
template <bool summed>
LIKEWISE_INLINE void normalize_gradient_of(const float* x, Moments row, const float* output_gradient,
                                           const float* gamma, int64_t width, float* gradient, float* sums) {
  Vector total = zero();
  const float product = sum_over(width, [=, &total](int64_t j, int64_t n) {
    const Vector normal = (load_first(x + j, n) - row.mean) * row.scale;
    const Vector coming = load_first(output_gradient + j, n);
    if (summed) {
      store_first(sums + j, fma(coming, normal, load_first(sums + j, n)), n);
      store_first(sums + width + j, coming + load_first(sums + width + j, n), n);
    }
    const Vector g = coming * load_first(gamma + j, n);
    total = total + g;
    const Vector along = g * normal;
    return n == lanes ? along : zero_unless(mask_first(n), along);
  });
  const Vector mean = broadcast(reduce_add(total) / static_cast<float>(width));
  const Vector slope = broadcast(product / static_cast<float>(width));
  for_each_vector(width, [=](int64_t j, int64_t n) {
    const Vector normal = (load_first(x + j, n) - row.mean) * row.scale;
    const Vector g = load_first(output_gradient + j, n) * load_first(gamma + j, n);
    store_first(gradient + j, fnma(normal, slope, g - mean) * row.scale, n);
  });
}

// The same, sums null when nobody wants them. A call of its own for each row, so that there is one copy of it.
__attribute__((noinline)) void normalize_gradient(const float* x, Moments row, const float* output_gradient,
                                                  const float* gamma, int64_t width, float* gradient,
                                                  float* sums) {
  if (sums == nullptr) {
    normalize_gradient_of<false>(x, row, output_gradient, gamma, width, gradient, sums);
  } else {
    normalize_gradient_of<true>(x, row, output_gradient, gamma, width, gradient, sums);
  }
}

// gradient (+)= sum of part[b * pitch] over the blocks b, tile by tile of columns
inline void add_blocks(Workers& workers, const float* part, int64_t blocks, int64_t pitch,
                       const TensorView& gradient, bool accumulate) {
  if (gradient.data == nullptr) return;
  const int64_t width = gradient.shape[0];
  float* result = static_cast<float*>(gradient.data);
  auto tile = [=](int64_t index, int32_t) {
    const int64_t end = width < (index + 1) * tile_columns ? width : (index + 1) * tile_columns;
    for (int64_t j = index * tile_columns; j < end; j += lanes) {
      const int64_t n = end - j < lanes ? end - j : lanes;
      Vector sum = zero();
      for (int64_t b = 0; b < blocks; b++) sum = sum + load_first(part + b * pitch + j, n);
      if (accumulate) sum = load_first(result + j, n) + sum;
      store_first(result + j, sum, n);
    }
  };
  for_each_tile(workers, (width + tile_columns - 1) / tile_columns, tile);
}

// Runs row(i, sums) for every row, sums null when nobody wants the gradients of gamma and beta.
template <typename Row>
LIKEWISE_INLINE Status for_each_row_summed(const OpCall& call, int64_t rows, int64_t width,
                                           const AffineGradients& affine, Row row) {
  const int64_t blocks = (rows + block_rows - 1) / block_rows, pitch = 2 * width;
  float* sums = nullptr;  // [blocks, 2, width]: the caller's scratch, which no tile asks for meanwhile
  if (affine.wanted() && rows > 0 && width > 0) {
    const size_t bytes = static_cast<size_t>(blocks * pitch) * sizeof(float);
    sums = static_cast<float*>(call.workers->scratch(*call.workers, 0, bytes));
    if (sums == nullptr) return fail(call, Status::out_of_memory, "no memory for the sums over rows");
  }
  auto tile = [=, &row](int64_t index, int32_t) {
    float* own = sums == nullptr ? nullptr : sums + index * pitch;
    if (own != nullptr) {
      for_each_vector(pitch, [own](int64_t j, int64_t n) { store_first(own + j, zero(), n); });
    }
    const int64_t end = rows < (index + 1) * block_rows ? rows : (index + 1) * block_rows;
    for (int64_t i = index * block_rows; i < end; i++) row(i, own);
  };
  for_each_tile(*call.workers, blocks, tile);
  add_blocks(*call.workers, sums, blocks, pitch, affine.gamma, affine.accumulate);
  add_blocks(*call.workers, sums + (sums == nullptr ? 0 : width), blocks, pitch, affine.beta,
             affine.accumulate);
  return Status::ok;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
