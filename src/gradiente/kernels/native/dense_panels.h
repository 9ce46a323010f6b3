// c = a b with a few columns of b at a time packed into a panel, which stays in the first cache, and a tile of c in
// registers. Rows of a are not packed: their elements are broadcast from where they are, turned or not.
#pragma once

#include "kernels.h"
#include "dense_dots.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kProductRows = 6;              // of a tile, at most
constexpr Index kPanelDepth = 384;           // of the common axis in a panel, at most
constexpr Index kGroupFloats = 32 * 1024;    // of the panels that a task packs at once; they stay in the second cache
constexpr Index kPartRows = 192;             // rows of c in a task, at most; there the packing is a small part of the work

// Rows of a: element (r, k) at r * row_step + k * depth_step.
struct Rows {
  const float* data;
  Index row_step, depth_step;
};

// One tile: kRows rows of c, `width` (at most kMany * kWidth) columns.
template <int kRows, int kMany>
void product_tile(const Rows& a, Index depth, const float* b, float* c, Index c_step, int width, const Ends& ends) {
  const int rest = width - (kMany - 1) * kWidth;
  const auto row = [&](int r) { return c + r * c_step; };
  Vector sums[kRows][kMany];
  start_tile(sums, rest, ends, row);
  const float* rows[kRows];
  for (int r = 0; r < kRows; ++r) rows[r] = a.data + r * a.row_step;
  Index at = 0;
#pragma GCC unroll 2
  for (Index k = 0; k < depth; ++k, at += a.depth_step, b += kMany * kWidth) {
    Vector bv[kMany];
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const Vector av = broadcast(rows[r][at]);
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) sums[r][v] += av * bv[v];
    }
  }
  finish_tile(sums, rest, ends, row);
}

using ProductTile = void (*)(const Rows&, Index, const float*, float*, Index, int, const Ends&);

template <int kMany>
GRADIENTE_INLINE ProductTile product_tile_of(int rows) {
  return for_count<kProductRows>(rows, [](auto n) -> ProductTile { return product_tile<decltype(n)::value, kMany>; });
}

inline ProductTile product_tile_for(int rows, int vectors) {
  switch (vectors) {
    case 1: return product_tile_of<1>(rows);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return product_tile_of<3>(rows);
    case 4: return product_tile_of<4>(rows);
#endif
    default: return product_tile_of<2>(rows);
  }
}

// Packs rows [k0, k0 + depth) of b, panels [p0, p1), panel after panel, with zeros after the last column.
inline void pack_panels(const Product& g, const Panels& all, const float* b, Index k0, Index depth, Index p0, Index p1,
                        float* out) {
  const Index first = all.first(p0);
  if (g.b_turned) {
    for (Index p = p0; p < p1; ++p) {
      const Index width = Index{all.vectors(p)} * kWidth;
      float* panel = out + (all.first(p) - first) * depth;
      for (Index j = 0; j < width; ++j) {
        if (j < all.size(p)) {
          const float* from = b + (all.first(p) + j) * g.depth + k0;
          for (Index k = 0; k < depth; ++k) panel[k * width + j] = from[k];
        } else {
          for (Index k = 0; k < depth; ++k) panel[k * width + j] = 0;
        }
      }
    }
    return;
  }
  constexpr Index kAhead = 6; // rows; each lies in a page of its own, where the processor does not look ahead itself
  for (Index k = 0; k < depth; ++k) {
    const float* row = b + (k0 + k) * g.columns;
    if (k0 + k + kAhead < g.depth) {
      for (Index j = first; j < all.first(p1 - 1) + all.size(p1 - 1); j += 16) {
        __builtin_prefetch(row + kAhead * g.columns + j);
      }
    }
    for (Index p = p0; p < p1; ++p) {
      const Index width = Index{all.vectors(p)} * kWidth;
      float* to = out + (all.first(p) - first) * depth + k * width;
      const float* from = row + all.first(p);
      const int size = all.size(p);
      if (size == width) {
        for (int v = 0; v < all.vectors(p); ++v) store(to + v * kWidth, load(from + v * kWidth));
      } else {
        copy(to, from, size);
        clear(to + size, width - size);
      }
    }
  }
}

inline void panels(const Product& g, const float* a, const float* b, const float* bias, Activation activation, float* c,
                   Workers& workers) {
  const Panels all(g.columns);
  const Index pieces = max_of(Index{1}, ceil_div(g.depth, kPanelDepth)); // of the common axis
  const Index longest = ceil_div(g.depth, pieces);
  const bool alone = !workers.worth(product_cost(g));
  const Index row_parts = ceil_div(g.rows, kPartRows);
  const Index in_group = max_of(Index{1}, kGroupFloats / (max_of(Index{1}, longest) * all.width));
  Index groups = ceil_div(all.count, in_group);
  if (!alone && row_parts * groups < 2 * workers.count()) {
    groups = min_of(all.count, ceil_div(2 * workers.count(), row_parts));
  }
  workers.each(row_parts * groups, [&](Index task) {
    const Index part = task / groups;
    const Index group = task % groups;
    const Index i0 = g.rows * part / row_parts;
    const Index i1 = g.rows * (part + 1) / row_parts;
    const Index p0 = all.count * group / groups;
    const Index p1 = all.count * (group + 1) / groups;
    if (p0 == p1) return;
    const Index first = all.first(p0);
    float* packed = scratch(Scratch::columns, static_cast<std::size_t>((p1 - p0) * all.width * longest));
    for (Index piece = 0; piece < pieces; ++piece) {
      const Index k0 = g.depth * piece / pieces;
      const Index depth = g.depth * (piece + 1) / pieces - k0;
      pack_panels(g, all, b, k0, depth, p0, p1, packed);
      for (Index p = p0; p < p1; ++p) {
        const Ends ends{bias == nullptr ? nullptr : bias + all.first(p), piece == 0, piece + 1 == pieces, activation};
        const Index tiles = ceil_div(i1 - i0, kProductRows);
        for (Index t = 0, i = i0; t < tiles; ++t) {
          const Index height = ceil_div(i1 - i, tiles - t);
          const Rows rows = g.a_turned ? Rows{a + i + k0 * g.rows, 1, g.rows} : Rows{a + i * g.depth + k0, g.depth, 1};
          product_tile_for(static_cast<int>(height), all.vectors(p))(rows, depth, packed + (all.first(p) - first) * depth,
                                                                     c + i * g.columns + all.first(p), g.columns,
                                                                     all.size(p), ends);
          i += height;
        }
      }
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
