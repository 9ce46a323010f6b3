// The filter's gradient by Fourier's transform: the received gradient takes the filter's place, tile by tile, and the sum over the
// tiles is made before the result is transformed back.
#pragma once

#include "fourier.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Adds some tiles' products to sums, [kFrequencies][panels][depth][real, imaginary].
inline void add_fourier_tiles(const Plane& g, const FourierTiling& tiling, Index first, Index count, const Panels& panels,
                              const float* x, const Source& dy, float* sums) {
  const Index in_pitch = whole_vectors(g.depth), out_pitch = panels.padded();
  const Index in_step = fourier_step(in_pitch), out_step = fourier_step(out_pitch);
  float* inputs = scratch(Scratch::images, static_cast<std::size_t>(count * in_step));
  float* received = scratch(Scratch::columns, static_cast<std::size_t>(count * out_step));
  const Index down = g.out_columns * g.channels;
  for (Index t = 0; t < count; ++t) {
    const FourierPlace place(tiling, first + t);
    transform_seen(g, place, Source(x), inputs + t * in_step, Elements{2 * in_pitch, in_pitch});
    const Index rows = min_of(g.out_rows, place.row + tiling.rows.results);
    const Index columns = min_of(g.out_columns, place.column + tiling.columns.results);
    const float* gradients = dy.rows(place.image * g.out_rows + place.row, rows - place.row) + place.image * g.out_rows * down;
    const SampleWindow window = sample_window(gradients, rows, columns, down, g.channels, place.row, place.column,
                                              dy.pooled() ? 0 : g.out_rows * down);
    fourier_tile(window, g.channels, received + t * out_step, Elements{2 * out_pitch, out_pitch});
  }
  for (Index e = 0; e < kFrequencies; ++e) {
    for (Index p = 0; p < panels.count; ++p) {
      const int vectors = panels.vectors(p);
      const Index width = Index{vectors} * kWidth;
      complex_product(inputs + 2 * e * in_pitch, Complexes{1, in_step, in_pitch}, g.depth, count,
                      received + 2 * e * out_pitch + panels.first(p), Complexes{0, out_step, out_pitch}, vectors, sums,
                      Complexes{2 * width, 0, width}, true);
      sums += 2 * width * g.depth;
    }
  }
}

inline void fourier_filter_gradient(const Plane& g, Index row_taps, Index column_taps, const float* x, const Source& dy, float* dw,
                                    Workers& workers) {
  const FourierTiling tiling(g, row_taps, column_taps, dy.pooled() ? kPooled : 1);
  const Panels panels(g.channels, kComplexVectors);
  const Index step = 2 * g.depth * panels.padded(), slot_size = kFrequencies * step;
  const Index most = fourier_tiles(3 * kComplexRows, g.depth + g.channels); // the sums are read and written again for each block
  const Index slots = min_of(Index{workers.count()}, tiling.count);
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * slot_size));
  workers.each(slots, tiling.count * 2 * slot_size / kWidth, [&](Index slot) {
    float* own = sums + slot * slot_size;
    clear(own, slot_size);
    const Index begin = tiling.count * slot / slots, count = tiling.count * (slot + 1) / slots - begin;
    const Index blocks = ceil_div(count, most);
    for (Index b = 0; b < blocks; ++b) {
      const Index first = count * b / blocks;
      add_fourier_tiles(g, tiling, begin + first, count * (b + 1) / blocks - first, panels, x, dy, own);
    }
  });
  // Sum the slots, transform back.
  workers.each(g.depth, slots * slot_size / 4, [&](Index d) {
    for (Index p = 0; p < panels.count; ++p) {
      const Index width = Index{panels.vectors(p)} * kWidth;
      float* total = sums + panels.first(p) * 2 * g.depth + d * 2 * width;
      for (Index e = 0; e < kFrequencies; ++e) {
        for (Index v = 0; v < 2 * width; v += kWidth) {
          float* to = total + e * step + v;
          Vector sum = load(to);
          for (Index slot = 1; slot < slots; ++slot) sum += load(to + slot * slot_size);
          store(to, sum);
        }
      }
      for (Index v = 0; v < panels.size(p); v += kWidth) {
        const int part = static_cast<int>(min_of(Index{kWidth}, panels.size(p) - v));
        fourier_vector_back(total + v, Elements{step, width}, static_cast<int>(row_taps), [&](int i, Vector (&results)[kSamples]) {
          for (Index j = 0; j < column_taps; ++j) {
            store_first(dw + ((i * column_taps + j) * g.depth + d) * g.channels + panels.first(p) + v, results[j], part);
          }
        });
      }
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
