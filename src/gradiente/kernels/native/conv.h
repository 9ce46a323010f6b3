// The three passes of a convolution, direct.
#pragma once

#include "conv_filter.h"
#include "conv_gather.h"

namespace gradiente {
namespace GRADIENTE_ISA {

inline void conv_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation, float* y,
                         Workers& workers) {
  const Gather g{c.batch, c.in_rows, c.in_columns, c.in_channels, c.out_rows, c.out_columns, c.out_channels,
                 forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                 forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
  const FilterView view{w, c.filter_columns * c.in_channels * c.out_channels, c.in_channels * c.out_channels, c.out_channels,
                        1};
  gather(g, x, view, bias, activation, y, workers);
}

// With strides, the input's elements fall into row_stride * column_stride sets, each with taps of its own.
inline void conv_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  const FilterView view{w, c.filter_columns * c.in_channels * c.out_channels, c.in_channels * c.out_channels, 1,
                        c.out_channels};
  bool all_reached = true;
  for (Index pass = 0; pass < 2; ++pass) {
    for (Index i = 0; i < c.row_stride; ++i) {
      for (Index j = 0; j < c.column_stride; ++j) {
        const Gather g{
            c.batch, c.out_rows, c.out_columns, c.out_channels, c.in_rows, c.in_columns, c.in_channels,
            gradient_axis(c.in_rows, i, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
            gradient_axis(c.in_columns, j, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
        const bool empty = g.rows.results == 0 || g.columns.results == 0;
        const bool reached = g.rows.taps > 0 && g.columns.taps > 0;
        if (pass == 0) {
          all_reached = all_reached && (empty || reached);
        } else if (!empty && reached) {
          gather(g, dy, view, nullptr, Activation::none, dx, workers);
        }
      }
    }
    // What no window saw has no gradient.
    if (pass == 0 && !all_reached) clear(dx, c.batch * c.in_rows * c.in_columns * c.in_channels);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
