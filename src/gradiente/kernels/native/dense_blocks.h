// c = a b in blocks: panels of a few columns of b are packed, rows of a that lie far apart are brought together, and tiles of c stay
// in registers while the two stream past, a panel from the first cache and a's rows from the second.
#pragma once

#include "dense_pack.h"
#include "dense_sums.h"
#include "kernels.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kBlockVectors = 2;   // in a panel, at most: it fills two thirds of the first cache then
constexpr Index kBlockDepth = 256; // of the common axis in a block, at most: its panel stays in the first cache
constexpr Index kWholeDepth = 512; // the same where that is all of it: there a tile's rows do, while panels stream past
constexpr Index kFarStep = 512;    // floats, from which on rows lie in a page each
constexpr Index kFewPanels = 3;    // for which elements of turned rows are not worth copying
constexpr Index kLeastRows = 96;   // of a part, at most, also where the second cache is small

constexpr int block_rows(int vectors) { return kMaxVectors == 4 ? 12 : vectors == 2 ? 6 : 8; }

// One tile: kRows rows of c, `width` (at most kMany * kWidth) columns. Rows of a are `step` apart, or, turned, its elements.
template <int kRows, int kMany, bool kTurned>
void block_tile(const float* a, Index step, Index depth, const float* b, float* c, Index c_step, int width, const Ends& ends,
                Ahead ahead) {
  constexpr int kGroups = kTurned ? 1 : (kRows + kGroup - 1) / kGroup;
  const int rest = width - (kMany - 1) * kWidth;
  const auto row = [&](int r) { return c + r * c_step; };
  Vector sums[kRows][kMany];
  start_tile(sums, rest, ends, row);
  const float* rows[kGroups];
#pragma GCC unroll 4
  for (int g = 0; g < kGroups; ++g) rows[g] = a + g * kGroup * step;
  Index three = 3 * step;
  for (Index k = 0; k < depth; ++k, b += kMany * kWidth) {
    Vector bv[kMany];
#pragma GCC unroll 2
    for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
    ahead.fetch();
    // The compiler would otherwise make a pointer for each row, and keep most of them in memory.
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) asm("" : "+r"(rows[g]), "+r"(three));
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const int in = r % kGroup;
      const Vector av = broadcast(kTurned ? rows[0][r] : rows[r / kGroup % kGroups][in == 3 ? three : in * step]);
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) sums[r][v] += av * bv[v];
    }
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) rows[g] += kTurned ? step : 1;
  }
  finish_tile(sums, rest, ends, row);
}

using BlockTile = void (*)(const float*, Index, Index, const float*, float*, Index, int, const Ends&, Ahead);

template <int kMany, bool kTurned>
GRADIENTE_INLINE BlockTile block_tile_of(Index rows) {
  return for_count<block_rows(kMany)>(rows,
                                      [](auto n) -> BlockTile { return block_tile<decltype(n)::value, kMany, kTurned>; });
}

inline BlockTile block_tile_for(Index rows, int vectors, bool turned) {
  if (vectors == 1) return turned ? block_tile_of<1, true>(rows) : block_tile_of<1, false>(rows);
  return turned ? block_tile_of<2, true>(rows) : block_tile_of<2, false>(rows);
}

// A product of [rows, depth] and [depth, columns].
struct Blocks {
  Left a;
  Right b;
  Panels panels;
  const float* bias; // or null
  Activation activation;
  bool streams; // whether the results go past the caches, if they are written once
};

// A part of a product: rows [i0, i1) of the panels [p0, p1), summed over [k0, k1) of the common axis.
struct BlocksPart {
  Index i0, i1, p0, p1, k0, k1;
};

