// input_gradient = output_gradient * f'(pre_activation), f an activation of linear:
//   tanh       4 e / (1 + e)^2, e = exp(-2 |x|), which is 1 - tanh(x)^2 without its cancellation
//   gelu_erf   Phi(x) + x phi(x), phi the normal density
//   gelu_tanh  s + x s (1 - s) v', s = 1 / (1 + exp(-v)), v = 2 sqrt(2 / pi) (x + 0.044715 x^3)
//   relu       1 where x > 0
// Where x times a density is 0 to float32, x is held where it is, so that infinity times 0 does not arise.
#include "../../simd/math.h"
#include "../rows/row_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t tile_rows = 16;

// NaN stays: maximum and minimum give their second operand.
LIKEWISE_INLINE Vector held(Vector x, float limit) {
  return maximum(broadcast(-limit), minimum(broadcast(limit), x));
}

// e / (1 + e)^2 with e = exp(-|x|): the slope of 1 / (1 + exp(-x)).
LIKEWISE_INLINE Vector logistic_slope(Vector e) {
  const Vector sum = broadcast(1.0f) + e;
  return e / (sum * sum);
}

template <Activation activation>
LIKEWISE_INLINE Vector gradient_of(Vector x, Vector gradient) {
  if constexpr (activation == Activation::relu) return select(less_equal(x, zero()), zero(), gradient);
  if constexpr (activation == Activation::tanh) {
    const Vector e = exp(broadcast(-2.0f) * absolute(x));
    return gradient * broadcast(4.0f) * logistic_slope(e);
  }
  if constexpr (activation == Activation::gelu_erf) {
    const Vector y = held(x, 14.0f);
    const Vector density = broadcast(0.398942280401f) * exp(broadcast(-0.5f) * y * y);
    return gradient * fma(y, density, normal_distribution(x));
  }
  if constexpr (activation == Activation::gelu_tanh) {
    const Vector y = held(x, 10.0f);
    const Vector square = y * y;
    const Vector v = y * fma(square, broadcast(7.13548162726e-2f), broadcast(1.59576912161f));
    const Vector slope = fma(square, broadcast(3 * 7.13548162726e-2f), broadcast(1.59576912161f));
    const Vector e = exp(zero() - absolute(v));
    const Vector one = broadcast(1.0f);
    const Vector share = select(less(v, zero()), e, one) / (one + e);
    return gradient * fma(y * slope, logistic_slope(e), share);
  }
  return gradient;
}

template <Activation activation>
Status run(const OpCall& call) {
  using namespace activation_gradient_op;
  const TensorView* in = call.inputs;                    // [rows, width]
  const TensorView& out = call.outputs[input_gradient];  // [rows, width]
  const int64_t width = out.shape[1];
  for_each_row(*call.workers, out.shape[0], tile_rows, [in, &out, width](int64_t i) {
    const float* gradient = row_of(in[output_gradient], i);
    const float* x = row_of(in[pre_activation], i);
    float* result = row_of(out, i);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      store_first(result + j, gradient_of<activation>(load_first(x + j, n), load_first(gradient + j, n)), n);
    });
  });
  return Status::ok;
}

Status activation_gradient(const OpCall& call) {
  switch (
      static_cast<Activation>(static_cast<int32_t>(call.parameters[activation_gradient_op::activation]))) {
#define OP(name, inputs, outputs, parameters)
#define ACTIVATION(name) \
  case Activation::name: return run<Activation::name>(call);
#include "../../../ops.def"
#undef ACTIVATION
#undef OP
  }
  return fail(call, Status::invalid_value, "unknown activation");
}

}  // namespace

void register_activation_gradient(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::activation_gradient)].float32 = activation_gradient;
}

}  // namespace likewise::LIKEWISE_ISA
