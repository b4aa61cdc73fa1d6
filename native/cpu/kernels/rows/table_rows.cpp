// Rows between a table and a batch:
//   gather_rows    output[t] = table[ids[t]]
//   scatter_rows   table[ids[t]] += rows[t]
// Scattering, the tokens are sorted by id modulo `groups`, keeping their order, and a tile adds one group's tokens to
// some columns: each element of the table has one owner, which adds in the order of t. The remainder spreads a
// vocabulary's frequent ids, which lie side by side, over the tiles; the columns spread tables of few rows.
#include "../../../core/data_checks.h"
#include "row_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 64;
constexpr int64_t groups = 64;
constexpr int64_t tile_columns = 128;

Status gather_rows(const OpCall& call) {
  using namespace gather_rows_op;
  const Status checked = check_gather_rows_data(call);
  if (checked != Status::ok) return checked;
  const TensorView& from = call.inputs[table];  // [entries, width]
  const TensorView& to = call.outputs[output];  // [tokens, width]
  const int32_t* entries = static_cast<const int32_t*>(call.inputs[ids].data);
  for_each_row(*call.workers, to.shape[0], tile_rows, [&from, &to, entries](int64_t t) {
    const float* source = row_of(from, entries[t]);
    float* target = row_of(to, t);
    for_each_vector(to.shape[1],
                    [=](int64_t j, int64_t n) { store_first(target + j, load_first(source + j, n), n); });
  });
  return Status::ok;
}

void clear(Workers& workers, const TensorView& table) {
  const size_t bytes = static_cast<size_t>(table.shape[1]) * sizeof(float);
  for_each_row(workers, table.shape[0], tile_rows,
               [&table, bytes](int64_t e) { __builtin_memset(row_of(table, e), 0, bytes); });
}

// order[first[g]] .. order[first[g + 1] - 1]: the tokens with ids of group g, ascending
struct Sorted {
  int64_t first[groups + 1];
  int64_t* order;
};

void sort(const int32_t* entries, int64_t tokens, Sorted& sorted) {
  int64_t next[groups] = {};
  for (int64_t t = 0; t < tokens; t++) next[entries[t] % groups]++;
  int64_t start = 0;
  for (int64_t g = 0; g < groups; g++) {
    const int64_t count = next[g];
    sorted.first[g] = next[g] = start;
    start += count;
  }
  sorted.first[groups] = start;
  for (int64_t t = 0; t < tokens; t++) sorted.order[next[entries[t] % groups]++] = t;
}

// The columns from `column` on, `width` of them, of one group's tokens.
void add_group(const TensorView& from, const TensorView& to, const int32_t* entries, const int64_t* order,
               int64_t count, int64_t column, int64_t width) {
  for (int64_t k = 0; k < count; k++) {
    if (k + 1 < count) __builtin_prefetch(row_of(to, entries[order[k + 1]]) + column, 1);
    const float* source = row_of(from, order[k]) + column;
    float* target = row_of(to, entries[order[k]]) + column;
    for_each_vector(width, [=](int64_t j, int64_t n) {
      store_first(target + j, load_first(target + j, n) + load_first(source + j, n), n);
    });
  }
}

Status scatter_rows(const OpCall& call) {
  using namespace scatter_rows_op;
  const Status checked = check_scatter_rows_data(call);
  if (checked != Status::ok) return checked;
  const TensorView& from = call.inputs[rows];  // [tokens, width]
  const TensorView& to = call.outputs[table];  // [entries, width]
  const int32_t* entries = static_cast<const int32_t*>(call.inputs[ids].data);
  const int64_t tokens = from.shape[0], width = to.shape[1];
  Sorted sorted;  // in the caller's scratch, which no tile asks for meanwhile
  const size_t bytes = static_cast<size_t>(tokens) * sizeof(int64_t);
  sorted.order = static_cast<int64_t*>(call.workers->scratch(*call.workers, 0, bytes));
  if (sorted.order == nullptr && tokens > 0)
    return fail(call, Status::out_of_memory, "no memory to sort the ids");
  sort(entries, tokens, sorted);
  if (call.parameters[accumulate] == 0) clear(*call.workers, to);
  auto tile = [&](int64_t index, int32_t) {
    const int64_t group = index % groups, column = index / groups * tile_columns;
    add_group(from, to, entries, sorted.order + sorted.first[group],
              sorted.first[group + 1] - sorted.first[group], column,
              width - column < tile_columns ? width - column : tile_columns);
  };
  for_each_tile(*call.workers, (width + tile_columns - 1) / tile_columns * groups, tile);
  return Status::ok;
}

}  // namespace

void register_table_rows(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::gather_rows)].float32 = gather_rows;
  backend.ops[static_cast<int32_t>(OpId::scatter_rows)].float32 = scatter_rows;
}

}  // namespace likewise::LIKEWISE_ISA
