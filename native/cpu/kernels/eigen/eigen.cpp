// Eigenvalues and eigenvectors of a symmetric matrix in float64: to tridiagonal form by blocked reflectors, that form
// by divide and conquer, and back. The matrix is scaled by a power of two so that nothing on the way overflows.
#include "eigen_divide.h"
#include "eigen_tridiagonal.h"

namespace likewise::LIKEWISE_ISA {

namespace {

Solver cut_workspace(const OpCall& call) {
  const TensorView& workspace = call.outputs[symmetric_eigen_op::workspace];
  Solver s = {};
  s.workers = call.workers;
  s.size = call.inputs[symmetric_eigen_op::matrix].shape[0];
  s.stride = s.size + 8;
  double* next = static_cast<double*>(workspace.data);
  const auto take = [&](int64_t rows) {
    double* taken = next;
    next += rows * s.stride;
    return taken;
  };
  s.matrix = take(s.size);
  s.vectors[0] = take(s.size);
  s.vectors[1] = take(s.size);
  s.secular = take(s.size);
  s.partial = take(s.size);
  s.panel = take(3 * reflectors_at_once);
  s.triangles = take(32);  // size + 8 columns: room for divide_up(size, 16) x 16 x 16
  double** const numbers[] = {&s.diagonal, &s.off_diagonal, &s.tau, &s.z, &s.poles, &s.weights, &s.roots};
  for (double** row : numbers) *row = take(1);
  int64_t** const indexes[] = {&s.order, &s.kept, &s.deflated, &s.rank, &s.place, &s.halves, &s.list};
  for (int64_t** row : indexes) *row = reinterpret_cast<int64_t*>(take(1));
  return s;
}

// The power of two next below `largest`; 1 for 0 and where there is none.
double scale_of(double largest) {
  uint64_t bits;
  __builtin_memcpy(&bits, &largest, sizeof bits);
  bits &= uint64_t{0x7ff} << 52;
  double scale;
  __builtin_memcpy(&scale, &bits, sizeof scale);
  return scale < 0x1p-1000 ? (largest == 0 ? 1 : 0x1p-1000) : scale;
}

// Copies the upper triangle divided by `scale`.
Status copy_matrix(const OpCall& call, const Solver& s, double& scale) {
  const TensorView& matrix = call.inputs[symmetric_eigen_op::matrix];
  const double* source = static_cast<const double*>(matrix.data);
  double largest = 0;
  for (int64_t i = 0; i < s.size; i++) {
    const double* row = source + i * matrix.row_stride;
    double most = 0, check = 0;
    for (int64_t j = i; j < s.size; j++) {
      most = magnitude(row[j]) > most ? magnitude(row[j]) : most;
      check += row[j] * 0;
    }
    largest = most > largest ? most : largest;
    if (check == 0) continue;
    int64_t j = i;
    while (row[j] * 0 == 0) j++;
    return fail(call, Status::invalid_value,
                "[symmetricEigen] expected a finite matrix but element %lld, %lld is not",
                static_cast<long long>(i), static_cast<long long>(j));
  }
  scale = scale_of(largest);
  const double inverse = 1 / scale;
  for (int64_t i = 0; i < s.size; i++) {
    for (int64_t j = i; j < s.size; j++)
      s.matrix[i * s.stride + j] = source[i * matrix.row_stride + j] * inverse;
  }
  return Status::ok;
}

// Some eigenvectors of the tridiagonal matrix to those of the whole, from the last to the first, signs fixed.
void finish_vectors(const Solver& s, double* vectors, int64_t first, int64_t rows, const TensorView& output) {
  transform_back(s, vectors, first, rows);
  for (int64_t r = first; r < first + rows; r++) {
    const double* row = vectors + r * s.stride;
    double* result = static_cast<double*>(output.data) + (s.size - 1 - r) * output.row_stride;
    int64_t largest = 0;
    for (int64_t c = 1; c < s.size; c++) largest = magnitude(row[c]) > magnitude(row[largest]) ? c : largest;
    const double sign = row[largest] < 0 ? -1 : 1;
    for (int64_t c = 0; c < s.size; c++) result[c] = sign * row[c];
  }
}

Status symmetric_eigen(const OpCall& call) {
  using namespace symmetric_eigen_op;
  const Solver s = cut_workspace(call);
  if (s.size == 0) return Status::ok;
  double scale = 1;
  Status status = copy_matrix(call, s, scale);
  if (status != Status::ok) return status;
  tridiagonalize(s);
  double* found = nullptr;
  status = solve_tridiagonal(s, found, call);
  if (status != Status::ok) return status;
  double* eigenvalues = static_cast<double*>(call.outputs[values].data);
  for (int64_t i = 0; i < s.size; i++) eigenvalues[i] = s.diagonal[s.size - 1 - i] * scale;
  const int64_t reflectors = larger(0, s.size - 2), blocks = divide_up(reflectors, reflectors_at_once);
  for_each_part(*s.workers, blocks, blocks * 128 * s.size, [&s, reflectors](int64_t block, int32_t) {
    const int64_t first = block * reflectors_at_once;
    make_triangle(s, first, smaller(reflectors_at_once, reflectors - first),
                  s.triangles + block * reflectors_at_once * reflectors_at_once);
  });
  const int64_t parts = divide_up(s.size, vectors_at_once), work = s.size * s.size * s.size;
  for_each_part(*s.workers, parts, work, [&](int64_t part, int32_t) {
    const int64_t first = part * vectors_at_once;
    finish_vectors(s, found, first, smaller(vectors_at_once, s.size - first), call.outputs[vectors]);
  });
  return Status::ok;
}

}  // namespace

void register_eigen(Backend& backend) { backend[OpId::symmetric_eigen].float64 = symmetric_eigen; }

}  // namespace likewise::LIKEWISE_ISA
