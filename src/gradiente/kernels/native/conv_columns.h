// Convolution to few channels: the direct form would leave most of a vector empty. Instead each input pixel is multiplied with
// all taps' filters at once (one product with taps x channels columns), and each result adds up its taps' columns.
#pragma once

#include "conv_gather.h"
#include "taps.h"

namespace gradiente {
namespace GRADIENTE_ISA {

struct FewChannels {
  Index filter_rows, filter_columns;
  Index tap_step, channel_step, depth_step; // of the filter
};

// What is done to a result beside adding it up.
struct FewEnds {
  const float* bias; // or null
  Activation activation;

  GRADIENTE_INLINE float activated(float x) const {
    if (activation != Activation::none && x < 0.0f) return 0.0f;
    return activation == Activation::relu6 && x > 6.0f ? 6.0f : x;
  }
};

// Whether this is quicker than `results` gathers: costs in multiplications, where the adding of a column counts as a quarter
// of a vector, for it goes one by one.
GRADIENTE_INLINE bool columns_are_cheaper(Index channels, Index depth, Index taps, Index pixels, Index results,
                                          Index taps_of_result) {
  if (channels > kWidth / 2) return false;
  const Index direct = results * taps_of_result * depth * kWidth;
  const Index columns = pixels * depth * ceil_div(taps * channels, kWidth) * kWidth + results * taps_of_result * channels * kWidth / 4;
  return columns < direct;
}

// Adds up kCount results side by side, which have the same taps in the image; several at once, for each addition waits for the
// one before it.
template <int kCount>
GRADIENTE_INLINE void sum_block(const Gather& g, const FewChannels& f, Index width, TapRange rows, TapRange taps, Index a,
                                Index b, const float* columns, const FewEnds& ends, float* out) {
  const Index step = g.columns.stride * width;
  for (Index c = 0; c < g.channels; ++c) {
    float totals[kCount];
    for (int r = 0; r < kCount; ++r) totals[r] = ends.bias == nullptr ? 0.0f : ends.bias[c];
    for (Index i = rows.first; i < rows.end; ++i) {
      const Index in_row = a * g.rows.stride + g.rows.offset(i);
      const float* from = columns + (in_row * g.in_columns + b * g.columns.stride) * width +
                          g.rows.index(i) * f.filter_columns * g.channels + c;
      for (Index j = taps.first; j < taps.end; ++j) {
        const float* p = from + g.columns.offset(j) * width + g.columns.index(j) * g.channels;
#pragma GCC unroll 8
        for (int r = 0; r < kCount; ++r) totals[r] += p[r * step];
      }
    }
    for (int r = 0; r < kCount; ++r) out[r * g.columns.step * g.channels + c] = ends.activated(totals[r]);
  }
}

// Adds up one image's columns for one set of results.
inline void sum_columns(const Gather& g, const FewChannels& f, const float* columns, const FewEnds& ends, float* y) {
  const Index width = f.filter_rows * f.filter_columns * g.channels;
  const TapRange whole = whole_results(g.columns, g.in_columns);
  const Index step = g.columns.step * g.channels;
  for (Index a = 0; a < g.rows.results; ++a) {
    const TapRange rows = taps_inside(g.rows, a, g.in_rows);
    float* out = y + ((g.rows.first + a * g.rows.step) * g.out_columns + g.columns.first) * g.channels;
    for (Index b = 0; b < g.columns.results;) {
      const TapRange taps = taps_inside(g.columns, b, g.in_columns);
      if (b >= whole.first && b + 8 <= whole.end) {
        sum_block<8>(g, f, width, rows, taps, a, b, columns, ends, out + b * step);
        b += 8;
      } else {
        sum_block<1>(g, f, width, rows, taps, a, b, columns, ends, out + b * step);
        b += 1;
      }
    }
  }
}

// The sets of results of all phases, from images of the same size and with the same filter.
inline void gather_by_columns(const Gather* phases, Index count, const FewChannels& f, const Source& x, const float* w,
                              const FewEnds& ends, const Results& y, Workers& workers) {
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
    pack_panel(product, view, panels, p, packed + panels.first(p) * g.depth);
  }
  const PackedFilter filter{panels, g.depth, packed, view, nullptr};
  const Index pixels = g.in_rows * g.in_columns;
  workers.each(g.batch, g.batch * pixels * width * g.depth / kWidth, [&](Index n) {
    float* columns = scratch(Scratch::columns, static_cast<std::size_t>(pixels * width));
    const Division whole(panels);
    gather_task(product, whole, 0, x.rows(n * g.in_rows, g.in_rows) + n * pixels * g.depth, filter, Activation::none, columns,
                Lines{nullptr, nullptr});
    float* written = y.rows(n * g.out_rows, g.out_rows);
    float* out = written + n * g.out_rows * g.out_columns * g.channels;
    for (Index p = 0; p < count; ++p) sum_columns(phases[p], f, columns, ends, out);
    y.finish_rows(written, n * g.out_rows, g.out_rows, 0, g.channels);
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