inline void multiply_blocks(const Blocks& g, const BlocksPart& part, float* c, Index c_step) {
  const Panels& all = g.panels;
  const Index rows = part.i1 - part.i0, many = part.p1 - part.p0;
  if (rows == 0 || many == 0) return;
  const bool whole = part.k1 - part.k0 <= kWholeDepth; // c is written once then, row by row, with all panels at hand
  const Index pieces = whole ? 1 : ceil_div(part.k1 - part.k0, kBlockDepth);
  const Index longest = ceil_div(part.k1 - part.k0, pieces);
  // As many tiles at least as a panel has lines: each asks for one of those that the next panel is packed from.
  const Index least = min_of(rows / 4, ceil_div(all.width, kLineFloats));
  const LeftTiles tiles{part.i0, rows, max_of(least, ceil_div(rows, block_rows(all.most)))};
  const bool turned = g.a.turned, copies = g.a.step >= kFarStep || (turned && many > kFewPanels);
  const Index step = !copies ? g.a.step : turned ? Index{block_rows(all.most)} : ceil_div(longest, kWidth) * kWidth + kWidth;
  const Index copied_size = turned ? turned_tile(tiles.count, longest, step) : rows * step;
  float* copied = copies ? scratch(Scratch::images, static_cast<std::size_t>(copied_size)) : nullptr;
  float* packed = scratch(Scratch::columns, static_cast<std::size_t>((whole ? many : 1) * all.width * longest));
  for (Index piece = 0; piece < pieces; ++piece) {
    const Index k0 = part.k0 + (part.k1 - part.k0) * piece / pieces;
    const Index depth = part.k0 + (part.k1 - part.k0) * (piece + 1) / pieces - k0;
    const float* a = copied;
    if (!copies) {
      a = g.a.data + (turned ? k0 * step + part.i0 : part.i0 * step + k0);
    } else if (turned) {
      copy_turned(g.a, tiles, k0, depth, step, copied);
    } else {
      copy_rows(g.a, tiles, k0, depth, step, copied);
    }
    const auto pack = [&](Index p, float* out) {
      pack_right(g.b, k0, depth, all.first(p), all.size(p), Index{all.vectors(p)} * kWidth, out);
    };
    const auto tile = [&](Index p, Index t, const float* panel, Ahead ahead) {
      const Index i = tiles.first(t);
      const Ends ends{g.bias == nullptr ? nullptr : g.bias + all.first(p), piece == 0, piece + 1 == pieces, g.activation,
                      g.streams && whole};
      const float* at = a + (!turned ? i * step : copies ? turned_tile(t, depth, step) : i);
      block_tile_for(tiles.height(t), all.vectors(p), turned)(at, step, depth, panel, c + (part.i0 + i) * c_step + all.first(p),
                                                             c_step, all.size(p), ends, ahead);
    };
    if (whole) {
      const auto panel = [&](Index p) { return packed + (p - part.p0) * all.width * depth; };
      for (Index p = part.p0; p < part.p1; ++p) pack(p, panel(p));
      for (Index t = 0; t < tiles.count; ++t) {
        // The lines that the next tiles write: a store reads its line first, and shallow tiles would wait for theirs.
        const bool asks = !g.streams && many == all.count && t + 1 < tiles.count;
        const float* next = c + (part.i0 + tiles.first(t + 1)) * c_step;
        const Index share = tiles.height(t) * c_step / many;
        for (Index p = part.p0; p < part.p1; ++p, next += share) {
          tile(p, t, panel(p), asks ? Ahead{next, ceil_div(share, depth)} : Ahead{packed, 0});
        }
      }
      continue;
    }
    // Where a is read as it lies, turned, each tile reads a little of every row: the next piece comes whole, line by line, before.
    const Index lines_of_a = turned && rows == g.a.step && piece + 1 < pieces ? ceil_div(rows, kLineFloats) : 0;
    const float* next_a = g.a.data + (k0 + depth) * g.a.step;
    for (Index p = part.p0; p < part.p1; ++p) {
      pack(p, packed);
      // What the next panel is packed from: unless turned, its rows are too far apart for the processor to look ahead itself.
      const bool last = p + 1 == part.p1;
      const float* next = g.b.data + (last ? k0 + depth : k0) * g.b.step + all.first(last ? part.p0 : p + 1);
      const Index lines = g.b.turned || (last && piece + 1 == pieces) ? 0 : ceil_div(all.width, kLineFloats);
      for (Index t = 0; t < tiles.count; ++t) {
        const Index call = (p - part.p0) * tiles.count + t;
        Ahead ahead{packed, 0};
        if (call < lines_of_a) {
          ahead = Ahead{next_a + call * depth * kLineFloats, kLineFloats};
        } else if (t < lines) {
          ahead = Ahead{next + t * kLineFloats, g.b.step};
        }
        tile(p, t, packed, ahead);
      }
    }
  }
  if (g.streams && whole) streamed();
}

// c [rows, columns] = activation(a b + bias).
inline void blocks(const Left& a, const Right& b, Index rows, Index columns, Index depth, const float* bias,
                   Activation activation, float* c, Workers& workers) {
  const Blocks g{a, b, Panels(columns, kBlockVectors), bias, activation, streams_results(c, rows, columns)};
  const Index cost = rows * columns * depth / (2 * kWidth);
  if (workers.count() > 1 && cost >= Workers::kWorthWaking && depth >= 4 * max_of(rows, columns)) {
    // Each thread sums over a part of the common axis, so that it reads each operand's part once.
    const Index slots = workers.count();
    const Blocks plain{a, b, g.panels, nullptr, Activation::none, false};
    float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * rows * columns));
    workers.each(slots, cost, [&](Index s) {
      multiply_blocks(plain, BlocksPart{0, rows, 0, g.panels.count, depth * s / slots, depth * (s + 1) / slots},
                      sums + s * rows * columns, columns);
    });
    const Index parts = min_of(rows, Index{2} * workers.count());
    workers.each(parts, slots * rows * columns / 4, [&](Index p) {
      add_slots(rows, columns, slots, sums, rows * p / parts, rows * (p + 1) / parts, bias, activation, c);
    });
    return;
  }
  // A quarter of the second cache is for a part of c if it is added to, and otherwise for one of b, and as much for one of a: the
  // cache may be shared.
  const Index cache = second_cache_floats();
  const bool whole = depth <= kWholeDepth;
  const Index most_rows = max_of(kLeastRows, whole ? cache / 4 / max_of(Index{1}, depth) : cache / 8 / kBlockDepth);
  const Index most_columns = cache / 4 / max_of(Index{1}, whole ? depth : min_of(rows, most_rows));
  Index row_parts = ceil_div(rows, most_rows);
  Index groups = min_of(g.panels.count, ceil_div(columns, max_of(Index{1}, most_columns)));
  const Index wanted = Index{2} * workers.count();
  if (workers.worth(cost) && row_parts * groups < wanted) {
    if (rows > columns) {
      row_parts = min_of(ceil_div(rows, block_rows(g.panels.most)), ceil_div(wanted, groups));
    } else {
      groups = min_of(g.panels.count, ceil_div(wanted, row_parts));
    }
  }
  workers.each(row_parts * groups, cost, [&](Index task) {
    const Index part = task / groups, group = task % groups;
    multiply_blocks(g, BlocksPart{rows * part / row_parts, rows * (part + 1) / row_parts, g.panels.count * group / groups,
                                  g.panels.count * (group + 1) / groups, 0, depth},
                    c, columns);
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
