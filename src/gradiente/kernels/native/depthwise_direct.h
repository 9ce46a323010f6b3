// Depthwise convolution from images where they lie. Forward pass and input gradient are one gather with other taps (taps.h).
#pragma once

#include "kernels.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kBlock = 8; // results side by side that share the filter's loads

// The taps that fall into the image, for result i of an axis.
struct TapRange {
  Index first, end;
};

GRADIENTE_INLINE TapRange taps_inside(const Axis& axis, Index i, Index size) {
  const Index start = i * axis.stride + axis.lowest;
  const Index first = start >= 0 ? 0 : ceil_div(-start, axis.spacing);
  const Index end = start >= size ? 0 : min_of(axis.taps, ceil_div(size - start, axis.spacing));
  return TapRange{min_of(first, axis.taps), max_of(end, min_of(first, axis.taps))};
}

// Results whose taps all lie in the image: [first, end).
GRADIENTE_INLINE TapRange whole_results(const Axis& axis, Index size) {
  const Index first = axis.lowest >= 0 ? 0 : ceil_div(-axis.lowest, axis.stride);
  const Index reach = axis.lowest + (axis.taps - 1) * axis.spacing;
  const Index end = reach >= size ? 0 : (size - 1 - reach) / axis.stride + 1;
  return TapRange{min_of(first, axis.results), max_of(min_of(end, axis.results), min_of(first, axis.results))};
}

struct Depthwise {
  Index batch;
  Index in_rows, in_columns, out_rows, out_columns, channels;
  Index filter_columns;
  Axis rows, columns;
};

