// Cases of attention, with and without dropout, and of its gradient: ragged batches, head dimensions and masks. The same
// in bfloat16.
#include <algorithm>
#include <cmath>

#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

enum class Mask { none, causal, strict_permutation, source_and_target, sees_nothing, extremes };

struct Lengths {
  std::vector<int32_t> queries, keys;
};

std::vector<int32_t> offsets_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> offsets = {0};
  for (const int32_t length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// The rank of token i of n, as a query or as a key.
int32_t rank_of(Mask mask, int32_t i, int32_t n, bool query) {
  switch (mask) {
    case Mask::strict_permutation: return (i * 7 + 3) % (n > 7 ? n : 7);
    case Mask::source_and_target: return i < n / 2 ? 0 : i - n / 2 + 1;
    case Mask::sees_nothing: return query && i % 3 != 0 ? -1 : 0;  // two queries of three
    case Mask::extremes: return i % 2 == 0 ? INT32_MIN : INT32_MAX;
    default: return i;
  }
}

std::vector<int32_t> ranks(Mask mask, const std::vector<int32_t>& lengths, bool query) {
  std::vector<int32_t> result;
  for (const int32_t n : lengths) {
    for (int32_t i = 0; i < n; ++i) result.push_back(rank_of(mask, i, n, query));
  }
  return result;
}

OpCase attention_case(const Lengths& lengths, int64_t heads, int64_t head_dim, Mask mask = Mask::none,
                      bool with_sums = true, double sharpness = 1) {
  using namespace attention_op;
  const std::vector<int32_t> query_starts = offsets_of(lengths.queries),
                             key_starts = offsets_of(lengths.keys);
  const int64_t queries = query_starts.back(), keys = key_starts.back(), width = heads * head_dim;
  const double scale = sharpness / std::sqrt(static_cast<double>(head_dim));
  OpCase one{OpId::attention,
             "attention ",
             std::vector<Operand>(8),
             {{queries, width}, {}},
             {static_cast<double>(heads), scale, mask == Mask::strict_permutation ? 1.0 : 0.0, 0, 0, 0}};
  one.name += std::to_string(lengths.queries.size()) + " sequences, " + std::to_string(queries) +
              " queries, " + std::to_string(keys) + " keys, " + std::to_string(heads) + " heads of " +
              std::to_string(head_dim) + ", mask " + std::to_string(static_cast<int32_t>(mask));
  one.inputs[query] = random_operand({queries, width}, 1);
  one.inputs[key] = random_operand({keys, width}, 2);
  one.inputs[value] = random_operand({keys, width}, 3);
  one.inputs[query_offsets] = int_operand(query_starts);
  one.inputs[key_offsets] = int_operand(key_starts);
  if (mask != Mask::none) {
    one.inputs[query_rank] = int_operand(ranks(mask, lengths.queries, true));
    one.inputs[key_rank] = int_operand(ranks(mask, lengths.keys, false));
  }
  if (with_sums) one.outputs[1] = {queries, heads};
  const int32_t longest =
      lengths.keys.empty() ? 0 : *std::max_element(lengths.keys.begin(), lengths.keys.end());
  one.error_units = 32 + 0.25 * longest + 2 * scale * static_cast<double>(head_dim);
  return one;
}

OpCase with_dropout(OpCase one, double probability) {
  using namespace attention_op;
  std::vector<int32_t> ids(one.inputs[query_offsets].values.size() - 1);
  for (size_t s = 0; s < ids.size(); ++s) ids[s] = static_cast<int32_t>(s * 0x9E3779B9u);  // any sign
  one.name += ", dropout " + std::to_string(probability);
  one.inputs[sequence_ids] = int_operand(ids);
  one.parameters[dropout] = probability;
  one.parameters[seed] = 4000000000;
  one.parameters[site] = 77;
  one.error_units /= 1 - probability;
  return one;
}

Operand rounded(std::vector<double> values, std::vector<int64_t> shape) {
  for (double& value : values) value = static_cast<float>(value);
  return {std::move(shape), std::move(values)};
}

// The same in bfloat16. Factors that are given round alike everywhere. A weight does not when float32 puts it on the other
// side of the middle between two neighbours in bfloat16, which lie up to 2^-7 of it apart. All weights of a query, together
// 1 or, with dropout, as much more as is kept, move its output by no more than that.
OpCase in_bfloat16(OpCase one) {
  one.op = OpId::attention_bfloat16;
  one.name += ", bfloat16";
  one.error_units += 0x1p23 * 0x1p-7 / (1 - one.parameters[attention_op::dropout]);
  return one;
}

std::vector<OpCase> in_bfloat16(const std::vector<OpCase>& cases) {
  std::vector<OpCase> result;
  for (const OpCase& one : cases) result.push_back(in_bfloat16(one));
  return result;
}

// The gradient of a case: with its output and logarithms as float32 holds them.
OpCase gradient_of(OpCase forward) {
  using namespace attention_gradient_op;
  const Operand of_query = forward.inputs[attention_op::query], of_key = forward.inputs[attention_op::key];
  const double head_dim = static_cast<double>(of_query.shape[1]) / forward.parameters[attention_op::heads];
  forward.outputs[1] = {of_query.shape[0], static_cast<int64_t>(forward.parameters[attention_op::heads])};
  SerialWorkers serial;
  const OpResult result = run_case(forward, test_backends()[0], DType::float64, 1, layouts[0], serial);
  OpCase one{
      forward.op == OpId::attention_bfloat16 ? OpId::attention_gradient_bfloat16 : OpId::attention_gradient,
      "gradient of " + forward.name,
      {random_operand(of_query.shape, 4)},
      {of_query.shape, of_key.shape, of_key.shape},
      forward.parameters};
  one.inputs.insert(one.inputs.end(), forward.inputs.begin(), forward.inputs.end());
  one.inputs.push_back(rounded(result.outputs[0], forward.outputs[0]));
  one.inputs.push_back(rounded(result.outputs[1], forward.outputs[1]));
  one.error_units = forward.error_units * (1 + std::sqrt(head_dim));
  return one;
}

Lengths same(std::vector<int32_t> lengths) { return {lengths, lengths}; }

}  // namespace

