// squared_norm and adamw: one pass over memory each, which is what they cost.
//
// Squares of floats are summed in double, in blocks of a fixed size whose sums are added in order. AdamW works element
// by element. It leaves a vector of elements alone where the update would leave it as it is (see ops.def), which saves
// the three stores: of a word-embedding table few rows have ever had a gradient.
#include "../../../core/data_checks.h"
#include "../rows/row_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t norm_block = 32 * 1024;   // elements
constexpr int64_t adamw_block = 16 * 1024;  // elements

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// In both instruction sets four doubles at a time: memory is slower still.
double sum_of_squares(const float* x, int64_t count) {
  __m256d sums[4] = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
#pragma GCC unroll 4
    for (int32_t part = 0; part < 4; part++) {
      const __m256d wide = _mm256_cvtps_pd(_mm_loadu_ps(x + i + 4 * part));
      sums[part] = _mm256_fmadd_pd(wide, wide, sums[part]);
    }
  }
  const __m256d four = _mm256_add_pd(_mm256_add_pd(sums[0], sums[1]), _mm256_add_pd(sums[2], sums[3]));
  double parts[4];
  _mm256_storeu_pd(parts, four);
  double total = (parts[0] + parts[2]) + (parts[1] + parts[3]);
  for (; i < count; i++) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

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

struct AdamW {
  const float* gradient;
  float *value, *first_moment, *second_moment;
  Vector clip, beta1, rest1, beta2, rest2, root, epsilon;
  bool may_skip;
};

// Elements first .. last - 1, all of one group: value = keep * value - step * direction.
void update(const AdamW& adam, int64_t first, int64_t last, double keep, double step) {
  const Vector shrink = broadcast(static_cast<float>(keep));
  const Vector size = broadcast(static_cast<float>(step));
  const bool may_skip = adam.may_skip && keep == 1;
  for_each_vector(last - first, [&](int64_t offset, int64_t n) {
    const int64_t j = first + offset;
    const Vector g = load_first(adam.gradient + j, n);
    const Vector m = load_first(adam.first_moment + j, n);
    const Vector v = load_first(adam.second_moment + j, n);
    if (may_skip && all(less_equal(absolute(g) + absolute(m) + absolute(v), zero()))) return;
    const Vector clipped = adam.clip * g;
    const Vector next_m = fma(adam.beta1, m, adam.rest1 * clipped);
    const Vector next_v = fma(adam.beta2, v, adam.rest2 * clipped * clipped);
    const Vector direction = next_m / fma(sqrt(next_v), adam.root, adam.epsilon);
    const Vector w = load_first(adam.value + j, n);
    store_first(adam.first_moment + j, next_m, n);
    store_first(adam.second_moment + j, next_v, n);
    store_first(adam.value + j, fnma(size, direction, shrink * w), n);
  });
}

Status adamw(const OpCall& call) {
  using namespace adamw_op;
  const Status checked = check_adamw_data(call);
  if (checked != Status::ok) return checked;
  const double* parameter = call.parameters;
  const double norm_squared = *vector_of(call.inputs[gradient_norm_squared]);
  if (!(norm_squared >= 0 && norm_squared < static_cast<double>(__builtin_inff()))) return Status::ok;
  const double room = parameter[max_norm] / (__builtin_sqrt(norm_squared) + 1e-6);
  const auto all_lanes = [](double value) { return broadcast(static_cast<float>(value)); };
  AdamW adam = {};
  adam.gradient = vector_of(call.inputs[gradient]);
  adam.value = static_cast<float*>(call.outputs[value].data);
  adam.first_moment = static_cast<float*>(call.outputs[first_moment].data);
  adam.second_moment = static_cast<float*>(call.outputs[second_moment].data);
  adam.clip = all_lanes(parameter[max_norm] > 0 && room < 1 ? room : 1);
  adam.beta1 = all_lanes(parameter[beta1]);
  adam.rest1 = all_lanes(1 - parameter[beta1]);
  adam.beta2 = all_lanes(parameter[beta2]);
  adam.rest2 = all_lanes(1 - parameter[beta2]);
  adam.root = all_lanes(1 / __builtin_sqrt(parameter[second_correction]));
  adam.epsilon = all_lanes(parameter[epsilon]);
  adam.may_skip = static_cast<float>(parameter[epsilon]) > 0;  // else 0 / 0

  const int32_t* ends = static_cast<const int32_t*>(call.inputs[group_ends].data);
  const TensorView& settings = call.inputs[group_settings];  // [groups, 2]
  const int64_t elements = call.inputs[gradient].shape[0];
  auto tile = [&](int64_t index, int32_t) {
    int64_t first = index * adamw_block;
    const int64_t last = elements - first < adamw_block ? elements : first + adamw_block;
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
  for_each_tile(*call.workers, divide_up(elements, adamw_block), tile);
  return Status::ok;
}

}  // namespace

void register_optimizer(Backend& backend) {
  backend.ops[static_cast<int32_t>(OpId::squared_norm)].float32 = squared_norm;
  backend.ops[static_cast<int32_t>(OpId::adamw)].float32 = adamw;
}

}  // namespace likewise::LIKEWISE_ISA
