// The filter's gradient: for each of its elements, a sum over all results. Directly, as products of a patch's columns with
// the received gradient.
#pragma once

#include "kernels.h"
#include "patch.h"
#include "pooled.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kOuterRows = kMaxVectors == 4 ? 16 : 12;

constexpr int kLinesAhead = kWidth == 16 ? 2 : 1; // that come to the second cache with each step of a tile

// How many rows a tile of that many vectors may have, so that it fits into the registers.
constexpr int outer_rows(int vectors) {
  const int fitting = (kMaxVectors == 4 ? 24 : 12) / vectors;
  return fitting < kOuterRows ? fitting : kOuterRows;
}

// c[r][v] += sum over k of a[k * step + r] * b[k * b_step + v]; c has rows of kMany * kWidth.
template <int kRows, int kMany, bool kFetches>
void outer_tile(const float* a, Index step, const Segment* segments, Index count, const float* b, Index b_step, float* c, Ahead ahead) {
  Vector sums[kRows][kMany];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) sums[r][v] = load(c + (r * kMany + v) * kWidth);
  }
  for (Index s = 0; s < count; ++s) {
    const float* row = a + segments[s].offset;
    const Index length = segments[s].length;
    for (Index k = 0; k < length; ++k, row += step, b += b_step) {
      Vector bv[kMany];
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) bv[v] = load(b + v * kWidth);
      if constexpr (kFetches) {
#pragma GCC unroll 4
        for (int i = 0; i < kLinesAhead; ++i) ahead.fetch();
      }
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vector av = broadcast(row[r]);
#pragma GCC unroll 4
        for (int v = 0; v < kMany; ++v) sums[r][v] += av * bv[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) store(c + (r * kMany + v) * kWidth, sums[r][v]);
  }
}

using OuterTile = void (*)(const float*, Index, const Segment*, Index, const float*, Index, float*, Ahead);

template <int kMany, bool kFetches>
GRADIENTE_INLINE OuterTile outer_tile_of(int rows) {
  return for_count<outer_rows(kMany)>(rows, [](auto n) -> OuterTile { return outer_tile<decltype(n)::value, kMany, kFetches>; });
}

// With kFetches or without: to ask for the same line at each step takes up to a twentieth of a tile of few vectors.
template <bool kFetches>
OuterTile outer_tile_for(int rows, int vectors) {
  switch (vectors) {
    case 1: return outer_tile_of<1, kFetches>(rows);
#if defined(__AVX512F__) || defined(__aarch64__)
    case 3: return outer_tile_of<3, kFetches>(rows);
    case 4: return outer_tile_of<4, kFetches>(rows);
#endif
    default: return outer_tile_of<2, kFetches>(rows);
  }
}

constexpr Index kUnitResults = 384; // in a unit of work, about
constexpr Index kTilesInPlace = 12; // up to which a panel of whole vectors is read where it lies, if rows of it lie apart

// The results of some images, or of a band of one.
struct Unit {
  Index image, images;
  Index row, rows;

  // What they see of each image.
  GRADIENTE_INLINE PatchWindow window(const Conv2d& g) const {
    return PatchWindow{row * g.row_stride - g.row_padding, (rows - 1) * g.row_stride + (g.filter_rows - 1) * g.row_dilation + 1,
                       -g.column_padding,
                       (g.out_columns - 1) * g.column_stride + (g.filter_columns - 1) * g.column_dilation + 1};
  }
};

// The work in units. Unit by unit, a slot adds to sums of its own. Which units a slot gets depends on the number of threads only, so
// that the same run gives the same result.
struct Units {
  Index images, bands, count;

  GRADIENTE_INLINE explicit Units(const Conv2d& g) {
    const Index results = g.out_rows * g.out_columns;
    images = max_of(Index{1}, min_of(g.batch, kUnitResults / results));
    bands = max_of(Index{1}, min_of(g.out_rows, results / kUnitResults));
    count = ceil_div(g.batch, images) * bands;
  }
  GRADIENTE_INLINE Unit unit(const Conv2d& g, Index number) const {
    const Index image = number / bands * images, band = number % bands;
    const Index row = g.out_rows * band / bands;
    return Unit{image, min_of(images, g.batch - image), row, g.out_rows * (band + 1) / bands - row};
  }
};

