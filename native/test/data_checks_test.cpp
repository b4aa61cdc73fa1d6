// Numbers that would lead a kernel out of its memory: every backend refuses them before it writes anything,
// and says which number it was.
#include <cmath>
#include <cstdint>

#include "check.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

namespace {

void expect_refusal(const OpCase& one, const char* message) {
  SerialWorkers serial;
  for (const Backend& backend : test_backends()) {
    for (const DType real : {DType::float32, DType::float64}) {
      const OpResult result = run_case(one, backend, real, 1, layouts[1], serial);
      CHECK(result.refused.empty(), "%s", result.refused.c_str());
      CHECK(result.status == Status::invalid_value, "on %s: %s", backend.name, message);
      CHECK(result.message == message, "on %s: \"%s\", expected \"%s\"", backend.name, result.message.c_str(),
            message);
      for (const std::vector<double>& output : result.outputs) {
        for (const double value : output)
          CHECK(std::isnan(value), "on %s: output written: %s", backend.name, message);
      }
    }
  }
}

OpCase embedding() {
  using namespace embedding_op;
  OpCase one{OpId::embedding, "embedding", std::vector<Operand>(8), {{3, 5}}, {1e-12}};
  one.inputs[token_ids] = int_operand({0, 6, 3});
  one.inputs[word] = random_operand({7, 5}, 1);
  one.inputs[position_ids] = int_operand({0, 1, 2});
  one.inputs[position] = random_operand({3, 5}, 2);
  one.inputs[type_ids] = int_operand({0, 1, 1});
  one.inputs[type] = random_operand({2, 5}, 3);
  one.inputs[gamma] = random_operand({5}, 4);
  one.inputs[beta] = random_operand({5}, 5);
  return one;
}

// query_starts and key_starts: the offsets; 4 query tokens, 3 key tokens
OpCase attention(const std::vector<int32_t>& query_starts, const std::vector<int32_t>& key_starts) {
  using namespace attention_op;
  OpCase one{OpId::attention, "attention", std::vector<Operand>(8), {{4, 6}, {4, 2}}, {2, 1, 0, 0, 0, 0}};
  one.inputs[query] = random_operand({4, 6}, 1);
  one.inputs[key] = random_operand({3, 6}, 2);
  one.inputs[value] = random_operand({3, 6}, 3);
  one.inputs[query_offsets] = int_operand(query_starts);
  one.inputs[key_offsets] = int_operand(key_starts);
  return one;
}

OpCase attention_gradient(const std::vector<int32_t>& query_starts, const std::vector<int32_t>& key_starts) {
  const OpCase forward = attention(query_starts, key_starts);
  OpCase one{OpId::attention_gradient,
             "attention_gradient",
             {random_operand({4, 6}, 4)},
             {{4, 6}, {3, 6}, {3, 6}},
             forward.parameters};
  one.inputs.insert(one.inputs.end(), forward.inputs.begin(), forward.inputs.end());
  one.inputs.push_back(random_operand({4, 6}, 5));
  one.inputs.push_back(random_operand({4, 2}, 6));
  return one;
}

OpCase pool(const std::vector<int32_t>& offsets, const std::vector<int32_t>& skip) {
  const int64_t sequences = static_cast<int64_t>(offsets.size()) - 1;
  OpCase one{
      OpId::pool, "pool", std::vector<Operand>(3), {{sequences, 5}}, {static_cast<double>(Pooling::mean)}};
  one.inputs[pool_op::input] = random_operand({4, 5}, 1);
  one.inputs[pool_op::offsets] = int_operand(offsets);
  one.inputs[pool_op::skip] = int_operand(skip);
  return one;
}

void expect_bad_id(int32_t input, size_t index, int32_t id, const char* message) {
  OpCase one = embedding();
  one.inputs[static_cast<size_t>(input)].values[index] = id;
  expect_refusal(one, message);
}

}  // namespace

TEST(ids_outside_their_table) {
  expect_bad_id(embedding_op::token_ids, 1, 7,
                "[embedding] expected tokenIds[1] to be a row of word, which has 7, but received 7");
  expect_bad_id(embedding_op::token_ids, 0, -1,
                "[embedding] expected tokenIds[0] to be a row of word, which has 7, but received -1");
  expect_bad_id(embedding_op::token_ids, 2, INT32_MAX,
                "[embedding] expected tokenIds[2] to be a row of word, which has 7, but received 2147483647");
  expect_bad_id(embedding_op::position_ids, 2, 3,
                "[embedding] expected positionIds[2] to be a row of position, which has 3, but received 3");
  expect_bad_id(embedding_op::type_ids, 1, INT32_MIN,
                "[embedding] expected typeIds[1] to be a row of type, which has 2, but received -2147483648");
}

