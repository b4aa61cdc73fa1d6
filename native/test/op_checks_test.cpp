// The checks before a call is queued: every good call passes, every change that would let a kernel leave its
// memory is refused, and the messages say which tensor and why. No memory is touched: the addresses are made
// up.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

#include "../core/op_checks.h"
#include "../core/op_specs.h"
#include "check.h"
#include "good_call.h"

namespace likewise::test {

namespace {

constexpr DType real = DType::float32;

// A call with every optional tensor present.
GoodCall good_call(OpId id) {
  GoodCall call;
  const DType whole = DType::int32;
  switch (id) {
    case OpId::pack_weight:
      call.in(pack_weight_op::weight, real, {10, 6});
      call.out(pack_weight_op::packed, {3, 6, 4});
      break;
    case OpId::embedding:
      for (const int32_t ids :
           {embedding_op::token_ids, embedding_op::position_ids, embedding_op::type_ids}) {
        call.in(ids, whole, {5});
      }
      call.in(embedding_op::word, real, {30, 6});
      call.in(embedding_op::position, real, {9, 6});
      call.in(embedding_op::type, real, {2, 6});
      call.in(embedding_op::gamma, real, {6});
      call.in(embedding_op::beta, real, {6});
      call.out(0, {5, 6});
      break;
    case OpId::linear:
      call.in(linear_op::input, real, {5, 6});
      call.in(linear_op::packed, real, {3, 6, 4});
      call.in(linear_op::bias, real, {10});
      call.in(linear_op::residual, real, {5, 10});
      call.out(linear_op::output, {5, 10});
      call.out(linear_op::pre_activation, {5, 10});
      break;
    case OpId::layer_norm:
      call.in(layer_norm_op::input, real, {5, 384});
      call.in(layer_norm_op::residual, real, {5, 384});
      call.in(layer_norm_op::gamma, real, {384});
      call.in(layer_norm_op::beta, real, {384});
      call.in(layer_norm_op::row_keys, whole, {5, 2});
      call.parameters[layer_norm_op::dropout] = 0.1;
      call.out(0, {5, 384});
      break;
    case OpId::attention:
    case OpId::attention_gradient:
    case OpId::attention_bfloat16:
    case OpId::attention_gradient_bfloat16: fill_attention_call(id, call); break;
    case OpId::pool:
      call.in(pool_op::input, real, {5, 6});
      call.in(pool_op::offsets, whole, {4});
      call.in(pool_op::skip, whole, {3});
      call.out(0, {3, 6});
      break;
    case OpId::l2_normalize:
      call.in(l2_normalize_op::input, real, {5, 6});
      call.out(0, {5, 6});
      break;
    case OpId::weighted_sum:
      call.in(weighted_sum_op::left, real, {5, 6});
      call.in(weighted_sum_op::right, real, {5, 6});
      call.out(0, {5, 6});
      break;
    case OpId::linear_weight_gradient:
    case OpId::activation_gradient:
    case OpId::squared_norm:
    case OpId::adamw:
    case OpId::lamb: fill_linear_gradient_call(id, call); break;
    case OpId::fill:
    case OpId::copy:
    case OpId::unary:
    case OpId::binary:
    case OpId::reduce:
    case OpId::matmul:
    case OpId::transpose: fill_plain_call(id, call); break;
    case OpId::cosine_softmax_loss: fill_loss_call(call); break;
    case OpId::vocabulary_loss:
    case OpId::vocabulary_loss_bfloat16: fill_vocabulary_call(call); break;
    case OpId::pack_weight_bfloat16:
    case OpId::linear_bfloat16:
    case OpId::linear_weight_gradient_bfloat16: fill_bfloat16_call(id, call); break;
    case OpId::quantize_weight:
    case OpId::pack_weight_int8:
    case OpId::linear_int8:
    case OpId::gather_rows_int8: fill_int8_call(id, call); break;
    case OpId::covariance:
    case OpId::symmetric_eigen:
    case OpId::whiten: fill_whitening_call(id, call); break;
    default: fill_row_gradient_call(id, call);
  }
  return call;
}

bool passes(OpId id, const OpCall& call) {
  Problem problem;
  const bool passed = check_call(id, call, problem);
  CHECK(passed == (problem.message[0] == '\0'), "a message exactly when a call is refused: %s",
        problem.message);
  return passed;
}

void expect_refused(OpId id, const OpCall& call, const char* change, size_t tensor) {
  CHECK(!passes(id, call), "%s passed with %s of tensor %zu", op_spec(id).name.c_str(), change, tensor);
}

// Every change of one tensor that no op may let pass.
void check_changes(OpId id, const OpCall& good, TensorView& (*tensor_of)(OpCall&, size_t), size_t tensor,
                   bool optional) {
  const auto changed = [&](const char* name, auto change) {
    OpCall call = good;
    change(tensor_of(call, tensor));
    expect_refused(id, call, name, tensor);
  };
  OpCall copy = good;
  const TensorView original = tensor_of(copy, tensor);
  if (!optional) changed("no memory", [](TensorView& view) { view.data = nullptr; });
  for (int32_t dtype = 0; dtype < 6; ++dtype) {
    if (dtype == static_cast<int32_t>(original.dtype)) continue;
    // fill has no other tensor to be of the dtype of
    if (id == OpId::fill && dtype == static_cast<int32_t>(DType::float64)) continue;
    changed("another dtype", [dtype](TensorView& view) { view.dtype = static_cast<DType>(dtype); });
  }
  for (int32_t rank = -1; rank <= 6; ++rank) {
    const bool either = id == OpId::squared_norm && tensor == 0 && rank == 1;  // vector or matrix
    if (rank != original.rank && !either)
      changed("another rank", [rank](TensorView& view) { view.rank = rank; });
  }
  for (int32_t i = 0; i < original.rank; ++i) {
    for (const int64_t size : {int64_t{-1}, INT64_MIN, int64_t{1} << 49, int64_t{1} << 62, INT64_MAX}) {
      changed("an impossible size", [=](TensorView& view) { view.shape[i] = size; });
    }
  }
  if (original.dtype != DType::int8) {
    const int64_t half = original.dtype == DType::bfloat16 ? 1 : 2;
    changed("half an element's offset",
            [half](TensorView& view) { view.data = static_cast<char*>(view.data) + half; });
  }
  if (original.rank == 2) {
    for (const int64_t stride : {original.shape[1] - 1, int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
      changed("an impossible stride", [=](TensorView& view) { view.row_stride = stride; });
    }
  }
}

struct Refusal {
  OpId id;
  void (*change)(OpCall& call);
  Problem::Kind kind;
  const char* message;
};

constexpr Problem::Kind shape = Problem::Kind::shape, dtype = Problem::Kind::dtype,
                        argument = Problem::Kind::argument;

const Refusal refusals[] = {
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::gamma].shape[0] = 768; }, shape,
     "[layerNorm] expected gamma of shape [384] but received [768]"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::input].rank = 1; }, shape,
     "[layerNorm] expected input of shape [rows, width] but received [5]"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::beta].data = nullptr; }, argument,
     "[layerNorm] expected beta but it was not given"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::residual].shape[0] = 6; }, shape,
     "[layerNorm] expected residual of shape [5, 384] but received [6, 384]"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::gamma].dtype = DType::float64; }, dtype,
     "[layerNorm] expected gamma of dtype float32 but received float64"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::input].dtype = DType::int32; }, dtype,
     "[layerNorm] expected input of dtype float32 or float64 but received int32"},
    {OpId::layer_norm, [](OpCall& call) { call.parameters[layer_norm_op::epsilon] = -1; }, argument,
     "[layerNorm] expected epsilon to be finite and not negative but received -1"},
    {OpId::layer_norm, [](OpCall& call) { call.outputs[0].data = call.inputs[layer_norm_op::input].data; },
     argument, "[layerNorm] expected output not to share memory with input"},
    {OpId::layer_norm, [](OpCall& call) { call.inputs[layer_norm_op::input].row_stride = 383; }, argument,
     "[layerNorm] expected rows of input at least 384 elements apart but received 383"},
    {OpId::pack_weight, [](OpCall& call) { call.outputs[0].shape[0] = 2; }, shape,
     "[packWeight] expected packed of 3 panels, for 10 outputs in panels of 4, but received 2"},
    {OpId::pack_weight, [](OpCall& call) { call.outputs[0].shape[2] = 0; }, shape,
     "[packWeight] expected packed with panels of at least 1 column but received 0"},
    {OpId::linear, [](OpCall& call) { call.inputs[linear_op::packed].shape[1] = 7; }, shape,
     "[linear] expected packed of shape [panels, 6, width] but received [3, 7, 4]"},
    {OpId::linear, [](OpCall& call) { call.outputs[0].shape[1] = 13; }, shape,
     "[linear] expected packed of 4 panels, for 13 outputs in panels of 4, but received 3"},
    {OpId::linear, [](OpCall& call) { call.inputs[linear_op::bias].shape[0] = 9; }, shape,
     "[linear] expected bias of shape [10] but received [9]"},
    {OpId::linear, [](OpCall& call) { call.parameters[linear_op::activation] = 5; }, argument,
     "[linear] expected activation to be a whole number from 0 to 4 but received 5"},
    {OpId::embedding, [](OpCall& call) { call.inputs[embedding_op::position].data = nullptr; }, argument,
     "[embedding] expected both positionIds and position, or neither, but received only positionIds"},
    {OpId::embedding, [](OpCall& call) { call.inputs[embedding_op::type].data = nullptr; }, argument,
     "[embedding] expected both typeIds and type, or neither, but received only typeIds"},
    {OpId::embedding,
     [](OpCall& call) {
       call.inputs[embedding_op::type_ids].data = nullptr;
       call.inputs[embedding_op::type].shape[0] = 0;
     },
     shape, "[embedding] expected type to have rows >= 1 but received shape [0, 6]"},
    {OpId::embedding, [](OpCall& call) { call.inputs[embedding_op::token_ids].dtype = DType::float32; },
     dtype, "[embedding] expected tokenIds of dtype int32 but received float32"},
    {OpId::attention, [](OpCall& call) { call.parameters[attention_op::heads] = 5; }, argument,
     "[attention] expected heads to divide the width 12 but received 5"},
    {OpId::attention, [](OpCall& call) { call.parameters[attention_op::heads] = 0; }, argument,
     "[attention] expected heads to be a whole number from 1 to 12 but received 0"},
    {OpId::attention, [](OpCall& call) { call.parameters[attention_op::heads] = 1.5; }, argument,
     "[attention] expected heads to be a whole number from 1 to 12 but received 1.5"},
    {OpId::attention, [](OpCall& call) { call.outputs[attention_op::log_sum_exp].shape[1] = 4; }, shape,
     "[attention] expected logSumExp of shape [5, 3] but received [5, 4]"},
    {OpId::attention, [](OpCall& call) { call.inputs[attention_op::key_offsets].shape[0] = 4; }, shape,
     "[attention] expected keyOffsets of shape [3] but received [4]"},
    {OpId::attention, [](OpCall& call) { call.inputs[attention_op::key_rank].data = nullptr; }, argument,
     "[attention] expected both queryRank and keyRank, or neither, but received only queryRank"},
    {OpId::attention,
     [](OpCall& call) {
       call.parameters[attention_op::strict] = 1;
       call.inputs[attention_op::key_rank].data = call.inputs[attention_op::query_rank].data = nullptr;
     },
     argument, "[attention] expected queryRank and keyRank, which strict compares"},
    {OpId::attention,
     [](OpCall& call) {
       call.outputs[attention_op::log_sum_exp].data = call.outputs[attention_op::output].data;
     },
     argument, "[attention] expected logSumExp not to share memory with output"},
    {OpId::attention, [](OpCall& call) { call.parameters[attention_op::dropout] = 1; }, argument,
     "[attention] expected dropout to be at least 0 and below 1 but received 1"},
    {OpId::attention, [](OpCall& call) { call.parameters[attention_op::seed] = 4294967296; }, argument,
     "[attention] expected seed to be a whole number from 0 to 4294967295 but received 4.29497e+09"},
    {OpId::attention, [](OpCall& call) { call.inputs[attention_op::sequence_ids].data = nullptr; }, argument,
     "[attention] expected sequenceIds, by which dropout is drawn, but it was not given"},
    {OpId::attention, [](OpCall& call) { call.inputs[attention_op::sequence_ids].shape[0] = 3; }, shape,
     "[attention] expected sequenceIds of shape [2] but received [3]"},
    {OpId::attention_gradient,
     [](OpCall& call) { call.inputs[attention_gradient_op::log_sum_exp].shape[1] = 4; }, shape,
     "[attentionGradient] expected logSumExp of shape [5, 3] but received [5, 4]"},
    {OpId::attention_gradient,
     [](OpCall& call) { call.outputs[attention_gradient_op::key_gradient].shape[0] = 5; }, shape,
     "[attentionGradient] expected keyGradient of shape [7, 12] but received [5, 12]"},
    {OpId::attention_gradient, [](OpCall& call) { call.parameters[attention_gradient_op::dropout] = -0.1; },
     argument, "[attentionGradient] expected dropout to be at least 0 and below 1 but received -0.1"},
    {OpId::attention_gradient,
     [](OpCall& call) {
       call.outputs[attention_gradient_op::value_gradient] =
           call.outputs[attention_gradient_op::key_gradient];
     },
     argument, "[attentionGradient] expected valueGradient not to share memory with keyGradient"},
    {OpId::pool, [](OpCall& call) { call.inputs[pool_op::offsets].shape[0] = 0; }, shape,
     "[pool] expected offsets to have sequences + 1 >= 1 but received shape [0]"},
    {OpId::pool, [](OpCall& call) { call.inputs[pool_op::offsets].shape[0] = 3; }, shape,
     "[pool] expected skip of shape [2] but received [3]"},
    {OpId::pool, [](OpCall& call) { call.parameters[pool_op::mode] = 6; }, argument,
     "[pool] expected mode to be a whole number from 0 to 5 but received 6"},
    {OpId::l2_normalize,
     [](OpCall& call) { call.inputs[0].shape[0] = call.outputs[0].shape[0] = int64_t{1} << 46; }, shape,
     "[l2Normalize] expected input of at most 2^48 elements but received [70368744177664, 6]"},
    {OpId::l2_normalize,
     [](OpCall& call) {
       call.inputs[0].shape[0] = call.outputs[0].shape[0] = int64_t{1} << 62;
       call.inputs[0].shape[1] = call.outputs[0].shape[1] = 0;
     },
     shape, "[l2Normalize] expected input of at most 2^48 elements but received [4611686018427387904, 0]"},
    {OpId::weighted_sum, [](OpCall& call) { call.inputs[weighted_sum_op::right].shape[1] = 5; }, shape,
     "[weightedSum] expected right of shape [5, 6] but received [5, 5]"},
    {OpId::covariance, [](OpCall& call) { call.outputs[covariance_op::sum].dtype = DType::float32; }, dtype,
     "[covariance] expected sum of dtype float64 but received float32"},
    {OpId::covariance, [](OpCall& call) { call.outputs[covariance_op::products].shape[1] = 7; }, shape,
     "[covariance] expected products of shape [6, 6] but received [6, 7]"},
    {OpId::covariance, [](OpCall& call) { call.parameters[covariance_op::first] = 0.5; }, argument,
     "[covariance] expected first to be a whole number from 0 to 4503599627370496 but received 0.5"},
    {OpId::symmetric_eigen, [](OpCall& call) { call.inputs[0].shape[0] = 5; }, shape,
     "[symmetricEigen] expected matrix of shape [6, 6] but received [5, 6]"},
    {OpId::symmetric_eigen, [](OpCall& call) { call.outputs[symmetric_eigen_op::workspace].shape[0] = 2211; },
     shape, "[symmetricEigen] expected workspace of shape [2212] but received [2211]"},
    {OpId::symmetric_eigen,
     [](OpCall& call) {
       call.outputs[symmetric_eigen_op::workspace].data = call.outputs[symmetric_eigen_op::vectors].data;
     },
     argument, "[symmetricEigen] expected workspace not to share memory with vectors"},
    {OpId::whiten, [](OpCall& call) { call.inputs[whiten_op::mean].shape[0] = 5; }, shape,
     "[whiten] expected mean of shape [6] but received [5]"},
    {OpId::whiten, [](OpCall& call) { call.outputs[0].shape[1] = 13; }, shape,
     "[whiten] expected packed of 4 panels, for 13 outputs in panels of 4, but received 3"},
    {OpId::whiten, [](OpCall& call) { call.parameters[whiten_op::normalize] = 2; }, argument,
     "[whiten] expected normalize to be a whole number from 0 to 1 but received 2"},
};

}  // namespace

