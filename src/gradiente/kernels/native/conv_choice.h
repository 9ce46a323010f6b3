// Which way a convolution is computed: directly, by Winograd's transforms or by Fourier's, whichever is possible and, unless one is asked
// for, takes fewest cycles.
#pragma once

#include "fourier.h"
#include "kernels.h"
#include "simd.h"
#include "winograd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kTransformedChannels = 16; // with fewer, the transforms are most of the work
constexpr int kWinogradOutputs = 4;        // along a side of a tile

inline Plane plane(const Conv2d& c) {
  return Plane{c.batch, c.in_rows, c.in_columns, c.in_channels, c.out_rows, c.out_columns, c.out_channels, c.row_padding,
               c.column_padding};
}

// What a way by transforms does: its tiles, the elements of each, the multiplications for an element, and what a transform takes for an
// element of a tile, and for one of a filter (with its packing).
struct Transforms {
  double tiles, elements, multiplications, tile_cost, filter_cost;
};

// The costs are cycles for one vector of channels, from measurements on AVX2 and AVX-512: a multiplication takes half a cycle at best,
// and 5/8 where its operands come from the second cache.
inline double transforms_cost(const Conv2d& c, const Transforms& t) {
  const double in = static_cast<double>(c.in_channels), out = static_cast<double>(c.out_channels);
  return t.elements * (t.tiles * (0.625 * t.multiplications * in * out + t.tile_cost * (in + out)) + t.filter_cost * in * out);
}

inline Method method_of(const Conv2d& c) {
  const bool plain = c.row_stride == 1 && c.column_stride == 1 && c.row_dilation == 1 && c.column_dilation == 1;
  const bool winograd = plain && c.filter_rows == c.filter_columns && (c.filter_rows == 3 || c.filter_rows == 5);
  const bool fourier = plain && max_of(c.filter_rows, c.filter_columns) <= kFourierTaps;
  if (c.method == Method::winograd) return winograd ? Method::winograd : Method::direct;
  if (c.method == Method::fourier) return fourier ? Method::fourier : Method::direct;
  if (c.method == Method::direct || min_of(c.in_channels, c.out_channels) < kTransformedChannels) return Method::direct;
  const double results = static_cast<double>(c.batch * c.out_rows * c.out_columns);
  double least = 0.5 * results * static_cast<double>(c.filter_rows * c.filter_columns * c.in_channels * c.out_channels);
  Method best = Method::direct;
  const auto consider = [&](Method method, const Transforms& t) {
    const double cost = transforms_cost(c, t);
    if (cost >= least) return;
    best = method;
    least = cost;
  };
  if (winograd) {
    const Index side = kWinogradOutputs + c.filter_rows - 1;
    const Index tiles = c.batch * ceil_div(c.out_rows, kWinogradOutputs) * ceil_div(c.out_columns, kWinogradOutputs);
    consider(Method::winograd, Transforms{static_cast<double>(tiles), static_cast<double>(side * side), 1, 4, 2.5});
  }
  if (fourier) {
    const FourierTiling tiling(plane(c), c.filter_rows, c.filter_columns, 1);
    consider(Method::fourier, Transforms{static_cast<double>(tiling.count), 2 * kFrequencies, 2, 8, 5});
  }
  return best;
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
