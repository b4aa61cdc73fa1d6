// Row by row:
//   l2_normalize            output = input / max(|input|_2, epsilon)
//   l2_normalize_gradient   (output_gradient - y (y . output_gradient)) / |input|_2, y = input / |input|_2, where the
//                           norm is above epsilon; output_gradient / epsilon elsewhere
//   weighted_sum            output = left_weight * left + right_weight * right
// Squares are summed in float32, so a row whose entries pass 1e19 has an infinite norm, as in other libraries.
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 64;

Status l2_normalize(const OpCall& call) {
  using namespace l2_normalize_op;
  const TensorView& in = call.inputs[input];  // [rows, width]
  const TensorView& out = call.outputs[output];
  const int64_t width = in.shape[1];
  const Vector least = broadcast(static_cast<float>(call.parameters[epsilon]));
  for_each_row(*call.workers, in.shape[0], tile_rows, [&in, &out, width, least](int64_t i) {
    const float* x = row_of(in, i);
    float* y = row_of(out, i);
    const float squares = sum_over(width, [x](int64_t j, int64_t n) {
      const Vector value = load_first(x + j, n);
      return value * value;
    });
    const Vector norm =
        maximum(least, sqrt(broadcast(squares)));  // NaN stays: maximum gives its second operand
    for_each_vector(width, [=](int64_t j, int64_t n) { store_first(y + j, load_first(x + j, n) / norm, n); });
  });
  return Status::ok;
}

Status l2_normalize_gradient(const OpCall& call) {
  using namespace l2_normalize_gradient_op;
  const TensorView* in = call.inputs;                    // [rows, width]
  const TensorView& out = call.outputs[input_gradient];  // [rows, width]
  const int64_t width = out.shape[1];
  const float least = static_cast<float>(call.parameters[epsilon]);
  for_each_row(*call.workers, out.shape[0], tile_rows, [in, &out, width, least](int64_t i) {
    const float* dy = row_of(in[output_gradient], i);
    const float* x = row_of(in[input], i);
    float* dx = row_of(out, i);
    Vector squares = zero();
    const float product = sum_over(width, [x, dy, &squares](int64_t j, int64_t n) {
      const Vector value = load_first(x + j, n);
      squares = fma(value, value, squares);
      return value * load_first(dy + j, n);
    });
    const float norm = __builtin_sqrtf(reduce_add(squares));
    const bool flat = norm <= least;  // NaN is not
    const Vector divisor = broadcast(flat ? least : norm);
    const Vector along = broadcast(flat ? 0.0f : product / norm / norm);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      const Vector across =
          flat ? load_first(dy + j, n) : fnma(load_first(x + j, n), along, load_first(dy + j, n));
      store_first(dx + j, across / divisor, n);
    });
  });
  return Status::ok;
}

Status weighted_sum(const OpCall& call) {
  using namespace weighted_sum_op;
  const TensorView* in = call.inputs;            // [rows, width]
  const TensorView& out = call.outputs[output];  // [rows, width]
  const int64_t width = out.shape[1];
  const Vector a = broadcast(static_cast<float>(call.parameters[left_weight]));
  const Vector b = broadcast(static_cast<float>(call.parameters[right_weight]));
  for_each_row(*call.workers, out.shape[0], tile_rows, [in, &out, width, a, b](int64_t i) {
    const float* x = row_of(in[left], i);
    const float* y = row_of(in[right], i);
    float* z = row_of(out, i);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      store_first(z + j, fma(a, load_first(x + j, n), b * load_first(y + j, n)), n);
    });
  });
  return Status::ok;
}

}  // namespace

void register_rows(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::l2_normalize)].float32 = l2_normalize;
  backend.ops[static_cast<int32_t>(OpId::l2_normalize_gradient)].float32 = l2_normalize_gradient;
  backend.ops[static_cast<int32_t>(OpId::weighted_sum)].float32 = weighted_sum;
}

}  // namespace likewise::LIKEWISE_ISA
