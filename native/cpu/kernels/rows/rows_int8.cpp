// Row by row, from float32 to int8 and back:
//   quantize_weight    quantized[i] = weight[i] / scales[i], rounded; scales[i] = max|weight[i]| / 127
//   gather_rows_int8   output[t] = table[ids[t]] * scales[ids[t]]
#include "../../../core/data_checks.h"
#include "quantize_steps.h"

namespace likewise::LIKEWISE_ISA {
namespace {

constexpr int64_t tile_rows = 32;

LIKEWISE_INLINE int8_t* bytes_of(const TensorView& matrix, int64_t row) {
  return static_cast<int8_t*>(matrix.data) + row * matrix.row_stride;
}

LIKEWISE_INLINE void store_first_int8(int8_t* p, IntVector a, int64_t n) {
  if (n == lanes) return store_int8(p, a);
  int8_t all[lanes];
  store_int8(all, a);
  for (int64_t i = 0; i < n; i++) p[i] = all[i];
}

LIKEWISE_INLINE IntVector load_first_int8(const int8_t* p, int64_t n) {
  if (n == lanes) return load_int8(p);
  int8_t all[lanes] = {};
  for (int64_t i = 0; i < n; i++) all[i] = p[i];
  return load_int8(all);
}

Status quantize_weight(const OpCall& call) {
  using namespace quantize_weight_op;
  const TensorView& from = call.inputs[weight];    // [outputs, inputs]
  const TensorView& to = call.outputs[quantized];  // [outputs, inputs]
  float* scale = static_cast<float*>(call.outputs[scales].data);
  const int64_t width = from.shape[1];
  int64_t bad = from.shape[0];  // the first row with a number that is not finite
  for_each_row(*call.workers, from.shape[0], tile_rows, [&from, &bad, width](int64_t i) {
    if (is_finite(largest_magnitude(row_of(from, i), width))) return;
    int64_t known = __atomic_load_n(&bad, __ATOMIC_RELAXED);
    while (i < known &&
           !__atomic_compare_exchange_n(&bad, &known, i, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
  });
  if (bad < from.shape[0]) {
    return fail(call, Status::invalid_value,
                "[quantizeWeight] expected finite numbers but row %lld of weight has another",
                static_cast<long long>(bad));
  }
  for_each_row(*call.workers, from.shape[0], tile_rows, [&from, &to, scale, width](int64_t i) {
    const float* x = row_of(from, i);
    const float largest = largest_magnitude(x, width);
    const bool zero = largest < least_magnitude;
    scale[i] = zero ? 1.0f : largest / levels;
    const Vector divisor = broadcast(zero ? __builtin_inff() : scale[i]);
    int8_t* q = bytes_of(to, i);
    for_each_vector(width, [=](int64_t j, int64_t n) {
      store_first_int8(q + j, round_to_int(load_first(x + j, n) / divisor), n);
    });
  });
  return Status::ok;
}

Status gather_rows_int8(const OpCall& call) {
  using namespace gather_rows_int8_op;
  const Status checked = check_gather_rows_int8_data(call);
  if (checked != Status::ok) return checked;
  const TensorView& from = call.inputs[table];  // [entries, width]
  const TensorView& to = call.outputs[output];  // [tokens, width]
  const float* scale = vector_of(call.inputs[scales]);
  const int32_t* entries = static_cast<const int32_t*>(call.inputs[ids].data);
  for_each_row(*call.workers, to.shape[0], tile_rows, [&from, &to, scale, entries](int64_t t) {
    const int8_t* source = bytes_of(from, entries[t]);
    const Vector factor = broadcast(scale[entries[t]]);
    float* target = row_of(to, t);
    for_each_vector(to.shape[1], [=](int64_t j, int64_t n) {
      store_first(target + j, to_float(load_first_int8(source + j, n)) * factor, n);
    });
  });
  return Status::ok;
}

}  // namespace

void register_rows_int8(Backend& backend) {
  backend[OpId::quantize_weight].float32 = quantize_weight;
  backend[OpId::gather_rows_int8].float32 = gather_rows_int8;
}

}  // namespace likewise::LIKEWISE_ISA
