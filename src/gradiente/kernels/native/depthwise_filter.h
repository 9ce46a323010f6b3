// The filter's gradient of a depthwise convolution, from images where they lie.
#pragma once

#include "depthwise_gather.h"
#include "kernels.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Some rows of results that the same rows of taps reach; distances in floats.
struct ResultRows {
  Index rows, columns;
  Index stride, dilation;  // of columns
  Index left, right;       // columns of the image, counted from the first result's first tap on: [left, right)
  TapRange whole;          // columns of results whose taps all lie in the image
  Index dy_row, dy_column; // from result to result
  Index x_row, x_column;   // the same of what they see
  Index tap_row, tap_column;
  Index sum_row, sum_column;
  Index next_rows, line;   // so many rows of the image, `line` apart, are asked for for the rows of results that follow
  Index x_next, dy_next;   // where those lie, and their results
};

// Adds to the sums of kRows x kColumns taps, of kMany vectors of channels at once. They stay in registers, and each waits for the one
// before it no longer than the others take, if there are 8 or more. `channels` are a multiple of kMany whole vectors, or less than one.
template <int kRows, int kColumns, int kMany, bool kWhole>
void sum_taps(const ResultRows& results, const float* x, const float* dy, float* sums, Index channels) {
  const ResultRows g = results; // a store could change what a reference leads to
  const int size = kWhole ? kWidth : static_cast<int>(channels);
  const Index all = kMany * size;
  for (; channels > 0; channels -= all, x += all, dy += all, sums += all) {
    Vector total[kRows][kColumns][kMany];
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
      for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) total[i][j][v] = load_first(sums + i * g.sum_row + j * g.sum_column + v * kWidth, size);
      }
    }
    for (Index r = 0; r < g.rows; ++r) {
      const float* from[kRows];
#pragma GCC unroll 5
      for (int i = 0; i < kRows; ++i) from[i] = x + r * g.x_row + i * g.tap_row;
      const float* received = dy + r * g.dy_row;
      Index b = 0;
      const auto load_result = [&](Vector (&dv)[kMany]) {
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) dv[v] = load_first(received + v * kWidth, size);
      };
      const auto add = [&](int i, int j, const Vector (&dv)[kMany]) {
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) total[i][j][v] += load_first(from[i] + j * g.tap_column + v * kWidth, size) * dv[v];
      };
      const auto at_edge = [&](Index end) {
        for (; b < end; ++b, received += g.dy_column) {
          Vector dv[kMany];
          load_result(dv);
#pragma GCC unroll 5
          for (int j = 0; j < kColumns; ++j) {
            const Index column = b * g.stride + j * g.dilation;
            if (column < g.left || column >= g.right) continue;
#pragma GCC unroll 5
            for (int i = 0; i < kRows; ++i) add(i, j, dv);
          }
#pragma GCC unroll 5
          for (int i = 0; i < kRows; ++i) from[i] += g.x_column;
        }
      };
      at_edge(g.whole.first);
      for (; b < g.whole.end; ++b, received += g.dy_column) {
        if (g.next_rows > 0) {
          for (int v = 0; v < kMany; ++v) __builtin_prefetch(received + g.dy_next + v * kWidth, 0, 2);
          for (Index i = 0; i < g.next_rows; ++i) {
            const float* next = from[0] + g.x_next + i * g.line;
            for (Index k = 0; k < g.x_column; k += g.dy_column) {
              for (int v = 0; v < kMany; ++v) __builtin_prefetch(next + k + v * kWidth, 0, 2);
            }
          }
        }
        Vector dv[kMany];
        load_result(dv);
#pragma GCC unroll 5
        for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
          for (int j = 0; j < kColumns; ++j) add(i, j, dv);
          from[i] += g.x_column;
        }
      }
      at_edge(g.columns);
    }
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
      for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) store_first(sums + i * g.sum_row + j * g.sum_column + v * kWidth, total[i][j][v], size);
      }
    }
  }
}

using SumsFunction = void (*)(const ResultRows&, const float*, const float*, float*, Index);

// Taps whose sums fit into the registers; how many columns it has depends on those that are left only.
struct TapBlock {
  int rows, columns;
  int many;                       // vectors of channels that `most` takes at once
  SumsFunction most, whole, rest; // for a multiple of so many, for whole vectors, and for less than one
};

template <int kRows, int kColumns>
GRADIENTE_INLINE TapBlock tap_block_of() {
  // Two vectors of a pixel side by side: few channels are read once then, in the order in which they lie.
  constexpr int kMany = kMaxVectors == 4 && kRows * kColumns <= 9 ? 2 : 1;
  return TapBlock{kRows, kColumns, kMany, sum_taps<kRows, kColumns, kMany, true>, sum_taps<kRows, kColumns, 1, true>,
                  sum_taps<kRows, kColumns, 1, false>};
}

