// The gradient of pool: every token's row is its sequence's gradient times a weight, or zero; max passes each
// component on to the first token that has the largest (NaN, where there is one).
#include "../../../core/data_checks.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_sequences = 4;

// One sequence: tokens start .. last - 1, of which those before `first` are skipped.
struct Tokens {
  const TensorView& gradient;  // [tokens, width]
  int64_t start, first, last;
};

LIKEWISE_INLINE void fill(float* row, int64_t width, Vector value) {
  for_each_vector(width, [=](int64_t j, int64_t n) { store_first(row + j, value, n); });
}

LIKEWISE_INLINE void scale(const float* source, float weight, int64_t width, float* row) {
  const Vector factor = broadcast(weight);
  for_each_vector(width,
                  [=](int64_t j, int64_t n) { store_first(row + j, load_first(source + j, n) * factor, n); });
}

// The weights of the tokens, but for max: `same` for all, or i / places for the i-th of the sequence, or that of one.
void spread(Pooling mode, const Tokens& tokens, const float* coming) {
  const int64_t width = tokens.gradient.shape[1];
  const double count = static_cast<double>(tokens.last - tokens.first);
  const double places = count * static_cast<double>(tokens.first + tokens.last + 1 - 2 * tokens.start) / 2;
  const int64_t one = mode == Pooling::cls ? tokens.first : tokens.last - 1;
  const bool only_one = mode == Pooling::cls || mode == Pooling::last_token;
  const double same = mode == Pooling::mean            ? 1 / count
                      : mode == Pooling::mean_sqrt_len ? 1 / __builtin_sqrt(count)
                                                       : 1;
  for (int64_t i = tokens.first; i < tokens.last; i++) {
    float* row = row_of(tokens.gradient, i);
    if (only_one && i != one) {
      fill(row, width, zero());
    } else if (mode == Pooling::weighted_mean) {
      scale(coming, static_cast<float>(static_cast<double>(i - tokens.start + 1) / places), width, row);
    } else {
      scale(coming, static_cast<float>(same), width, row);
    }
  }
}

// scratch [2, width]: the largest components, and what of `coming` has not found its token yet.
void pass_to_largest(const TensorView& input, const Tokens& tokens, const float* coming, float* scratch) {
  const int64_t width = input.shape[1];
  float *largest = scratch, *left = scratch + width;
  scale(coming, 1.0f, width, left);
  scale(row_of(input, tokens.first), 1.0f, width, largest);
  for (int64_t i = tokens.first + 1; i < tokens.last; i++) {
    const float* x = row_of(input, i);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      const Vector most = load_first(largest + j, n);
      const Vector larger = maximum(most, load_first(x + j, n));  // NaN comes from x; once NaN, always NaN
      store_first(largest + j, select(less_equal(most, most), larger, most), n);
    });
  }
  for (int64_t i = tokens.first; i < tokens.last; i++) {
    const float* x = row_of(input, i);
    float* row = row_of(tokens.gradient, i);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      const Vector value = load_first(x + j, n), waiting = load_first(left + j, n);
      const Mask number = less_equal(value, value), reached = less_equal(load_first(largest + j, n), value);
      store_first(row + j, select(number, select(reached, waiting, zero()), waiting), n);
      store_first(left + j, select(number, select(reached, zero(), waiting), zero()), n);
    });
  }
}

Status pool_gradient(const OpCall& call) {
  using namespace pool_gradient_op;
  const Status checked = check_pool_gradient_data(call);
  if (checked != Status::ok) return checked;
  const TensorView& coming = call.inputs[output_gradient];  // [sequences, width]
  const int32_t* starts = static_cast<const int32_t*>(call.inputs[offsets].data);
  const int32_t* skipped = static_cast<const int32_t*>(call.inputs[skip].data);
  const Pooling pooling = static_cast<Pooling>(static_cast<int32_t>(call.parameters[mode]));
  const int64_t sequences = coming.shape[0], width = coming.shape[1];
  bool exhausted = false;
  auto tile = [&](int64_t index, int32_t participant) {
    float* scratch = nullptr;
    if (pooling == Pooling::max && width > 0) {
      const size_t bytes = static_cast<size_t>(2 * width) * sizeof(float);
      scratch = static_cast<float*>(call.workers->scratch(*call.workers, participant, bytes));
      if (scratch == nullptr) return __atomic_store_n(&exhausted, true, __ATOMIC_RELAXED);
    }
    const int64_t end = index * tile_sequences + tile_sequences;
    for (int64_t s = index * tile_sequences; s < end && s < sequences; s++) {
      const int64_t start = starts[s], last = starts[s + 1];
      const int64_t after = start + (skipped == nullptr ? 0 : skipped[s]);
      const Tokens tokens{call.outputs[input_gradient], start, after < last ? after : last, last};
      for (int64_t i = start; i < tokens.first; i++) fill(row_of(tokens.gradient, i), width, zero());
      if (tokens.first == last) continue;
      if (pooling == Pooling::max) {
        pass_to_largest(call.inputs[input], tokens, row_of(coming, s), scratch);
      } else {
        spread(pooling, tokens, row_of(coming, s));
      }
    }
  };
  for_each_tile(*call.workers, (sequences + tile_sequences - 1) / tile_sequences, tile);
  return exhausted ? fail(call, Status::out_of_memory, "no memory for the largest components") : Status::ok;
}

}  // namespace

void register_pool_gradient(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::pool_gradient)].float32 = pool_gradient;
}

}  // namespace likewise::LIKEWISE_ISA