std::vector<OpCase> attention_cases() {
  std::vector<OpCase> cases;
  for (const int64_t head_dim : {1, 2, 3, 7, 8, 9, 15, 16, 17, 26, 31, 32, 33, 63, 64, 65, 128, 130}) {
    cases.push_back(attention_case(same({3, 19, 0, 1, 34}), 2, head_dim));
    cases.push_back(attention_case(same({5, 18}), 3, head_dim, Mask::causal));
  }
  for (int32_t length = 0; length <= 34; ++length) cases.push_back(attention_case(same({length}), 1, 12));
  for (const int32_t length : {47, 48, 49, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300}) {
    cases.push_back(attention_case(same({length}), 1, 20));
    cases.push_back(attention_case(same({2, length}), 1, 8, Mask::causal));
    cases.push_back(attention_case({{1, 3}, {length, length}}, 2, 9));      // a key-value cache
    cases.push_back(attention_case({{length}, {3}}, 1, 16, Mask::causal));  // more queries than keys
  }
  const Lengths ragged = {{4, 0, 17, 1, 40, 9}, {9, 5, 17, 70, 0, 1}};
  for (const Mask mask : {Mask::none, Mask::causal, Mask::strict_permutation, Mask::source_and_target,
                          Mask::sees_nothing, Mask::extremes}) {
    cases.push_back(attention_case(ragged, 3, 10, mask));
    cases.push_back(attention_case(ragged, 2, 32, mask, false));
    cases.push_back(attention_case(same({150, 33}), 2, 16, mask));
  }
  for (const int64_t head_dim : {24, 40, 64}) {  // around whole tiles of AMX
    const OpCase tiles = attention_case(same({16, 32, 33, 64, 100}), 2, head_dim, Mask::source_and_target);
    cases.push_back(with_dropout(tiles, 0.1));
  }
  cases.push_back(attention_case(same({40, 70}), 2, 32, Mask::none, true, 30));  // one key takes nearly all
  cases.push_back(attention_case(same({40, 70}), 2, 32, Mask::none, true, -3));
  cases.push_back(attention_case(same({}), 2, 8));
  cases.push_back(attention_case(same(std::vector<int32_t>(70, 6)), 12, 4));
  const size_t plain = cases.size();
  for (size_t i = 0; i < plain; i += 3) cases.push_back(with_dropout(cases[i], i % 2 == 0 ? 0.5 : 0.1));
  return cases;
}

std::vector<OpCase> attention_bfloat16_cases() { return in_bfloat16(attention_cases()); }

namespace {

// Of several parts.
std::vector<OpCase> long_attention_cases() {
  std::vector<OpCase> cases;
  for (const Mask mask : {Mask::none, Mask::causal}) {
    cases.push_back(attention_case(same({511, 513}), 1, 4, mask));
    cases.push_back(with_dropout(attention_case({{600, 3}, {20, 1030}}, 1, 8, mask), 0.1));
    cases.push_back(attention_case({{20, 0}, {1030, 600}}, 1, 8, mask));
  }
  cases.push_back(with_dropout(attention_case(same({1030}), 1, 3), 0.1));
  cases.push_back(with_dropout(attention_case(same({33, 512}), 1, 32), 0.1));
  return cases;
}

std::vector<OpCase> gradients_of(const std::vector<OpCase>& first, const std::vector<OpCase>& second) {
  std::vector<OpCase> cases;
  for (const std::vector<OpCase>& forwards : {first, second}) {
    for (const OpCase& forward : forwards) cases.push_back(gradient_of(forward));
  }
  return cases;
}

}  // namespace

std::vector<OpCase> attention_gradient_cases() {
  return gradients_of(attention_cases(), long_attention_cases());
}

std::vector<OpCase> attention_gradient_bfloat16_cases() {
  return gradients_of(attention_bfloat16_cases(), in_bfloat16(long_attention_cases()));
}

}  // namespace likewise::test
