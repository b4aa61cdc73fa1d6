// What attention in bfloat16 owes to the format, beyond the op table: one key's value comes out as it rounds; what is not
// normal counts as zero; but for what rounds to the other side, kernels agree with the reference as in float32; its
// gradients point where those of float32 do; and AMX multiplies in tiles where sequences are long enough.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "../reference/bfloat16.h"
#include "attention_case.h"
#include "check.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

void run_both(AttentionCase& problem, const Backend& backend) {
  problem.run(backend[OpId::attention_bfloat16].float32, 1);
  problem.run_gradient(backend[OpId::attention_gradient_bfloat16].float32, 1);
}

// Numbers of every size and last bits, and those at which rounding changes its ways.
std::vector<float> telling_numbers() {
  std::vector<float> numbers = {0.0f,         -0.0f,           1.0f,        1.00390625f,     1.01171875f,
                                -1.00390625f, 1.00390637f,     0x1p-126f,   -0x1.fep-127f,   0x1p-149f,
                                0x1.fep127f,  0x1.fefffep127f, 0x1.ffp127f, -0x1.fffffep127f};
  std::mt19937 random(5);
  while (numbers.size() < 960) {
    const uint32_t bits = static_cast<uint32_t>(random());
    const float number = std::bit_cast<float>(bits);
    if (std::isfinite(number)) numbers.push_back(number);
  }
  return numbers;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b, int64_t first, int64_t columns,
              int64_t stride) {
  double aa = 0, bb = 0, ab = 0;
  for (int64_t row = 0; row + stride <= static_cast<int64_t>(a.size()); row += stride) {
    for (int64_t c = row + first; c < row + first + columns; ++c) {
      const double x = a[static_cast<size_t>(c)], y = b[static_cast<size_t>(c)];
      aa += x * x;
      bb += y * y;
      ab += x * y;
    }
  }
  return ab / std::sqrt(aa * bb);
}

// How many of b's elements are not a's, up to what float32's sums may differ by.
int64_t far_apart(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
  int64_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double largest = std::max(std::abs(double(a[i])), std::abs(double(b[i])));
    count += !(std::abs(double(a[i]) - double(b[i])) <= tolerance * (1 + largest));
  }
  return count;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

const Backend* table(const char* name) {
  for (const Backend& backend : test_backends()) {
    if (std::strcmp(backend.name, name) == 0) return &backend;
  }
  return nullptr;
}

}  // namespace

TEST(attention_bfloat16_rounds_values) {
  const std::vector<float> numbers = telling_numbers();
  for (const Backend& backend : test_backends()) {
    AttentionCase one(2, 32, std::vector<int32_t>(15, 1), std::vector<int32_t>(15, 1), 1);
    for (int64_t i = 0; i < 15 * 64; ++i)
      one.value()[i / 64 * one.key_stride() + i % 64] = numbers[static_cast<size_t>(i)];
    one.run(backend[OpId::attention_bfloat16].float32, 1);
    for (size_t i = 0; i < 15 * 64; ++i) {
      const float expected = reference::round_to_bfloat16(numbers[i]);
      CHECK(one.output[i] == expected, "on %s: %a came out as %a", backend.name, double(numbers[i]),
            double(one.output[i]));
    }
  }
}

// 2^-127 times 2^120 would be a score, of float32.
TEST(attention_bfloat16_denormals_are_zero) {
  for (const Backend& backend : test_backends()) {
    AttentionCase one(1, 7, {3}, {9}, 1);
    for (int64_t i = 0; i < 21; ++i) one.query()[i / 7 * one.query_stride() + i % 7] = 0x1p120f;
    for (int64_t i = 0; i < 63; ++i)
      one.key()[i / 7 * one.key_stride() + i % 7] = (i % 5 == 0 ? -1 : 1) * 0x1.fcp-127f;
    one.run(backend[OpId::attention_bfloat16].float32, 1);
    for (const float sum : one.log_sum_exp)
      CHECK(std::abs(sum - std::log(9.0f)) < 1e-6f, "on %s: logSumExp %g", backend.name, double(sum));
  }
}