inline TapBlock tap_block(Index rows, Index columns) {
  if (columns >= 5) {
#if defined(__AVX512F__) || defined(__aarch64__)
    if (rows >= 5) return tap_block_of<5, 5>();
#endif
    return rows >= 2 ? tap_block_of<2, 5>() : tap_block_of<1, 5>();
  }
  if (columns >= 3) return rows >= 3 ? tap_block_of<3, 3>() : rows == 2 ? tap_block_of<2, 3>() : tap_block_of<1, 3>();
  return rows >= 3 ? tap_block_of<3, 1>() : tap_block_of<1, 1>();
}

constexpr Index kColumnsTogether = 32; // results, at least, that are added before the sums go back to memory

// Adds what rows [row, end) of all images' results give.
inline void add_result_rows(const Conv2d& c, Index row, Index end, const float* x, const float* dy, float* sums) {
  const Index pixel = c.in_channels, line = c.in_columns * pixel, dy_line = c.out_columns * pixel;
  const Index whole = pixel / kWidth * kWidth;
  const Axis rows = forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding);
  const bool far = depthwise_is_far(c.batch * (c.in_rows * line + c.out_rows * dy_line));
  const Index most = ceil_div(kColumnsTogether, c.out_columns);
  for (Index count = 1; row < end; row += count) {
    const Index first = row % c.out_rows;
    const TapRange seen = taps_inside(rows, first, c.in_rows);
    const auto sees_same = [&](Index r) {
      const TapRange also = taps_inside(rows, r, c.in_rows);
      return also.first == seen.first && also.end == seen.end;
    };
    const Index limit = min_of(most, min_of(end - row, c.out_rows - first));
    for (count = 1; count < limit && sees_same(first + count);) ++count;
    if (seen.first == seen.end) continue;
    ResultRows g{count, c.out_columns, c.column_stride, c.column_dilation, 0, 0, {}, dy_line, pixel, c.row_stride * line,
                 c.column_stride * pixel, c.row_dilation * line, c.column_dilation * pixel, c.filter_columns * pixel, pixel,
                 0, line, 0, count * dy_line};
    const float* image = x + row / c.out_rows * c.in_rows * line;
    const float* received = dy + row * dy_line;
    TapBlock block{};
    for (Index j = 0; j < c.filter_columns; j += block.columns) {
      for (Index i = seen.first; i < seen.end; i += block.rows) {
        block = tap_block(seen.end - i, c.filter_columns - j);
        const Axis columns = forward_axis(c.out_columns, block.columns, c.column_stride, c.column_dilation,
                                          c.column_padding - j * c.column_dilation);
        g.whole = whole_results(columns, c.in_columns);
        g.left = -columns.lowest;
        g.right = c.in_columns - columns.lowest;
        // What the next rows see new, once for all taps.
        g.next_rows = far && row + count < end && i == seen.first && j == 0 ? c.row_stride : 0;
        g.x_next = ((count - 1) * c.row_stride + (c.filter_rows - 1 - i) * c.row_dilation + 1) * line;
        const float* from = image + (first * c.row_stride + rows.offset(i)) * line + columns.lowest * pixel;
        float* to = sums + (i * c.filter_columns + j) * pixel;
        const Index most = pixel / (block.many * kWidth) * block.many * kWidth;
        block.most(g, from, received, to, most);
        block.whole(g, from + most, received + most, to + most, whole - most);
        if (whole < pixel) block.rest(g, from + whole, received + whole, to + whole, pixel - whole);
      }
    }
  }
}

// As in filter_gradient, slots of fixed rows have sums of their own.
inline void depthwise_filter_gradient(const Conv2d& c, const float* x, const float* dy, float* dw, Workers& workers) {
  const Index size = c.filter_rows * c.filter_columns * c.in_channels;
  const Index all_rows = c.batch * c.out_rows;
  const Index cost = all_rows * c.out_columns * size / kWidth;
  const Index slots = cost < Workers::kWorthWaking ? 1 : min_of(Index{workers.count()}, all_rows);
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * size));
  workers.each(slots, [&](Index slot) {
    clear(sums + slot * size, size);
    add_result_rows(c, all_rows * slot / slots, all_rows * (slot + 1) / slots, x, dy, sums + slot * size);
  });
  copy(dw, sums, size);
  for (Index slot = 1; slot < slots; ++slot) {
    for (Index q = 0; q < size; ++q) dw[q] += sums[slot * size + q];
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
