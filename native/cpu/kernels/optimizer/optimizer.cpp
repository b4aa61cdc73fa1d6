// squared_norm and adamw: one pass over memory each, which is what they cost.
//
// Squares of floats are summed in double, in blocks of a fixed size whose sums are added in order. AdamW works element
// by element. It leaves a vector of elements alone where the update would leave it as it is (see ops.def), which saves
// the three stores: of a word-embedding table few rows have ever had a gradient.
#include "../../../core/data_checks.h"
#include "adam_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t norm_block = 32 * 1024;  // elements

// Blocks are some whole rows, or a piece of one: the same whether rows lie together or apart.
Status squared_norm(const OpCall& call) {
  const TensorView& values = call.inputs[squared_norm_op::values];  // [n] or [rows, columns]
  const bool matrix = values.rank == 2;
  const int64_t rows = matrix ? values.shape[0] : 1;
  const int64_t columns = values.shape[matrix ? 1 : 0];
  const int64_t stride = matrix ? values.row_stride : 0;
  const int64_t block_rows = columns == 0 || columns > norm_block ? 1 : norm_block / columns;
  const int64_t pieces = divide_up(columns, norm_block);
  const int64_t blocks = divide_up(rows, block_rows) * pieces;
  Workers& workers = *call.workers;
  double* sums =
      static_cast<double*>(workers.scratch(workers, 0, static_cast<size_t>(blocks + 1) * sizeof(double)));
  if (sums == nullptr) return fail(call, Status::out_of_memory, "no memory for the sums of blocks");
  auto tile = [&](int64_t index, int32_t) {
    const int64_t first = index / pieces * block_rows;
    const int64_t last = rows - first < block_rows ? rows : first + block_rows;
    const int64_t column = index % pieces * norm_block;
    const int64_t count = columns - column < norm_block ? columns - column : norm_block;
    double sum = 0;
    for (int64_t i = first; i < last; i++) {
      sum += sum_of_squares(static_cast<const float*>(values.data) + i * stride + column, count);
    }
    sums[index] = sum;
  };
  for_each_tile(workers, blocks, tile);
  double total = 0;
  for (int64_t i = 0; i < blocks; i++) total += sums[i];
  *static_cast<float*>(call.outputs[squared_norm_op::norm_squared].data) = static_cast<float>(total);
  return Status::ok;
}

// Elements first .. last - 1, all of one group: value = keep * value - step * direction.
void update(const Adam& adam, int64_t first, int64_t last, double keep, double step) {
  const Vector shrink = broadcast(static_cast<float>(keep));
  const Vector size = broadcast(static_cast<float>(step));
  const bool may_skip = adam.may_skip && keep == 1;
  for_each_vector(last - first, [&](int64_t offset, int64_t n) {
    const int64_t j = first + offset;
    const Vector g = load_first(adam.gradient + j, n);
    const Vector m = load_first(adam.first_moment + j, n);
    const Vector v = load_first(adam.second_moment + j, n);
    if (may_skip && all(less_equal(absolute(g) + absolute(m) + absolute(v), zero()))) return;
    const AdamMoments next = next_moments(adam, g, m, v);
    const Vector w = load_first(adam.value + j, n);
    store_first(adam.first_moment + j, next.first, n);
    store_first(adam.second_moment + j, next.second, n);
    store_first(adam.value + j, fnma(size, direction_of(adam, next), shrink * w), n);
  });
}

Status adamw(const OpCall& call) {
  using namespace adamw_op;
  const Status checked = check_adamw_data(call);
  if (checked != Status::ok) return checked;
  const double* parameter = call.parameters;
  Adam adam;
  if (!read_step(call, adam)) return Status::ok;
  const int32_t* ends = static_cast<const int32_t*>(call.inputs[group_ends].data);
  const TensorView& settings = call.inputs[group_settings];  // [groups, 2]
  const int64_t elements = call.inputs[gradient].shape[0];
  auto tile = [&](int64_t index, int32_t) {
    int64_t first = index * step_block;
    const int64_t last = elements - first < step_block ? elements : first + step_block;
    for (int64_t group = 0; first < last; group++) {
      if (ends[group] <= first) continue;
      const int64_t end = ends[group] < last ? ends[group] : last;
      const float* setting = row_of(settings, group);
      const double rate = parameter[learning_rate] * static_cast<double>(setting[0]);
      update(adam, first, end, 1 - rate * static_cast<double>(setting[1]),
             rate / parameter[first_correction]);
      first = end;
    }
  };
  for_each_tile(*call.workers, divide_up(elements, step_block), tile);
  return Status::ok;
}

}  // namespace

void register_optimizer(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::squared_norm)].float32 = squared_norm;
  backend.ops[static_cast<int32_t>(OpId::adamw)].float32 = adamw;
}

}  // namespace likewise::LIKEWISE_ISA
