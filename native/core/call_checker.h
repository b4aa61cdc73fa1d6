// What the checks of the single ops (op_checks.cpp) are written with: expectations about one call, each false
// after it has described what is wrong.
#pragma once

#include <initializer_list>

#include "op_checks.h"
#include "op_specs.h"

namespace likewise {

// A size that several tensors share: unknown until the first tensor that has it is seen.
struct Dim {
  const char* name;
  int64_t size = -1;
};

class CallChecker {
 public:
  CallChecker(OpId id, const OpCall& call, Problem& problem)
      : spec_(op_spec(id)), call_(call), problem_(problem) {}

  // The required tensors are there; every tensor's layout is sound by itself.
  bool tensors();

  // An absent tensor passes: tensors() has seen to those that must be there. The first real one decides the
  // dtype of all, and dims not yet known get their size.
  bool real_input(int32_t index, std::initializer_list<Dim*> shape);
  bool int_input(int32_t index, std::initializer_list<Dim*> shape);
  bool real_output(int32_t index, std::initializer_list<Dim*> shape);
  // Of that dtype, whatever the other tensors are.
  bool input(int32_t index, DType dtype, std::initializer_list<Dim*> shape);
  bool output(int32_t index, DType dtype, std::initializer_list<Dim*> shape);

  bool both_or_neither(int32_t first, int32_t second);
  bool at_least(const Dim& dim, int32_t input, int64_t least);
  bool finite(int32_t parameter);
  bool not_negative(int32_t parameter);  // finite too
  bool positive(int32_t parameter);      // finite too
  bool fraction(int32_t parameter);      // at least 0, below 1
  bool integer(int32_t parameter, int64_t lowest, int64_t highest);

  // The probability of dropout, its seed and site, and the input `keys`, which tells elements apart where it is not 0.
  bool dropout(int32_t probability, int32_t seed, int32_t site, int32_t keys);
  // packed [ceil(outputs / width), inputs, width]
  bool panels_fit(const Dim& outputs, const Dim& panels, const Dim& width);

  // No output shares memory with an input, save that `in_place` may be the very view of output 0, nor with
  // another output.
  bool apart(int32_t in_place = -1);

  bool refuse(Problem::Kind kind, const char* format, ...) __attribute__((format(printf, 3, 4)));

 private:
  bool layout(const TensorView& view, const TensorSpec& spec);
  bool shaped(const TensorView& view, const TensorSpec& spec, std::initializer_list<Dim*> shape);
  bool real(const TensorView& view, const TensorSpec& spec);
  bool typed(const TensorView& view, const TensorSpec& spec, DType dtype, std::initializer_list<Dim*> shape);
  bool separate(const TensorView& output, const TensorSpec& name, const TensorView& other,
                const TensorSpec& other_name);

  const OpSpec& spec_;
  const OpCall& call_;
  Problem& problem_;
  const TensorView* first_real_ = nullptr;  // its dtype is the dtype of all
};

// check_linear and so on, one for every op; each family of ops has a file op_checks*.cpp.
#define OP(name, inputs, outputs, parameters) bool check_##name(CallChecker& check, const OpCall& call);
#include "../ops.def"
#undef OP

}  // namespace likewise
