// Depthwise convolution of a packed part of an image: vector of channels by vector of channels, with zeros around it. No result is
// at an edge then, and what a result's taps read lies together.
#pragma once

#include "depthwise_direct.h"
#include "kernels.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kDepthwisePhases = 16;  // at most, in one gather
constexpr Index kLeastVectors = 4;      // of channels in a task that has only some of them, so that memory is read in order

// Results that lie regularly, with their taps.
struct Phase {
  Axis rows, columns;
};

// A gather: from images [batch, in_rows, in_columns, channels] to [batch, out_rows, out_columns, channels]. All phases have the
// same stride and nearly as many results.
struct PackedDepthwise {
  Index batch;
  Index in_rows, in_columns, out_rows, out_columns, channels;
  Index filter_columns;
  Index count;
  Phase phases[kDepthwisePhases];

  // What `rows` x `columns` results of all phases see, where `row` is the first row.
  PatchWindow window(Index row, Index rows, Index columns) const {
    Index first_row = phases[0].rows.lowest, first_column = phases[0].columns.lowest;
    Index last_row = first_row, last_column = first_column;
    for (Index p = 0; p < count; ++p) {
      const Axis& r = phases[p].rows;
      const Axis& c = phases[p].columns;
      first_row = min_of(first_row, r.lowest);
      first_column = min_of(first_column, c.lowest);
      last_row = max_of(last_row, r.lowest + (r.taps - 1) * r.spacing);
      last_column = max_of(last_column, c.lowest + (c.taps - 1) * c.spacing);
    }
    const Index row_stride = phases[0].rows.stride, column_stride = phases[0].columns.stride;
    return PatchWindow{row * row_stride + first_row, (rows - 1) * row_stride + last_row - first_row + 1, first_column,
                       (columns - 1) * column_stride + last_column - first_column + 1};
  }
};

// Floats from one vector's packed window to the next: an odd number of vectors, or all would begin in the same lines of the cache.
GRADIENTE_INLINE Index packed_plane(const PatchWindow& w) { return (w.rows * w.columns | 1) * kWidth; }

constexpr Index kChunkFloats = 2 * 1024; // of an image, that are packed vector by vector while they are in the first cache

// Packs channels [channel, channel + size) of a window as [vectors][rows][columns][kWidth], with zeros outside of the image.
inline void pack_window(const float* image, Index image_rows, Index image_columns, Index channels, const PatchWindow& w,
                        Index channel, Index size, float* out) {
  const Index plane = packed_plane(w);
  const Index whole = size / kWidth;
  const int rest = static_cast<int>(size - whole * kWidth);
  const Index vectors = whole + (rest > 0);
  const Index before = min_of(w.columns, max_of(Index{0}, -w.first_column));
  const Index start = max_of(Index{0}, w.first_column);
  const Index middle = max_of(Index{0}, min_of(image_columns, w.first_column + w.columns) - start);
  const Index chunk = max_of(Index{1}, kChunkFloats / size);
  for (Index r = 0; r < w.rows; ++r, out += w.columns * kWidth) {
    const Index row = w.first_row + r;
    if (row < 0 || row >= image_rows || middle == 0) {
      for (Index v = 0; v < vectors; ++v) clear(out + v * plane, w.columns * kWidth);
      continue;
    }
    for (Index v = 0; v < vectors; ++v) {
      clear(out + v * plane, before * kWidth);
      clear(out + v * plane + (before + middle) * kWidth, (w.columns - before - middle) * kWidth);
    }
    for (Index c = 0; c < middle; c += chunk) {
      const float* first = image + (row * image_columns + start + c) * channels + channel;
      const Index count = min_of(chunk, middle - c);
      float* to = out + (before + c) * kWidth;
      for (Index v = 0; v < whole; ++v, first += kWidth, to += plane) {
        const float* from = first;
        for (Index i = 0; i < count; ++i, from += channels) store(to + i * kWidth, load(from));
      }
      if (rest == 0) continue;
      for (Index i = 0; i < count; ++i) store(to + i * kWidth, load_first(first + i * channels, rest));
    }
  }
}

