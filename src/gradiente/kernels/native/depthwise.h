// Depthwise convolution: each channel has a filter of its own, so channels go side by side in the vectors. Images are [batch, rows,
// columns, channels], filters [rows, columns, channels].
#pragma once

#include "depthwise_filter.h"
#include "depthwise_gather.h"

namespace gradiente {
namespace GRADIENTE_ISA {

inline void depthwise_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation,
                              float* y, Workers& workers) {
  DepthwiseGather g{c.batch, c.in_rows, c.in_columns, c.out_rows, c.out_columns, c.in_channels, c.filter_columns, 1, {}};
  g.phases[0] = Phase{forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                      forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
  gather_depthwise(g, x, w, bias, activation, y, workers);
}

// With strides, the input's elements fall into row_stride * column_stride phases, each with taps of its own. They are gathered
// together, row by row: one after the other they would write every line of the result, and read it first.
inline void depthwise_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  DepthwiseGather g{c.batch, c.out_rows, c.out_columns, c.in_rows, c.in_columns, c.in_channels, c.filter_columns, 0, {}};
  for (Index i = 0; i < c.row_stride; ++i) {
    for (Index j = 0; j < c.column_stride; ++j) {
      const Phase phase{gradient_axis(c.in_rows, i, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                        gradient_axis(c.in_columns, j, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
      if (phase.rows.results == 0 || phase.columns.results == 0) continue;
      g.phases[g.count++] = phase;
      if (g.count < kDepthwisePhases) continue;
      gather_depthwise(g, dy, w, nullptr, Activation::none, dx, workers);
      g.count = 0;
    }
  }
  if (g.count > 0) gather_depthwise(g, dy, w, nullptr, Activation::none, dx, workers);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
