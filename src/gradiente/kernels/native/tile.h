// The two inner loops of all products: a small tile of the result stays in registers while its operands stream past.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kMaxRows = 6;
constexpr int kMostRows = 8; // of a tile of one vector or three

// Rows of a full tile. One of a single vector needs more of them: each sum waits four cycles for the one before it, and two
// can be made in a cycle. One of three reads its panel less often for it.
constexpr int tile_rows(int vectors) { return vectors == 1 || vectors == 3 ? kMostRows : kMaxRows; }

// A piece of the products' common axis: `length` elements that lie together, `offset` after the start of each row.
struct Segment {
  Index offset;
  Index length;
};

// Lines of memory that come to the second cache while a tile is computed: one for each step along the common axis.
struct Ahead {
  const float* at;
  Index step;

  GRADIENTE_INLINE void fetch() {
    __builtin_prefetch(at, 0, 2);
    at += step;
  }
};

constexpr Index kLineFloats = 16; // floats in a line of the cache

// The line comes to the second cache while a tile is computed; `ahead` leads to the next one then.
GRADIENTE_INLINE void fetch_line(const float*& ahead) {
  __builtin_prefetch(ahead, 0, 2);
  ahead += kLineFloats;
}

// What a tile asks for: nothing, a line with each step, or one of each row that lies apart, with each other step.
enum class Asks { nothing, lines, rows };

// Rows of a right operand that lie `step` apart. The tile that reads them stores them packed for those after it.
struct Unpacked {
  const float* rows;
  Index step;
  float* packed;
};

// A number that is known as the code is compiled.
template <int n>
struct Number {
  static constexpr int value = n;
};

// c[r][v] += sum over the segments' elements k of rows[r][k] * b[k][v], where `next(bv, first)` loads the next row of b.
// `first` is a Number: whether the step is the first of a pair, or by itself.
template <bool kPairs, int kRows, int kMany, class Next>
GRADIENTE_INLINE void multiply(const float* const* rows, const Segment* segments, Index count, Vector (&c)[kRows][kMany], Next next) {
  for (Index s = 0; s < count; ++s) {
    const float* a[kRows];
    for (int r = 0; r < kRows; ++r) a[r] = rows[r] + segments[s].offset;
    const Index length = segments[s].length;
    const auto step = [&](Index k, auto first) {
      Vector bv[kMany];
      next(bv, first);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Vector av = broadcast(a[r][k]);
#pragma GCC unroll 4
        for (int v = 0; v < kMany; ++v) c[r][v] += av * bv[v];
      }
    };
    Index k = 0;
    if constexpr (kPairs) {
      for (; k + 2 <= length; k += 2) {
        step(k, Number<true>());
        step(k + 1, Number<false>());
      }
    }
#pragma GCC unroll 2
    for (; k < length; ++k) step(k, Number<true>());
  }
}

// How a tile starts and ends: at the first piece of the common axis from the bias (or zero), later from what is in y; at
// the last piece the activation is applied.
struct Ends {
  const float* bias; // kMany * kWidth values, or null
  bool first;
  bool last;
  Activation activation;
  bool streams = false; // whether the results go past the caches; they are whole vectors then
};

GRADIENTE_INLINE Vector activated(Vector x, Activation activation) {
  if (activation == Activation::none) return x;
  x = relu(x);
  if (activation == Activation::relu6) {
    const Vector six = broadcast(6.0f);
    x = select(x > six, six, x);
  }
  return x;
}

// What a tile's sums start from, and where they go; element (r, v) lies at at(r) + v * kWidth. Whatever is the same for all of them
// is asked once: asked for each, it takes a short tile as long as its products.
template <int kRows, int kMany, class At>
GRADIENTE_INLINE void start_tile(Vector (&c)[kRows][kMany], int rest, const Ends& ends, At at) {
  if (!ends.first) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v + 1 < kMany; ++v) c[r][v] = load(at(r) + v * kWidth);
      c[r][kMany - 1] = load_first(at(r) + (kMany - 1) * kWidth, rest);
    }
    return;
  }
  Vector start[kMany];
#pragma GCC unroll 4
  for (int v = 0; v < kMany; ++v) {
    start[v] = ends.bias == nullptr ? zero() : load_first(ends.bias + v * kWidth, v + 1 < kMany ? kWidth : rest);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) c[r][v] = start[v];
  }
}

template <int kRows, int kMany, class At>
GRADIENTE_INLINE void finish_tile(Vector (&c)[kRows][kMany], int rest, const Ends& ends, At at) {
  if (ends.last && ends.activation != Activation::none) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) c[r][v] = activated(c[r][v], ends.activation);
    }
  }
  if (ends.streams) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) stream(at(r) + v * kWidth, c[r][v]);
    }
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kMany; ++v) store(at(r) + v * kWidth, c[r][v]);
  }
  if (rest == kWidth) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) store(at(r) + (kMany - 1) * kWidth, c[r][kMany - 1]);
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) store_first(at(r) + (kMany - 1) * kWidth, c[r][kMany - 1], rest);
}

