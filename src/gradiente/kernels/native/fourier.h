// Convolution at stride 1 by Fourier's transform, which takes 512 multiplications for up to 16 x 16 results, whatever the filter's size.
//
// As with Winograd's transforms, the tiles of a task are transformed together, and each element of a transformed tile is a matrix
// product of its own, [tiles][depth] by [depth][channels], of complex numbers. Rounding errors are those of a direct convolution.
#pragma once

#include "conv_gather.h"
#include "fourier_products.h"
#include "fourier_transforms.h"
#include "winograd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kFourierTaps = kSamples / 2 + 1; // along a side of a filter, at most: a tile has 8 results then

// Along an axis, the tiles, and how many results each of them has.
struct TileAxis {
  Index results, tiles;

  // `unit` results are not torn. A tile's first samples follow its last ones. An image that fits into a tile may make use of that: its
  // last results see the zeros before its first pixel as if they were those after its last one.
  GRADIENTE_INLINE TileAxis(Index in, Index out, Index taps, Index padding, Index unit) : results(out), tiles(1) {
    const Index beyond = out + taps - 1 - kSamples;
    if (beyond <= 0 || (out <= kSamples && beyond <= padding && in + padding <= kSamples)) return;
    results = (kSamples + 1 - taps) / unit * unit;
    tiles = ceil_div(out, results);
  }
};

struct FourierTiling {
  TileAxis rows, columns;
  Index count; // of all images

  GRADIENTE_INLINE FourierTiling(const Plane& g, Index row_taps, Index column_taps, Index unit)
      : rows(g.in_rows, g.out_rows, row_taps, g.row_padding, unit),
        columns(g.in_columns, g.out_columns, column_taps, g.column_padding, unit), count(g.batch * rows.tiles * columns.tiles) {}
};

// Where a tile lies: its image, and its first result's row and column there.
struct FourierPlace {
  Index image, row, column;

  GRADIENTE_INLINE FourierPlace(const FourierTiling& tiling, Index tile)
      : image(tile / (tiling.rows.tiles * tiling.columns.tiles)),
        row(tile / tiling.columns.tiles % tiling.rows.tiles * tiling.rows.results),
        column(tile % tiling.columns.tiles * tiling.columns.results) {}
};

// Samples that begin at (row, column) of an image, of which `rows` x `columns` pixels count.
GRADIENTE_INLINE SampleWindow sample_window(const float* image, Index rows, Index columns, Index down, Index across, Index row,
                                            Index column, Index next) {
  const auto before = [](Index at) { return static_cast<int>(min_of(Index{kSamples}, max_of(Index{0}, -at))); };
  const auto end = [](Index at, Index size) { return static_cast<int>(min_of(Index{kSamples}, max_of(Index{0}, size - at))); };
  return SampleWindow{image + row * down + column * across, down, across, before(row), end(row, rows), before(column),
                      end(column, columns), next};
}

// From a transformed tile to the next one; its elements follow each other, each with the real parts of all its channels, then the
// imaginary ones. The tiles' beginnings must not all fall into the same lines of the cache.
GRADIENTE_INLINE Index fourier_step(Index channels) { return 2 * kFrequencies * channels + 5 * kLineFloats; }

// How many tiles are computed together, at most: the more, the less often a filter comes from far away. They need not fit into the
// second cache, for each of their elements is needed once; 16 times as much is a limit for very many channels, `floats` for each
// element of a tile.
inline Index fourier_tiles(Index most, Index floats) {
  const Index fitting = 16 * second_cache_floats() / (2 * kFrequencies * floats) / kComplexRows * kComplexRows;
  return max_of(Index{kComplexRows}, min_of(most, fitting));
}

// Transforms the pixels that a tile's results see.
inline void transform_seen(const Plane& g, const FourierPlace& place, const Source& x, float* out, const Elements& to) {
  const Index row = place.row - g.row_padding, down = g.in_columns * g.depth;
  const Index first = min_of(g.in_rows, max_of(Index{0}, row));
  const Index end = min_of(g.in_rows, max_of(first, row + kSamples));
  const float* image = x.rows(place.image * g.in_rows + first, end - first) + place.image * g.in_rows * down;
  const SampleWindow window = sample_window(image, g.in_rows, g.in_columns, down, g.depth, row, place.column - g.column_padding,
                                            x.pooled() ? 0 : g.in_rows * down);
  fourier_tile(window, g.depth, out, to);
}

// A transformed filter: panel after panel, each of kFrequencies matrices that are `step` apart; a matrix has for each channel that is
// summed over the real, then the imaginary parts.
struct FourierFilter {
  Panels panels;
  const float* transformed;
  Index step;
  const float* bias; // of whole panels, or null
};

// Rows [d0, d1) of a panel.
inline void transform_filter_piece(const Gather& packing, const FilterView& view, const Panels& panels, Index p, Index d0, Index d1,
                                   float* out, Index step) {
  const Index depth = d1 - d0, width = Index{panels.vectors(p)} * kWidth;
  const int rows = static_cast<int>(packing.rows.taps), columns = static_cast<int>(packing.columns.taps);
  float* packed = scratch(Scratch::columns, static_cast<std::size_t>(rows * columns * depth * width));
  for (Index tap = 0; tap < rows * columns; ++tap) {
    const Index from = tap * packing.depth + d0;
    pack_rows(packing, view, from, from + depth, panels.first(p), panels.size(p), width, packed + tap * depth * width);
  }
  for (Index d = 0; d < depth; ++d) {
    const SampleWindow window{packed + d * width, columns * depth * width, depth * width, 0, rows, 0, columns, 0};
    fourier_tile(window, width, out + (d0 + d) * 2 * width, Elements{step, width});
  }
}

