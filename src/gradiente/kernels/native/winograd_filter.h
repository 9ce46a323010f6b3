// The filter's gradient by Winograd's transforms: the received gradient takes the filter's place, tile by tile, and the sum over
// the tiles is made before the result is transformed back.
#pragma once

#include "conv_filter.h"
#include "winograd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kPieceRows = 12;     // of the filter, in a task of theirs: the sums of all elements stay in the second cache
constexpr Index kTilesTogether = 40; // that are summed up at once, at most: those of one element should stay in the first cache

// Floats from one tile's channels to the next's. Rows that lie a multiple of 512 bytes apart would share too few lines of the first
// cache.
GRADIENTE_INLINE Index row_pitch(Index channels) {
  const Index needed = whole_vectors(channels);
  return needed % 128 == 0 ? needed + kWidth : needed;
}

// The filter has kTaps x kTaps taps, a tile kOutputs x kOutputs received gradients.
template <int kOutputs, int kTaps>
struct WinogradFilterGradient {
  static constexpr int kSide = kOutputs + kTaps - 1;
  static constexpr int kTile = kSide * kSide;

  // Transformed tiles: for each element a matrix of what the images became, and one of what the received gradients became.
  struct Transformed {
    Index in_pitch, in_step, out_pitch, out_step;
    float *inputs, *received;

    GRADIENTE_INLINE Transformed(const Plane& g, Index most, Scratch purpose)
        : in_pitch(row_pitch(g.depth)), in_step(matrix_step(most * in_pitch)),
          out_pitch(row_pitch(g.channels)), out_step(matrix_step(most * out_pitch)),
          inputs(scratch(purpose, static_cast<std::size_t>(kTile * (in_step + out_step)))), received(inputs + kTile * in_step) {}
  };

  // Transforms tiles [first, first + count) to the rows from `row` on.
  static void transform_tiles(const Plane& g, const Tiling<kOutputs>& tiling, Index first, Index count, const float* x,
                              const Source& dy, const Transformed& to, Index row) {
    float* zeros = scratch(Scratch::sums, static_cast<std::size_t>(max_of(to.in_pitch, to.out_pitch)));
    clear(zeros, max_of(to.in_pitch, to.out_pitch));
    const auto gradient_transform = [](const Vector* d, Vector* u) { transform_filter_square<kSide, kOutputs>(d, u); };
    const RowRange rows = rows_of(tiling, first, count, g.out_rows, 0, kOutputs);
    const float* all_received = dy.rows(rows.first, rows.count);
    Place<kOutputs> at(tiling, first);
    for (Index t = row; t < row + count; ++t, at.next()) {
      const float* image = x + at.image * g.in_rows * g.in_columns * g.depth;
      const Index in_row = at.row - g.row_padding, in_column = at.column - g.column_padding;
      Winograd<kOutputs, kTaps>::fetch_below(g, image, in_row, in_column);
      transform_pixels<kSide, kTile>(image, g.in_rows, g.in_columns, g.depth, in_row, in_column, zeros, to.inputs + t * to.in_pitch,
                                     to.in_step, [](const Vector* d, Vector* u) { transform_input_square<kSide>(d, u); });
      const Index down = g.out_columns * g.channels;
      const float* gradients = all_received + at.image * g.out_rows * down;
      if (!dy.pooled()) {
        fetch_square<kOutputs, 0>(gradients + (at.row + kOutputs) * down + at.column * g.channels, down, g.channels, g.channels);
      }
      transform_pixels<kOutputs, kTile>(gradients, g.out_rows, g.out_columns, g.channels, at.row, at.column, zeros,
                                        to.received + t * to.out_pitch, to.out_step, gradient_transform);
    }
  }

  // Of one element, the sums over `count` tiles for rows [d0, d1) of the filter's and one panel, [d1 - d0][vectors]; `fresh` ones
  // start from zero.
  static void multiply(const Transformed& tiles, int element, Index count, Index d0, Index d1, Index channel, int vectors,
                       bool fresh, float* sums) {
    const Index width = Index{vectors} * kWidth;
    const Index pieces = ceil_div(d1 - d0, outer_rows(vectors));
    const float* inputs = tiles.inputs + element * tiles.in_step + d0;
    const float* received = tiles.received + element * tiles.out_step + channel;
    const Index blocks = ceil_div(count, kTilesTogether);
    for (Index b = 0; b < blocks; ++b) {
      const Index t = count * b / blocks;
      const Segment some{0, count * (b + 1) / blocks - t};
      for (Index p = 0, row = 0; p < pieces; ++p) {
        const int height = static_cast<int>(ceil_div(d1 - d0 - row, pieces - p));
        if (fresh && b == 0) clear(sums + row * width, height * width);
        outer_tile_for<false>(height, vectors)(inputs + t * tiles.in_pitch + row, tiles.in_pitch, &some, 1,
                                               received + t * tiles.out_pitch, tiles.out_pitch, sums + row * width, Ahead{});
        row += height;
      }
    }
  }

