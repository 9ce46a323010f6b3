// What of the input each result sees, for the forward convolution and for the input's gradient at any stride.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Along one axis, a set of results and their taps. Result i lies at `first + i * step` of its axis; its tap t is the
// filter's element `index[t]`, which meets input element `i * stride + offset[t]`. Offsets ascend by `spacing`.
struct Axis {
  Index results;
  Index first, step;
  Index stride;
  Index taps;
  Index lowest; // offset[0]
  Index spacing;
  Index index_first, index_step;

  GRADIENTE_INLINE Index offset(Index t) const { return lowest + t * spacing; }
  GRADIENTE_INLINE Index index(Index t) const { return index_first + t * index_step; }
  // How many input elements `count` results see, from the first to the last.
  GRADIENTE_INLINE Index extent(Index count) const { return (count - 1) * stride + (taps - 1) * spacing + 1; }
};

GRADIENTE_INLINE Axis forward_axis(Index out, Index filter, Index stride, Index dilation, Index padding) {
  return Axis{out, 0, 1, stride, filter, -padding, dilation, 0, 1};
}

GRADIENTE_INLINE Index floor_div(Index a, Index b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// The input elements h = phase + i * stride. Element h was seen by output o through tap t where o * stride = h + padding -
// t * dilation, so only every few taps reach it. They are listed backwards, so that o ascends.
GRADIENTE_INLINE Axis gradient_axis(Index in, Index phase, Index filter, Index stride, Index dilation, Index padding) {
  Axis axis{};
  axis.results = in > phase ? ceil_div(in - phase, stride) : 0;
  axis.first = phase;
  axis.step = stride;
  axis.stride = 1;
  axis.spacing = 1;
  Index last = -1;
  Index second_last = -1;
  for (Index t = 0; t < filter; ++t) {
    if ((phase + padding - t * dilation) % stride != 0) continue;
    ++axis.taps;
    second_last = last;
    last = t;
  }
  if (axis.taps == 0) return axis;
  axis.index_first = last;
  axis.index_step = second_last < 0 ? 0 : second_last - last;
  axis.lowest = floor_div(phase + padding - last * dilation, stride);
  axis.spacing = second_last < 0 ? 1 : (last - second_last) * dilation / stride;
  return axis;
}

// The taps that fall into the image, for result i of an axis.
struct TapRange {
  Index first, end;
};

GRADIENTE_INLINE TapRange taps_inside(const Axis& axis, Index i, Index size) {
  const Index start = i * axis.stride + axis.lowest;
  const Index first = start >= 0 ? 0 : ceil_div(-start, axis.spacing);
  const Index end = start >= size ? 0 : min_of(axis.taps, ceil_div(size - start, axis.spacing));
  return TapRange{min_of(first, axis.taps), max_of(end, min_of(first, axis.taps))};
}

// Results whose taps all lie in the image: [first, end).
GRADIENTE_INLINE TapRange whole_results(const Axis& axis, Index size) {
  const Index first = axis.lowest >= 0 ? 0 : ceil_div(-axis.lowest, axis.stride);
  const Index reach = axis.lowest + (axis.taps - 1) * axis.spacing;
  const Index end = reach >= size ? 0 : (size - 1 - reach) / axis.stride + 1;
  return TapRange{min_of(first, axis.results), max_of(min_of(end, axis.results), min_of(first, axis.results))};
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
