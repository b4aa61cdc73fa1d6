// The ops in int8. Sums of integers are exact and the steps around them are single roundings, so every table must have
// the reference's bits, whatever the shapes, the layout, the participants and the neighbours; the reference is held
// against the formulas of ops.def and against the error that rounding to int8 may make.
#include <cmath>
#include <cstring>

#include "../core/op_checks.h"
#include "../core/thread_pool.h"
#include "check.h"
#include "good_call.h"
#include "int8_case.h"
#include "op_case.h"
#include "test_backends.h"

namespace likewise::test {

void fill_int8_call(OpId id, GoodCall& call) {
  constexpr DType real = DType::float32, small = DType::int8;
  if (id == OpId::quantize_weight) {
    call.in(quantize_weight_op::weight, real, {10, 6});
    call.out(quantize_weight_op::quantized, {10, 6}, small);
    call.out(quantize_weight_op::scales, {10});
  } else if (id == OpId::pack_weight_int8) {
    call.in(pack_weight_int8_op::quantized, small, {10, 6});
    call.out(pack_weight_int8_op::packed, {3, 64, 4}, small);
  } else if (id == OpId::linear_int8) {
    call.in(linear_int8_op::input, real, {5, 6});
    call.in(linear_int8_op::packed, small, {3, 64, 4});
    call.in(linear_int8_op::scales, real, {10});
    call.in(linear_int8_op::bias, real, {10});
    call.in(linear_int8_op::residual, real, {5, 10});
    call.out(linear_int8_op::output, {5, 10});
  } else {
    call.in(gather_rows_int8_op::table, small, {30, 6});
    call.in(gather_rows_int8_op::scales, real, {30});
    call.in(gather_rows_int8_op::ids, DType::int32, {5});
    call.out(gather_rows_int8_op::output, {5, 6});
  }
}

namespace {

const Backend& reference() { return test_backends().front(); }

QuantizedValues quantize(const std::vector<double>& weight, int64_t rows, int64_t columns,
                         const Backend& backend = reference()) {
  SerialWorkers serial;
  return quantize(weight, rows, columns, backend, layouts[0], serial);
}

// Around every register, strip, panel, stretch and block of the kernels, one size at a time.
std::vector<Int8Layer> layers() {
  std::vector<Int8Layer> all;
  for (int64_t rows = 0; rows <= 31; ++rows) all.push_back(random_layer(rows, 21, 19));
  for (const int64_t rows : {95, 96, 97, 111, 112, 113, 193, 300}) all.push_back(random_layer(rows, 10, 35));
  for (int64_t inputs = 0; inputs <= 36; ++inputs) all.push_back(random_layer(7, inputs, 18));
  for (const int64_t inputs : {63, 65, 127, 129, 255, 257, 511, 512, 513, 515, 1025, 1537}) {
    all.push_back(random_layer(1, inputs, 33));
    all.push_back(random_layer(30, inputs, 17));
  }
  for (int64_t outputs = 0; outputs <= 36; ++outputs) all.push_back(random_layer(5, 13, outputs));
  for (const int64_t outputs : {63, 64, 65, 127, 128, 129, 513}) all.push_back(random_layer(3, 6, outputs));
  all.push_back(random_layer(131, 515, 197));
  all.push_back(random_layer(450, 5000, 2));  // past a chunk of quantised rows
  return all;
}

void check_equal(const Int8Layer& layer, const Backend& backend, const std::vector<double>& expected,
                 const std::vector<double>& actual, const char* when) {
  CHECK(same_numbers(expected, actual), "%s on %s: other bits %s", layer.name().c_str(), backend.name, when);
}

void check_tables(const Int8Layer& layer) {
  const std::vector<double> expected = multiply(layer, reference());
  for (const Backend& backend : test_backends())
    check_equal(layer, backend, expected, multiply(layer, backend), "than the reference");
}

}  // namespace

TEST(int8_checks_say_what_is_wrong) {
  const auto refused = [](OpId id, void (*change)(OpCall&), const char* message) {
    GoodCall call;
    fill_int8_call(id, call);
    change(call);
    Problem problem;
    CHECK(!check_call(id, call, problem) && std::strcmp(problem.message, message) == 0,
          "\"%s\", expected \"%s\"", problem.message, message);
  };
  refused(
      OpId::linear_int8, [](OpCall& call) { call.inputs[linear_int8_op::packed].shape[1] = 6; },
      "[linearInt8] expected packed of shape [panels, 64, width] but received [3, 6, 4]");
  refused(
      OpId::linear_int8, [](OpCall& call) { call.inputs[linear_int8_op::packed].dtype = DType::float32; },
      "[linearInt8] expected packed of dtype int8 but received float32");
  refused(
      OpId::linear_int8, [](OpCall& call) { call.inputs[linear_int8_op::input].dtype = DType::float64; },
      "[linearInt8] expected input of dtype float32 but received float64");
  refused(
      OpId::linear_int8,
      [](OpCall& call) {
        TensorView& input = call.inputs[linear_int8_op::input];
        input.shape[1] = input.row_stride = 132105;
      },
      "[linearInt8] expected input of at most 132104 columns, whose sums fit int32, but received 132105");
  refused(
      OpId::pack_weight_int8, [](OpCall& call) { call.outputs[0].shape[0] = 2; },
      "[packWeightInt8] expected packed of 3 panels, for 10 outputs in panels of 4, but received 2");
  refused(
      OpId::quantize_weight, [](OpCall& call) { call.outputs[quantize_weight_op::scales].shape[0] = 9; },
      "[quantizeWeight] expected scales of shape [10] but received [9]");
  refused(
      OpId::gather_rows_int8, [](OpCall& call) { call.inputs[gather_rows_int8_op::scales].shape[0] = 29; },
      "[gatherRowsInt8] expected scales of shape [30] but received [29]");
}

TEST(int8_linear_has_the_bits_of_the_reference) {
  for (Int8Layer& layer : layers()) {
    check_tables(layer);
    layer.bias.clear();
    layer.residual.clear();
    check_tables(layer);
  }
}

TEST(int8_linear_in_every_layout) {
  SerialWorkers serial;
  for (const Int8Layer& whole :
       {random_layer(15, 33, 35), random_layer(3, 7, 18), random_layer(40, 600, 5)}) {
    for (const bool in_place : {false, true}) {
      Int8Layer layer = whole;
      layer.in_place = in_place;
      const std::vector<double> expected = multiply(layer, reference());
      for (const Backend& backend : test_backends()) {
        for (const Layout& layout : layouts)
          check_equal(layer, backend, expected, multiply(layer, backend, layout, serial), layout.name);
      }
    }
  }
}

TEST(int8_linear_activations) {
  for (const Activation activation :
       {Activation::gelu_erf, Activation::gelu_tanh, Activation::tanh, Activation::relu}) {
    Int8Layer layer = random_layer(40, 20, 70);
    layer.activation = activation;
    const std::vector<double> expected = multiply(layer, reference());
    for (const Backend& backend : test_backends()) {
      const std::vector<double> actual = multiply(layer, backend);
      for (size_t i = 0; i < expected.size(); ++i) {
        CHECK(std::fabs(actual[i] - expected[i]) <= std::ldexp(16 + 16 * std::fabs(expected[i]), -23),
              "%s on %s: %.9g, expected %.9g", layer.name().c_str(), backend.name, actual[i], expected[i]);
      }
    }
  }
}

TEST(int8_linear_participants) {
  SerialWorkers scrambled(true);
  StreamWorkers two(ThreadPool::shared(), 2), seven(ThreadPool::shared(), 7);
  Workers* const others[] = {&scrambled, &two, &seven};
  for (const Int8Layer& layer : {random_layer(300, 130, 150), random_layer(5, 70, 600),
                                 random_layer(29, 64, 64), random_layer(450, 5000, 2)}) {
    for (const Backend& backend : test_backends()) {
      const std::vector<double> alone = multiply(layer, backend);
      for (Workers* workers : others) {
        check_equal(layer, backend, alone, multiply(layer, backend, layouts[0], *workers),
                    ("with " + std::to_string(workers->count) + " participants").c_str());
      }
    }
  }
}

TEST(int8_linear_rows_do_not_know_their_neighbours) {
  Int8Layer whole = random_layer(1000, 70, 40);
  whole.activation = Activation::gelu_erf;
  for (const Backend& backend : test_backends()) {
    const std::vector<double> all = multiply(whole, backend);
    for (const auto& [first, count] :
         {std::pair{0, 1}, {999, 1}, {500, 1}, {321, 5}, {7, 6}, {100, 29}, {3, 700}}) {
      Int8Layer some = whole;
      some.rows = count;
      some.input.assign(whole.input.begin() + first * 70, whole.input.begin() + (first + count) * 70);
      some.residual.assign(whole.residual.begin() + first * 40,
                           whole.residual.begin() + (first + count) * 40);
      check_equal(some, backend, {all.begin() + first * 40, all.begin() + (first + count) * 40},
                  multiply(some, backend), "than among a thousand");
    }
  }
}

// Whole numbers with a largest of 127 are their own quantisation, so the product is exact.
TEST(int8_linear_of_whole_numbers_is_exact) {
  Int8Layer layer = random_layer(9, 37, 21);
  for (std::vector<double>* values : {&layer.input, &layer.weight, &layer.bias, &layer.residual}) {
    for (double& value : *values) value = std::round(100 * value);
  }
  for (int64_t i = 0; i < layer.rows; ++i) layer.input[static_cast<size_t>(i * 37 + i)] = i % 2 ? 127 : -127;
  for (int64_t o = 0; o < layer.outputs; ++o) layer.weight[static_cast<size_t>(o * 37 + o)] = -127;
  std::vector<double> expected;
  for (int64_t i = 0; i < layer.rows; ++i) {
    for (int64_t o = 0; o < layer.outputs; ++o) {
      double sum = layer.bias[static_cast<size_t>(o)] + layer.residual[static_cast<size_t>(i * 21 + o)];
      for (int64_t k = 0; k < 37; ++k) {
        sum += layer.input[static_cast<size_t>(i * 37 + k)] * layer.weight[static_cast<size_t>(o * 37 + k)];
      }
      expected.push_back(sum);
    }
  }
  for (const Backend& backend : test_backends())
    check_equal(layer, backend, expected, multiply(layer, backend), "than whole numbers have");
}

// The largest sums there are: no pair, no four and no chain of products may saturate.
TEST(int8_linear_saturates_nowhere) {
  for (const int64_t inputs : {4, 8, 511, 132104}) {
    for (const int pattern : {0, 1, 2}) {
      Int8Layer layer = {3, inputs, 5, {}, {}, {}, {}};
      const auto sign = [pattern](int64_t k) {
        return pattern == 0 || (k / pattern) % 2 == 0 ? 127.0 : -127.0;
      };
      for (int64_t i = 0; i < layer.rows * inputs; ++i)
        layer.input.push_back((i / inputs) % 2 == 0 ? sign(i % inputs) : -sign(i % inputs));
      for (int64_t i = 0; i < layer.outputs * inputs; ++i) layer.weight.push_back(sign(i % inputs));
      const double sum = static_cast<float>(127.0 * 127.0 * static_cast<double>(inputs));
      for (const Backend& backend : test_backends()) {
        const std::vector<double> actual = multiply(layer, backend);
        for (size_t i = 0; i < actual.size(); ++i) {
          const double expected = (i / 5) % 2 == 0 ? sum : -sum;
          CHECK(actual[i] == expected, "%s on %s: %.9g, expected %.9g", layer.name().c_str(), backend.name,
                actual[i], expected);
        }
      }
    }
  }
}

// -128 is never made here, but folders that others wrote may hold it; 132,104 products of it with 127 are as far as int32 goes.
TEST(int8_linear_takes_the_smallest_number_there_is) {
  for (const int64_t inputs : {4, 511, 132104}) {
    Int8Layer layer = {2, inputs, 5, {}, {}, {}, {}};
    for (int64_t i = 0; i < layer.rows * inputs; ++i) layer.input.push_back(i < inputs ? 127.0 : -127.0);
    layer.stored.assign(static_cast<size_t>(layer.outputs * inputs), -128.0);
    const double sum = static_cast<float>(128.0 * 127.0 * static_cast<double>(inputs));
    for (const Backend& backend : test_backends()) {
      const std::vector<double> actual = multiply(layer, backend);
      for (size_t i = 0; i < actual.size(); ++i) {
        const double expected = i < 5 ? -sum : sum;
        CHECK(actual[i] == expected, "%s on %s: %.9g, expected %.9g", layer.name().c_str(), backend.name,
              actual[i], expected);
      }
    }
  }
}

// Within what rounding both factors to 127 levels allows: half a step of each times the other, and the steps' product. A
// quotient that float32 rounds beyond a tie goes to the other side: 127 * 2^-24 of a step further. The integers' sum is exact;
// making it a float, the product of both scales, the product with that and the scale itself round once each.
TEST(int8_linear_errs_as_little_as_its_format) {
  Int8Layer layer = random_layer(20, 384, 50);
  for (size_t k = 0; k < 384; k += 97) layer.input[3 * 384 + k] *= 60;  // an outlier row
  for (double& value : layer.input) value = static_cast<float>(value);
  layer.bias.clear();
  layer.residual.clear();
  const auto largest = [](const double* row) {
    double most = 0;
    for (int64_t k = 0; k < 384; ++k) most = std::fmax(most, std::fabs(row[k]));
    return most;
  };
  for (const Backend& backend : test_backends()) {
    const std::vector<double> actual = multiply(layer, backend);
    for (int64_t i = 0; i < layer.rows; ++i) {
      const double* x = &layer.input[static_cast<size_t>(i * 384)];
      for (int64_t o = 0; o < layer.outputs; ++o) {
        const double* w = &layer.weight[static_cast<size_t>(o * 384)];
        const double tie = 1 + std::ldexp(254.0, -24);
        const double input_half = tie * largest(x) / 254, weight_half = tie * largest(w) / 254;
        double sum = 0, bound = 0;
        for (int64_t k = 0; k < 384; ++k) {
          sum += x[k] * w[k];
          bound += std::fabs(x[k]) * weight_half + std::fabs(w[k]) * input_half + input_half * weight_half;
        }
        bound += std::ldexp(4.0, -24) * (std::fabs(sum) + bound);
        const double got = actual[static_cast<size_t>(i * 50 + o)];
        CHECK(std::fabs(got - sum) <= bound, "on %s: %.9g, expected %.9g within %.9g", backend.name, got, sum,
              bound);
      }
    }
  }
}

TEST(int8_linear_of_extreme_rows) {
  Int8Layer plain = random_layer(40, 45, 35);
  const Int8Layer shifted = plain;
  plain.bias.clear();  // beside them the smallest rows would be nothing
  plain.residual.clear();
  for (const double factor : {1e-45, 1e-40, 1.5e-36, 1e-30, 1e30, 3e38}) {
    Int8Layer layer = plain;
    for (size_t i = 0; i < layer.input.size(); ++i) {
      if (i / 45 % 3 == 1) layer.input[i] = static_cast<float>(layer.input[i] * factor);
    }
    check_tables(layer);
    layer = plain;
    for (size_t i = 0; i < layer.weight.size(); ++i) {
      if (i / 45 % 3 == 1) layer.weight[i] = static_cast<float>(layer.weight[i] * factor);
    }
    check_tables(layer);
  }
  Int8Layer zero = shifted;
  std::fill(zero.input.begin() + 45, zero.input.begin() + 3 * 45, 0.0);
  check_tables(zero);
  const std::vector<double> output = multiply(zero, reference());
  for (size_t o = 0; o < 35; ++o) {
    CHECK(output[35 + o] == static_cast<float>(zero.bias[o]) + static_cast<float>(zero.residual[35 + o]),
          "a row of zeros has more than bias and residual");
  }
}

TEST(int8_linear_of_a_row_that_is_not_finite) {
  for (const double value : {double(NAN), double(INFINITY), double(-INFINITY)}) {
    for (const int64_t rows : {3, 40}) {
      for (const int64_t place : {0, 20, 44}) {
        const Int8Layer sound = random_layer(rows, 45, 35);
        Int8Layer layer = sound;
        layer.input[static_cast<size_t>(45 + place)] = value;
        for (const Backend& backend : test_backends()) {
          std::vector<double> expected = multiply(sound, backend);
          std::fill(expected.begin() + 35, expected.begin() + 70, NAN);
          check_equal(layer, backend, expected, multiply(layer, backend), "than NaN in that row alone");
        }
      }
    }
  }
}

TEST(int8_quantize_weight_rounds_half_to_even) {
  const std::vector<double> weight = {127, 0.5,  1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5, 0.49999,  //
                                      0,   -0.0, 0,   0,   0,    0,    0,    0,     0,      0,        //
                                      -2,  2,    1,   -1,  0,    0.25, 1e-9, -1e-9, 0,      1.99};
  const std::vector<double> expected = {127,  0,   2,  2,   0, -2, -2, 126, -126, 0,  //
                                        0,    0,   0,  0,   0, 0,  0,  0,   0,    0,  //
                                        -127, 127, 64, -64, 0, 16, 0,  0,   0,    126};
  for (const Backend& backend : test_backends()) {
    const QuantizedValues result = quantize(weight, 3, 10, backend);
    CHECK(same_numbers(result.values, expected), "other integers on %s", backend.name);
    CHECK(same_numbers(result.scales, {1, 1, 2.0f / 127.0f}), "other scales on %s", backend.name);
  }
}

TEST(int8_quantize_weight_has_the_bits_of_the_reference) {
  SerialWorkers scrambled(true);
  StreamWorkers seven(ThreadPool::shared(), 7);
  for (const int64_t rows : {0, 1, 2, 31, 32, 33, 100}) {
    for (const int64_t columns : {0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 384}) {
      std::vector<double> weight = random_values(rows * columns, 5);
      const double factors[] = {1, 0, 1e-45, 1e-41, 1.4e-36, 1.6e-36, 3.4e38, 1e-3};
      for (size_t i = 0; i < weight.size(); ++i) {
        const size_t row = i / static_cast<size_t>(columns);
        weight[i] = static_cast<float>(weight[i] * factors[row % 8]);
      }
      const QuantizedValues expected = quantize(weight, rows, columns);
      for (size_t i = 0; i < weight.size(); ++i) {
        const double scale = expected.scales[i / static_cast<size_t>(columns)];
        CHECK(std::fabs(expected.values[i]) <= 127 &&
                  (scale == 1 || std::fabs(expected.values[i] * scale - weight[i]) <= scale * 0.500001),
              "%.9g became %g of %.9g", weight[i], expected.values[i], scale);
      }
      for (const Backend& backend : test_backends()) {
        for (const Layout& layout : layouts) {
          for (Workers* workers : {static_cast<Workers*>(&scrambled), static_cast<Workers*>(&seven)}) {
            const QuantizedValues result = quantize(weight, rows, columns, backend, layout, *workers);
            CHECK(
                same_numbers(result.values, expected.values) && same_numbers(result.scales, expected.scales),
                "%lld x %lld on %s, %s", static_cast<long long>(rows), static_cast<long long>(columns),
                backend.name, layout.name);
          }
        }
      }
    }
  }
}

TEST(int8_quantize_weight_refuses_what_is_not_finite) {
  SerialWorkers scrambled(true);
  for (const double value : {double(NAN), double(INFINITY), double(-INFINITY)}) {
    std::vector<double> weight = random_values(90 * 19, 1);
    weight[70 * 19 + 18] = weight[41 * 19] = value;
    for (const Backend& backend : test_backends()) {
      const QuantizedValues result = quantize(weight, 90, 19, backend, layouts[1], scrambled);
      CHECK(result.status == Status::invalid_value, "passed on %s", backend.name);
      CHECK(result.message == "[quantizeWeight] expected finite numbers but row 41 of weight has another",
            "on %s: %s", backend.name, result.message.c_str());
      for (const double scale : result.scales) CHECK(std::isnan(scale), "written on %s", backend.name);
    }
  }
}

}  // namespace likewise::test
