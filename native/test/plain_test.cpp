// The plain ops: their good calls, for op_checks_test.cpp, what their refusals say, and numbers worked out by hand.
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "../core/op_specs.h"
#include "check.h"
#include "good_call.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

constexpr DType real = DType::float32;

struct Refusal {
  OpId id;
  void (*change)(OpCall& call);
  const char* message;
};

const Refusal refusals[] = {
    {OpId::binary, [](OpCall& call) { call.inputs[binary_op::left].shape[0] = 3; },
     "[binary] expected left of shape [5 or 1, 6 or 1] but received [3, 1]"},
    {OpId::binary, [](OpCall& call) { call.parameters[binary_op::function] = 8; },
     "[binary] expected function to be a whole number from 0 to 7 but received 8"},
    {OpId::unary, [](OpCall& call) { call.parameters[unary_op::function] = 12; },
     "[unary] expected function to be a whole number from 0 to 11 but received 12"},
    {OpId::reduce, [](OpCall& call) { call.outputs[0].shape[0] = 2; },
     "[reduce] expected output of shape [5 or 1, 6 or 1] but received [2, 1]"},
    {OpId::matmul, [](OpCall& call) { call.parameters[matmul_op::transpose_right] = 1; },
     "[matmul] expected right of shape [columns, 6] but received [6, 7]"},
    {OpId::transpose, [](OpCall& call) { call.outputs[0].shape[1] = 6; },
     "[transpose] expected output of shape [6, 5] but received [6, 6]"},
    {OpId::copy, [](OpCall& call) { call.parameters[copy_op::accumulate] = 2; },
     "[copy] expected accumulate to be a whole number from 0 to 1 but received 2"},
};

Operand matrix(int64_t rows, int64_t columns, std::vector<double> values) {
  return {{rows, columns}, std::move(values)};
}

void expect(const OpCase& one, const std::vector<double>& values) {
  SerialWorkers serial;
  for (const Layout& layout : layouts) {
    const OpResult result = run_case(one, test_backends().front(), DType::float64, 2, layout, serial);
    CHECK(result.refused.empty() && result.status == Status::ok && result.surroundings_intact, "%s: %s%s",
          one.name.c_str(), result.refused.c_str(), result.message.c_str());
    if (result.outputs.empty() || result.outputs[0].size() != values.size()) {
      CHECK(false, "%s: another number of elements", one.name.c_str());
      continue;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const double got = result.outputs[0][i];
      CHECK(got == values[i] || std::fabs(got - values[i]) < 1e-12, "%s: element %zu: %.15g, expected %.15g",
            one.name.c_str(), i, got, values[i]);
    }
  }
}

template <typename Function>
double number(Function function) {
  return static_cast<double>(static_cast<int32_t>(function));
}

}  // namespace

void fill_plain_call(OpId id, GoodCall& call) {
  switch (id) {
    case OpId::fill: call.out(0, {6}); break;
    case OpId::binary:
      call.in(binary_op::left, real, {5, 1});
      call.in(binary_op::right, real, {5, 6});
      call.out(0, {5, 6});
      break;
    case OpId::reduce:
      call.in(0, real, {5, 6});
      call.out(0, {5, 1});
      break;
    case OpId::matmul:
      call.in(matmul_op::left, real, {5, 6});
      call.in(matmul_op::right, real, {6, 7});
      call.out(0, {5, 7});
      break;
    case OpId::transpose:
      call.in(0, real, {5, 6});
      call.out(0, {6, 5});
      break;
    default: call.in(0, real, {5, 6}); call.out(0, {5, 6});
  }
}

TEST(plain_refusals) {
  for (const Refusal& refusal : refusals) {
    GoodCall call;
    fill_plain_call(refusal.id, call);
    refusal.change(call);
    Problem problem;
    CHECK(!check_call(refusal.id, call, problem) && std::strcmp(problem.message, refusal.message) == 0,
          "expected \"%s\", received \"%s\"", refusal.message, problem.message);
  }
}

