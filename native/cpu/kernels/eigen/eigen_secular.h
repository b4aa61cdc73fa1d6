// The secular equation of a rank-one change: the eigenvalues of D + z z^T, D = diag(poles) ascending, are the roots of
//   f(x) = 1 + sum_i weights_i / (poles_i - x),   weights = z^2 > 0,
// one between each two poles and one past the last. A root is found as its distance from the nearer pole, so that
// poles_i - root has a small relative error for every i. Each step puts a rational function with two poles through
// f and f' (Bunch, Nielsen and Sorensen 1978, with Li's choice of poles 1993), kept inside a shrinking bracket.
#pragma once

#include "eigen_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

struct PoleSum {
  double value, slope;  // sum weights / (delta - x) and its derivative
};

// Over poles from .. to - 1; delta: their distances from the origin.
LIKEWISE_INLINE PoleSum sum_poles(const double* delta, const double* weights, int64_t from, int64_t to,
                                  double x) {
  const DoubleVector shift = broadcast(x), one = broadcast(1.0);
  DoubleVector value[2] = {zero_double(), zero_double()}, slope[2] = {zero_double(), zero_double()};
  int64_t i = from;
  for (; i + 2 * double_lanes <= to; i += 2 * double_lanes) {
    for (int32_t p = 0; p < 2; p++) {
      const DoubleVector inverse = one / (load(delta + i + p * double_lanes) - shift);
      const DoubleVector term = load(weights + i + p * double_lanes) * inverse;
      value[p] = value[p] + term;
      slope[p] = fma(term, inverse, slope[p]);
    }
  }
  PoleSum sum = {reduce_add(value[0] + value[1]), reduce_add(slope[0] + slope[1])};
  for (; i < to; i++) {
    const double inverse = 1 / (delta[i] - x), term = weights[i] * inverse;
    sum.value += term;
    sum.slope += term * inverse;
  }
  return sum;
}

// The root of c + s / (a - step) + t / (b - step) that leads from x into (low, high); 0 when there is none.
LIKEWISE_INLINE double rational_step(double c, double s, double t, double a, double b, double x, double low,
                                     double high) {
  const double linear = c * (a + b) + s + t, constant = c * a * b + s * b + t * a;
  const double discriminant = linear * linear - 4 * c * constant;
  const double root = discriminant > 0 ? square_root(discriminant) : 0;
  const double q = 0.5 * (linear + __builtin_copysign(root, linear));
  double best = 0;
  const double candidates[2] = {c == 0 ? 0 : q / c, q == 0 ? 0 : constant / q};
  for (int32_t i = 0; i < 2; i++) {
    const double step = candidates[i];
    if (!(x + step > low && x + step < high) || step == 0) continue;
    if (best == 0 || magnitude(step) < magnitude(best)) best = step;
  }
  return best;
}

// Where a bracket is cut when nothing better is known. One end at the pole is approached by orders of magnitude.
LIKEWISE_INLINE double middle(double low, double high) {
  if (low == 0) return high * 0.125;
  if (high == 0) return low * 0.125;
  return 0.5 * (low + high);
}

// Root `index` of `count`: fills delta with poles_i - root and returns the root.
double solve_secular(const double* poles, const double* weights, int64_t count, int64_t index,
                     double* delta) {
  if (count == 1) {
    delta[0] = -weights[0];
    return poles[0] + weights[0];
  }
  const bool last = index == count - 1;
  const int64_t left = last ? index - 1 : index, right = left + 1;  // the poles of the rational function
  int64_t origin = index;
  double high = 0;
  if (last) {
    for (int64_t i = 0; i < count; i++) high += weights[i];
  } else {
    high = poles[index + 1] - poles[index];
  }
  double low = 0, x = 0.5 * high;
  for (int64_t i = 0; i < count; i++) delta[i] = poles[i] - poles[origin];
  for (int32_t turn = 0; turn < 200; turn++) {
    const PoleSum psi = sum_poles(delta, weights, 0, right, x),
                  phi = sum_poles(delta, weights, right, count, x);
    const double f = 1 + psi.value + phi.value;
    if (turn == 0 && !last && f < 0) {  // nearer to the next pole: measure from there
      origin = index + 1;
      low = -x;
      high = 0;
      x = low;
      for (int64_t i = 0; i < count; i++) delta[i] = poles[i] - poles[origin];
    } else {
      (f < 0 ? low : high) = x;
    }
    const double slope = psi.slope + phi.slope;
    const double error = 8 * (magnitude(psi.value) + magnitude(phi.value)) + 1 + magnitude(x) * slope;
    if (magnitude(f) <= epsilon * error) break;
    if (high - low <= 2 * epsilon * (magnitude(low) > magnitude(high) ? magnitude(low) : magnitude(high)))
      break;
    const double a = delta[left] - x, b = delta[right] - x;
    double s = psi.slope * a * a, t = phi.slope * b * b;
    double c = f - psi.slope * a - phi.slope * b;
    if (turn == 0) {  // the two poles exactly, the others as a constant
      s = weights[left];
      t = weights[right];
      c = f - s / a - t / b;
    }
    double step = rational_step(c, s, t, a, b, x, low, high);
    if (step == 0 || step * f > 0) {
      step = -f / slope;
      if (!(x + step > low && x + step < high)) step = middle(low, high) - x;
    }
    if (turn % 8 == 7) step = middle(low, high) - x;
    const double next = x + step;
    if (next == x || !(next > low && next < high)) break;
    x = next;
  }
  for (int64_t i = 0; i < count; i++) delta[i] -= x;
  return poles[origin] + x;
}

}  // namespace
}  // namespace likewise::LIKEWISE_ISA
