// Few rows of c, as a single example's layer has them: all that counts is how fast b comes from memory. Whole rows of b are read in
// the order in which they lie, each once, and the rows of c, which stay in the first cache, are added to.
#pragma once

#include "dense_dots.h"
#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kStreamRows = 7;               // of c, at most
constexpr Index kStreamDepth = 4;              // rows of b that are read side by side
constexpr Index kStreamPart = 256 * 1024;      // floats of b in a task

// sums[j] += the sum over kMany rows k of a[k] * b[k, j].
template <int kMany>
void stream_rows(const float* a, const float* b, Index columns, float* sums) {
  Vector av[kMany];
#pragma GCC unroll 4
  for (int k = 0; k < kMany; ++k) av[k] = broadcast(a[k]);
  Index j = 0;
  for (; j + kWidth <= columns; j += kWidth) {
    Vector sum = load(sums + j);
    // The rows that follow: what the processor itself foresees ends with a page.
#pragma GCC unroll 4
    for (int k = 0; k < kMany; ++k) __builtin_prefetch(b + (kMany + k) * columns + j, 0, 2);
#pragma GCC unroll 4
    for (int k = 0; k < kMany; ++k) sum += av[k] * load(b + k * columns + j);
    store(sums + j, sum);
  }
  for (; j < columns; ++j) {
    for (int k = 0; k < kMany; ++k) sums[j] += a[k] * b[k * columns + j];
  }
}

inline void stream_part(const Product& g, const float* a, const float* b, Index k0, Index k1, float* sums) {
  for (Index i = 0; i < g.rows * g.columns; ++i) sums[i] = 0;
  Index k = k0;
  for (; k + kStreamDepth <= k1; k += kStreamDepth) {
    for (Index r = 0; r < g.rows; ++r) {
      stream_rows<kStreamDepth>(a + r * g.depth + k, b + k * g.columns, g.columns, sums + r * g.columns);
    }
  }
  for (; k < k1; ++k) {
    for (Index r = 0; r < g.rows; ++r) {
      stream_rows<1>(a + r * g.depth + k, b + k * g.columns, g.columns, sums + r * g.columns);
    }
  }
}

// Neither operand is turned. The parts of the common axis depend on the sizes only, so that the same values give the same result
// with any number of threads.
inline void streams(const Product& g, const float* a, const float* b, const float* bias, Activation activation, float* c,
                    Workers& workers) {
  const Finish finish{bias, activation};
  const Index parts = max_of(Index{1}, min_of(g.depth, g.depth * g.columns / kStreamPart));
  const Index size = g.rows * g.columns;
  float* partial = scratch(Scratch::shared_sums, static_cast<std::size_t>(parts * size));
  workers.each(parts, g.rows * g.depth * g.columns / 8, [&](Index p) {
    stream_part(g, a, b, g.depth * p / parts, g.depth * (p + 1) / parts, partial + p * size);
  });
  for (Index p = 1; p < parts; ++p) {
    const float* part = partial + p * size;
    for (Index i = 0; i < size; ++i) partial[i] += part[i];
  }
  for (Index r = 0; r < g.rows; ++r) {
    for (Index j = 0; j < g.columns; ++j) c[r * g.columns + j] = finish(partial[r * g.columns + j], j);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
