// The filter's gradient by Winograd's transforms: the received gradient takes the filter's place, tile by tile, and the sum over
// the tiles is made before the result is transformed back.
#pragma once

#include "conv_filter.h"
#include "winograd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// The filter has kTaps x kTaps taps, a tile kOutputs x kOutputs received gradients.
template <int kOutputs, int kTaps>
struct WinogradFilterGradient {
  static constexpr int kSide = kOutputs + kTaps - 1;
  static constexpr int kTile = kSide * kSide;

  // Adds some tiles' products to sums, [panels][kTile][depth][width].
  static void add_tiles(const Plane& g, const Tiling<kOutputs>& tiling, Index first, Index count, Index most,
                        const Panels& panels, const float* x, const Source& dy, float* sums) {
    const Index in_pitch = whole_vectors(g.depth), out_pitch = panels.padded();
    const Index in_step = matrix_step(most * in_pitch), out_step = matrix_step(most * out_pitch);
    float* inputs = scratch(Scratch::images, static_cast<std::size_t>(kTile * in_step));
    float* received = scratch(Scratch::columns, static_cast<std::size_t>(kTile * out_step));
    float* zeros = scratch(Scratch::sums, static_cast<std::size_t>(max_of(in_pitch, out_pitch)));
    clear(zeros, max_of(in_pitch, out_pitch));
    const auto gradient_transform = [](const Vector* d, Vector* u) { transform_filter_square<kSide, kOutputs>(d, u); };
    const RowRange rows = rows_of(tiling, first, count, g.out_rows, 0, kOutputs);
    const float* all_received = dy.rows(rows.first, rows.count);
    Place<kOutputs> at(tiling, first);
    for (Index t = 0; t < count; ++t, at.next()) {
      const float* image = x + at.image * g.in_rows * g.in_columns * g.depth;
      const Index row = at.row - g.row_padding, column = at.column - g.column_padding;
      Winograd<kOutputs, kTaps>::fetch_below(g, image, row, column);
      transform_pixels<kSide, kTile>(image, g.in_rows, g.in_columns, g.depth, row, column, zeros, inputs + t * in_pitch, in_step,
                                     [](const Vector* d, Vector* u) { transform_input_square<kSide>(d, u); });
      const Index down = g.out_columns * g.channels;
      const float* gradients = all_received + at.image * g.out_rows * down;
      if (!dy.pooled()) {
        fetch_square<kOutputs, 0>(gradients + (at.row + kOutputs) * down + at.column * g.channels, down, g.channels, g.channels);
      }
      transform_pixels<kOutputs, kTile>(gradients, g.out_rows, g.out_columns, g.channels, at.row, at.column, zeros,
                                        received + t * out_pitch, out_step, gradient_transform);
    }
    for (Index p = 0; p < panels.count; ++p) {
      const int vectors = panels.vectors(p);
      const Index width = Index{vectors} * kWidth;
      const Index tiles = ceil_div(g.depth, outer_rows(vectors));
      const Segment whole{0, count};
      for (int i = 0; i < kTile; ++i) {
        // The tile function wants its right operand packed. A single panel is.
        const float* packed = received + i * out_step + panels.first(p);
        if (panels.count > 1) {
          float* copied = scratch(Scratch::pixels, static_cast<std::size_t>(most * width));
          for (Index t = 0; t < count; ++t) {
            for (int v = 0; v < vectors; ++v) store(copied + t * width + v * kWidth, load(packed + t * out_pitch + v * kWidth));
          }
          packed = copied;
        }
        float* to = sums + panels.first(p) * kTile * g.depth + i * g.depth * width;
        for (Index m = 0, row = 0; m < tiles; ++m) {
          const int height = static_cast<int>(ceil_div(g.depth - row, tiles - m));
          outer_tile_for<false>(height, vectors)(inputs + i * in_step + row, in_pitch, &whole, 1, packed, width, to + row * width, Ahead{});
          row += height;
        }
      }
    }
  }

  static void run(const Plane& g, const float* x, const Source& dy, float* dw, Workers& workers) {
    const Panels panels(g.channels);
    const Index slot_size = kTile * g.depth * panels.padded();
    const Tiling<kOutputs> tiling(g);
    // Here the sums are read and written again for each block of tiles.
    const Index fitting = transformed_floats() / (2 * kTile * (g.depth + g.channels));
    const Index most = max_of(Index{24}, min_of(Index{40}, fitting));
    const Index slots = min_of(Index{workers.count()}, tiling.count);
    float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * slot_size));
    workers.each(slots, tiling.count * slot_size / kWidth, [&](Index slot) {
      float* own = sums + slot * slot_size;
      clear(own, slot_size);
      const Index end = tiling.count * (slot + 1) / slots;
      for (Index t = tiling.count * slot / slots; t < end; t += most) {
        add_tiles(g, tiling, t, min_of(most, end - t), most, panels, x, dy, own);
      }
    });
    // Sum the slots, transform back.
    workers.each(g.depth, slots * slot_size / 4, [&](Index d) {
      for (Index p = 0; p < panels.count; ++p) {
        const Index width = Index{panels.vectors(p)} * kWidth;
        for (Index v = 0; v < panels.size(p); v += kWidth) {
          Vector m[kTile], results[kTaps * kTaps];
          for (int i = 0; i < kTile; ++i) {
            const float* from = sums + panels.first(p) * kTile * g.depth + (i * g.depth + d) * width + v;
            m[i] = load(from);
            for (Index slot = 1; slot < slots; ++slot) m[i] += load(from + slot * slot_size);
          }
          transform_output_square<kSide, kTaps>(m, results);
          const int part = static_cast<int>(min_of(Index{kWidth}, panels.size(p) - v));
          for (int t = 0; t < kTaps * kTaps; ++t) {
            store_first(dw + (t * g.depth + d) * g.channels + panels.first(p) + v, results[t], part);
          }
        }
      }
    });
  }
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
