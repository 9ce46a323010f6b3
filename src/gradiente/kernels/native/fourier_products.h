// Sums of products of complex numbers with conjugate ones, of which real and imaginary parts lie apart.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kComplexVectors = kMaxVectors / 2; // of columns; each needs two sums
constexpr int kComplexRows = 6;

// Where an operand's or a result's elements lie: `part` floats from the real to the imaginary one.
struct Complexes {
  Index row, element, part;
};

// c[r][v] (+)= sum over k of a[r][k] conj(b[k][v]), for kRows rows and kMany vectors. b's rows lie vector after vector.
template <int kRows, int kMany>
void complex_tile(const float* a, const Complexes& of_a, Index depth, const float* b, const Complexes& of_b, float* c,
                  const Complexes& of_c, bool adds) {
  Vector re[kRows][kMany], im[kRows][kMany];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kMany; ++v) {
      const float* from = c + r * of_c.row + v * kWidth;
      re[r][v] = adds ? load(from) : zero();
      im[r][v] = adds ? load(from + of_c.part) : zero();
    }
  }
  constexpr int kGroups = (kRows + kGroup - 1) / kGroup;
  const float *real[kGroups], *imaginary[kGroups];
#pragma GCC unroll 2
  for (int g = 0; g < kGroups; ++g) {
    real[g] = a + g * kGroup * of_a.row;
    imaginary[g] = real[g] + of_a.part;
  }
  Index step = of_a.row, three = 3 * of_a.row;
  for (Index k = 0; k < depth; ++k, b += of_b.element) {
    Vector b_re[kMany], b_im[kMany];
#pragma GCC unroll 2
    for (int v = 0; v < kMany; ++v) {
      b_re[v] = load(b + v * kWidth);
      b_im[v] = load(b + of_b.part + v * kWidth);
    }
    // The compiler would otherwise make a pointer for each row, and keep most of them in memory.
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) asm("" : "+r"(real[g]), "+r"(imaginary[g]), "+r"(step), "+r"(three));
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const int in = r % kGroup;
      const Index offset = in == 3 ? three : in * step;
      const Vector a_re = broadcast(real[r / kGroup][offset]), a_im = broadcast(imaginary[r / kGroup][offset]);
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) {
        re[r][v] += a_re * b_re[v];
        im[r][v] += a_im * b_re[v];
      }
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) {
        re[r][v] += a_im * b_im[v];
        im[r][v] -= a_re * b_im[v];
      }
    }
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      real[g] += of_a.element;
      imaginary[g] += of_a.element;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < kMany; ++v) {
      float* to = c + r * of_c.row + v * kWidth;
      store(to, re[r][v]);
      store(to + of_c.part, im[r][v]);
    }
  }
}

using ComplexTile = void (*)(const float*, const Complexes&, Index, const float*, const Complexes&, float*, const Complexes&, bool);

template <int kMany>
GRADIENTE_INLINE ComplexTile complex_tile_of(Index rows) {
  return for_count<kComplexRows>(rows, [](auto n) -> ComplexTile { return complex_tile<decltype(n)::value, kMany>; });
}

// The same for any number of rows, and as many vectors as kComplexVectors at most.
inline void complex_product(const float* a, const Complexes& of_a, Index rows, Index depth, const float* b, const Complexes& of_b,
                            int vectors, float* c, const Complexes& of_c, bool adds) {
  const Index tiles = ceil_div(rows, kComplexRows);
  for (Index t = 0, first = 0; t < tiles; ++t) {
    const Index height = ceil_div(rows - first, tiles - t);
    const ComplexTile tile =
        kComplexVectors == 1 || vectors == 1 ? complex_tile_of<1>(height) : complex_tile_of<kComplexVectors>(height);
    tile(a + first * of_a.row, of_a, depth, b, of_b, c + first * of_c.row, of_c, adds);
    first += height;
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
