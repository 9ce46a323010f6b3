// Convolution at stride 1 by Winograd's transforms: 36 multiplications for 16 results of a 3 x 3 filter instead of 144, of a 5 x 5
// one 64 instead of 400.
//
// The image is cut into tiles of kOutputs x kOutputs results. The tiles of a task are transformed together; each element of a
// transformed tile, of which there are kTile, is then a matrix product of its own, [tiles][depth] by [depth][channels].
#pragma once

#include "conv_gather.h"
#include "winograd_pixels.h"
#include "winograd_tiling.h"
#include "winograd_transforms.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Floats of a task's transformed images: a good part of the second cache. The more tiles a task has, the less often it reads the
// transformed filter, which may be larger than that cache.
inline Index transformed_floats() { return second_cache_floats() * 3 / 4; }

constexpr Index kFewTiles = 64; // for which a filter is not transformed by all threads together
constexpr Index kPieceDepth = 8; // of a filter, which is transformed at once

// The distance between the matrices: not a power of two, which would put them all into the same lines of the cache.
GRADIENTE_INLINE Index matrix_step(Index floats) { return floats + 16; }

// Rounded up to whole vectors.
GRADIENTE_INLINE Index whole_vectors(Index channels) { return ceil_div(channels, kWidth) * kWidth; }

// Multiplies all elements of tile_rows(kMany) tiles, [elements][tiles][kPitch vectors], by the filter's, [elements][depth][kMany vectors];
// the products take the place of what they are made of. Where there are fewer tiles, the others' products mean nothing.
template <int kMany, int kPitch>
void close_tile(float* tiles, int elements, Index depth, const float* b) {
  constexpr int kRows = tile_rows(kMany), kStep = kPitch * kWidth;
  for (int i = 0; i < elements; ++i, tiles += kRows * kStep) {
    Vector c[kRows][kMany] = {};
#pragma GCC unroll 4
    for (Index k = 0; k < depth; ++k, b += kMany * kWidth) {
      Vector bv[kMany];
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const Vector av = broadcast(tiles[r * kStep + k]);
#pragma GCC unroll 2
        for (int v = 0; v < kMany; ++v) c[r][v] += av * bv[v];
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < kMany; ++v) store(tiles + r * kStep + v * kWidth, c[r][v]);
    }
  }
}

using CloseTile = void (*)(float*, int, Index, const float*);

// Floats from one tile's channels to the next's, before and after the product.
GRADIENTE_INLINE Index close_pitch(Index depth, const Panels& panels) { return max_of(whole_vectors(depth), panels.width); }

// For few channels: their transforms would take as long as their products if both went through the second cache. Null for more
// channels, whose filter would be read too often.
inline CloseTile close_tile_for(Index depth, const Panels& panels) {
  const Index pitch = close_pitch(depth, panels) / kWidth;
  if (panels.count > 1 || pitch > 2) return nullptr;
  if (pitch == 1) return close_tile<1, 1>;
  return panels.most == 1 ? close_tile<1, 2> : close_tile<2, 2>;
}

template <int kOutputs, int kTaps>
struct Winograd {
  static constexpr int kSide = kOutputs + kTaps - 1;
  static constexpr int kTile = kSide * kSide;

  // Rows [d0, d1) of a panel, as rows of kTile matrices, which are `step` apart.
  static void transform_piece(const Gather& packing, const FilterView& view, const Panels& panels, Index p, Index d0, Index d1,
                              float* out, Index step) {
    const Index depth = d1 - d0, width = Index{panels.vectors(p)} * kWidth;
    float* packed = scratch(Scratch::columns, static_cast<std::size_t>(kTaps * kTaps * depth * width));
    for (Index tap = 0; tap < kTaps * kTaps; ++tap) {
      const Index from = tap * packing.depth + d0;
      pack_rows(packing, view, from, from + depth, panels.first(p), panels.size(p), width, packed + tap * depth * width);
    }
    out += d0 * width;
    Index tap_step = depth * width;
    for (Index d = 0; d < depth; ++d) {
      for (Index v = 0; v < width; v += kWidth) {
        Vector g[kTaps * kTaps], u[kTile];
        const float* from = packed + d * width + v;
        own_addresses(from, tap_step);
#pragma GCC unroll 25
        for (int t = 0; t < kTaps * kTaps; ++t, from += tap_step) g[t] = load(from);
        transform_filter_square<kSide, kTaps>(g, u);
        float* to = out + d * width + v;
        own_addresses(to, step);
#pragma GCC unroll 64
        for (int i = 0; i < kTile; ++i, to += step) store(to, u[i]);
      }
    }
  }

