// The three passes of a convolution, and which way each is computed.
#pragma once

#include "conv_columns.h"
#include "conv_filter.h"
#include "conv_gather.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kMostPhases = 16; // of an input gradient by columns

inline void conv_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation, float* y,
                         Workers& workers) {
  const Gather g{c.batch, c.in_rows, c.in_columns, c.in_channels, c.out_rows, c.out_columns, c.out_channels,
                 forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                 forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
  const Index taps = c.filter_rows * c.filter_columns;
  const Index tap_step = c.in_channels * c.out_channels;
  if (bias == nullptr && activation == Activation::none &&
      columns_are_cheaper(c.out_channels, c.in_channels, taps, c.in_rows * c.in_columns, c.out_rows * c.out_columns, taps)) {
    gather_by_columns(&g, 1, FewChannels{c.filter_rows, c.filter_columns, tap_step, 1, c.out_channels}, x, w, y, workers);
    return;
  }
  const FilterView view{w, c.filter_columns * tap_step, tap_step, c.out_channels, 1};
  gather(g, x, view, bias, activation, y, workers);
}

// With strides, the input's elements fall into row_stride * column_stride phases, each with taps of its own.
inline Gather gradient_phase(const Conv2d& c, Index row, Index column) {
  return Gather{c.batch, c.out_rows, c.out_columns, c.out_channels, c.in_rows, c.in_columns, c.in_channels,
                gradient_axis(c.in_rows, row, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                gradient_axis(c.in_columns, column, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
}

inline void conv_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  const Index taps = c.filter_rows * c.filter_columns;
  const Index tap_step = c.in_channels * c.out_channels;
  const Index phases = c.row_stride * c.column_stride;
  if (phases <= kMostPhases && columns_are_cheaper(c.in_channels, c.out_channels, taps, c.out_rows * c.out_columns,
                                                   c.in_rows * c.in_columns, ceil_div(taps, phases))) {
    Gather all[kMostPhases];
    for (Index p = 0; p < phases; ++p) all[p] = gradient_phase(c, p / c.column_stride, p % c.column_stride);
    gather_by_columns(all, phases, FewChannels{c.filter_rows, c.filter_columns, tap_step, c.out_channels, 1}, dy, w, dx,
                      workers);
    return;
  }
  const FilterView view{w, c.filter_columns * tap_step, tap_step, 1, c.out_channels};
  const auto unseen = [](const Gather& g) { return g.rows.taps == 0 || g.columns.taps == 0; };
  bool all_seen = true;
  for (Index p = 0; p < phases; ++p) {
    all_seen = all_seen && !unseen(gradient_phase(c, p / c.column_stride, p % c.column_stride));
  }
  // What no window saw has no gradient.
  if (!all_seen) clear(dx, c.batch * c.in_rows * c.in_columns * c.in_channels);
  for (Index p = 0; p < phases; ++p) {
    const Gather g = gradient_phase(c, p / c.column_stride, p % c.column_stride);
    const bool empty = g.rows.results == 0 || g.columns.results == 0;
    if (!empty && !unseen(g)) gather(g, dy, view, nullptr, Activation::none, dx, workers);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
