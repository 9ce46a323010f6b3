// Depthwise convolution from images where they lie. Forward pass and input gradient are one gather with other taps (taps.h).
#pragma once

#include "depthwise_blocks.h"
#include "kernels.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kDepthwisePhases = 16; // at most, in one gather
constexpr Index kLeastVectors = 4;     // of channels in a task that has only some of them, so that memory is read in order

// Images, with their results, from 12 MB on are not expected in a cache: asked for ahead, smaller ones took up to a fifth longer.
GRADIENTE_INLINE bool depthwise_is_far(Index floats) { return floats > Index{3} << 20; }

// Results that lie regularly, with their taps. Their columns' stride is a multiple of their taps' spacing.
struct Phase {
  Axis rows, columns;
};

// From images [batch, in_rows, in_columns, channels] to [batch, out_rows, out_columns, channels]. All phases have the same stride
// and nearly as many results.
struct DepthwiseGather {
  Index batch;
  Index in_rows, in_columns, out_rows, out_columns, channels;
  Index filter_columns;
  Index count;
  Phase phases[kDepthwisePhases];

  // Rows of results of the phase that has the most of them.
  GRADIENTE_INLINE Index rows() const {
    Index most = 0;
    for (Index p = 0; p < count; ++p) most = max_of(most, phases[p].rows.results);
    return most;
  }
  // The most rows of the image that a row of results sees.
  GRADIENTE_INLINE Index rows_seen() const {
    Index most = 0;
    for (Index p = 0; p < count; ++p) most = max_of(most, phases[p].rows.extent(1));
    return most;
  }
  // Taps of all phases.
  GRADIENTE_INLINE Index taps() const {
    Index all = 0;
    for (Index p = 0; p < count; ++p) all += phases[p].rows.taps * phases[p].columns.taps;
    return all;
  }
};

// How images are divided into tasks: into bands of rows, or, if they are small and have many channels, by channels.
struct DepthwiseDivision {
  Index bands, groups;

  GRADIENTE_INLINE DepthwiseDivision(Index batch, Index rows, Index channels, Index threads) {
    const Index parts = threads == 1 || batch >= 2 * threads ? 1 : ceil_div(2 * threads, batch);
    const bool by_channels = ceil_div(channels, kWidth) >= kLeastVectors * parts;
    groups = by_channels ? parts : 1;
    bands = by_channels ? 1 : min_of(parts, rows);
  }
  // The first channel of a group: a whole number of vectors.
  GRADIENTE_INLINE Index channel(Index group, Index channels) const {
    return min_of(channels, ceil_div(channels, kWidth) * group / groups * kWidth);
  }
};

// Whether each result sees a column of the image, so that no more than taps - 1 columns of a block lie outside at either end.
GRADIENTE_INLINE bool all_see_columns(const Axis& a, Index in_columns) {
  return a.lowest + a.extent(1) > 0 && (a.results - 1) * a.stride + a.lowest < in_columns;
}

// What a task works with: `channels` channels of an image, whose first one all pointers lead to.
struct DepthwisePart {
  const float* image;
  const float* w;
  const float* bias; // or null
  float* y;
  Index channels;
  Index next_rows; // of the image, that are asked for with each row of results
  Activation activation;
  bool streams;
};

