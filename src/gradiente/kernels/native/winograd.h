// Convolution at stride 1 by Winograd's transforms: 36 multiplications for 16 results of a 3 x 3 filter instead of 144, of a 5 x 5
// one 64 instead of 400.
//
// The image is cut into tiles of kOutputs x kOutputs results. The tiles of a task are transformed together; each element of a
// transformed tile, of which there are kTile, is then a matrix product of its own, [tiles][depth] by [depth][channels].
#pragma once

#include "conv_gather.h"
#include "winograd_transforms.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Sizes of a convolution at stride 1. `padding` is before the first row and column.
struct Plane {
  Index batch;
  Index in_rows, in_columns, depth;
  Index out_rows, out_columns, channels;
  Index row_padding, column_padding;
};

// The tiles of all images, in order.
template <int kOutputs>
struct Tiling {
  Index rows, columns, count;

  GRADIENTE_INLINE explicit Tiling(const Plane& g)
      : rows(ceil_div(g.out_rows, kOutputs)), columns(ceil_div(g.out_columns, kOutputs)), count(g.batch * rows * columns) {}
  GRADIENTE_INLINE Index image(Index tile) const { return tile / (rows * columns); }
  GRADIENTE_INLINE Index row(Index tile) const { return tile / columns % rows * kOutputs; }
  GRADIENTE_INLINE Index column(Index tile) const { return tile % columns * kOutputs; }
};

// Floats of a task's transformed images: a good part of the second cache. The more tiles a task has, the less often it reads the
// transformed filter, which may be larger than that cache.
inline Index transformed_floats() { return second_cache_floats() * 3 / 4; }

// The distance between the matrices: not a power of two, which would put them all into the same lines of the cache.
GRADIENTE_INLINE Index matrix_step(Index floats) { return floats + 16; }

// Transforms kSize x kSize pixels of each channel, that of row i and column j beginning at pixel(i, j), into kTile elements,
// out[element * step + channel]. All loops over elements are unrolled: a square that is an array in memory takes twice the time.
template <int kSize, int kTile, class Pixel, class Transform>
GRADIENTE_INLINE void transform_square(Pixel pixel, Index channels, float* out, Index step, Transform transform) {
  for (Index c = 0; c < channels; c += kWidth) {
    Vector d[kSize * kSize], u[kTile];
    const int size = static_cast<int>(min_of(Index{kWidth}, channels - c));
    if (size == kWidth) {
#pragma GCC unroll 64
      for (int i = 0; i < kSize * kSize; ++i) d[i] = load(pixel(i / kSize, i % kSize) + c);
    } else {
#pragma GCC unroll 64
      for (int i = 0; i < kSize * kSize; ++i) d[i] = load_first(pixel(i / kSize, i % kSize) + c, size);
    }
    transform(d, u);
    float* to = out + c;
#pragma GCC unroll 64
    for (int i = 0; i < kTile; ++i, to += step) store(to, u[i]);
  }
}

// The same for the pixels around (row, column) of an image; those outside of it are zero.
template <int kSize, int kTile, class Transform>
GRADIENTE_INLINE void transform_pixels(const float* image, Index rows, Index columns, Index channels, Index row, Index column,
                                       const float* zeros, float* out, Index step, Transform transform) {
  const Index down = columns * channels;
  const float* first = image + row * down + column * channels;
  if (row >= 0 && column >= 0 && row + kSize <= rows && column + kSize <= columns) {
    const auto pixel = [&](int i, int j) { return first + i * down + j * channels; };
    transform_square<kSize, kTile>(pixel, channels, out, step, transform);
    return;
  }
  const float* from[kSize * kSize];
  for (int i = 0; i < kSize; ++i) {
    const bool row_inside = row + i >= 0 && row + i < rows;
    for (int j = 0; j < kSize; ++j) {
      const bool inside = row_inside && column + j >= 0 && column + j < columns;
      from[i * kSize + j] = inside ? image + (row + i) * down + (column + j) * channels : zeros;
    }
  }
  transform_square<kSize, kTile>([&](int i, int j) { return from[i * kSize + j]; }, channels, out, step, transform);
}

// Rounded up to whole vectors.
GRADIENTE_INLINE Index whole_vectors(Index channels) { return ceil_div(channels, kWidth) * kWidth; }

