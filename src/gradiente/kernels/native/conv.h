// The three passes of a convolution, and which way each is computed.
#pragma once

#include "conv_choice.h"
#include "conv_columns.h"
#include "conv_filter.h"
#include "conv_gather.h"
#include "dense_blocks.h"
#include "dense_dots.h"
#include "fourier_filter.h"
#include "winograd_filter.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kProductDepth = 24;   // channels that are summed over, from which on a pixel's product is by blocks,
constexpr Index kProductPixels = 128; // if the pixels are so many

// A gather, which is the forward pass or the input's gradient, by transforms of its tiles.
inline void transformed_gather(Method method, const Conv2d& c, const Gather& g, const Source& x, const FilterView& view,
                               const float* bias, Activation activation, const Results& y, Workers& workers) {
  const Plane p{g.batch, g.in_rows, g.in_columns, g.depth, g.out_rows, g.out_columns, g.channels, -g.rows.lowest,
                -g.columns.lowest};
  const auto convolve = method == Method::fourier ? fourier_convolve
                        : c.filter_rows == 3      ? Winograd<kWinogradOutputs, 3>::convolve
                                                  : Winograd<kWinogradOutputs, 5>::convolve;
  convolve(p, x, g, view, bias, activation, y, workers);
}

// Whether each result comes from the one pixel at its place: then a convolution is a product of matrices, whose rows are pixels.
inline bool of_pixels(const Conv2d& c) {
  return c.filter_rows == 1 && c.filter_columns == 1 && c.row_stride == 1 && c.column_stride == 1 &&
         c.in_rows == c.out_rows && c.in_columns == c.out_columns && c.row_padding == 0 && c.column_padding == 0;
}

// Whether that product is quicker by blocks: its results are written row by row, which pays where they are more than what is read.
inline bool by_blocks(const Conv2d& c, Index depth, Index channels, const float* y) {
  const Index results = c.batch * c.out_rows * c.out_columns;
  return of_pixels(c) && channels > depth && results >= kProductPixels &&
         (depth >= kProductDepth || streams_results(y, results, channels));
}

// A convolution of pixels the other way round, from its results to its images. Its filter's gradient is the same, turned.
inline Conv2d turned_pixels(const Conv2d& c) {
  Conv2d turned = c;
  turned.in_channels = c.out_channels;
  turned.out_channels = c.in_channels;
  return turned;
}

// Vectors of a filter of pixels, the last ones of its rows filled up.
inline Index filter_vectors(const Conv2d& c) { return c.in_channels * ceil_div(c.out_channels, kWidth); }

inline void filter_gradient_pass(const Conv2d& c, const float* x, const Source& dy, float* dw, Workers& workers) {
  const Conv2d turned = turned_pixels(c);
  const Method method = method_of(c);
  if (!dy.pooled() && of_pixels(c) && filter_vectors(turned) < filter_vectors(c)) {
    float* result = scratch(Scratch::shared_result, static_cast<std::size_t>(c.in_channels * c.out_channels));
    filter_gradient(turned, dy.rows(0, 0), Source(x), result, workers);
    turn(result, c.out_channels, c.in_channels, dw);
  } else if (method == Method::direct) {
    filter_gradient(c, x, dy, dw, workers);
  } else if (method == Method::fourier) {
    fourier_filter_gradient(plane(c), c.filter_rows, c.filter_columns, x, dy, dw, workers);
  } else if (c.filter_rows == 3) {
    WinogradFilterGradient<kWinogradOutputs, 3>::run(plane(c), x, dy, dw, workers);
  } else {
    WinogradFilterGradient<kWinogradOutputs, 5>::run(plane(c), x, dy, dw, workers);
  }
}