TEST(checks_refuse_changes) {
  for (int32_t number = 0; number < op_count; ++number) {
    const OpId id = static_cast<OpId>(number);
    const OpSpec& spec = op_spec(id);
    const GoodCall good = good_call(id);
    CHECK(passes(id, good), "%s: a good call is refused", spec.name.c_str());
    for (size_t i = 0; i < spec.inputs.size(); ++i) {
      check_changes(
          id, good, [](OpCall& call, size_t t) -> TensorView& { return call.inputs[t]; }, i,
          spec.inputs[i].optional);
      OpCall aliased = good;
      aliased.inputs[i].data = aliased.outputs[0].data;
      const bool in_place = (id == OpId::linear && i == linear_op::residual) ||
                            (id == OpId::linear_bfloat16 && i == linear_bfloat16_op::residual) ||
                            (id == OpId::linear_int8 && i == linear_int8_op::residual);
      CHECK(passes(id, aliased) == in_place, "%s: input %zu in the output's memory", spec.name.c_str(), i);
    }
    for (size_t i = 0; i < spec.outputs.size(); ++i) {
      check_changes(
          id, good, [](OpCall& call, size_t t) -> TensorView& { return call.outputs[t]; }, i,
          spec.outputs[i].optional);
    }
    for (size_t i = 0; i < spec.parameters.size(); ++i) {
      for (const double value : {double(NAN), double(INFINITY), double(-INFINITY)}) {
        OpCall call = good;
        call.parameters[i] = value;
        CHECK(!passes(id, call), "%s passed with parameter %zu = %g", spec.name.c_str(), i, value);
      }
    }
  }
  CHECK(!passes(OpId::count, OpCall()) && !passes(static_cast<OpId>(-1), OpCall()), "no such op");
}