// One tile: kRows results of `width` (at most kMany * kWidth) channels, at y + offsets[r]. The rows of b are kMany * kWidth wide,
// packed.
template <int kRows, int kMany, Asks kAsks>
void tile(const float* const* rows, const Segment* segments, Index count, const float* b, float* y, const Index* offsets,
          int width, const Ends& ends, Ahead ahead) {
  const int rest = width - (kMany - 1) * kWidth; // of the last vector
  const auto at = [&](int r) { return y + offsets[r]; };
  Vector c[kRows][kMany];
  start_tile(c, rest, ends, at);
  multiply<kAsks == Asks::rows>(rows, segments, count, c, [&](Vector(&bv)[kMany], auto first) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
    b += kMany * kWidth;
    if constexpr (kAsks == Asks::lines) fetch_line(ahead.at);
    if constexpr (kAsks == Asks::rows && decltype(first)::value) ahead.fetch();
  });
  finish_tile(c, rest, ends, at);
}

using Tile = void (*)(const float* const*, const Segment*, Index, const float*, float*, const Index*, int, const Ends&, Ahead);

constexpr Index kUnpackedAhead = 64; // vectors; the rows are too far apart for the processor to look ahead itself

// The same, and packs b.
template <int kRows, int kMany>
void packing_tile(const float* const* rows, const Segment* segments, Index count, Unpacked b, float* y, const Index* offsets,
                  int width, const Ends& ends) {
  const int rest = width - (kMany - 1) * kWidth;
  const auto at = [&](int r) { return y + offsets[r]; };
  const Index fetched = kUnpackedAhead / kMany * b.step;
  Vector c[kRows][kMany];
  start_tile(c, rest, ends, at);
  multiply<false>(rows, segments, count, c, [&](Vector(&bv)[kMany], auto) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) {
      __builtin_prefetch(b.rows + fetched + v * kWidth);
      bv[v] = load_first(b.rows + v * kWidth, v + 1 < kMany ? kWidth : rest);
      store(b.packed + v * kWidth, bv[v]);
    }
    b.rows += b.step;
    b.packed += kMany * kWidth;
  });
  finish_tile(c, rest, ends, at);
}

using PackingTile = void (*)(const float* const*, const Segment*, Index, Unpacked, float*, const Index*, int, const Ends&);

// choose(Number<count>()), or choose(Number<kMost>()) if there are more.
template <int kMost, class Choose>
GRADIENTE_INLINE auto for_count(Index count, Choose choose) {
  if constexpr (kMost == 1) {
    return choose(Number<1>());
  } else {
    return count >= kMost ? choose(Number<kMost>()) : for_count<kMost - 1>(count, choose);
  }
}

// The tile function for so many rows and vectors.
template <int kMany, Asks kAsks>
GRADIENTE_INLINE Tile tile_of(int rows) {
  return for_count<tile_rows(kMany)>(rows, [](auto n) -> Tile { return tile<decltype(n)::value, kMany, kAsks>; });
}

template <Asks kAsks>
Tile tile_for(int rows, int vectors) {
  switch (vectors) {
    case 1: return tile_of<1, kAsks>(rows);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return tile_of<3, kAsks>(rows);
    case 4: return tile_of<4, kAsks>(rows);
#endif
    default: return tile_of<2, kAsks>(rows);
  }
}

template <int kMany>
GRADIENTE_INLINE PackingTile packing_tile_of(int rows) {
  return for_count<tile_rows(kMany)>(rows, [](auto n) -> PackingTile { return packing_tile<decltype(n)::value, kMany>; });
}

inline PackingTile packing_tile_for(int rows, int vectors) {
  switch (vectors) {
    case 1: return packing_tile_of<1>(rows);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return packing_tile_of<3>(rows);
    case 4: return packing_tile_of<4>(rows);
#endif
    default: return packing_tile_of<2>(rows);
  }
}

constexpr int kGroup = 4;      // rows that share a pointer
constexpr int kMostGroups = 4; // of a narrow tile; 16 sums and an operand fit into 32 registers
constexpr bool kNarrowTiles = kMaxVectors == 4;
constexpr int kNarrowVectors = 2; // of a narrow tile, at most

// Groups of a full narrow tile: also 24 sums and two operands fit.
constexpr int narrow_groups(int vectors) { return vectors == 1 ? kMostGroups : 3; }