template <int kOutputs, int kTaps>
struct Winograd {
  static constexpr int kSide = kOutputs + kTaps - 1;
  static constexpr int kTile = kSide * kSide;

  // The packed panel [taps][depth][width] as [kTile][depth][width].
  static void transform_panel(const float* packed, Index depth, Index width, float* out) {
    for (Index d = 0; d < depth; ++d) {
      for (Index v = 0; v < width; v += kWidth) {
        Vector g[kTaps * kTaps], u[kTile];
        for (int t = 0; t < kTaps * kTaps; ++t) g[t] = load(packed + (t * depth + d) * width + v);
        transform_filter_square<kSide, kTaps>(g, u);
        for (int i = 0; i < kTile; ++i) store(out + (i * depth + d) * width + v, u[i]);
      }
    }
  }

  struct Filter {
    Panels panels;
    const float* transformed; // panel p begins at first(p) * kTile * depth
    const float* bias;        // of whole panels, or null
  };

  static void task(const Plane& g, const Tiling<kOutputs>& tiling, Index first, Index count, Index most, const float* x,
                   const Filter& filter, Activation activation, float* y) {
    const Index pitch = whole_vectors(g.depth);
    const Index in_step = matrix_step(most * pitch);
    const Index out_step = matrix_step(most * filter.panels.width);
    float* transformed = scratch(Scratch::images, static_cast<std::size_t>(kTile * in_step + pitch));
    float* zeros = transformed + kTile * in_step;
    clear(zeros, pitch);
    for (Index t = 0; t < count; ++t) {
      const Index tile = first + t;
      const float* image = x + tiling.image(tile) * g.in_rows * g.in_columns * g.depth;
      transform_pixels<kSide, kTile>(image, g.in_rows, g.in_columns, g.depth, tiling.row(tile) - g.row_padding,
                                     tiling.column(tile) - g.column_padding, zeros, transformed + t * pitch, in_step,
                                     [](const Vector* d, Vector* u) { transform_input_square<kSide>(d, u); });
    }
    const bool streams = streams_results(y, g.batch * g.out_rows * g.out_columns, g.channels);
    float* products = scratch(Scratch::columns, static_cast<std::size_t>(kTile * out_step));
    for (Index p = 0; p < filter.panels.count; ++p) {
      const int vectors = filter.panels.vectors(p);
      const Index width = Index{vectors} * kWidth;
      const float* panel = filter.transformed + filter.panels.first(p) * kTile * g.depth;
      for (int i = 0; i < kTile; ++i) {
        multiply_tiles(transformed + i * in_step, pitch, count, g.depth, panel + i * g.depth * width, vectors,
                       products + i * out_step);
      }
      const float* bias = filter.bias == nullptr ? nullptr : filter.bias + filter.panels.first(p);
      for (Index t = 0; t < count; ++t) {
        put_tile(g, tiling, first + t, products + t * width, out_step, bias, activation, filter.panels.size(p),
                    streams, y + filter.panels.first(p));
      }
    }
    if (streams) streamed();
  }

  // One of the products: [count][depth] by [depth][vectors].
  static void multiply_tiles(const float* a, Index pitch, Index count, Index depth, const float* b, int vectors, float* out) {
    const Index width = Index{vectors} * kWidth;
    const Segment whole{0, depth};
    const Ends ends{nullptr, true, true, Activation::none};
    Index first = kNarrowTiles && vectors == 1 ? narrow_multiply(a, pitch, count, b, whole, out, ends) : 0;
    const Index rows = ceil_div(count - first, tile_rows(vectors));
    for (Index t = 0; t < rows; ++t) {
      const int height = static_cast<int>(ceil_div(count - first, rows - t));
      const float* from[kMostRows];
      Index to[kMostRows];
      for (int r = 0; r < height; ++r) {
        from[r] = a + (first + r) * pitch;
        to[r] = (first + r) * width;
      }
      tile_for(height, vectors)(from, &whole, 1, b, out, to, static_cast<int>(width), ends);
      first += height;
    }
  }

