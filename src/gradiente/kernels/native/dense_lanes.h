// Few columns and a turned left operand, as a layer's weight gradient has them: c[i, j] = the sum over k of a[k, i] * b[k, j].
// A vector holds rows of c, so that none of its lanes is idle, however few the columns are.
#pragma once

#include "dense_dots.h"
#include "dense_sums.h"
#include "kernels.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kLaneColumns = kMaxVectors == 4 ? 10 : 5;
constexpr int kLaneVectors = 2;
constexpr int kLaneDepth = 4; // terms for each column, from which on a thread's sums are few against what it reads

// Columns [column, column + kColumns) of rows [0, rows), at most kMany * kWidth of them.
template <int kMany, int kColumns>
void lanes_tile(const float* a, Index a_step, const float* b, Index b_step, Index depth, int rows, const Finish& finish,
                Index column, float* c, Index c_step) {
  Vector sums[kColumns][kMany] = {};
  const int rest = rows - (kMany - 1) * kWidth;
  if (rest == kWidth) {
    for (Index k = 0; k < depth; ++k) {
      Vector av[kMany];
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) av[v] = load(a + k * a_step + v * kWidth);
#pragma GCC unroll 10
      for (int j = 0; j < kColumns; ++j) {
        const Vector bv = broadcast(b[k * b_step + j]);
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) sums[j][v] += av[v] * bv;
      }
    }
  } else {
    for (Index k = 0; k < depth; ++k) {
      for (int v = 0; v < kMany; ++v) {
        const Vector av = load_first(a + k * a_step + v * kWidth, v + 1 < kMany ? kWidth : rest);
        for (int j = 0; j < kColumns; ++j) sums[j][v] += av * broadcast(b[k * b_step + j]);
      }
    }
  }
  float turned[kColumns][kMany * kWidth];
#pragma GCC unroll 10
  for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 2
    for (int v = 0; v < kMany; ++v) store(turned[j] + v * kWidth, sums[j][v]);
  }
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 10
    for (int j = 0; j < kColumns; ++j) c[i * c_step + j] = finish(turned[j][i], column + j);
  }
}

using LanesTile = void (*)(const float*, Index, const float*, Index, Index, int, const Finish&, Index, float*, Index);

template <int kMany, int kColumns = kLaneColumns>
GRADIENTE_INLINE LanesTile lanes_tile_of(int columns) {
  if constexpr (kColumns == 1) {
    return lanes_tile<kMany, 1>;
  } else {
    return columns >= kColumns ? lanes_tile<kMany, kColumns> : lanes_tile_of<kMany, kColumns - 1>(columns);
  }
}

// Rows of c in [first, end), counted in units of a tile's height, from the terms of the sums in [k0, k1).
inline void lanes_part(const Product& g, const float* a, const float* b, Index first, Index end, Index k0, Index k1,
                       const Finish& finish, float* c) {
  const Index groups = ceil_div(g.columns, kLaneColumns);
  for (Index u = first; u < end; ++u) {
    const Index i = u * kLaneVectors * kWidth;
    const int rows = static_cast<int>(min_of(Index{kLaneVectors * kWidth}, g.rows - i));
    for (Index q = 0; q < groups; ++q) {
      const Index j = g.columns * q / groups;
      const int width = static_cast<int>(g.columns * (q + 1) / groups - j);
      const auto tile = rows > kWidth ? lanes_tile_of<2>(width) : lanes_tile_of<1>(width);
      tile(a + k0 * g.rows + i, g.rows, b + k0 * g.columns + j, g.columns, k1 - k0, rows, finish, j, c + i * g.columns + j,
           g.columns);
    }
  }
}

inline void lanes(const Product& g, const float* a, const float* b, const float* bias, Activation activation, float* c,
                  Workers& workers) {
  const Finish finish{bias, activation};
  const Index units = ceil_div(g.rows, kLaneVectors * kWidth);
  const Index cost = product_cost(g);
  const Index parts = min_of(units, Index{4} * workers.count());
  if (workers.count() == 1 || cost < Workers::kWorthSharing || g.depth < kLaneDepth * g.columns) {
    workers.each(parts, cost, [&](Index p) {
      lanes_part(g, a, b, units * p / parts, units * (p + 1) / parts, 0, g.depth, finish, c);
    });
    return;
  }
  // Each thread sums over the examples that it has read in the layer before, and still has in its cache.
  const Index slots = workers.count(), size = g.rows * g.columns;
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * size));
  workers.each(slots * parts, cost, [&](Index task) {
    const Index slot = task / parts, p = task % parts;
    lanes_part(g, a, b, units * p / parts, units * (p + 1) / parts, g.depth * slot / slots, g.depth * (slot + 1) / slots,
               Finish{nullptr, Activation::none}, sums + slot * size);
  });
  // Without a bias, whole vectors of a few columns' rows.
  const Index rows = bias == nullptr ? 1 : g.rows;
  add_slots(rows, size / rows, slots, sums, 0, rows, bias, activation, c);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
