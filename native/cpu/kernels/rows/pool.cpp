// One row per sequence from its tokens. Sums read four tokens at a time and keep the running row in `output`,
// so that memory is read in the order it lies in; weighted_mean is that of SGPT (Muennighoff 2022).
#include "../../../core/data_checks.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_sequences = 4;

// The tokens of one sequence that count: first .. last - 1; `start` is the sequence's first, skipped or not.
struct Tokens {
  const TensorView& input;  // [tokens, width]
  int64_t start, first, last;

  int64_t width() const { return input.shape[1]; }
};

LIKEWISE_INLINE void fill(float* output, int64_t width, Vector value) {
  for_each_vector(width, [=](int64_t j, int64_t n) { store_first(output + j, value, n); });
}

LIKEWISE_INLINE void copy(const float* source, int64_t width, float* output) {
  for_each_vector(width,
                  [=](int64_t j, int64_t n) { store_first(output + j, load_first(source + j, n), n); });
}

// output += sum of weight[r] * row[r] over `rows` rows
template <int32_t rows>
LIKEWISE_INLINE void add_rows(const float* first, int64_t stride, const Vector* weight, int64_t width,
                              float* output) {
  for_each_vector(width, [=](int64_t j, int64_t n) {
    Vector sum = load_first(output + j, n);
    for (int32_t r = 0; r < rows; r++) sum = fma(weight[r], load_first(first + r * stride + j, n), sum);
    store_first(output + j, sum, n);
  });
}

// output = sum of the tokens' rows, times their place in the sequence (1, 2, ..) when `by_place`, over
// `divisor`
void average(const Tokens& tokens, bool by_place, double divisor, float* output) {
  const int64_t stride = tokens.input.row_stride;
  fill(output, tokens.width(), zero());
  int64_t i = tokens.first;
  auto weight_of = [&tokens, by_place](int64_t token) {
    return broadcast(by_place ? static_cast<float>(token - tokens.start + 1) : 1.0f);
  };
  for (; i + 4 <= tokens.last; i += 4) {
    const Vector weights[4] = {weight_of(i), weight_of(i + 1), weight_of(i + 2), weight_of(i + 3)};
    add_rows<4>(row_of(tokens.input, i), stride, weights, tokens.width(), output);
  }
  for (; i < tokens.last; i++) {
    const Vector weight = weight_of(i);
    add_rows<1>(row_of(tokens.input, i), stride, &weight, tokens.width(), output);
  }
  const Vector whole = broadcast(static_cast<float>(divisor));
  for_each_vector(tokens.width(), [=](int64_t j, int64_t n) {
    store_first(output + j, load_first(output + j, n) / whole, n);
  });
}

// The larger of two; NaN if either is.
LIKEWISE_INLINE Vector larger(Vector largest, Vector x) {
  return select(less_equal(largest, largest), maximum(largest, x), largest);
}

void largest(const Tokens& tokens, float* output) {
  copy(row_of(tokens.input, tokens.first), tokens.width(), output);
  for (int64_t i = tokens.first + 1; i < tokens.last; i++) {
    const float* row = row_of(tokens.input, i);
    for_each_vector(tokens.width(), [=](int64_t j, int64_t n) {
      store_first(output + j, larger(load_first(output + j, n), load_first(row + j, n)), n);
    });
  }
}

void pool_sequence(Pooling mode, const Tokens& tokens, float* output) {
  const double n = static_cast<double>(tokens.last - tokens.first);
  // i counts from 1 at `start`: the sum of i over first .. last - 1
  const double places = n * static_cast<double>(tokens.first + tokens.last + 1 - 2 * tokens.start) / 2;
  if (tokens.first >= tokens.last) return fill(output, tokens.width(), zero());
  switch (mode) {
    case Pooling::cls: return copy(row_of(tokens.input, tokens.first), tokens.width(), output);
    case Pooling::mean: return average(tokens, false, n, output);
    case Pooling::max: return largest(tokens, output);
    case Pooling::mean_sqrt_len: return average(tokens, false, __builtin_sqrt(n), output);
    case Pooling::weighted_mean: return average(tokens, true, places, output);
    case Pooling::last_token: return copy(row_of(tokens.input, tokens.last - 1), tokens.width(), output);
  }
}

Status pool(const OpCall& call) {
  using namespace pool_op;
  const Status checked = check_pool_data(call);
  if (checked != Status::ok) return checked;
  const TensorView& out = call.outputs[output];  // [sequences, width]
  const int32_t* starts = static_cast<const int32_t*>(call.inputs[offsets].data);
  const int32_t* skipped = static_cast<const int32_t*>(call.inputs[skip].data);
  const Pooling pooling = static_cast<Pooling>(static_cast<int32_t>(call.parameters[mode]));
  for_each_row(*call.workers, out.shape[0], tile_sequences, [=, &call, &out](int64_t s) {
    const int64_t start = starts[s], first = start + (skipped == nullptr ? 0 : skipped[s]);
    pool_sequence(pooling, {call.inputs[input], start, first, starts[s + 1]}, row_of(out, s));
  });
  return Status::ok;
}

}  // namespace

void register_pool(Backend& backend) { backend.ops[static_cast<int32_t>(OpId::pool)].float32 = pool; }

}  // namespace likewise::LIKEWISE_ISA