// Within one block of keys, where the largest score is known before weights are rounded, and in the gradient, a number
// rounds otherwise than in the reference only when its own error, a few units of 2^-24, reaches over the middle between
// two neighbours in bfloat16, 2^-8 of it apart or more: one in some 2^12. Each shows in one row of the output.
TEST(attention_bfloat16_rarely_rounds_otherwise) {
  for (size_t b = 1; b < test_backends().size(); ++b) {
    const Backend& backend = test_backends()[b];
    for (const int64_t head_dim : {31, 32, 64}) {
      AttentionCase one(2, head_dim, {1, 15, 16, 17, 64, 127, 128}, {1, 15, 16, 17, 64, 127, 128}, 3, 0.5f);
      run_both(one, backend);
      AttentionCase exact = one;
      run_both(exact, test_backends()[0]);
      const double expected = 128.0 / (1 << 12);
      const double share = double(far_apart(one.output, exact.output, 2e-6)) / double(one.output.size());
      CHECK(share <= expected, "on %s: %.4f of the output", backend.name, share);
      exact.output = one.output;
      exact.log_sum_exp = one.log_sum_exp;
      exact.run_gradient(test_backends()[0][OpId::attention_gradient_bfloat16].float32, 1);
      const double of_gradients =
          double(far_apart(one.gradients, exact.gradients, 4e-6)) / double(one.gradients.size());
      CHECK(of_gradients <= 2 * expected, "on %s: %.4f of the gradients", backend.name, of_gradients);
    }
  }
}

TEST(attention_bfloat16_gradients_point_as_in_float32) {
  const std::vector<int32_t> lengths = {1, 15, 128, 0, 47, 530};
  for (const Backend& backend : test_backends()) {
    for (const double dropout : {0.0, 0.1}) {
      for (const int64_t head_dim : {26, 32, 64}) {
        AttentionCase one(2, head_dim, lengths, lengths, 4);
        one.dropout = dropout;
        AttentionCase exact = one;
        run_both(one, backend);
        exact.run(backend[OpId::attention].float32, 1);
        exact.run_gradient(backend[OpId::attention_gradient].float32, 1);
        const int64_t hidden = one.hidden();
        CHECK(cosine(one.output, exact.output, 0, hidden, hidden) > 0.99999, "on %s: outputs", backend.name);
        for (int64_t part = 0; part < 3; ++part) {
          const double got = cosine(one.gradients, exact.gradients, part * hidden, hidden, 3 * hidden);
          CHECK(got >= 0.999, "on %s, dropout %g, head dimension %d: cosine %.6f of gradient %d",
                backend.name, dropout, int32_t(head_dim), got, int32_t(part));
        }
      }
    }
  }
}

// Where AMX has no use for its tiles it computes as avx512 does, to the bit; in tiles sums have another order. Alone or
// beside a sequence of the other kind.
TEST(attention_bfloat16_in_tiles_where_they_pay) {
  const Backend *amx = table("amx"), *widened = table("avx512");
  if (amx == nullptr) return;
  for (const double dropout : {0.0, 0.1}) {
    for (const auto& [head_dim, shortest] :
         {std::pair<int64_t, int32_t>{32, 8}, {64, 4}, {24, 11}, {40, 7}}) {
      AttentionCase before(1, head_dim, {shortest - 1, 2}, {shortest - 1, 2}, 11);
      before.dropout = dropout;
      AttentionCase expected = before;
      run_both(before, *amx);
      run_both(expected, *widened);
      CHECK(same_bits(before.output, expected.output) && same_bits(before.gradients, expected.gradients),
            "%d keys, head dimension %d: not as avx512", shortest - 1, int32_t(head_dim));
      AttentionCase from(1, head_dim, {shortest, 2}, {shortest, 2}, 12);
      from.dropout = dropout;
      expected = from;
      run_both(from, *amx);
      run_both(expected, *widened);
      const size_t own = static_cast<size_t>(shortest * head_dim);
      CHECK(!same_bits({from.output.begin(), from.output.begin() + static_cast<int64_t>(own)},
                       {expected.output.begin(), expected.output.begin() + static_cast<int64_t>(own)}) &&
                !same_bits(from.gradients, expected.gradients),
            "%d keys, head dimension %d: not in tiles", shortest, int32_t(head_dim));
      CHECK(std::equal(from.output.begin() + static_cast<int64_t>(own), from.output.end(),
                       expected.output.begin() + static_cast<int64_t>(own)),
            "two keys beside %d, head dimension %d: not as avx512", shortest, int32_t(head_dim));
    }
  }
}

}  // namespace likewise::test