TEST(checks_say_what_is_wrong) {
  for (const Refusal& refusal : refusals) {
    OpCall call = good_call(refusal.id);
    refusal.change(call);
    Problem problem;
    const bool passed = check_call(refusal.id, call, problem);
    CHECK(!passed && problem.kind == refusal.kind && std::strcmp(problem.message, refusal.message) == 0,
          "\"%s\" (kind %d), expected \"%s\"", problem.message, static_cast<int32_t>(problem.kind),
          refusal.message);
  }
}

// Columns side by side in one matrix do not share memory; as soon as they touch, they do.
TEST(checks_of_shared_memory) {
  GoodCall call = good_call(OpId::l2_normalize);
  TensorView &input = call.inputs[0], &output = call.outputs[0];
  input.row_stride = output.row_stride = 20;
  const auto at = [&](int64_t column) {
    output.data = static_cast<float*>(input.data) + column;
    return passes(OpId::l2_normalize, call);
  };
  for (int64_t column = -120; column <= 120; ++column) {
    const int64_t place = (column % 20 + 20) % 20;
    const bool apart =
        (place >= 6 && place <= 14) || column <= -86 || column >= 86;  // 4 rows of 20 and one of 6
    CHECK(at(column) == apart, "an output %lld elements from the input", static_cast<long long>(column));
  }
  output.row_stride = 21;
  CHECK(!at(10), "rows of another stride cross");
  input.shape[0] = output.shape[0] = 0;
  CHECK(at(0), "nothing overlaps nothing");
}

TEST(specs_of_ops) {
  const OpSpec& linear = op_spec(OpId::linear);
  CHECK(linear.name == "linear" && linear.inputs.size() == 4 && linear.outputs.size() == 2, "linear");
  CHECK(linear.inputs[2].name == "bias" && linear.inputs[2].optional && !linear.inputs[1].optional,
        "linear's bias");
  CHECK(linear.parameters == std::vector<std::string>{"activation"}, "linear's parameters");
  CHECK(op_spec(OpId::squared_norm).parameters.empty(), "an empty list");
  CHECK(op_spec(OpId::attention).outputs[1].name == "log_sum_exp", "attention's second output");
  CHECK(activation_names()[static_cast<size_t>(Activation::relu)] == "relu", "activations");
  CHECK(pooling_names()[static_cast<size_t>(Pooling::last_token)] == "last_token", "poolings");
  for (int32_t number = 0; number < op_count; ++number) {
    const OpSpec& spec = op_spec(static_cast<OpId>(number));
    CHECK(spec.inputs.size() <= max_inputs && spec.outputs.size() <= max_outputs &&
              spec.parameters.size() <= max_parameters,
          "%s fits OpCall", spec.name.c_str());
  }
}

}  // namespace likewise::test
