// Attention of every instruction set, in float32 and in bfloat16, against the reference: ragged lengths around every block boundary, unequal
// query and key lengths, masks, extreme and non-finite inputs; and that a query's bits depend neither on the number of
// threads, nor on its batch, nor on which blocks its neighbours let it skip.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>

#include "attention_case.h"
#include "check.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

OpFunction kernel = nullptr;  // under test
OpFunction reference_kernel = nullptr;
std::string kernel_name;
double weight_rounding = 0;  // how far apart a kernel and the reference may round a weight, of that weight

void on_each_instruction_set(void (*body)()) {
  const std::vector<Backend>& backends = test_backends();
  for (const OpId op : {OpId::attention, OpId::attention_bfloat16}) {
    reference_kernel = backends[0][op].float32;
    weight_rounding = op == OpId::attention_bfloat16 ? 0x1p-7 : 0;
    for (size_t i = 1; i < backends.size(); i++) {
      kernel = backends[i][op].float32;
      kernel_name = std::string(backends[i].name) + (op == OpId::attention ? "" : " in bfloat16");
      body();
    }
  }
}

void expect(bool good, const std::string& what) { CHECK(good, "%s: %s", kernel_name.c_str(), what.c_str()); }

// The weights of an output are 1 together: rounded otherwise, they move it by that much of the largest value at most.
double rounding_of(AttentionCase& problem) {
  double largest = 0;
  for (int64_t j = 0; j < problem.key_tokens(); j++) {
    const float* row = problem.value() + j * problem.key_stride();
    for (int64_t c = 0; c < problem.hidden(); c++) largest = std::max(largest, std::abs(double(row[c])));
  }
  return weight_rounding * largest;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

// Largest |a - b| / (1 + |b|); equal infinities agree, anything else that is not finite does not.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i] == b[i]) continue;
    const double d = std::abs(double(a[i]) - double(b[i])) / (1 + std::abs(double(b[i])));
    largest = std::max(largest, std::isfinite(d) ? d : std::numeric_limits<double>::infinity());
  }
  return largest;
}

void against_reference(AttentionCase problem, const std::string& what, double tolerance) {
  AttentionCase exact = problem;
  const Status status = problem.run(kernel, 1);
  exact.run(reference_kernel, 1);
  const double output = difference(problem.output, exact.output);
  const double sums = difference(problem.log_sum_exp, exact.log_sum_exp);
  expect(status == Status::ok && output <= tolerance + rounding_of(problem) && sums <= tolerance,
         what + ": output off by " + std::to_string(output) + ", logSumExp by " + std::to_string(sums));
  for (int32_t threads : {2, 7}) {
    AttentionCase again = problem;
    std::fill(again.output.begin(), again.output.end(), -2.0f);
    again.run(kernel, threads);
    expect(same_bits(again.output, problem.output) && same_bits(again.log_sum_exp, problem.log_sum_exp),
           what + ": bits differ on " + std::to_string(threads) + " threads");
  }
}

enum class Mask { none, causal, unified, permutation, strict_permutation, last_positions };
const char* const mask_names[] = {"none",          "causal", "unified", "permutation", "strict permutation",
                                  "last positions"};

void rank(AttentionCase& problem, Mask mask) {
  if (mask == Mask::none) return;
  std::mt19937 random(3);
  for (size_t s = 0; s < problem.query_lengths.size(); s++) {
    const int32_t queries = problem.query_lengths[s], keys = problem.key_lengths[s];
    std::vector<int32_t> ranks(static_cast<size_t>(std::max(queries, keys)));
    std::iota(ranks.begin(), ranks.end(), -3);
    if (mask == Mask::unified) {
      for (size_t i = 0; i < ranks.size(); i++)
        ranks[i] = std::max(0, int32_t(i) - int32_t(ranks.size()) / 3);
    }
    if (mask == Mask::permutation || mask == Mask::strict_permutation) {
      std::shuffle(ranks.begin(), ranks.end(), random);
    }
    const int32_t skip = mask == Mask::last_positions ? std::max(0, keys - queries) : 0;
    for (int32_t i = 0; i < queries; i++) {
      problem.query_rank.push_back(i + skip < int32_t(ranks.size()) ? ranks[size_t(i + skip)] : 0);
    }
    problem.key_rank.insert(problem.key_rank.end(), ranks.begin(), ranks.begin() + keys);
  }
  problem.strict = mask == Mask::strict_permutation;
}