inline void forward_pass(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation,
                         const Results& y, Workers& workers) {
  const Gather g{c.batch, c.in_rows, c.in_columns, c.in_channels, c.out_rows, c.out_columns, c.out_channels,
                 forward_axis(c.out_rows, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                 forward_axis(c.out_columns, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
  const Index taps = c.filter_rows * c.filter_columns;
  const Index tap_step = c.in_channels * c.out_channels;
  if (columns_are_cheaper(c.out_channels, c.in_channels, taps, c.in_rows * c.in_columns, c.out_rows * c.out_columns, taps)) {
    const FewChannels few{c.filter_rows, c.filter_columns, tap_step, 1, c.out_channels};
    gather_by_columns(&g, 1, few, x, w, FewEnds{bias, activation}, y, workers);
    return;
  }
  if (!y.pooled() && by_blocks(c, c.in_channels, c.out_channels, y.rows(0, 0))) {
    blocks(Left{x, c.in_channels, false}, Right{w, c.out_channels, false}, c.batch * c.out_rows * c.out_columns, c.out_channels,
           c.in_channels, bias, activation, y.rows(0, 0), workers);
    return;
  }
  const FilterView view{w, c.filter_columns * tap_step, tap_step, c.out_channels, 1};
  const Method method = method_of(c);
  if (method == Method::direct) {
    gather(&g, 1, x, view, bias, activation, y, workers);
  } else {
    transformed_gather(method, c, g, x, view, bias, activation, y, workers);
  }
}

// With strides, the input's elements fall into row_stride * column_stride phases, each with taps of its own.
inline Gather gradient_phase(const Conv2d& c, Index row, Index column) {
  return Gather{c.batch, c.out_rows, c.out_columns, c.out_channels, c.in_rows, c.in_columns, c.in_channels,
                gradient_axis(c.in_rows, row, c.filter_rows, c.row_stride, c.row_dilation, c.row_padding),
                gradient_axis(c.in_columns, column, c.filter_columns, c.column_stride, c.column_dilation, c.column_padding)};
}

inline void input_gradient_pass(const Conv2d& c, const Source& dy, const float* w, float* dx, Workers& workers) {
  const Index taps = c.filter_rows * c.filter_columns;
  const Index tap_step = c.in_channels * c.out_channels;
  const Index phases = c.row_stride * c.column_stride;
  if (phases <= kMostParts && columns_are_cheaper(c.in_channels, c.out_channels, taps, c.out_rows * c.out_columns,
                                                  c.in_rows * c.in_columns, ceil_div(taps, phases))) {
    Gather all[kMostParts];
    for (Index p = 0; p < phases; ++p) all[p] = gradient_phase(c, p / c.column_stride, p % c.column_stride);
    const FewChannels few{c.filter_rows, c.filter_columns, tap_step, c.out_channels, 1};
    gather_by_columns(all, phases, few, dy, w, FewEnds{nullptr, Activation::none}, dx, workers);
    return;
  }
  if (!dy.pooled() && by_blocks(c, c.out_channels, c.in_channels, dx)) {
    blocks(Left{dy.rows(0, 0), c.out_channels, false}, Right{w, c.out_channels, true}, c.batch * c.in_rows * c.in_columns,
           c.in_channels, c.out_channels, nullptr, Activation::none, dx, workers);
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
  const Method method = method_of(c);
  if (method != Method::direct) {
    transformed_gather(method, c, gradient_phase(c, 0, 0), dy, view, nullptr, Activation::none, dx, workers);
    return;
  }
  Gather parts[kMostParts];
  Index count = 0;
  for (Index p = 0; p < phases; ++p) {
    const Gather g = gradient_phase(c, p / c.column_stride, p % c.column_stride);
    if (g.rows.results > 0 && g.columns.results > 0 && !unseen(g)) parts[count++] = g;
    if (count == kMostParts || (p + 1 == phases && count > 0)) {
      gather(parts, count, dy, view, nullptr, Activation::none, dx, workers);
      count = 0;
    }
  }
}

inline void conv_forward(const Conv2d& c, const float* x, const float* w, const float* bias, Activation activation, float* y,
                         Workers& workers) {
  forward_pass(c, x, w, bias, activation, y, workers);
}

inline void conv_input_gradient(const Conv2d& c, const float* dy, const float* w, float* dx, Workers& workers) {
  input_gradient_pass(c, dy, w, dx, workers);
}

inline void conv_filter_gradient(const Conv2d& c, const float* x, const float* dy, float* dw, Workers& workers) {
  filter_gradient_pass(c, x, dy, dw, workers);
}

inline PooledPlane pooled_plane(const Conv2d& c, const Pooling& p) {
  return PooledPlane{c.out_rows, c.out_columns, c.out_channels, p.rows, p.columns};
}

inline void pooled_forward(const Conv2d& c, const Pooling& p, const float* x, const float* w, const float* bias, float* y,
                           std::uint8_t* at, Workers& workers) {
  forward_pass(c, x, w, bias, Activation::relu, Results(y, at, pooled_plane(c, p)), workers);
}

inline void pooled_input_gradient(const Conv2d& c, const Pooling& p, const float* dy, const std::uint8_t* at, const float* w,
                                  float* dx, Workers& workers) {
  input_gradient_pass(c, Source(dy, at, pooled_plane(c, p)), w, dx, workers);
}

inline void pooled_filter_gradient(const Conv2d& c, const Pooling& p, const float* x, const float* dy, const std::uint8_t* at,
                                   float* dw, Workers& workers) {
  filter_gradient_pass(c, x, Source(dy, at, pooled_plane(c, p)), dw, workers);
}

inline void pooled_gradient(const Conv2d& c, const Pooling& p, const float* dy, const std::uint8_t* at, float* dx,
                            Workers& workers) {
  const Source source(dy, at, pooled_plane(c, p));
  const Index image = c.out_rows * c.out_columns * c.out_channels;
  workers.each(c.batch, c.batch * image / 4, [&](Index n) { source.spread(n * c.out_rows, c.out_rows, dx + n * image); });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
