// Elementary functions of a Vector, and the activations made of them. Relative errors are against the exact
// value.
//
//   exp   2^n p(r), x = n ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite's two-part ln 2), p of degree 6: error below
//         1e-7. Below -87.33 the result, no longer a normal number, is 0; above 88.72 infinity; NaN stays NaN.
//   tanh  x + x^3 q(x^2) near 0, 1 - 2 / (exp(2 |x|) + 1) elsewhere: below 2e-7.
//   normal_distribution   Phi(x) = 1/2 + x N(x^2) / D(x^2) of degrees 4 and 5, |x| <= 5.7; 0 below, about 1 above.
//   gelu_erf   x Phi(x).
//              Relative error below 2.1e-7 for x >= 0, absolute error below 9e-7 for x < 0.
//   gelu_tanh  x / (1 + exp(-2 u)), which is 0.5 x (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3).
// The polynomials are minimax fits made for these intervals.
#pragma once

#include "vector.h"

namespace likewise::LIKEWISE_ISA {
namespace {

LIKEWISE_INLINE Vector exp(Vector x) {
  const Vector round = broadcast(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  Vector shifted = fma(x, broadcast(1.44269504089f), round);
  Vector n = shifted - round;
  Vector r = fnma(n, broadcast(0.693145751953125f), x);
  r = fnma(n, broadcast(1.42860682030941723212e-6f), r);
  Vector q = fma(broadcast(1.38146102283e-3f), r, broadcast(8.36870979734e-3f));
  q = fma(q, r, broadcast(4.16683874113e-2f));
  q = fma(q, r, broadcast(0.166665206902f));
  q = fma(q, r, broadcast(0.499999934516f));
  Vector result = add_exponent(fma(r * r, q, r) + broadcast(1.0f), shifted);
  result = zero_unless(greater_equal(x, broadcast(-87.336540f)), result);
  return select(less_equal(x, broadcast(88.722839f)), result, x + infinity());
}

LIKEWISE_INLINE Vector tanh(Vector x) {
  Vector size = absolute(x);
  Vector square = x * x;
  Vector q = fma(broadcast(-5.70498780522e-3f), square, broadcast(2.06390879763e-2f));
  q = fma(q, square, broadcast(-5.37397153098e-2f));
  q = fma(q, square, broadcast(0.133314422009f));
  q = fma(q, square, broadcast(-0.333332819421f));
  Vector near = fma(q * square, x, x);
  Vector far = broadcast(1.0f) - broadcast(2.0f) / (exp(size + size) + broadcast(1.0f));
  return select(less(size, broadcast(0.625f)), near, with_sign_of(far, x));
}

LIKEWISE_INLINE Vector normal_distribution(Vector x) {
  const Vector limit = broadcast(5.7f);
  Vector inner = maximum(zero() - limit, minimum(limit, x));
  Vector s = inner * inner;
  Vector numerator = fma(broadcast(2.15468456115e-8f), s, broadcast(6.42634067008e-6f));
  Vector denominator = fma(broadcast(1.167945222e-6f), s, broadcast(7.79340304692e-5f));
  numerator = fma(numerator, s, broadcast(1.82485274892e-4f));
  denominator = fma(denominator, s, broadcast(1.96148916179e-3f));
  numerator = fma(numerator, s, broadcast(4.75925099093e-3f));
  denominator = fma(denominator, s, broadcast(2.94209666634e-2f));
  numerator = fma(numerator, s, broadcast(3.52123896575e-2f));
  denominator = fma(denominator, s, broadcast(0.254929052418f));
  numerator = fma(numerator, s, broadcast(0.398942110638f));
  denominator = fma(denominator, s, broadcast(1.0f));
  Vector phi = fma(inner, numerator / denominator, broadcast(0.5f));
  return maximum(zero(), phi);
}

LIKEWISE_INLINE Vector gelu_erf(Vector x) { return x * normal_distribution(x); }

LIKEWISE_INLINE Vector gelu_tanh(Vector x) {
  // -2 sqrt(2 / pi) (x + 0.044715 x^3)
  Vector u = x * fma(x * x, broadcast(-7.13548162726e-2f), broadcast(-1.59576912161f));
  return x / (broadcast(1.0f) + exp(u));
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