// How images are divided into tasks: into bands of rows, or, if they are small and have many channels, by channels.
struct PackedDivision {
  Index bands, groups;

  GRADIENTE_INLINE PackedDivision(Index batch, Index rows, Index channels, Index floats, Index threads) {
    const Index by_size = ceil_div(floats, max_of(Index{1}, second_cache_floats() / 4));
    const Index parts = max_of(by_size, batch >= 2 * threads ? 1 : ceil_div(2 * threads, batch));
    const bool by_channels = ceil_div(channels, kWidth) >= kLeastVectors * parts;
    groups = by_channels ? parts : 1;
    bands = by_channels ? 1 : min_of(parts, rows);
  }
  // The first channel of a group: a whole number of vectors.
  GRADIENTE_INLINE Index channel(Index group, Index channels) const {
    return min_of(channels, ceil_div(channels, kWidth) * group / groups * kWidth);
  }
};

// What a block of results has in common: distances in the packed window and in the result, the packed taps, the end.
struct PackedBlock {
  Index row_taps, column_taps;
  Index row_step, column_step; // from tap to tap
  Index result_step;           // from result to result
  const float* taps;
  Vector start;
  Index y_step;
  int size; // channels of the vector
  Ends ends;
};

// kCount results side by side. kStride is theirs in the window, if it is known to the compiler, or zero.
template <int kCount, int kStride>
void packed_block(const PackedBlock& g, const float* x, float* y) {
  Vector sums[kCount][1];
#pragma GCC unroll 8
  for (int r = 0; r < kCount; ++r) sums[r][0] = g.start;
  const Index step = kStride > 0 ? Index{kStride} * kWidth : g.result_step;
  const float* tap = g.taps;
  for (Index i = 0; i < g.row_taps; ++i) {
    const float* from = x + i * g.row_step;
    for (Index j = 0; j < g.column_taps; ++j, from += g.column_step, tap += kWidth) {
      const Vector wv = load(tap);
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) sums[r][0] += load(from + r * step) * wv;
    }
  }
  finish_tile(sums, g.size, g.ends, [&](int r) { return y + r * g.y_step; });
}

using PackedFunction = void (*)(const PackedBlock&, const float*, float*);

template <int kStride>
GRADIENTE_INLINE PackedFunction packed_block_of(Index count) {
  return for_count<kBlock>(count, [](auto n) -> PackedFunction { return packed_block<decltype(n)::value, kStride>; });
}

inline PackedFunction packed_block_for(Index count, Index stride) {
  switch (stride) {
    case 1: return packed_block_of<1>(count);
    case 2: return packed_block_of<2>(count);
    default: return packed_block_of<0>(count);
  }
}

// Rows [row0, row1) of a phase's results, for one packed vector of channels. x is the packed window, y the image's results.
inline void packed_rows(const PackedDepthwise& g, const Phase& phase, const PatchWindow& window, Index row0, Index row1,
                        const PackedBlock& block, const float* x, float* y) {
  const Axis& rows = phase.rows;
  const Axis& columns = phase.columns;
  const Index blocks = ceil_div(columns.results, kBlock);
  for (Index r = row0; r < min_of(row1, rows.results); ++r) {
    const float* from = x + ((r * rows.stride + rows.lowest - window.first_row) * window.columns + columns.lowest -
                             window.first_column) * kWidth;
    float* to = y + ((rows.first + r * rows.step) * g.out_columns + columns.first) * g.channels;
    for (Index b = 0, first = 0; b < blocks; ++b) {
      const Index count = ceil_div(columns.results - first, blocks - b);
      packed_block_for(count, columns.stride)(block, from + first * block.result_step, to + first * block.y_step);
      first += count;
    }
  }
}

