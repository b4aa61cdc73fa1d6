// Cases of gather_rows and scatter_rows: ids that repeat, that are all the same, tables past every tile.
#include "op_case.h"

namespace likewise::test {

namespace {

std::string text(const char* op, int64_t tokens, int64_t entries, int64_t width) {
  return std::string(op) + " " + std::to_string(tokens) + " of " + std::to_string(entries) + " x " +
         std::to_string(width);
}

OpCase gather_case(int64_t tokens, int64_t entries, int64_t width) {
  return {OpId::gather_rows,
          text("gather_rows", tokens, entries, width),
          {random_operand({entries, width}, 1), int_operand(random_ids(tokens, entries, 2))},
          {{tokens, width}},
          {}};
}

OpCase scatter_case(int64_t tokens, int64_t entries, int64_t width, bool accumulate) {
  OpCase one{OpId::scatter_rows,
             text("scatter_rows", tokens, entries, width) + (accumulate ? " accumulate" : ""),
             {random_operand({tokens, width}, 1), int_operand(random_ids(tokens, entries, 2))},
             {{entries, width}},
             {static_cast<double>(accumulate)}};
  if (accumulate) one.before = {random_values(entries * width, 3)};
  one.error_units = 4 + static_cast<double>(tokens);
  return one;
}

}  // namespace

std::vector<OpCase> table_row_cases() {
  std::vector<OpCase> cases;
  const auto add = [&cases](int64_t tokens, int64_t entries, int64_t width) {
    cases.push_back(gather_case(tokens, entries, width));
    cases.push_back(scatter_case(tokens, entries, width, false));
    cases.push_back(scatter_case(tokens, entries, width, true));
  };
  for (const int64_t width : {0, 1, 3, 7, 8, 9, 15, 16, 17, 33, 127, 128, 129, 145, 257}) add(9, 5, width);
  for (const int64_t tokens : {0, 1, 2, 63, 64, 65, 300}) add(tokens, 70, 11);
  for (const int64_t entries : {1, 2, 63, 64, 65, 129, 1000}) add(80, entries, 20);
  add(0, 0, 4);
  return cases;
}

}  // namespace likewise::test