// A tile's results of one panel, from their elements.
inline void put_fourier_tile(const Plane& g, const FourierTiling& tiling, const FourierPlace& place, const float* elements,
                             const Elements& from, const float* bias, Activation activation, Index channel, int size, bool streams,
                             float* written, const Results& y) {
  const int rows = static_cast<int>(min_of(tiling.rows.results, g.out_rows - place.row));
  const int columns = static_cast<int>(min_of(tiling.columns.results, g.out_columns - place.column));
  const Index down = g.out_columns * g.channels;
  float* out = written + channel + (place.image * g.out_rows + place.row) * down + place.column * g.channels;
  for (int v = 0; v < size; v += kWidth) {
    const int part = min_of(kWidth, size - v);
    const Vector start = bias == nullptr ? zero() : load(bias + v);
    Vector above[kSamples];
    fourier_vector_back(elements + v, from, rows, [&](int i, Vector (&x)[kSamples]) {
#pragma GCC unroll 16
      for (int j = 0; j < kSamples; ++j) x[j] = activated(x[j] + start, activation);
      if (y.pooled()) {
        if (i % kPooled == 0) {
#pragma GCC unroll 16
          for (int j = 0; j < kSamples; ++j) above[j] = x[j];
          if (i + 1 < rows) return;
        }
        y.put_rows<kSamples>(place.image, place.row + i / kPooled * kPooled, place.column, columns, channel + v, above, x, part);
        return;
      }
      float* to = out + v + i * down;
      Index across = g.channels;
#pragma GCC unroll 16
      for (int j = 0; j < kSamples; ++j, to += across) {
        own_addresses(to, across);
        if (j >= columns) continue;
        if (!streams) __builtin_prefetch(to + g.out_rows * down, 1, 2);
        if (streams) {
          stream(to, x[j]);
        } else {
          store_first(to, x[j], part);
        }
      }
    });
  }
}

inline void fourier_task(const Plane& g, const FourierTiling& tiling, Index first, Index count, const Source& x,
                         const FourierFilter& filter, Activation activation, const Results& y) {
  const Panels& panels = filter.panels;
  const Index pitch = whole_vectors(g.depth);
  const Index in_step = fourier_step(pitch), out_step = fourier_step(panels.width);
  float* transformed = scratch(Scratch::images, static_cast<std::size_t>(count * in_step));
  float* products = scratch(Scratch::columns, static_cast<std::size_t>(count * out_step));
  float* written = y.rows(0, 0);
  const bool streams = !y.pooled() && streams_results(written, g.batch * g.out_rows * g.out_columns, g.channels);
  for (Index t = 0; t < count; ++t) {
    transform_seen(g, FourierPlace(tiling, first + t), x, transformed + t * in_step, Elements{2 * pitch, pitch});
  }
  for (Index p = 0; p < panels.count; ++p) {
    const int vectors = panels.vectors(p);
    const Index width = Index{vectors} * kWidth;
    const float* panel = filter.transformed + p * kFrequencies * filter.step;
    for (Index e = 0; e < kFrequencies; ++e) {
      complex_product(transformed + 2 * e * pitch, Complexes{in_step, 1, pitch}, count, g.depth, panel + e * filter.step,
                      Complexes{0, 2 * width, width}, vectors, products + 2 * e * width, Complexes{out_step, 0, width}, false);
    }
    const float* bias = filter.bias == nullptr ? nullptr : filter.bias + panels.first(p);
    for (Index t = 0; t < count; ++t) {
      put_fourier_tile(g, tiling, FourierPlace(tiling, first + t), products + t * out_step, Elements{2 * width, width}, bias,
                       activation, panels.first(p), panels.size(p), streams, written, y);
    }
  }
  if (streams) streamed();
}

// y = activation(conv(x, w) + bias), where w has taps in the order in which `view`'s axes give them.
inline void fourier_convolve(const Plane& g, const Source& x, const Gather& packing, const FilterView& view, const float* bias,
                             Activation activation, const Results& y, Workers& workers) {
  const FourierTiling tiling(g, packing.rows.taps, packing.columns.taps, y.pooled() ? kPooled : 1);
  const Panels panels(g.channels, kComplexVectors);
  const Index step = matrix_step(2 * g.depth * panels.width);
  float* whole_bias = nullptr;
  if (bias != nullptr) {
    whole_bias = scratch(Scratch::shared_sums, static_cast<std::size_t>(panels.padded()));
    copy(whole_bias, bias, g.channels);
    clear(whole_bias + g.channels, panels.padded() - g.channels);
  }
  float* transformed = scratch(Scratch::shared_filter, static_cast<std::size_t>(panels.count * kFrequencies * step));
  const Index pieces = ceil_div(g.depth, kPieceDepth);
  workers.each(panels.count * pieces, 2 * kFrequencies * g.depth * panels.padded() / 4, [&](Index t) {
    const Index p = t / pieces, piece = t % pieces;
    transform_filter_piece(packing, view, panels, p, g.depth * piece / pieces, g.depth * (piece + 1) / pieces,
                           transformed + p * kFrequencies * step, step);
  });
  const FourierFilter filter{panels, transformed, step, whole_bias};
  const Index threads = workers.count();
  const Index needed = ceil_div(tiling.count, fourier_tiles(2 * kComplexRows, g.depth + panels.width));
  const Index tasks = min_of(tiling.count, ceil_div(needed, threads) * threads);
  workers.each(tasks, tiling.count * 4 * kFrequencies * g.depth * panels.padded() / kWidth, [&](Index t) {
    const Index first = tiling.count * t / tasks;
    fourier_task(g, tiling, first, tiling.count * (t + 1) / tasks - first, x, filter, activation, y);
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