// Whether results go past the caches. Only whole lines are worth it, and the vectors of a line are not stored together.
GRADIENTE_INLINE bool packed_streams(const PackedDepthwise& g, const float* y) {
  return kWidth == 16 && streams_results(y, g.batch * g.out_rows * g.out_columns, g.channels);
}

// Packs a phase's taps for `size` channels of a vector.
inline void pack_taps(const PackedDepthwise& g, const Phase& phase, const float* w, int size, float* out) {
  for (Index i = 0; i < phase.rows.taps; ++i) {
    for (Index j = 0; j < phase.columns.taps; ++j, out += kWidth) {
      const Index tap = phase.rows.index(i) * g.filter_columns + phase.columns.index(j);
      store(out, load_first(w + tap * g.channels, size));
    }
  }
}

inline void packed_depthwise(const PackedDepthwise& g, const float* x, const float* w, const float* bias, Activation activation,
                             float* y, Workers& workers) {
  Index all_rows = 0, all_columns = 0, most_taps = 1;
  for (Index p = 0; p < g.count; ++p) {
    all_rows = max_of(all_rows, g.phases[p].rows.results);
    all_columns = max_of(all_columns, g.phases[p].columns.results);
    most_taps = max_of(most_taps, g.phases[p].rows.taps * g.phases[p].columns.taps);
  }
  const PatchWindow all = g.window(0, all_rows, all_columns);
  const PackedDivision division(g.batch, all_rows, g.channels, all.rows * all.columns * g.channels, workers.count());
  const bool streams = packed_streams(g, y);
  const Index cost = g.batch * all_rows * all_columns * g.channels * g.count * (most_taps + 1) / kWidth;
  workers.each(g.batch * division.bands * division.groups, cost, [&](Index task) {
    const Index group = task % division.groups;
    const Index band = task / division.groups % division.bands;
    const Index n = task / division.groups / division.bands;
    const Index row0 = all_rows * band / division.bands, row1 = all_rows * (band + 1) / division.bands;
    const Index channel0 = division.channel(group, g.channels), channel1 = division.channel(group + 1, g.channels);
    if (row0 == row1 || channel0 == channel1) return;
    const PatchWindow window = g.window(row0, row1 - row0, all_columns);
    const Index plane = packed_plane(window);
    float* packed = scratch(Scratch::images, static_cast<std::size_t>(ceil_div(channel1 - channel0, kWidth) * plane));
    pack_window(x + n * g.in_rows * g.in_columns * g.channels, g.in_rows, g.in_columns, g.channels, window, channel0,
                channel1 - channel0, packed);
    float* taps = scratch(Scratch::pixels, static_cast<std::size_t>(most_taps * kWidth));
    float* out = y + n * g.out_rows * g.out_columns * g.channels;
    for (Index c = channel0; c < channel1; c += kWidth, packed += plane) {
      const int size = static_cast<int>(min_of(Index{kWidth}, channel1 - c));
      const Vector start = bias == nullptr ? zero() : load_first(bias + c, size);
      for (Index p = 0; p < g.count; ++p) {
        const Axis& rows = g.phases[p].rows;
        const Axis& columns = g.phases[p].columns;
        pack_taps(g, g.phases[p], w + c, size, taps);
        const PackedBlock block{rows.taps, columns.taps, rows.spacing * window.columns * kWidth, columns.spacing * kWidth,
                                columns.stride * kWidth, taps, start, columns.step * g.channels, size,
                                Ends{nullptr, true, true, activation, streams}};
        packed_rows(g, g.phases[p], window, row0, row1, block, packed, out + c);
      }
    }
    if (streams) streamed();
  });
}

// The forward pass as one phase.
inline PackedDepthwise packed_forward(const Conv2d& c) {
  PackedDepthwise g{c.batch, c.in_rows, c.in_columns, c.out_rows, c.out_columns, c.in_channels, c.filter_columns, 1, {}};
  g.phases[0] = Phase{forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                      forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
  return g;
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
