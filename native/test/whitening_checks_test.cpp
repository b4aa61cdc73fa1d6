// Good calls of the ops of whitening, for the tests of the checks (op_checks_test.cpp).
#include "good_call.h"

namespace likewise::test {

void fill_whitening_call(OpId id, GoodCall& call) {
  switch (id) {
    case OpId::covariance:
      call.in(covariance_op::rows, DType::float32, {5, 6});
      call.in(covariance_op::shift, DType::float32, {6});
      call.out(covariance_op::sum, {6}, DType::float64);
      call.out(covariance_op::products, {6, 6}, DType::float64);
      break;
    case OpId::symmetric_eigen:
      call.in(symmetric_eigen_op::matrix, DType::float32, {6, 6});
      call.out(symmetric_eigen_op::values, {6});
      call.out(symmetric_eigen_op::vectors, {6, 6});
      call.out(symmetric_eigen_op::workspace, {158 * 14});
      break;
    case OpId::whiten:
      call.in(whiten_op::input, DType::float32, {5, 6});
      call.in(whiten_op::mean, DType::float32, {6});
      call.in(whiten_op::packed, DType::float32, {3, 6, 4});
      call.out(0, {5, 10});
      break;
    default: break;
  }
}

}  // namespace likewise::test
