// The operands of a product of matrices, and how blocks of them are brought together in memory.
#pragma once

#include <utility>

#include "kernels.h"
#include "patch.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// The left operand: element (row, k) at row * step + k, or, turned, at k * step + row.
struct Left {
  const float* data;
  Index step;
  bool turned;
};

// The right operand: element (k, column) at k * step + column, or, turned, at column * step + k.
struct Right {
  const float* data;
  Index step;
  bool turned;
};

// Four elements each of rows p, p + 4 * step, ..., as many as fill a register.
GRADIENTE_INLINE Vector gather_fours(const float* p, Index step) {
#if !defined(__AVX__) || (!defined(__clang__) && __GNUC__ < 12) // older versions of GCC cannot join vectors into a longer one
  float lanes[kWidth];
  for (int i = 0; i < kWidth; ++i) lanes[i] = p[i / 4 * 4 * step + i % 4];
  return load(lanes);
#else
  typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));
  const auto four = [&](int i) { return *reinterpret_cast<const Four*>(p + 4 * i * step); };
#if defined(__AVX512F__)
  typedef float Eight __attribute__((vector_size(32)));
  const Eight low = __builtin_shufflevector(four(0), four(1), 0, 1, 2, 3, 4, 5, 6, 7);
  const Eight high = __builtin_shufflevector(four(2), four(3), 0, 1, 2, 3, 4, 5, 6, 7);
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
  return __builtin_shufflevector(four(0), four(1), 0, 1, 2, 3, 4, 5, 6, 7);
#endif
#endif
}

// In each quarter of a register (or half, or all of it), four of the eight elements that a and b have there, a's first.
template <std::size_t... kFour, std::size_t... kLane>
GRADIENTE_INLINE Vector fours(Vector a, Vector b, std::index_sequence<kFour...>, std::index_sequence<kLane...>) {
  constexpr std::size_t from[] = {(kFour < 4 ? kFour : kFour - 4 + kWidth)...};
  return lanes_of(a, b, std::index_sequence<(kLane / 4 * 4 + from[kLane % 4])...>());
}

template <std::size_t... kFour>
GRADIENTE_INLINE Vector fours(Vector a, Vector b) {
  return fours(a, b, std::index_sequence<kFour...>(), std::make_index_sequence<kWidth>());
}

// Turns a square of kWidth x kWidth elements: a register's quarters hold those of rows 4 apart. Each line of memory is read at once,
// for rows that lie 4 KB apart do not all fit into the first cache.
GRADIENTE_INLINE void turn_square(const float* from, Index step, float* to, Index to_step) {
  constexpr int kFours = kWidth / 4;
  Vector rows[kFours][4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
    for (int q = 0; q < kFours; ++q) rows[q][r] = gather_fours(from + r * step + 4 * q, step);
  }
#pragma GCC unroll 4
  for (int q = 0; q < kFours; ++q, to += 4 * to_step) {
    const Vector* r = rows[q];
    const Vector low0 = fours<0, 4, 1, 5>(r[0], r[1]), high0 = fours<2, 6, 3, 7>(r[0], r[1]);
    const Vector low2 = fours<0, 4, 1, 5>(r[2], r[3]), high2 = fours<2, 6, 3, 7>(r[2], r[3]);
    store(to, fours<0, 1, 4, 5>(low0, low2));
    store(to + to_step, fours<2, 3, 6, 7>(low0, low2));
    store(to + 2 * to_step, fours<0, 1, 4, 5>(high0, high2));
    store(to + 3 * to_step, fours<2, 3, 6, 7>(high0, high2));
  }
}

// Columns [column, column + size) of rows [k0, k0 + depth), as rows of `width`, which is `size` rounded up to whole vectors, with
// zeros after the last column.
inline void pack_right(const Right& b, Index k0, Index depth, Index column, int size, Index width, float* out) {
  if (!b.turned) {
    const float* from = b.data + k0 * b.step + column;
    const int rest = size % kWidth;
    const int whole = size - rest;
    for (Index k = 0; k < depth; ++k, from += b.step, out += width) {
      for (int j = 0; j < whole; j += kWidth) store(out + j, load(from + j));
      if (rest > 0) store(out + whole, load_first(from + whole, rest));
    }
    return;
  }
  for (Index j = 0; j < width; j += kWidth, out += kWidth) {
    const float* from = b.data + (column + j) * b.step + k0;
    const Index some = min_of(Index{kWidth}, size - j);
    Index k = 0;
    if (some == kWidth) {
      for (; k + kWidth <= depth; k += kWidth) turn_square(from + k, b.step, out + k * width, width);
    }
    for (; k < depth; ++k) {
      for (Index i = 0; i < some; ++i) out[k * width + i] = from[i * b.step + k];
      for (Index i = some; i < kWidth; ++i) out[k * width + i] = 0;
    }
  }
}

// A part of the left operand's rows as tiles take them: those of tile t begin at row first(t).
struct LeftTiles {
  Index row, rows, count;

  GRADIENTE_INLINE Index first(Index t) const { return rows * t / count; }
  GRADIENTE_INLINE Index height(Index t) const { return first(t + 1) - first(t); }
};

// Elements [k0, k0 + depth) of the rows, each row `step` after the one before it.
inline void copy_rows(const Left& a, const LeftTiles& tiles, Index k0, Index depth, Index step, float* out) {
  for (Index i = 0; i < tiles.rows; ++i) copy(out + i * step, a.data + (tiles.row + i) * a.step + k0, depth);
}

// Where the copy of a tile's turned rows begins that are `step` wide.
GRADIENTE_INLINE Index turned_tile(Index t, Index depth, Index step) { return t * (depth * step + kWidth); }

// The same elements of turned rows, tile after tile: element (row, k) of a tile is at k * step + row.
inline void copy_turned(const Left& a, const LeftTiles& tiles, Index k0, Index depth, Index step, float* out) {
  for (Index k = 0; k < depth; ++k) {
    const float* from = a.data + (k0 + k) * a.step + tiles.row;
    for (Index t = 0; t < tiles.count; ++t) {
      const Index first = tiles.first(t);
      float* to = out + turned_tile(t, depth, step) + k * step;
      // Whole vectors, as far as the rows go: what is too much is written over by the next k, or is what follows the tile.
      for (Index j = 0; j < step; j += kWidth) {
        const Index left = tiles.rows - first - j;
        if (left > 0) store(to + j, load_first(from + first + j, static_cast<int>(min_of(Index{kWidth}, left))));
      }
    }
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
