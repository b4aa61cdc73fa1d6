// lamb: two passes over memory. The first brings the moments up to date and sums the squares of values and directions; the
// second makes the same directions again, which is cheaper than keeping them, and takes the step.
//
// Squares are summed in double by segments, what a tile of fixed size has of one tensor, and those in order: the ratios do
// not depend on threads.
#include "../../../core/data_checks.h"
#include "../tables/register.h"
#include "adam_steps.h"

namespace likewise::LIKEWISE_ISA {

namespace {

constexpr int64_t piece = 1024;  // elements whose directions are squared at a time

struct Squares {
  double values, directions;
};

struct Lamb {
  Adam adam;
  const int32_t* ends;  // [tensors]
  const TensorView& settings;
  int64_t elements, tensors;
  double learning_rate, first_correction;

  explicit Lamb(const OpCall& call)
      : adam(),
        ends(static_cast<const int32_t*>(call.inputs[lamb_op::group_ends].data)),
        settings(call.inputs[lamb_op::group_settings]),
        elements(call.inputs[lamb_op::gradient].shape[0]),
        tensors(settings.shape[0]),
        learning_rate(call.parameters[lamb_op::learning_rate]),
        first_correction(call.parameters[lamb_op::first_correction]) {}

  int64_t blocks() const { return divide_up(elements, step_block); }
  const float* setting(int64_t tensor) const { return row_of(settings, tensor); }

  // body(tensor, first, last) for each segment of a block; block + tensor is a number of its own for each.
  template <typename Body>
  void for_each_segment(int64_t block, Body body) const {
    int64_t first = block * step_block;
    const int64_t last = smaller(elements, first + step_block);
    for (int64_t tensor = 0; first < last; tensor++) {
      if (ends[tensor] <= first) continue;
      const int64_t end = smaller(ends[tensor], last);
      body(tensor, first, end);
      first = end;
    }
  }
};

// direction / first_correction + decay w
struct Direction {
  Vector share, decay;

  Direction(const Lamb& lamb, int64_t tensor)
      : share(broadcast(static_cast<float>(1 / lamb.first_correction))),
        decay(broadcast(lamb.setting(tensor)[1])) {}

  Vector of(const Adam& adam, const AdamMoments& moments, Vector w) const {
    return fma(direction_of(adam, moments), share, decay * w);
  }
};

Squares update_moments(const Lamb& lamb, int64_t tensor, int64_t first, int64_t last) {
  const Adam& adam = lamb.adam;
  const Direction direction(lamb, tensor);
  Squares squares = {};
  for (int64_t start = first; start < last; start += piece) {
    float directions[piece];
    const int64_t count = smaller(piece, last - start);
    for_each_vector(count, [&](int64_t offset, int64_t n) {
      const int64_t j = start + offset;
      const AdamMoments next =
          next_moments(adam, load_first(adam.gradient + j, n), load_first(adam.first_moment + j, n),
                       load_first(adam.second_moment + j, n));
      store_first(adam.first_moment + j, next.first, n);
      store_first(adam.second_moment + j, next.second, n);
      store_first(directions + offset, direction.of(adam, next, load_first(adam.value + j, n)), n);
    });
    squares.values += sum_of_squares(adam.value + start, count);
    squares.directions += sum_of_squares(directions, count);
  }
  return squares;
}

void take_step(const Lamb& lamb, int64_t tensor, double ratio, int64_t first, int64_t last) {
  const Adam& adam = lamb.adam;
  const Direction direction(lamb, tensor);
  const double rate = lamb.learning_rate * static_cast<double>(lamb.setting(tensor)[0]);
  const Vector size = broadcast(static_cast<float>(rate * ratio));
  for_each_vector(last - first, [&](int64_t offset, int64_t n) {
    const int64_t j = first + offset;
    const AdamMoments moments = {load_first(adam.first_moment + j, n), load_first(adam.second_moment + j, n)};
    const Vector w = load_first(adam.value + j, n);
    store_first(adam.value + j, fnma(size, direction.of(adam, moments, w), w), n);
  });
}

double trust_ratio(const Squares& squares) {
  const double infinite = static_cast<double>(__builtin_inff());
  const bool both = squares.values > 0 && squares.values < infinite && squares.directions > 0 &&
                    squares.directions < infinite;
  return both ? __builtin_sqrt(squares.values) / __builtin_sqrt(squares.directions) : 1;
}

// ratios[tensor], of the segments' sums added up in order.
void find_ratios(const Lamb& lamb, const Squares* sums, double* ratios) {
  for (int64_t tensor = 0; tensor < lamb.tensors; tensor++) {
    const int64_t first = tensor == 0 ? 0 : lamb.ends[tensor - 1], last = lamb.ends[tensor];
    Squares total = {};
    for (int64_t block = first / step_block; first < last && block <= (last - 1) / step_block; block++) {
      total.values += sums[block + tensor].values;
      total.directions += sums[block + tensor].directions;
    }
    ratios[tensor] = lamb.setting(tensor)[2] == 1 ? trust_ratio(total) : 1;
  }
}

Status lamb(const OpCall& call) {
  const Status checked = check_lamb_data(call);
  if (checked != Status::ok) return checked;
  Lamb lamb(call);
  if (!read_step(call, lamb.adam)) return Status::ok;
  Workers& workers = *call.workers;
  const int64_t segments = lamb.blocks() + lamb.tensors;
  const size_t bytes =
      static_cast<size_t>(segments) * sizeof(Squares) + static_cast<size_t>(lamb.tensors) * sizeof(double);
  Squares* sums = static_cast<Squares*>(workers.scratch(workers, 0, bytes));
  if (sums == nullptr) return fail(call, Status::out_of_memory, "no memory for the norms of tensors");
  double* ratios = reinterpret_cast<double*>(sums + segments);
  auto moments = [&](int64_t block, int32_t) {
    lamb.for_each_segment(block, [&](int64_t tensor, int64_t first, int64_t last) {
      sums[block + tensor] = update_moments(lamb, tensor, first, last);
    });
  };
  for_each_tile(workers, lamb.blocks(), moments);
  find_ratios(lamb, sums, ratios);
  auto steps = [&](int64_t block, int32_t) {
    lamb.for_each_segment(block, [&](int64_t tensor, int64_t first, int64_t last) {
      take_step(lamb, tensor, ratios[tensor], first, last);
    });
  };
  for_each_tile(workers, lamb.blocks(), steps);
  return Status::ok;
}

}  // namespace

void register_lamb(Backend& backend) { backend[OpId::lamb].float32 = lamb; }

}  // namespace likewise::LIKEWISE_ISA