// A tile of one or two vectors, taller than `tile` makes it: so many pointers as rows do not fit into the general registers. Rows come
// in groups of kGroup at the same distance, `step` in the operand and `y_step` in the result.
template <int kGroups, int kMany, bool kFetches>
void narrow_tile(const float* const* groups, Index step, const Segment* segments, Index count, const float* b, float* y,
                 const Index* offsets, Index y_step, int width, const Ends& ends, const float* ahead) {
  const int rest = width - (kMany - 1) * kWidth;
  const auto at = [&](int r) { return y + offsets[r / kGroup] + r % kGroup * y_step; };
  Vector c[kGroups * kGroup][kMany];
  start_tile(c, rest, ends, at);
  Index three = 3 * step;
  for (Index s = 0; s < count; ++s) {
    const float* a[kGroups];
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) a[g] = groups[g] + segments[s].offset;
    for (const float* end = b + segments[s].length * kMany * kWidth; b != end; b += kMany * kWidth) {
      Vector bv[kMany];
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
      if constexpr (kFetches) fetch_line(ahead);
#pragma GCC unroll 4
      for (int g = 0; g < kGroups; ++g) {
        // The compiler would otherwise make a pointer for each row, and keep most of them in memory.
        asm("" : "+r"(a[g]), "+r"(three));
#pragma GCC unroll 4
        for (int r = 0; r < kGroup; ++r) {
          const Vector av = broadcast(a[g][r == 3 ? three : r * step]);
#pragma GCC unroll 2
          for (int v = 0; v < kMany; ++v) c[g * kGroup + r][v] += av * bv[v];
        }
        ++a[g];
      }
    }
  }
  finish_tile(c, rest, ends, at);
}

using NarrowTile = void (*)(const float* const*, Index, const Segment*, Index, const float*, float*, const Index*, Index, int,
                            const Ends&, const float*);

template <int kMany, bool kFetches>
GRADIENTE_INLINE NarrowTile narrow_tile_of(int groups) {
  return for_count<narrow_groups(kMany)>(groups,
                                         [](auto n) -> NarrowTile { return narrow_tile<decltype(n)::value, kMany, kFetches>; });
}

template <bool kFetches>
NarrowTile narrow_tile_for(int groups, int vectors) {
  return vectors == 1 ? narrow_tile_of<1, kFetches>(groups) : narrow_tile_of<2, kFetches>(groups);
}

// Panels: the result's channels in groups that one tile takes, as even as can be. Panel p begins at channel first(p); the
// last one may be narrower.
struct Panels {
  Index channels;
  Index count;
  int most;    // vectors in a panel
  Index width; // channels in a panel, but for the last

  GRADIENTE_INLINE explicit Panels(Index all, int most_vectors = kMaxVectors) : channels(all) {
    const Index needed = ceil_div(all, kWidth);
    count = ceil_div(needed, most_vectors);
    most = static_cast<int>(ceil_div(needed, count));
    width = Index{most} * kWidth;
    count = ceil_div(all, width);
  }
  GRADIENTE_INLINE Index first(Index panel) const { return panel * width; }
  GRADIENTE_INLINE int size(Index panel) const { return static_cast<int>(min_of(width, channels - panel * width)); }
  GRADIENTE_INLINE int vectors(Index panel) const { return static_cast<int>(ceil_div(size(panel), kWidth)); }
  // All channels, with the last panel's rounded up to whole vectors.
  GRADIENTE_INLINE Index padded() const { return ceil_div(channels, kWidth) * kWidth; }
};

// What the busiest of some threads has to do where each of `times` works of `all` pieces is cut into so many parts.
GRADIENTE_INLINE Index busiest(Index times, Index all, Index parts, Index threads) {
  return ceil_div(times * parts, threads) * ceil_div(all, parts);
}

// The parts, `least` to `most`, that leave least to the busiest thread: 14 rows in four bands would be 3, 4, 3 and 4, of which one
// of two threads gets both 4. Of equal ones up to two for each thread, so that one that comes late finds less to do.
inline Index even_parts(Index times, Index all, Index least, Index most, Index threads) {
  Index best = least;
  for (Index parts = least + 1; parts <= min_of(most, 4 * threads); ++parts) {
    const Index now = busiest(times, all, parts, threads), before = busiest(times, all, best, threads);
    if (now < before || (now == before && times * parts <= 2 * threads)) best = parts;
  }
  return best;
}

// Panels for threads that share them: 12 vectors in panels of 4 would be two for one of two threads and one for the other.
inline Panels even_panels(Index channels, Index times, Index threads) {
  Panels best(channels);
  const auto cost = [&](const Panels& p) { return ceil_div(times * p.count, threads) * p.most; };
  for (int vectors = best.most - 1; vectors > 0; --vectors) {
    const Panels narrower(channels, vectors);
    // Narrower ones read more for each product.
    if (10 * cost(narrower) <= 9 * cost(best)) best = narrower;
  }
  return best;
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
