// c[i, j] = the sum over k of a[i, k] * b[j, k]: both operands lie together along the common axis.
#pragma once

#include "kernels.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// A guess at what a product takes, in cycles: two fused multiply-adds in each.
GRADIENTE_INLINE Index product_cost(const Product& g) { return g.rows * g.columns * g.depth / (2 * kWidth); }

// The matrix [rows, columns] turned into [columns, rows].
inline void turn(const float* from, Index rows, Index columns, float* to) {
  for (Index i = 0; i < rows; i += kWidth) {
    const Index some = min_of(Index{kWidth}, rows - i);
    for (Index j = 0; j < columns; ++j) {
      float* out = to + j * rows + i;
      const float* in = from + i * columns + j;
      for (Index r = 0; r < some; ++r) out[r] = in[r * columns];
    }
  }
}

// What a result gets besides its sum.
struct Finish {
  const float* bias; // by column, or null
  Activation activation;

  GRADIENTE_INLINE float operator()(float sum, Index column) const {
    if (bias != nullptr) sum += bias[column];
    if (activation == Activation::none) return sum;
    if (sum < 0) sum = 0;
    return activation == Activation::relu6 && sum > 6 ? 6 : sum;
  }
};

template <int kRows, int kColumns>
void dots_tile(const float* a, Index a_step, const float* b, Index b_step, Index depth, const Finish& finish, Index column,
               float* c, Index c_step) {
  Vector sums[kRows][kColumns] = {};
  Index k = 0;
  for (; k + kWidth <= depth; k += kWidth) {
    Vector av[kRows];
#pragma GCC unroll 5
    for (int r = 0; r < kRows; ++r) av[r] = load(a + r * a_step + k);
#pragma GCC unroll 5
    for (int j = 0; j < kColumns; ++j) {
      const Vector bv = load(b + j * b_step + k);
#pragma GCC unroll 5
      for (int r = 0; r < kRows; ++r) sums[r][j] += av[r] * bv;
    }
  }
  if (k < depth) {
    const int rest = static_cast<int>(depth - k);
    for (int j = 0; j < kColumns; ++j) {
      const Vector bv = load_first(b + j * b_step + k, rest);
      for (int r = 0; r < kRows; ++r) sums[r][j] += load_first(a + r * a_step + k, rest) * bv;
    }
  }
  constexpr int kSums = kRows * kColumns;
  constexpr int kGroups = (kSums + kWidth - 1) / kWidth;
  float totals[kGroups * kWidth];
#pragma GCC unroll 8
  for (int g = 0; g < kGroups; ++g) {
    Vector some[kWidth];
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) {
      const int n = g * kWidth + i;
      some[i] = n < kSums ? sums[n / kColumns][n % kColumns] : zero();
    }
    store(totals + g * kWidth, sums_across(some));
  }
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kColumns; ++j) c[r * c_step + j] = finish(totals[r * kColumns + j], column + j);
  }
}

using DotsTile = void (*)(const float*, Index, const float*, Index, Index, const Finish&, Index, float*, Index);

template <int kRows>
GRADIENTE_INLINE DotsTile dots_tile_of(int columns) {
  switch (columns) {
    case 1: return dots_tile<kRows, 1>;
    case 2: return dots_tile<kRows, 2>;
    case 3: return dots_tile<kRows, 3>;
    case 4: return dots_tile<kRows, 4>;
    default: return dots_tile<kRows, 5>;
  }
}

// How many rows go with so many columns: the sums and the operands have to fit into the registers, which are 32 where
// kMaxVectors is 4, and otherwise 16.
GRADIENTE_INLINE Index dots_rows(Index columns) { return kMaxVectors == 4 ? 5 : columns == 5 ? 2 : 3; }

inline DotsTile dots_tile_for(int rows, int columns) {
  switch (rows) {
    case 1: return dots_tile_of<1>(columns);
    case 2: return dots_tile_of<2>(columns);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 4: return dots_tile_of<4>(columns);
    case 5: return dots_tile_of<5>(columns);
#endif
    default: return dots_tile_of<3>(columns);
  }
}

inline void dots_part(const Product& g, const float* a, const float* b, Index b_step, const Finish& finish, float* c,
                      Index row0, Index row1, Index column0, Index column1) {
  const Index columns = column1 - column0;
  if (columns == 0 || row0 == row1) return;
  const Index most = kMaxVectors == 4 || (columns % 5 == 0 && columns % 4 != 0) ? 5 : 4;
  const Index groups = ceil_div(columns, most);
  for (Index q = 0; q < groups; ++q) {
    const Index j = column0 + columns * q / groups;
    const int width = static_cast<int>(column0 + columns * (q + 1) / groups - j);
    const Index tiles = ceil_div(row1 - row0, dots_rows(most));
    for (Index t = 0, i = row0; t < tiles; ++t) {
      const Index height = ceil_div(row1 - i, tiles - t);
      dots_tile_for(static_cast<int>(height), width)(a + i * g.depth, g.depth, b + j * b_step, b_step, g.depth, finish, j,
                                                     c + i * g.columns + j, g.columns);
      i += height;
    }
  }
}

inline void dots(const Product& g, const float* a, const float* b, Index b_step, const float* bias, Activation activation,
                 float* c, Workers& workers) {
  const Finish finish{bias, activation};
  const bool alone = !workers.worth(product_cost(g));
  // The longer side is divided. Columns in multiples of the tiles' width, so that a task's columns of b stay in the cache.
  if (g.columns >= g.rows) {
    const Index parts = alone ? 1 : min_of(ceil_div(g.columns, 20), Index{4} * workers.count());
    workers.each(parts, [&](Index p) {
      const Index units = ceil_div(g.columns, 20); // a multiple of the tiles' widths
      dots_part(g, a, b, b_step, finish, c, 0, g.rows, min_of(g.columns, units * p / parts * 20),
                min_of(g.columns, units * (p + 1) / parts * 20));
    });
  } else {
    const Index parts = alone ? 1 : min_of(ceil_div(g.rows, 12), Index{4} * workers.count());
    workers.each(parts, [&](Index p) {
      dots_part(g, a, b, b_step, finish, c, g.rows * p / parts, g.rows * (p + 1) / parts, 0, g.columns);
    });
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