// kCount results side by side, one vector of channels, of which `size` are there.
template <int kCount>
GRADIENTE_INLINE void depthwise_block(const Depthwise& g, TapRange rows, TapRange columns, Index row, Index column,
                                      const float* image, const float* w, Vector start, Activation activation, float* y,
                                      int size) {
  Vector sums[kCount];
#pragma GCC unroll 8
  for (int r = 0; r < kCount; ++r) sums[r] = start;
  const Index step = g.columns.stride * g.channels;
  for (Index i = rows.first; i < rows.end; ++i) {
    const Index in_row = row * g.rows.stride + g.rows.offset(i);
    const float* from = image + (in_row * g.in_columns + column * g.columns.stride + g.columns.lowest) * g.channels;
    const float* taps = w + g.rows.index(i) * g.filter_columns * g.channels;
    for (Index j = columns.first; j < columns.end; ++j) {
      const float* tap = taps + g.columns.index(j) * g.channels;
      const float* x = from + j * g.columns.spacing * g.channels;
      const Vector wv = size == kWidth ? load(tap) : load_first(tap, size);
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) {
        sums[r] += (size == kWidth ? load(x + r * step) : load_first(x + r * step, size)) * wv;
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kCount; ++r) {
    store_first(y + r * g.columns.step * g.channels, activated(sums[r], activation), size);
  }
}

// kCount results side by side, `channels` of their channels. image, w, bias and y begin at the first of these.
template <int kCount>
GRADIENTE_INLINE void depthwise_blocks(const Depthwise& g, TapRange rows, TapRange columns, Index row, Index column,
                                       const float* image, const float* w, const float* bias, Activation activation, float* y,
                                       Index channels) {
  Index c = 0;
  for (; c + kWidth <= channels; c += kWidth) {
    const Vector start = bias == nullptr ? zero() : load(bias + c);
    depthwise_block<kCount>(g, rows, columns, row, column, image + c, w + c, start, activation, y + c, kWidth);
  }
  if (c < channels) {
    const int rest = static_cast<int>(channels - c);
    const Vector start = bias == nullptr ? zero() : load_first(bias + c, rest);
    depthwise_block<kCount>(g, rows, columns, row, column, image + c, w + c, start, activation, y + c, rest);
  }
}

// Asks for what the next row of results will see new below these kBlock results. The order in which a block reads (channel
// after channel, tap after tap) tells the processor's own prefetcher nothing.
GRADIENTE_INLINE void prefetch_below(const Depthwise& g, Index row, Index column, const float* image, Index channels) {
  const Index last = row * g.rows.stride + g.rows.lowest + (g.rows.taps - 1) * g.rows.spacing;
  const Index first_column = max_of(Index{0}, column * g.columns.stride + g.columns.lowest);
  const Index end_column = min_of(g.in_columns, first_column + kBlock * g.columns.stride);
  for (Index r = last + 1; r <= last + g.rows.stride && r < g.in_rows; ++r) {
    for (Index w = first_column; w < end_column; ++w) {
      const float* pixel = image + (r * g.in_columns + w) * g.channels;
      for (Index c = 0; c < channels; c += 16) __builtin_prefetch(pixel + c, 0, 2);
    }
  }
}

// One row of results.
inline void depthwise_row(const Depthwise& g, Index row, TapRange whole, const float* image, const float* w,
                          const float* bias, Activation activation, float* y, Index channels) {
  const TapRange rows = taps_inside(g.rows, row, g.in_rows);
  const TapRange all{0, g.columns.taps};
  const Index step = g.columns.step * g.channels;
  for (Index b = 0; b < g.columns.results;) {
    const bool inside = b >= whole.first && b < whole.end;
    if (b % kBlock == 0) prefetch_below(g, row, b, image, channels);
    if (inside && b + kBlock <= whole.end) {
      depthwise_blocks<kBlock>(g, rows, all, row, b, image, w, bias, activation, y + b * step, channels);
      b += kBlock;
    } else if (inside && b + 3 <= whole.end) {
      depthwise_blocks<3>(g, rows, all, row, b, image, w, bias, activation, y + b * step, channels);
      b += 3;
    } else {
      const TapRange taps = taps_inside(g.columns, b, g.in_columns);
      depthwise_blocks<1>(g, rows, taps, row, b, image, w, bias, activation, y + b * step, channels);
      b += 1;
    }
  }
}

// Channels that are done together: enough of them lie together for memory to stream, and few enough for the filter to stay in
// the first cache.
constexpr Index kChannelGroup = 128;

inline void direct_depthwise(const Depthwise& g, const float* x, const float* w, const float* bias, Activation activation,
                             float* y, Workers& workers) {
  const Index all_rows = g.batch * g.rows.results;
  // A task is some rows of results, all channels: about 8,000 results.
  const Index per_row = g.columns.results * g.channels;
  const Index tasks = max_of(Index{1}, min_of(all_rows, all_rows * per_row / (8 * 1024)));
  const TapRange whole = whole_results(g.columns, g.in_columns);
  const Index cost = all_rows * per_row * g.rows.taps * g.columns.taps / kWidth;
  workers.each(tasks, cost, [&](Index task) {
    for (Index c = 0; c < g.channels; c += kChannelGroup) {
      const Index channels = min_of(kChannelGroup, g.channels - c);
      for (Index r = all_rows * task / tasks; r < all_rows * (task + 1) / tasks; ++r) {
        const Index n = r / g.rows.results;
        const Index row = r % g.rows.results;
        const float* image = x + n * g.in_rows * g.in_columns * g.channels + c;
        const Index out_row = n * g.out_rows + g.rows.first + row * g.rows.step;
        float* out = y + (out_row * g.out_columns + g.columns.first) * g.channels + c;
        depthwise_row(g, row, whole, image, w + c, bias == nullptr ? nullptr : bias + c, activation, out, channels);
      }
    }
  });
}

// Adds to kCount taps of a filter's row, beginning at tap `column`, what one row of results gives. Two results at a time have
// sums of their own: each addition waits for the one before it.
template <int kCount>
GRADIENTE_INLINE void depthwise_row_sums(const Conv2d& c, Index in_row, Index column, const float* image,
                                         const float* received, float* sums, int size) {
  Vector even[kCount], odd[kCount];
  for (int j = 0; j < kCount; ++j) {
    even[j] = load_first(sums + j * c.in_channels, size);
    odd[j] = zero();
  }
  const Index tap = c.column_dilation * c.in_channels;
  const Index step = c.column_stride * c.in_channels;
  const Axis axis = forward_axis(c.out_columns, kCount, c.column_stride, c.column_dilation,
                                 c.column_padding - column * c.column_dilation);
  const TapRange whole = whole_results(axis, c.in_columns);
  // Of the first result's first tap; it may lie outside the image.
  const Index start = (in_row * c.in_columns + axis.lowest) * c.in_channels;
  const auto at_edge = [&](Index b) {
    const TapRange taps = taps_inside(axis, b, c.in_columns);
    const Vector dy = load_first(received + b * c.in_channels, size);
    for (int j = 0; j < kCount; ++j) {
      if (j >= taps.first && j < taps.end) even[j] += load_first(image + (start + b * step + j * tap), size) * dy;
    }
  };
  Index b = 0;
  for (; b < whole.first; ++b) at_edge(b);
  for (; b + 2 <= whole.end; b += 2) {
    const float* from = image + (start + b * step);
    const Vector first = load_first(received + b * c.in_channels, size);
    const Vector second = load_first(received + (b + 1) * c.in_channels, size);
#pragma GCC unroll 5
    for (int j = 0; j < kCount; ++j) {
      even[j] += load_first(from + j * tap, size) * first;
      odd[j] += load_first(from + step + j * tap, size) * second;
    }
  }
  for (; b < c.out_columns; ++b) at_edge(b);
  for (int j = 0; j < kCount; ++j) store_first(sums + j * c.in_channels, even[j] + odd[j], size);
}

// Adds what row `row` of an image's results gives to the sums of all taps, for one vector of channels.
GRADIENTE_INLINE void depthwise_all_taps(const Conv2d& c, Index row, const float* image, const float* received, float* sums,
                                         int size) {
  for (Index i = 0; i < c.filter_rows; ++i) {
    const Index in_row = row * c.row_stride + i * c.row_dilation - c.row_padding;
    if (in_row < 0 || in_row >= c.in_rows) continue;
    float* to = sums + i * c.filter_columns * c.in_channels;
    for (Index j = 0; j < c.filter_columns;) {
      const Index left = c.filter_columns - j;
      if (left >= 5) {
        depthwise_row_sums<5>(c, in_row, j, image, received, to + j * c.in_channels, size);
        j += 5;
      } else if (left >= 3) {
        depthwise_row_sums<3>(c, in_row, j, image, received, to + j * c.in_channels, size);
        j += 3;
      } else {
        depthwise_row_sums<1>(c, in_row, j, image, received, to + j * c.in_channels, size);
        j += 1;
      }
    }
  }
}

// The filter's gradient. As in filter_gradient, slots of fixed images have sums of their own.
inline void direct_depthwise_filter_gradient(const Conv2d& c, const float* x, const float* dy, float* dw, Workers& workers) {
  const Index size = c.filter_rows * c.filter_columns * c.in_channels;
  const Index all_rows = c.batch * c.out_rows;
  const Index slots = max_of(Index{1}, min_of(Index{workers.count()}, min_of(all_rows, all_rows * c.out_columns / 256)));
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * size));
  workers.each(slots, all_rows * c.out_columns * size / kWidth, [&](Index slot) {
    float* own = sums + slot * size;
    clear(own, size);
    for (Index r = all_rows * slot / slots; r < all_rows * (slot + 1) / slots; ++r) {
      const float* image = x + r / c.out_rows * c.in_rows * c.in_columns * c.in_channels;
      const float* received = dy + r * c.out_columns * c.in_channels;
      Index channel = 0;
      for (; channel + kWidth <= c.in_channels; channel += kWidth) {
        depthwise_all_taps(c, r % c.out_rows, image + channel, received + channel, own + channel, kWidth);
      }
      if (channel < c.in_channels) {
        const int rest = static_cast<int>(c.in_channels - channel);
        depthwise_all_taps(c, r % c.out_rows, image + channel, received + channel, own + channel, rest);
      }
    }
  });
  copy(dw, sums, size);
  for (Index slot = 1; slot < slots; ++slot) {
    for (Index q = 0; q < size; ++q) dw[q] += sums[slot * size + q];
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
