// Depthwise convolution: each channel has a filter of its own, so channels go side by side in the vectors. Images are [batch, rows,
// columns, channels], filters [rows, columns, channels].
//
// Small images are packed: their edges are a large part of them. Large ones take as long as memory does, and are read where they lie.
#pragma once

#include "depthwise_direct.h"
#include "depthwise_packed_filter.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kSmallColumns = 32;

inline bool packs(const Conv2d& c) { return c.row_stride == 1 && c.column_stride == 1 && c.out_columns <= kSmallColumns; }

// With stride 2 packing pays in the forward pass as well: each pixel is still read by several taps.
inline bool packs_forward(const Conv2d& c) {
  return c.row_stride <= 2 && c.column_stride <= 2 && c.out_columns <= kSmallColumns;
}

inline void depthwise_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation,
                              float* y, Workers& workers) {
  const PackedDepthwise g = packed_forward(c);
  if (packs_forward(c)) {
    packed_depthwise(g, x, w, bias, activation, y, workers);
    return;
  }
  const Depthwise direct{g.batch, g.in_rows, g.in_columns, g.out_rows, g.out_columns, g.channels, g.filter_columns,
                         g.phases[0].rows, g.phases[0].columns};
  direct_depthwise(direct, x, w, bias, activation, y, workers);
}

// With strides, the input's elements fall into row_stride * column_stride phases, each with taps of its own. One after the other
// they write every line of the result, and read it first; together they can write it past the caches.
inline void depthwise_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  PackedDepthwise g{c.batch, c.out_rows, c.out_columns, c.in_rows, c.in_columns, c.in_channels, c.filter_columns, 0, {}};
  const bool together = c.row_stride * c.column_stride <= kDepthwisePhases && (packs(c) || packed_streams(g, dx));
  for (Index i = 0; i < c.row_stride; ++i) {
    for (Index j = 0; j < c.column_stride; ++j) {
      const Phase phase{gradient_axis(c.in_rows, i, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                        gradient_axis(c.in_columns, j, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
      if (phase.rows.results == 0 || phase.columns.results == 0) continue;
      if (together) {
        g.phases[g.count++] = phase;
        continue;
      }
      const Depthwise direct{g.batch, g.in_rows, g.in_columns, g.out_rows, g.out_columns, g.channels, g.filter_columns,
                             phase.rows, phase.columns};
      direct_depthwise(direct, dy, w, nullptr, Activation::none, dx, workers);
    }
  }
  if (together) packed_depthwise(g, dy, w, nullptr, Activation::none, dx, workers);
}

inline void depthwise_filter_gradient(const Conv2d& c, const float* x, const float* dy, float* dw, Workers& workers) {
  const auto way = packs(c) ? packed_depthwise_filter_gradient : direct_depthwise_filter_gradient;
  way(c, x, dy, dw, workers);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