  // Some of a filter's panels.
  struct Filter {
    Panels panels;
    Index first, end;         // these
    const float* transformed; // one after the other, each of kTile matrices
    Index step;               // from one matrix to the next
    const float* bias;        // of whole panels, or null
  };

  // Of the tile below one whose first pixel is (row, column), what none before it reads.
  static void fetch_below(const Plane& g, const float* image, Index row, Index column) {
    const Index down = g.in_columns * g.depth;
    fetch_square<kOutputs, 0>(image + (row + kSide) * down + (column + kTaps - 1) * g.depth, down, g.depth, g.depth);
  }

  // Transforms `count` tiles of the images, `source` being where the first one's first row would lie; a tile's elements are `step`
  // apart, tiles `pitch`. `in` goes on to the tile after them.
  static void transform_tiles(const Plane& g, Place<kOutputs>& in, Index count, const Source& x, const float* source,
                              const float* zeros, float* out, Index pitch, Index step) {
    for (Index t = 0; t < count; ++t, in.next()) {
      const float* image = source + in.image * g.in_rows * g.in_columns * g.depth;
      const Index row = in.row - g.row_padding, column = in.column - g.column_padding;
      if (!x.pooled()) fetch_below(g, image, row, column);
      transform_pixels<kSide, kTile>(image, g.in_rows, g.in_columns, g.depth, row, column, zeros, out + t * pitch, step,
                                     [](const Vector* d, Vector* u) { transform_input_square<kSide>(d, u); });
    }
  }

  // The results of `count` transformed tiles, the first of them at `out`, in one of the filter's panels.
  static void multiply_panel(const Plane& g, Place<kOutputs> out, Index count, float* transformed, Index pitch, Index in_step,
                             CloseTile close, const Filter& filter, Index p, Activation activation, bool streams, const Results& y) {
    const Panels& panels = filter.panels;
    const int vectors = panels.vectors(p);
    const Index width = Index{vectors} * kWidth;
    const Index out_step = close == nullptr ? matrix_step(count * panels.width) : in_step;
    const float* panel = filter.transformed + (p - filter.first) * kTile * filter.step;
    float* products = transformed;
    if (close != nullptr) {
      close(transformed, kTile, g.depth, panel);
    } else {
      products = scratch(Scratch::columns, static_cast<std::size_t>(kTile * out_step));
      for (int i = 0; i < kTile; ++i) {
        multiply_tiles(transformed + i * in_step, pitch, count, g.depth, panel + i * filter.step, vectors, products + i * out_step);
      }
    }
    float* written = y.rows(0, 0);
    const float* bias = filter.bias == nullptr ? nullptr : filter.bias + panels.first(p);
    for (Index t = 0; t < count; ++t, out.next()) {
      put_tile(g, out, products + t * (close == nullptr ? width : pitch), out_step, bias, activation, panels.first(p), panels.size(p),
               streams, written, y);
    }
  }

