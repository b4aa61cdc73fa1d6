// The checks of the ops of op_checks_rows.cpp: their good calls, for op_checks_test.cpp, and what their refusals say.
#include <cstring>

#include "../core/op_checks.h"
#include "check.h"
#include "good_call.h"

namespace likewise::test {

namespace {

constexpr DType real = DType::float32, whole = DType::int32;

void fill_layer_norm_gradient(GoodCall& call) {
  using namespace layer_norm_gradient_op;
  for (const int32_t matrix : {output_gradient, input, residual}) call.in(matrix, real, {5, 384});
  call.in(gamma, real, {384});
  call.in(row_keys, whole, {5, 2});
  call.out(input_gradient, {5, 384});
  call.out(residual_gradient, {5, 384});
  call.out(gamma_gradient, {384});
  call.out(beta_gradient, {384});
  call.parameters[dropout] = 0.1;
}

void fill_embedding_gradient(GoodCall& call) {
  using namespace embedding_gradient_op;
  call.in(output_gradient, real, {5, 6});
  for (const int32_t ids : {token_ids, position_ids, type_ids}) call.in(ids, whole, {5});
  call.in(word, real, {30, 6});
  call.in(position, real, {9, 6});
  call.in(type, real, {2, 6});
  call.in(gamma, real, {6});
  call.out(sum_gradient, {5, 6});
  call.out(gamma_gradient, {6});
  call.out(beta_gradient, {6});
}

void fill_pool_gradient(GoodCall& call) {
  using namespace pool_gradient_op;
  call.in(output_gradient, real, {3, 6});
  call.in(input, real, {5, 6});
  call.in(offsets, whole, {4});
  call.in(skip, whole, {3});
  call.out(0, {5, 6});
}

struct Refusal {
  OpId id;
  void (*change)(OpCall& call);
  const char* message;
};

const Refusal refusals[] = {
    {OpId::layer_norm_gradient,
     [](OpCall& call) { call.inputs[layer_norm_gradient_op::residual].data = nullptr; },
     "[layerNormGradient] expected residual, whose gradient is asked for"},
    {OpId::layer_norm_gradient,
     [](OpCall& call) { call.inputs[layer_norm_gradient_op::row_keys].data = nullptr; },
     "[layerNormGradient] expected rowKeys, by which dropout is drawn, but it was not given"},
    {OpId::layer_norm_gradient,
     [](OpCall& call) { call.inputs[layer_norm_gradient_op::row_keys].shape[1] = 3; },
     "[layerNormGradient] expected rowKeys of shape [5, 2] but received [5, 3]"},
    {OpId::layer_norm_gradient,
     [](OpCall& call) {
       call.outputs[layer_norm_gradient_op::beta_gradient].data =
           call.outputs[layer_norm_gradient_op::gamma_gradient].data;
     },
     "[layerNormGradient] expected betaGradient not to share memory with gammaGradient"},
    {OpId::layer_norm_gradient, [](OpCall& call) { call.parameters[layer_norm_gradient_op::accumulate] = 2; },
     "[layerNormGradient] expected accumulate to be a whole number from 0 to 1 but received 2"},
    {OpId::dropout, [](OpCall& call) { call.parameters[dropout_op::dropout] = 0.999999; },
     "[dropout] expected dropout to be at least 0 and below 1 but received 0.999999"},
    {OpId::dropout, [](OpCall& call) { call.parameters[dropout_op::site] = -1; },
     "[dropout] expected site to be a whole number from 0 to 4294967295 but received -1"},
    {OpId::embedding_gradient,
     [](OpCall& call) { call.inputs[embedding_gradient_op::position].data = nullptr; },
     "[embeddingGradient] expected both positionIds and position, or neither, but received only positionIds"},
    {OpId::embedding_gradient,
     [](OpCall& call) {
       call.inputs[embedding_gradient_op::type_ids].data = nullptr;
       call.inputs[embedding_gradient_op::type].shape[0] = 0;
     },
     "[embeddingGradient] expected type to have rows >= 1 but received shape [0, 6]"},
    {OpId::scatter_rows, [](OpCall& call) { call.outputs[0].shape[1] = 7; },
     "[scatterRows] expected table of shape [entries, 6] but received [9, 7]"},
    {OpId::gather_rows, [](OpCall& call) { call.inputs[gather_rows_op::ids].shape[0] = 4; },
     "[gatherRows] expected output of shape [4, 6] but received [5, 6]"},
    {OpId::pool_gradient, [](OpCall& call) { call.inputs[pool_gradient_op::offsets].shape[0] = 3; },
     "[poolGradient] expected offsets of shape [4] but received [3]"},
    {OpId::pool_gradient,
     [](OpCall& call) {
       call.parameters[pool_gradient_op::mode] = static_cast<double>(Pooling::max);
       call.inputs[pool_gradient_op::input].data = nullptr;
     },
     "[poolGradient] expected input, whose largest components max picks"},
    {OpId::l2_normalize_gradient, [](OpCall& call) { call.inputs[1].shape[0] = 4; },
     "[l2NormalizeGradient] expected input of shape [5, 6] but received [4, 6]"},
};

}  // namespace

void fill_row_gradient_call(OpId id, GoodCall& call) {
  if (id == OpId::layer_norm_gradient) fill_layer_norm_gradient(call);
  if (id == OpId::embedding_gradient) fill_embedding_gradient(call);
  if (id == OpId::pool_gradient) fill_pool_gradient(call);
  if (id == OpId::dropout) {
    call.in(dropout_op::input, real, {5, 6});
    call.in(dropout_op::row_keys, whole, {5, 2});
    call.out(0, {5, 6});
    call.parameters[dropout_op::dropout] = 0.5;
  }
  if (id == OpId::scatter_rows) {
    call.in(scatter_rows_op::rows, real, {5, 6});
    call.in(scatter_rows_op::ids, whole, {5});
    call.out(0, {9, 6});
  }
  if (id == OpId::gather_rows) {
    call.in(gather_rows_op::table, real, {9, 6});
    call.in(gather_rows_op::ids, whole, {5});
    call.out(0, {5, 6});
  }
  if (id == OpId::l2_normalize_gradient) {
    call.in(l2_normalize_gradient_op::output_gradient, real, {5, 6});
    call.in(l2_normalize_gradient_op::input, real, {5, 6});
    call.out(0, {5, 6});
  }
}

TEST(checks_of_row_gradients_say_what_is_wrong) {
  for (const Refusal& refusal : refusals) {
    GoodCall call;
    fill_row_gradient_call(refusal.id, call);
    refusal.change(call);
    Problem problem;
    const bool passed = check_call(refusal.id, call, problem);
    CHECK(!passed && std::strcmp(problem.message, refusal.message) == 0, "\"%s\", expected \"%s\"",
          problem.message, refusal.message);
  }
}

}  // namespace likewise::test