TEST(offsets_that_are_no_batch) {
  expect_refusal(attention({1, 4}, {0, 3}),
                 "[attention] expected queryOffsets to start with 0 but received 1");
  expect_refusal(attention({0, 3}, {0, 3}),
                 "[attention] expected queryOffsets to end with 4, the number of tokens, but received 3");
  expect_refusal(attention({0, 4}, {0, 4}),
                 "[attention] expected keyOffsets to end with 3, the number of tokens, but received 4");
  expect_refusal(attention({0, 2, 4}, {0, 5, 3}),
                 "[attention] expected keyOffsets never to fall but keyOffsets[2] is 3 after 5");
  expect_refusal(attention({0}, {0}),
                 "[attention] expected queryOffsets to end with 4, the number of tokens, but received 0");
  expect_refusal(attention_gradient({0, 5, 4}, {0, 3, 3}),
                 "[attentionGradient] expected queryOffsets never to fall but queryOffsets[2] is 4 after 5");
  expect_refusal(
      attention_gradient({0, 4}, {0, 2}),
      "[attentionGradient] expected keyOffsets to end with 3, the number of tokens, but received 2");
  expect_refusal(pool({-1, 4}, {0}), "[pool] expected offsets to start with 0 but received -1");
  expect_refusal(pool({0, 9, 4}, {0, 0}),
                 "[pool] expected offsets never to fall but offsets[2] is 4 after 9");
  expect_refusal(pool({0, 1, 5}, {0, 0}),
                 "[pool] expected offsets to end with 4, the number of tokens, but received 5");
  expect_refusal(pool({0, 1, 4}, {0, -2}), "[pool] expected skip[1] to be 0 or more but received -2");
}

// Weights packed for one instruction set and given to another: refused, or computed right; never read astray.
TEST(panels_of_another_width) {
  SerialWorkers serial;
  OpCase one{OpId::linear, "linear", std::vector<Operand>(4), {{5, 70}}, {0}};
  one.inputs[linear_op::input] = random_operand({5, 6}, 1);
  one.inputs[linear_op::packed] = random_operand({70, 6}, 2);
  one.inputs[linear_op::packed].to_pack = true;
  const OpResult expected = run_case(one, test_backends()[0], DType::float32, 1, layouts[1], serial);
  for (const Backend& backend : test_backends()) {
    for (const int32_t width : {1, 2, 7, 8, 16, 31, 32, 33, 70, 100}) {
      const OpResult result = run_case(one, backend, DType::float32, width, layouts[1], serial);
      CHECK(result.surroundings_intact, "on %s, width %d", backend.name, width);
      if (result.status == Status::ok) {
        for (size_t i = 0; i < expected.outputs[0].size(); ++i) {
          CHECK(std::fabs(result.outputs[0][i] - expected.outputs[0][i]) < 1e-5, "on %s, width %d",
                backend.name, width);
        }
      } else {
        CHECK(!result.message.empty() && width != backend.panel_width, "on %s, width %d: \"%s\"",
              backend.name, width, result.message.c_str());
      }
    }
  }
}

TEST(first_message_stays) {
  char message[message_size] = "";
  OpCall call;
  call.message = message;
  CHECK(fail(call, Status::out_of_memory, "first %d", 1) == Status::out_of_memory,
        "fail gives its status back");
  fail(call, Status::invalid_value, "second");
  CHECK(std::string(message) == "first 1", "\"%s\"", message);
  message[0] = '\0';
  fail(call, Status::invalid_value, "%s", std::string(1000, 'x').c_str());
  CHECK(std::string(message) == std::string(message_size - 1, 'x'), "a long message is cut");
}

TEST(ids_outside_their_table_when_training) {
  const Operand ids = int_operand({0, 6, -3});
  expect_refusal({OpId::gather_rows, "gather_rows", {random_operand({7, 5}, 1), ids}, {{3, 5}}, {}},
                 "[gatherRows] expected ids[2] to be a row of table, which has 7, but received -3");
  expect_refusal({OpId::scatter_rows, "scatter_rows", {random_operand({3, 5}, 1), ids}, {{6, 5}}, {0}},
                 "[scatterRows] expected ids[1] to be a row of table, which has 6, but received 6");
  OpCase gradient = embedding();
  gradient.op = OpId::embedding_gradient;
  gradient.outputs = {{3, 5}, {5}, {5}};
  gradient.parameters = {1e-12, 0};
  gradient.inputs.pop_back();  // beta
  gradient.inputs.insert(gradient.inputs.begin(), random_operand({3, 5}, 6));
  gradient.inputs[embedding_gradient_op::position_ids].values[2] = 3;
  expect_refusal(
      gradient,
      "[embeddingGradient] expected positionIds[2] to be a row of position, which has 3, but received 3");
}

TEST(offsets_of_pool_gradient) {
  const auto gradient = [](const std::vector<int32_t>& offsets, const std::vector<int32_t>& skip) {
    OpCase one = pool(offsets, skip);
    one.op = OpId::pool_gradient;
    one.inputs.insert(one.inputs.begin(), random_operand(one.outputs[0], 2));
    one.outputs = {{4, 5}};
    return one;
  };
  expect_refusal(gradient({0, 3, 5}, {0, 0}),
                 "[poolGradient] expected offsets to end with 4, the number of tokens, but received 5");
  expect_refusal(gradient({0, 3, 4}, {0, -1}),
                 "[poolGradient] expected skip[1] to be 0 or more but received -1");
}

}  // namespace likewise::test