TEST(plain_values) {
  const Operand x = matrix(2, 3, {1, -2, 3, -4, 5, -6});
  expect({OpId::fill, "fill", {}, {{3}}, {2.5}}, {2.5, 2.5, 2.5});
  expect({OpId::copy, "copy", {x}, {{2, 3}}, {0}}, x.values);
  OpCase added{OpId::copy, "copy, accumulated", {x}, {{2, 3}}, {1}};
  added.before = {{10, 10, 10, 10, 10, 10}};
  expect(added, {11, 8, 13, 6, 15, 4});
  expect({OpId::transpose, "transpose", {x}, {{3, 2}}, {}}, {1, -4, -2, 5, 3, -6});
  const double sum = number(Reduction::sum), largest = number(Reduction::largest);
  expect({OpId::reduce, "sum over rows", {x}, {{1, 3}}, {sum}}, {-3, 3, -3});
  expect({OpId::reduce, "sum over columns", {x}, {{2, 1}}, {sum}}, {2, -5});
  expect({OpId::reduce, "largest", {x}, {{1, 1}}, {largest}}, {5});
  const Operand row = matrix(1, 3, {10, 20, 30}), column = matrix(2, 1, {100, 200});
  const double add = number(BinaryFunction::add);
  expect({OpId::binary, "add a row", {x, row}, {{2, 3}}, {add}}, {11, 18, 33, 6, 25, 24});
  expect({OpId::binary, "add a column to a row", {column, row}, {{2, 3}}, {add}},
         {110, 120, 130, 210, 220, 230});
  const Operand turned = matrix(3, 2, {1, -4, -2, 5, 3, -6});
  for (const double left : {0.0, 1.0}) {
    for (const double right : {0.0, 1.0}) {
      expect({OpId::matmul,
              "matmul",
              {left == 1 ? turned : x, right == 1 ? x : turned},
              {{2, 2}},
              {left, right}},
             {14, -32, -32, 77});
    }
  }
}

TEST(plain_functions) {
  using enum UnaryFunction;
  const Operand x = matrix(1, 2, {-0.5, 2});
  const auto unary = [&](UnaryFunction function, const Operand& operand, const std::vector<double>& values) {
    expect({OpId::unary,
            unary_function_names()[static_cast<size_t>(function)],
            {operand},
            {{1, 2}},
            {number(function)}},
           values);
  };
  unary(UnaryFunction::exp, x, {std::exp(-0.5), std::exp(2)});
  unary(UnaryFunction::log, matrix(1, 2, {0.5, 0}), {std::log(0.5), -INFINITY});
  unary(UnaryFunction::sqrt, matrix(1, 2, {4, 2.25}), {2, 1.5});
  unary(reciprocal, x, {-2, 0.5});
  unary(square, x, {0.25, 4});
  unary(absolute, x, {0.5, 2});
  unary(sign, matrix(1, 2, {-3, 0}), {-1, 0});
  unary(step, x, {0, 1});
  unary(relu, x, {0, 2});
  unary(UnaryFunction::tanh, x, {std::tanh(-0.5), std::tanh(2)});
  unary(sigmoid, matrix(1, 2, {-800, 0}), {0, 0.5});
  unary(softplus, matrix(1, 2, {-800, 800}), {0, 800});
  const Operand y = matrix(1, 2, {-0.5, 3});
  const auto binary = [&](BinaryFunction function, const std::vector<double>& values) {
    expect({OpId::binary,
            binary_function_names()[static_cast<size_t>(function)],
            {x, y},
            {{1, 2}},
            {number(function)}},
           values);
  };
  binary(BinaryFunction::subtract, {0, -1});
  binary(BinaryFunction::multiply, {0.25, 6});
  binary(BinaryFunction::divide, {1, 2.0 / 3});
  binary(BinaryFunction::maximum, {-0.5, 3});
  binary(BinaryFunction::minimum, {-0.5, 2});
  binary(BinaryFunction::equal, {1, 0});
  binary(BinaryFunction::greater, {0, 0});
}

}  // namespace likewise::test