// Row r of a phase's results.
inline void depthwise_row(const DepthwiseGather& g, const Phase& phase, Index r, const DepthwisePart& part) {
  const Axis& rows = phase.rows;
  const Axis& columns = phase.columns;
  const TapRange seen = taps_inside(rows, r, g.in_rows);
  const Index pixel = g.channels, line = g.in_columns * pixel;
  const float* from = part.image + (r * rows.stride + rows.offset(seen.first)) * line;
  const float* taps = part.w + (rows.index(seen.first) * g.filter_columns + columns.index(0)) * pixel;
  float* to = part.y + ((rows.first + r * rows.step) * g.out_columns + columns.first) * pixel;
  const Index below = rows.offset(rows.taps - 1) + 1 - rows.offset(seen.first);
  // Columns are counted by those that taps lie apart.
  const Index unit = columns.spacing, stride = columns.stride / unit;
  const bool slides = part.channels >= kWidth && all_see_columns(columns, g.in_columns);
  DepthwiseBlock block{seen.end - seen.first, rows.spacing * line, rows.index_step * g.filter_columns * pixel,
                       columns.taps, unit * pixel, columns.index_step * pixel,
                       stride, 0, 0,
                       columns.step * pixel, part.next_rows, below * line,
                       part.bias, part.activation, part.streams};
  const auto function_for = [&](Index count) {
    const BlockFunction sliding = slides ? sliding_block_for(columns.taps, stride, count) : nullptr;
    return sliding == nullptr ? tapwise_block_for(count, part.channels >= kWidth) : sliding;
  };
  const Index blocks = ceil_div(columns.results, kBlock);
  const Index most = ceil_div(columns.results, blocks), wide = columns.results - (most - 1) * blocks;
  const BlockFunction functions[] = {function_for(most), function_for(most - 1)};
  for (Index b = 0, first = 0; b < blocks; ++b) {
    const Index start = first * columns.stride + columns.lowest;
    block.left = ceil_div(-start, unit);
    block.right = ceil_div(g.in_columns - start, unit);
    functions[b >= wide](block, from + start * pixel, taps, to + first * block.y_step, part.channels);
    first += b < wide ? most : most - 1;
  }
}

// Whether results go past the caches. Only whole lines are worth it, and the vectors of a line are not stored together.
GRADIENTE_INLINE bool depthwise_streams(const DepthwiseGather& g, const float* y) {
  return kWidth == 16 && streams_results(y, g.batch * (g.in_rows * g.in_columns + g.out_rows * g.out_columns), g.channels);
}

inline void gather_depthwise(const DepthwiseGather& g, const float* x, const float* w, const float* bias, Activation activation,
                             float* y, Workers& workers) {
  const Index all_rows = g.rows();
  const Index in_pixels = g.in_rows * g.in_columns, out_pixels = g.out_rows * g.out_columns;
  const DepthwiseDivision division(g.batch, all_rows, g.channels, workers.count());
  const bool streams = depthwise_streams(g, y);
  // So many channels that the rows which a row of results sees stay in the second cache until the next one sees them.
  const Index row_floats = (g.rows_seen() + g.phases[0].rows.stride) * g.in_columns + g.out_columns;
  const Index cached = max_of(kLeastVectors * kWidth, second_cache_floats() / 4 / row_floats / kWidth * kWidth);
  const bool far = depthwise_is_far(g.batch * (in_pixels + out_pixels) * g.channels);
  const Index cost = g.batch * all_rows * g.phases[0].columns.results * g.channels * (g.taps() + g.count) / kWidth;
  workers.each(g.batch * division.bands * division.groups, cost, [&](Index task) {
    const Index group = task % division.groups;
    const Index band = task / division.groups % division.bands;
    const Index n = task / division.groups / division.bands;
    const Index row0 = all_rows * band / division.bands, row1 = all_rows * (band + 1) / division.bands;
    const Index end = division.channel(group + 1, g.channels);
    for (Index c = division.channel(group, g.channels); c < end;) {
      const Index channels = end - c < 2 * cached ? end - c : cached;
      DepthwisePart part{x + n * in_pixels * g.channels + c, w + c, bias == nullptr ? nullptr : bias + c,
                         y + n * out_pixels * g.channels + c, channels, 0, activation, streams};
      for (Index r = row0; r < row1; ++r) {
        for (Index p = 0; p < g.count; ++p) {
          const Axis& rows = g.phases[p].rows;
          if (r >= rows.results) continue;
          const bool more = n + 1 < g.batch || (r + 1) * rows.stride + rows.offset(rows.taps - 1) < g.in_rows;
          part.next_rows = far && more && p == 0 && rows.spacing == 1 ? rows.stride : 0;
          depthwise_row(g, g.phases[p], r, part);
        }
      }
      c += channels;
    }
    if (streams) streamed();
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