// Packs `size` of the `channels` of each of the results, as rows of `width`, with zeros after the last channel.
inline void pack_received(const float* received, Index channels, Index results, int size, Index width, float* packed) {
  const Index last = width - kWidth;
  for (Index k = 0; k < results; ++k, received += channels, packed += width) {
    for (Index j = 0; j < last; j += kWidth) store(packed + j, load(received + j));
    store(packed + last, load_first(received + last, static_cast<int>(size - last)));
  }
}

// What the next unit reads: it comes to the second cache while this one's tiles are computed, some lines with each.
class Next {
 public:
  Next(const Conv2d& g, const Units& units, Index number, const float* x, const Source& dy) : parts_{} {
    if (number == units.count) return;
    const Unit unit = units.unit(g, number);
    const PatchWindow window = unit.window(g);
    const Index first = min_of(g.in_rows, max_of(Index{0}, window.first_row));
    const Index end = min_of(g.in_rows, max_of(Index{0}, window.first_row + window.rows));
    const Index in_row = g.in_columns * g.in_channels, out_row = g.out_columns * g.out_channels;
    parts_[0] = Part{x + (unit.image * g.in_rows + first) * in_row,
                     x + ((unit.image + unit.images - 1) * g.in_rows + end) * in_row};
    if (dy.pooled()) return;
    const float* received = dy.rows(0, 0) + (unit.image * g.out_rows + unit.row) * out_row;
    parts_[1] = Part{received, received + unit.images * unit.rows * out_row};
  }

  // For a tile of so many results.
  GRADIENTE_INLINE Ahead ahead(Index results) {
    Part& part = parts_[0].at < parts_[0].end ? parts_[0] : parts_[1];
    if (part.at >= part.end) return Ahead{nullptr, 0};
    const float* from = part.at;
    part.at += results * kLinesAhead * kLineFloats;
    return Ahead{from, kLineFloats};
  }

 private:
  struct Part {
    const float *at, *end;
  };
  Part parts_[2];
};

// Adds what one unit gives to panels [first_panel, end_panel).
inline void filter_gradient_unit(const Conv2d& g, const Units& units, Index number, const Panels& panels, Index first_panel,
                                 Index end_panel, const float* x, const Source& dy, float* sums) {
  const Unit unit = units.unit(g, number);
  const Index depth = g.in_channels;
  const PatchWindow window = unit.window(g);
  const Index in_size = g.in_rows * g.in_columns * depth;
  const bool in_place = window.inside(g.in_rows, g.in_columns);
  const Index pitch = (in_place ? g.in_columns : window.columns) * depth;
  const Index image_step = in_place ? in_size : window.rows * pitch;
  const float* patches;
  if (in_place) {
    patches = x + unit.image * in_size + (window.first_row * g.in_columns + window.first_column) * depth;
  } else {
    float* copied = scratch(Scratch::images, static_cast<std::size_t>(unit.images * image_step));
    for (Index i = 0; i < unit.images; ++i) {
      copy_patch(x + (unit.image + i) * in_size, g.in_rows, g.in_columns, depth, window, copied + i * image_step);
    }
    patches = copied;
  }

  // Rows of results, cut so that a packed piece of dy stays in the first cache. Where all pixels lie at the same distance, all results
  // are one row: of 7 or 14, the end of each row costs a tenth or more of its products.
  const Index step = g.column_stride * depth;
  const Index all_results = unit.images * unit.rows * g.out_columns;
  const bool even = (unit.rows == 1 || g.row_stride * pitch == g.out_columns * step) &&
                    (unit.images == 1 || image_step == unit.rows * g.out_columns * step);
  const Index row_results = even ? all_results : g.out_columns;
  const Index most = max_of(Index{16}, 6 * 1024 / panels.width);
  const Index pieces = ceil_div(row_results, most);
  const Index block = max_of(Index{1}, most / ceil_div(row_results, pieces));
  const Index segment_count = all_results / row_results * pieces;
  Segment* segments = reinterpret_cast<Segment*>(
      scratch(Scratch::pixels, static_cast<std::size_t>(segment_count * 2) * sizeof(Index) / sizeof(float)));
  for (Index n = 0; n < segment_count; ++n) {
    const Index row = n / pieces, piece = n % pieces;
    const Index from = row_results * piece / pieces;
    segments[n] = Segment{row / unit.rows * image_step + row % unit.rows * g.row_stride * pitch + from * step,
                          row_results * (piece + 1) / pieces - from};
  }

  // Filter elements whose inputs lie side by side: a filter's row, or one tap of it if the filter is dilated.
  const bool rows_whole = g.column_dilation == 1 || g.filter_columns == 1;
  const Index runs = g.filter_rows * (rows_whole ? 1 : g.filter_columns);
  const Index run = (rows_whole ? g.filter_columns : 1) * depth;
  const Index elements = runs * run;

  const Index out_row = unit.image * g.out_rows + unit.row;
  const float* all_received = dy.rows(out_row, unit.images * unit.rows) + out_row * g.out_columns * g.out_channels;
  Next next(g, units, number + 1, x, dy);
  for (Index p = first_panel; p < end_panel; ++p) {
    const int vectors = panels.vectors(p);
    const Index width = Index{vectors} * kWidth;
    const int size = panels.size(p);
    const Index tiles = ceil_div(run, outer_rows(vectors));
    float* panel_sums = sums + panels.first(p) * elements;
    const bool packs = g.out_channels != width && (g.out_channels % kWidth != 0 || runs * tiles > kTilesInPlace);
    const Index b_step = packs ? width : g.out_channels;
    float* packed = packs ? scratch(Scratch::columns, static_cast<std::size_t>(max_of(most, block * most) * width)) : nullptr;
    // Results are consecutive, image after image, row after row.
    const float* received = all_received + panels.first(p);
    for (Index s = 0; s < segment_count; s += block) {
      const Index count = min_of(block, segment_count - s);
      Index results = 0;
      for (Index q = s; q < s + count; ++q) results += segments[q].length;
      if (packs) pack_received(received, g.out_channels, results, size, width, packed);
      const float* b = packs ? packed : received;
      received += results * g.out_channels;
      for (Index j = 0; j < runs; ++j) {
        const Index row = rows_whole ? j : j / g.filter_columns;
        const Index column = rows_whole ? 0 : j % g.filter_columns;
        const float* a = patches + row * g.row_dilation * pitch + column * g.column_dilation * depth;
        for (Index t = 0, first = 0; t < tiles; ++t) {
          const int height = static_cast<int>(ceil_div(run - first, tiles - t));
          const Ahead ahead = next.ahead(results);
          const OuterTile tile = ahead.at == nullptr ? outer_tile_for<false>(height, vectors) : outer_tile_for<true>(height, vectors);
          tile(a + first, step, segments + s, count, b, b_step, panel_sums + (j * run + first) * width, ahead);
          first += height;
        }
      }
    }
  }
}