  // Transforms the sums of row d and a panel back, to that row of each tap. Those of the elements are `step` apart, those of as many
  // slots `slot_step`.
  static void transform_back(const Plane& g, Index d, Index channel, int size, const float* sums, Index step, Index slots,
                             Index slot_step, float* dw) {
    Index tap_step = g.depth * g.channels;
    for (int v = 0; v < size; v += kWidth) {
      Vector m[kTile], results[kTaps * kTaps];
      const float* from = sums + v;
      own_addresses(from, step);
#pragma GCC unroll 64
      for (int i = 0; i < kTile; ++i, from += step) m[i] = load(from);
      for (Index slot = 1; slot < slots; ++slot) {
        from = sums + slot * slot_step + v;
        own_addresses(from, step);
#pragma GCC unroll 64
        for (int i = 0; i < kTile; ++i, from += step) m[i] += load(from);
      }
      transform_output_square<kSide, kTaps>(m, results);
      const int part = min_of(kWidth, size - v);
      float* to = dw + d * g.channels + channel + v;
      own_addresses(to, tap_step);
#pragma GCC unroll 25
      for (int t = 0; t < kTaps * kTaps; ++t, to += tap_step) store_first(to, results[t], part);
    }
  }

  // Few tiles are transformed by all threads together. A task then sums up some rows and a panel of all elements, and transforms
  // them back while they are in its second cache.
  static void few(const Plane& g, const Tiling<kOutputs>& tiling, const Panels& panels, const float* x, const Source& dy, float* dw,
                  Workers& workers) {
    const Transformed tiles(g, tiling.count, Scratch::shared_sums);
    const Index rows = g.batch * tiling.rows; // whole rows of tiles: those of a pooled gradient are spread at once
    const Index parts = min_of(rows, Index{2} * workers.count());
    const Index transform_cost = tiling.count * kTile * (g.depth + g.channels) / 4;
    workers.each(parts, transform_cost, [&](Index part) {
      const Index first = rows * part / parts * tiling.columns, end = rows * (part + 1) / parts * tiling.columns;
      transform_tiles(g, tiling, first, end - first, x, dy, tiles, first);
    });
    const Index pieces = even_parts(panels.count, g.depth, ceil_div(g.depth, kPieceRows), g.depth, workers.count());
    const Index cost = kTile * g.depth * panels.padded() * (tiling.count + 8) / (2 * kWidth);
    workers.each(panels.count * pieces, cost, [&](Index task) {
      const Index p = task / pieces, piece = task % pieces;
      const Index d0 = g.depth * piece / pieces, d1 = g.depth * (piece + 1) / pieces;
      const Index width = Index{panels.vectors(p)} * kWidth, step = matrix_step((d1 - d0) * width);
      float* sums = scratch(Scratch::columns, static_cast<std::size_t>(kTile * step));
      for (int i = 0; i < kTile; ++i) {
        multiply(tiles, i, tiling.count, d0, d1, panels.first(p), panels.vectors(p), true, sums + i * step);
      }
      for (Index d = d0; d < d1; ++d) {
        transform_back(g, d, panels.first(p), panels.size(p), sums + (d - d0) * width, step, 1, 0, dw);
      }
    });
  }

  static void run(const Plane& g, const float* x, const Source& dy, float* dw, Workers& workers) {
    const Panels panels(g.channels);
    const Tiling<kOutputs> tiling(g);
    if (tiling.count <= kFewTiles) {
      few(g, tiling, panels, x, dy, dw, workers);
      return;
    }
    const Index step = matrix_step(g.depth * panels.padded()), slot_size = kTile * step;
    // Here the sums are read and written again for each block of tiles.
    const Index fitting = transformed_floats() / (2 * kTile * (g.depth + g.channels));
    const Index most = max_of(Index{24}, min_of(kTilesTogether, fitting));
    const Index slots = min_of(Index{workers.count()}, tiling.count);
    float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * slot_size));
    workers.each(slots, tiling.count * slot_size / kWidth, [&](Index slot) {
      float* own = sums + slot * slot_size;
      const Index begin = tiling.count * slot / slots, end = tiling.count * (slot + 1) / slots;
      const Transformed tiles(g, most, Scratch::images);
      for (Index t = begin; t < end; t += most) {
        const Index count = min_of(most, end - t);
        transform_tiles(g, tiling, t, count, x, dy, tiles, 0);
        for (int i = 0; i < kTile; ++i) {
          for (Index p = 0; p < panels.count; ++p) {
            multiply(tiles, i, count, 0, g.depth, panels.first(p), panels.vectors(p), t == begin,
                     own + i * step + panels.first(p) * g.depth);
          }
        }
      }
    });
    // Sum the slots, transform back.
    workers.each(g.depth, slots * slot_size / 4, [&](Index d) {
      for (Index p = 0; p < panels.count; ++p) {
        const float* row = sums + panels.first(p) * g.depth + d * panels.vectors(p) * kWidth;
        transform_back(g, d, panels.first(p), panels.size(p), row, step, slots, slot_size, dw);
      }
    });
  }
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