  static void task(const Plane& g, const Tiling<kOutputs>& tiling, Index first, Index count, Index most, const Source& x,
                   const Filter& filter, Activation activation, const Results& y) {
    const Panels& panels = filter.panels;
    const CloseTile close = close_tile_for(g.depth, panels);
    // Close tiles are few, and their products take their place: both stay in the first cache.
    const Index block = close != nullptr ? tile_rows(panels.most) : most;
    const Index pitch = close != nullptr ? close_pitch(g.depth, panels) : whole_vectors(g.depth);
    const Index in_step = close != nullptr ? block * pitch : matrix_step(most * pitch);
    float* transformed = scratch(Scratch::images, static_cast<std::size_t>(kTile * in_step + pitch));
    float* zeros = transformed + kTile * in_step;
    clear(zeros, pitch);
    const RowRange seen = rows_of(tiling, first, count, g.in_rows, -g.row_padding, kSide);
    const float* source = x.rows(seen.first, seen.count);
    const bool streams = !y.pooled() && streams_results(y.rows(0, 0), g.batch * g.out_rows * g.out_columns, g.channels);
    Place<kOutputs> in(tiling, first);
    for (Index done = 0; done < count; done += block) {
      const Index some = min_of(block, count - done);
      const Place<kOutputs> begin = in;
      transform_tiles(g, in, some, x, source, zeros, transformed, pitch, in_step);
      for (Index p = filter.first; p < filter.end; ++p) {
        multiply_panel(g, begin, some, transformed, pitch, in_step, close, filter, p, activation, streams, y);
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
      tile_for<Asks::nothing>(height, vectors)(from, &whole, 1, b, out, to, static_cast<int>(width), ends, Ahead{});
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
      narrow_tile_for<false>(static_cast<int>(some), 1)(from, pitch, &whole, 1, b, out, to, kWidth, kWidth, ends,
                                                        nullptr);
      first += some;
    }
    return groups * kGroup;
  }

  static void put_tile(const Plane& g, const Place<kOutputs>& place, const float* products, Index step, const float* bias,
                       Activation activation, Index channel, int size, bool streams, float* written, const Results& y) {
    float* out = written + channel + ((place.image * g.out_rows + place.row) * g.out_columns + place.column) * g.channels;
    const int rows = static_cast<int>(min_of(Index{kOutputs}, g.out_rows - place.row));
    const int columns = static_cast<int>(min_of(Index{kOutputs}, g.out_columns - place.column));
    Index down = g.out_columns * g.channels;
    Index across = g.channels;
    if (!streams && !y.pooled()) fetch_square<kOutputs, 1>(out + kOutputs * across, down, across, size);
    for (int v = 0; v < size; v += kWidth) {
      Vector m[kTile], results[kOutputs * kOutputs];
      const float* from = products + v;
      own_addresses(from, step);
#pragma GCC unroll 64
      for (int i = 0; i < kTile; ++i, from += step) m[i] = load(from);
      transform_output_square<kSide, kOutputs>(m, results);
      const Vector start = bias == nullptr ? zero() : load(bias + v);
#pragma GCC unroll 16
      for (int i = 0; i < kOutputs * kOutputs; ++i) results[i] = activated(results[i] + start, activation);
      const int part = min_of(kWidth, size - v);
      if (y.pooled()) {
        y.put_square<kOutputs>(place.image, place.row, place.column, channel + v, results, part);
        continue;
      }
      float* to = out + v;
      own_addresses(to, down);
      own_addresses(to, across);
      if (rows == kOutputs && columns == kOutputs && part == kWidth) {
#pragma GCC unroll 4
        for (int i = 0; i < kOutputs; ++i, to += down) {
#pragma GCC unroll 4
          for (int j = 0; j < kOutputs; ++j) {
            if (streams) {
              stream(to + j * across, results[i * kOutputs + j]);
            } else {
              store(to + j * across, results[i * kOutputs + j]);
            }
          }
        }
      } else {
        for (int i = 0; i < rows; ++i, to += down) {
          for (int j = 0; j < columns; ++j) store_first(to + j * across, results[i * kOutputs + j], part);
        }
      }
    }
  }

  // Of few tiles: a task transforms a panel of the filter, as wide as fits into its second cache, and multiplies with it there: from
  // another core's cache, it would come later than it is multiplied with. The tiles are transformed by all threads together, or, where
  // each has a panel only, by each for itself, for the same reason.
  static void few(const Plane& g, const Tiling<kOutputs>& tiling, const Source& x, const Gather& packing, const FilterView& view,
                  const float* bias, Activation activation, const Results& y, Workers& workers) {
    const Index threads = workers.count(), count = tiling.count;
    const Index fitting = max_of(Index{1}, transformed_floats() / (kTile * g.depth * kWidth)); // vectors of the filter
    const Panels even = even_panels(g.channels, 1, threads);
    const Panels panels(g.channels, static_cast<int>(min_of(Index{even.most}, fitting)));
    const Index pitch = whole_vectors(g.depth), in_step = matrix_step(count * pitch);
    const auto room = [&](Scratch purpose) { return scratch(purpose, static_cast<std::size_t>(kTile * in_step)); };
    const auto transform_rows = [&](Index row, Index end, float* out) { // of tiles, counted through all images
      float* zeros = scratch(Scratch::sums, static_cast<std::size_t>(pitch));
      clear(zeros, pitch);
      const Index first = row * tiling.columns, some = end * tiling.columns - first;
      const RowRange seen = rows_of(tiling, first, some, g.in_rows, -g.row_padding, kSide);
      Place<kOutputs> in(tiling, first);
      transform_tiles(g, in, some, x, x.rows(seen.first, seen.count), zeros, out + first * pitch, pitch, in_step);
    };
    const Index rows = g.batch * tiling.rows;
    const bool alone = panels.count <= threads;
    float* shared = alone ? nullptr : room(Scratch::shared_result);
    if (!alone) {
      const Index parts = min_of(rows, 2 * threads);
      workers.each(parts, count * kTile * g.depth / 4, [&](Index part) {
        transform_rows(rows * part / parts, rows * (part + 1) / parts, shared);
      });
    }
    const Index step = matrix_step(g.depth * panels.width);
    const Index cost = (count * kTile + kTaps * kTaps * kWidth / 2) * g.depth * panels.padded() / kWidth;
    workers.each(panels.count, cost, [&](Index p) {
      float* transformed = alone ? room(Scratch::images) : shared;
      if (alone) transform_rows(0, rows, transformed);
      float* own = scratch(Scratch::filter, static_cast<std::size_t>(kTile * step));
      transform_piece(packing, view, panels, p, 0, g.depth, own, step);
      multiply_panel(g, Place<kOutputs>(tiling, 0), count, transformed, pitch, in_step, nullptr,
                     Filter{panels, p, p + 1, own, step, bias}, p, activation, false, y);
    });
  }

  // y = activation(conv(x, w) + bias), where w has taps in the order in which `view`'s axes give them.
  static void convolve(const Plane& g, const Source& x, const Gather& packing, const FilterView& view, const float* bias,
                       Activation activation, const Results& y, Workers& workers) {
    const Tiling<kOutputs> tiling(g);
    const Index threads = workers.count();
    float* whole_bias = nullptr;
    if (bias != nullptr) {
      const Index padded = whole_vectors(g.channels);
      whole_bias = scratch(Scratch::shared_sums, static_cast<std::size_t>(padded));
      copy(whole_bias, bias, g.channels);
      clear(whole_bias + g.channels, padded - g.channels);
    }
    if (tiling.count <= kFewTiles && g.channels > kWidth) {
      few(g, tiling, x, packing, view, whole_bias, activation, y, workers);
      return;
    }
    const Panels panels(g.channels);
    const bool close = close_tile_for(g.depth, panels) != nullptr;
    const Index step = close ? g.depth * panels.width : matrix_step(g.depth * panels.width);
    const Index height = tile_rows(panels.most);
    const Index fitting = transformed_floats() / (kTile * g.depth) / height * height;
    const Index most = max_of(2 * height, min_of(8 * height, fitting));
    const Index cost = tiling.count * kTile * g.depth * panels.padded() / kWidth;
    const Index transform_cost = kTaps * kTaps * g.depth * panels.padded() / 2;
    float* transformed = scratch(Scratch::shared_filter, static_cast<std::size_t>(panels.count * kTile * step));
    const Index pieces = ceil_div(g.depth, kPieceDepth);
    workers.each(panels.count * pieces, transform_cost, [&](Index t) {
      const Index p = t / pieces, piece = t % pieces;
      transform_piece(packing, view, panels, p, g.depth * piece / pieces, g.depth * (piece + 1) / pieces,
                      transformed + p * kTile * step, step);
    });
    const Filter filter{panels, 0, panels.count, transformed, step, whole_bias};
    // As many for each thread, where they are few.
    const Index needed = ceil_div(tiling.count, most);
    const Index tasks = min_of(tiling.count, needed < 8 * threads ? ceil_div(needed, threads) * threads : needed);
    workers.each(tasks, cost, [&](Index t) {
      const Index first = tiling.count * t / tasks;
      task(g, tiling, first, tiling.count * (t + 1) / tasks - first, most, x, filter, activation, y);
    });
  }
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