void check_lengths() {
  const std::vector<int32_t> lengths = {0, 1, 2, 15, 16, 17, 127, 0, 128, 129, 300, 513, 0};
  for (int64_t head_dim : {1, 5, 7, 8, 13, 26, 32, 33, 64, 80, 128}) {
    against_reference({3, head_dim, lengths, lengths, 1}, "head dim " + std::to_string(head_dim), 4e-6);
  }
  for (int32_t length = 0; length <= 130; length += length < 36 || length >= 126 ? 1 : 9) {
    against_reference({2, 9, {length}, {length}, 2}, "length " + std::to_string(length), 4e-6);
  }
  against_reference({1, 8, {}, {}, 2}, "no sequences", 0);
}

void check_masks() {
  const std::vector<int32_t> lengths = {3, 0, 40, 128, 200, 16, 300}, longer = {9, 5, 64, 129, 0, 400, 300};
  for (int32_t mask = 0; mask < 6; mask++) {
    for (int64_t head_dim : {5, 32}) {
      for (const auto& [queries, keys] :
           {std::pair{lengths, lengths}, {lengths, longer}, {longer, lengths}}) {
        AttentionCase problem(2, head_dim, queries, keys, 4);
        rank(problem, static_cast<Mask>(mask));
        against_reference(problem, std::string("mask ") + mask_names[mask], 4e-6);
      }
    }
  }
  AttentionCase extreme(1, 16, {40}, {40}, 9);
  for (int32_t i = 0; i < 40; i++) extreme.query_rank.push_back(i % 3 == 0 ? INT32_MIN : INT32_MAX);
  extreme.key_rank = extreme.query_rank;
  against_reference(extreme, "extreme ranks", 4e-6);
  extreme.strict = true;
  against_reference(extreme, "extreme ranks, strict", 4e-6);
  extreme.query_rank.assign(40, 7);
  extreme.key_rank = extreme.query_rank;
  against_reference(extreme, "equal ranks, strict", 0);
}