  // The same for one vector, as far as whole groups of rows go; returns how many rows these were.
  static Index narrow_multiply(const float* a, Index pitch, Index count, const float* b, const Segment& whole, float* out,
                               const Ends& ends) {
    const Index groups = count / kGroup;
    const Index tiles = ceil_div(groups, kMostGroups);
    Index first = 0;
    for (Index t = 0; t < tiles; ++t) {
      const Index some = ceil_div(groups - first, tiles - t);
      const float* from[kMostGroups];
      Index to[kMostGroups];
      for (Index r = 0; r < some; ++r) {
        from[r] = a + (first + r) * kGroup * pitch;
        to[r] = (first + r) * kGroup * kWidth;
      }
      narrow_tile_for(static_cast<int>(some))(from, pitch, &whole, 1, b, out, to, kWidth, kWidth, ends);
      first += some;
    }
    return groups * kGroup;
  }

  static void put_tile(const Plane& g, const Tiling<kOutputs>& tiling, Index tile, const float* products, Index step,
                          const float* bias, Activation activation, int size, bool streams, float* y) {
    const Index row = tiling.row(tile), column = tiling.column(tile);
    float* out = y + ((tiling.image(tile) * g.out_rows + row) * g.out_columns + column) * g.channels;
    const int rows = static_cast<int>(min_of(Index{kOutputs}, g.out_rows - row));
    const int columns = static_cast<int>(min_of(Index{kOutputs}, g.out_columns - column));
    const Index down = g.out_columns * g.channels;
    for (int v = 0; v < size; v += kWidth) {
      Vector m[kTile], results[kOutputs * kOutputs];
      const float* from = products + v;
#pragma GCC unroll 64
      for (int i = 0; i < kTile; ++i, from += step) m[i] = load(from);
      transform_output_square<kSide, kOutputs>(m, results);
      const Vector start = bias == nullptr ? zero() : load(bias + v);
#pragma GCC unroll 16
      for (int i = 0; i < kOutputs * kOutputs; ++i) results[i] = activated(results[i] + start, activation);
      const int part = min_of(kWidth, size - v);
      float* to = out + v;
      if (rows == kOutputs && columns == kOutputs && part == kWidth) {
#pragma GCC unroll 4
        for (int i = 0; i < kOutputs; ++i, to += down) {
#pragma GCC unroll 4
          for (int j = 0; j < kOutputs; ++j) {
            if (streams) {
              stream(to + j * g.channels, results[i * kOutputs + j]);
            } else {
              store(to + j * g.channels, results[i * kOutputs + j]);
            }
          }
        }
      } else {
        for (int i = 0; i < rows; ++i, to += down) {
          for (int j = 0; j < columns; ++j) store_first(to + j * g.channels, results[i * kOutputs + j], part);
        }
      }
    }
  }

  // y = activation(conv(x, w) + bias), where w has taps in the order in which `view`'s axes give them.
  static void convolve(const Plane& g, const float* x, const Gather& packing, const FilterView& view, const float* bias,
                       Activation activation, float* y, Workers& workers) {
    const Panels panels(g.channels);
    const Index padded = panels.padded();
    const Index packed_floats = kTaps * kTaps * g.depth * panels.width;
    float* transformed = scratch(Scratch::shared_filter, static_cast<std::size_t>((kTile * g.depth + 1) * padded));
    const auto transform = [&](Index p) {
      const Index width = Index{panels.vectors(p)} * kWidth;
      float* packed = scratch(Scratch::columns, static_cast<std::size_t>(packed_floats));
      pack_panel(packing, view, panels, p, packed);
      transform_panel(packed, g.depth, width, transformed + panels.first(p) * kTile * g.depth);
    };
    workers.each(panels.count, 4 * g.depth * padded, transform);
    Filter filter{panels, transformed, nullptr};
    if (bias != nullptr) {
      float* whole = transformed + kTile * g.depth * padded;
      copy(whole, bias, g.channels);
      clear(whole + g.channels, padded - g.channels);
      filter.bias = whole;
    }
    const Tiling<kOutputs> tiling(g);
    const Index height = tile_rows(panels.most);
    const Index fitting = transformed_floats() / (kTile * g.depth) / height * height;
    const Index most = max_of(2 * height, min_of(8 * height, fitting));
    const Index tasks = max_of(ceil_div(tiling.count, most), min_of(Index{workers.count()}, tiling.count));
    workers.each(tasks, tiling.count * kTile * g.depth * padded / kWidth, [&](Index t) {
      const Index first = tiling.count * t / tasks;
      task(g, tiling, first, tiling.count * (t + 1) / tasks - first, most, x, filter, activation, y);
    });
  }
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
