// Depthwise convolution: each channel has a filter of its own, so channels go side by side in the vectors. Images are [batch, rows,
// columns, channels], filters [rows, columns, channels].
#pragma once

#include "depthwise_filter.h"
#include "depthwise_gather.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// A gather whose phases are told one by one; it is made when there are as many as it takes, and at the end.
struct DepthwiseCall {
  DepthwiseGather gather;
  const float* x;
  const float* w;
  const float* bias; // or null
  Activation activation;
  float* y;
  Workers& workers;

  // With dilation, results side by side may have no tap in common. Those that have are a phase.
  void add(const Axis& rows, const Axis& columns) {
    Index apart = 1;
    while (columns.stride * apart % columns.spacing != 0) ++apart;
    for (Index q = 0; q < min_of(apart, columns.results) && rows.results > 0; ++q) {
      Phase phase{rows, columns};
      phase.columns.results = ceil_div(columns.results - q, apart);
      phase.columns.first = columns.first + q * columns.step;
      phase.columns.lowest = columns.lowest + q * columns.stride;
      phase.columns.step = apart * columns.step;
      phase.columns.stride = apart * columns.stride;
      gather.phases[gather.count++] = phase;
      if (gather.count == kDepthwisePhases) run();
    }
  }
  void run() {
    if (gather.count > 0) gather_depthwise(gather, x, w, bias, activation, y, workers);
    gather.count = 0;
  }
};

inline void depthwise_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation,
                              float* y, Workers& workers) {
  DepthwiseCall call{{c.batch, c.in_rows, c.in_columns, c.out_rows, c.out_columns, c.in_channels, c.filter_columns, 0, {}},
                     x, w, bias, activation, y, workers};
  call.add(forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
           forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding));
  call.run();
}

// With strides, the input's elements fall into row_stride * column_stride phases, each with taps of its own. They are gathered
// together, row by row: one after the other they would write every line of the result, and read it first.
inline void depthwise_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  DepthwiseCall call{{c.batch, c.out_rows, c.out_columns, c.in_rows, c.in_columns, c.in_channels, c.filter_columns, 0, {}},
                     dy, w, nullptr, Activation::none, dx, workers};
  for (Index i = 0; i < c.row_stride; ++i) {
    for (Index j = 0; j < c.column_stride; ++j) {
      call.add(gradient_axis(c.in_rows, i, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
               gradient_axis(c.in_columns, j, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding));
    }
  }
  call.run();
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