// One sequence alone gives the bits it gives within a batch; so does a chunk whose neighbours change what is skipped.
void check_company() {
  const std::vector<int32_t> lengths = {17, 300, 1, 129, 5, 64, 31};
  for (const Mask mask : {Mask::none, Mask::causal, Mask::unified, Mask::permutation}) {
    AttentionCase batch(2, 26, lengths, lengths, 5);
    rank(batch, mask);
    batch.run(kernel, 2);
    for (size_t s = 0; s < lengths.size(); s++) {
      AttentionCase alone(2, 26, {lengths[s]}, {lengths[s]}, 6);
      const int32_t first = batch.query_offsets[s], last = batch.query_offsets[s + 1];
      alone.fused.assign(batch.fused.begin() + first * 156, batch.fused.begin() + last * 156);
      if (mask != Mask::none) {
        alone.query_rank.assign(batch.query_rank.begin() + first, batch.query_rank.begin() + last);
        alone.key_rank = alone.query_rank;
      }
      alone.run(kernel, 1);
      const std::vector<float> within(batch.output.begin() + first * 52, batch.output.begin() + last * 52);
      const std::vector<float> sums(batch.log_sum_exp.begin() + first * 2,
                                    batch.log_sum_exp.begin() + last * 2);
      expect(same_bits(within, alone.output) && same_bits(sums, alone.log_sum_exp),
             "sequence " + std::to_string(s) + " alone, mask " + mask_names[static_cast<int32_t>(mask)]);
    }
  }
  // So do first tokens that ask alone.
  AttentionCase batch(2, 26, lengths, lengths, 5);
  AttentionCase firsts(2, 26, std::vector<int32_t>(lengths.size(), 1), lengths, 7);
  for (size_t s = 0; s < lengths.size(); s++)
    std::copy_n(batch.query() + batch.query_offsets[s] * 156, 52, firsts.query() + s * 156);
  for (int64_t t = 0; t < batch.key_tokens(); t++)
    std::copy_n(batch.key() + t * 156, 104, firsts.key() + t * 104);
  batch.run(kernel, 1);
  firsts.run(kernel, 2);
  for (size_t s = 0; s < lengths.size(); s++) {
    const float* row = batch.output.data() + batch.query_offsets[s] * 52;
    const float* own = firsts.output.data() + s * 52;
    expect(same_bits(std::vector<float>(row, row + 52), std::vector<float>(own, own + 52)),
           "first token of sequence " + std::to_string(s) + " alone");
  }
  // A query by itself skips blocks of keys that it goes through, hidden, beside queries that see them.
  AttentionCase all(1, 32, {300}, {300}, 8);
  for (int32_t i = 0; i < 300; i++) {
    all.query_rank.push_back(i * 7 % 4 - 1);  // -1 sees nothing
    all.key_rank.push_back(i / 128);
  }
  all.run(kernel, 1);
  for (int32_t i = 0; i < 300; i += 13) {
    AttentionCase one(1, 32, {1}, {300}, 8);
    std::copy_n(all.fused.begin() + i * 96, 32, one.query());
    for (int32_t j = 0; j < 300; j++) std::copy_n(all.key() + j * 96, 64, one.key() + j * 64);
    one.query_rank = {all.query_rank[size_t(i)]};
    one.key_rank = all.key_rank;
    one.run(kernel, 1);
    const std::vector<float> row(all.output.begin() + i * 32, all.output.begin() + (i + 1) * 32);
    expect(same_bits(row, one.output) && all.log_sum_exp[size_t(i)] == one.log_sum_exp[0],
           "query " + std::to_string(i) + " alone");
  }
}

void check_extremes() {
  for (const float spread : {0.0f, 1e-20f, 1e-3f, 10.0f, 45.0f}) {  // 45: logits of +-1e4
    AttentionCase problem(2, 32, {150, 16}, {150, 16}, 7, spread);
    against_reference(problem, "inputs of size " + std::to_string(spread), spread > 1 ? 2e-2 : 4e-6);
  }
  against_reference({2, 32, {1, 1, 2, 1, 1, 3}, {1, 1, 2, 1, 1, 3}, 7, 45.0f}, "single large logits", 1e-3);
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 3e38f}) {
    for (const bool masked : {false, true}) {
      AttentionCase problem(2, 13, {40, 17}, {40, 17}, 7);
      if (masked) rank(problem, Mask::causal);
      for (size_t i = 100; i < problem.fused.size() / 2; i += 37) problem.fused[i] = bad;
      problem.run(kernel, 2);
      AttentionCase clean = problem;
      clean.run(reference_kernel, 1);
      const std::vector<float> second(problem.output.begin() + 40 * 26, problem.output.end());
      const std::vector<float> exact(clean.output.begin() + 40 * 26, clean.output.end());
      expect(difference(second, exact) <= 4e-6 + 5 * weight_rounding,
             "a sequence beside one with non-finite inputs");
    }
  }
  AttentionCase nan(1, 8, {4}, {4}, 7);
  nan.query()[0] = std::numeric_limits<float>::quiet_NaN();
  nan.run(kernel, 1);
  expect(std::isnan(nan.output[0]) && !std::isnan(nan.output[8]), "NaN stays in its row");
  AttentionCase broken(1, 8, {4, 4}, {4, 4}, 7);
  broken.query_offsets[1] = 100;
  expect(broken.run(kernel, 1) == Status::invalid_value, "offsets that rise and fall are refused");
}

}  // namespace

TEST(attention_lengths) { on_each_instruction_set(check_lengths); }
TEST(attention_masks) { on_each_instruction_set(check_masks); }
TEST(attention_company) { on_each_instruction_set(check_company); }
TEST(attention_extremes) { on_each_instruction_set(check_extremes); }

}  // namespace likewise::test