// dw[i, j, c, o] = the sum over images and results of x at the result's tap (i, j) times dy.
inline void filter_gradient(const Conv2d& g, const float* x, const Source& dy, float* dw, Workers& workers) {
  const Units units(g);
  const Index slots = min_of(Index{workers.count()}, units.count);
  // Threads for which there are no units share the panels.
  const Panels panels = slots < workers.count() ? even_panels(g.out_channels, slots, workers.count()) : Panels(g.out_channels);
  const Index shares = min_of(panels.count, workers.count() / slots);
  const Index elements = g.filter_rows * g.filter_columns * g.in_channels;
  const Index slot_size = elements * panels.padded();
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * slot_size));
  const Index cost = g.batch * g.out_rows * g.out_columns * slot_size / (2 * kWidth);
  workers.each(slots * shares, cost, [&](Index task) {
    const Index slot = task / shares, share = task % shares;
    const Index first = panels.count * share / shares, end = panels.count * (share + 1) / shares;
    float* own = sums + slot * slot_size;
    const Index begin = panels.first(first) * elements;
    clear(own + begin, (end == panels.count ? slot_size : panels.first(end) * elements) - begin);
    for (Index u = units.count * slot / slots; u < units.count * (slot + 1) / slots; ++u) {
      filter_gradient_unit(g, units, u, panels, first, end, x, dy, own);
    }
  });
  const auto gather_row = [&](Index p, Index m) {
    const int vectors = panels.vectors(p);
    const float* from = sums + panels.first(p) * elements + m * vectors * kWidth;
    float* to = dw + m * g.out_channels + panels.first(p);
    for (int v = 0; v < vectors; ++v) {
      Vector total = load(from + v * kWidth);
      for (Index slot = 1; slot < slots; ++slot) total += load(from + slot * slot_size + v * kWidth);
      store_first(to + v * kWidth, total, min_of(kWidth, panels.size(p) - v * kWidth));
    }
  };
  const Index parts = min_of(elements, Index{2} * workers.count());
  workers.each(parts, slots * slot_size / 4, [&](Index part) {
    for (Index p = 0; p < panels.count; ++p) {
      for (Index m = elements * part / parts; m < elements * (part + 1) / parts; ++m) gather_row(p, m);
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
