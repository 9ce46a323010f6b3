// Convolution to few channels: the direct form would leave most of a vector empty. Instead each input pixel is multiplied with
// all taps' filters at once (one product with taps x channels columns), and each result adds up its taps' columns.
#pragma once

#include "conv_gather.h"
#include "depthwise.h"

namespace gradiente {
namespace GRADIENTE_ISA {

struct FewChannels {
  Index filter_rows, filter_columns;
  Index tap_step, channel_step, depth_step; // of the filter
};

// Whether this is quicker than `results` gathers: costs in multiplications, where the adding of a column counts as half a
// vector, for it goes one by one.
GRADIENTE_INLINE bool columns_are_cheaper(Index channels, Index depth, Index taps, Index pixels, Index results,
                                          Index taps_of_result) {
  if (channels > kWidth / 2) return false;
  const Index direct = results * taps_of_result * depth * kWidth;
  const Index columns = pixels * depth * ceil_div(taps * channels, kWidth) * kWidth + results * taps_of_result * channels * kWidth / 2;
  return columns < direct;
}

// Adds up one image's columns for one set of results.
inline void sum_columns(const Gather& g, const FewChannels& f, const float* columns, float* y) {
  const Index width = f.filter_rows * f.filter_columns * g.channels;
  for (Index a = 0; a < g.rows.results; ++a) {
    const TapRange rows = taps_inside(g.rows, a, g.in_rows);
    float* out = y + ((g.rows.first + a * g.rows.step) * g.out_columns + g.columns.first) * g.channels;
    for (Index b = 0; b < g.columns.results; ++b, out += g.columns.step * g.channels) {
      const TapRange taps = taps_inside(g.columns, b, g.in_columns);
      for (Index c = 0; c < g.channels; ++c) {
        float total = 0;
        for (Index i = rows.first; i < rows.end; ++i) {
          const Index in_row = a * g.rows.stride + g.rows.offset(i);
          const float* from = columns + (in_row * g.in_columns + b * g.columns.stride) * width +
                              g.rows.index(i) * f.filter_columns * g.channels + c;
          for (Index j = taps.first; j < taps.end; ++j) {
            total += from[g.columns.offset(j) * width + g.columns.index(j) * g.channels];
          }
        }
        out[c] = total;
      }
    }
  }
}

// The sets of results of all phases, from images of the same size and with the same filter.
inline void gather_by_columns(const Gather* phases, Index count, const FewChannels& f, const float* x, const float* w,
                              float* y, Workers& workers) {
  const Gather& g = phases[0];
  const Index width = f.filter_rows * f.filter_columns * g.channels;
  // The filter as [taps x channels][depth].
  float* turned = scratch(Scratch::shared_result, static_cast<std::size_t>(width * g.depth));
  for (Index t = 0; t < f.filter_rows * f.filter_columns; ++t) {
    for (Index c = 0; c < g.channels; ++c) {
      const float* from = w + t * f.tap_step + c * f.channel_step;
      float* to = turned + (t * g.channels + c) * g.depth;
      for (Index d = 0; d < g.depth; ++d) to[d] = from[d * f.depth_step];
    }
  }
  const Gather product{1, g.in_rows, g.in_columns, g.depth, g.in_rows, g.in_columns, width,
                       forward_axis(g.in_rows, 1, 1, 1, 0), forward_axis(g.in_columns, 1, 1, 1, 0)};
  const Panels panels(width);
  float* packed = scratch(Scratch::shared_filter, static_cast<std::size_t>(g.depth * panels.padded()));
  const FilterView view{turned, 0, 0, 1, g.depth};
  for (Index p = 0; p < panels.count; ++p) {
    pack_panel(product, view, panels.first(p), panels.size(p), panels.vectors(p) * kWidth, packed + panels.first(p) * g.depth);
  }
  const PackedFilter filter{panels, g.depth, packed, nullptr};
  const Index pixels = g.in_rows * g.in_columns;
  workers.each(g.batch, [&](Index n) {
    float* columns = scratch(Scratch::columns, static_cast<std::size_t>(pixels * width));
    const Division whole{1, 1, 1, 1};
    gather_task(product, whole, 0, x + n * pixels * g.depth, filter, Activation::none, columns);
    float* out = y + n * g.out_rows * g.out_columns * g.channels;
    for (Index p = 0; p < count; ++p) sum_columns(phases[p], f, columns, out);
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
