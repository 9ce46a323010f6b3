// The direct convolution: each result gathers what its taps see. The forward pass and the input's gradient are both this,
// with other taps; see taps.h.
//
// It is a matrix product whose left operand is never made: a row of it is a result's patch of the (padded) image, and a
// filter's row of it (filter columns x channels) lies together in the image already.
#pragma once

#include "conv_gather_filter.h"
#include "kernels.h"
#include "patch.h"
#include "pooled.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kCloseDepth = 64;         // of an image, up to which the pixels of a tall tile fill few pages
constexpr Index kTaskResults = 96;        // results in a task, at least, where there are so many
constexpr Index kTaskFloats = 48 * 1024;  // of a task's patches, at most where that can be: they should stay in the second
constexpr Index kMostShares = 8;          // of the panels for each thread
constexpr Index kFewTasks = 2;            // for each thread, up to which they pack the filter themselves

// How the results are divided into tasks: whole images, several of them if they are small, or bands of rows.
struct Division {
  Panels panels;
  Index images; // in a task; 1 if the image is divided
  Index bands;  // of an image
  Index shares; // of the panels, where images and bands are too few for the threads
  Index tasks;

  // A single task for a single image.
  GRADIENTE_INLINE explicit Division(const Panels& panels) : panels(panels), images(1), bands(1), shares(1), tasks(1) {}
  GRADIENTE_INLINE Division(const Gather& g, Index threads, bool pooled) : panels(g.channels) {
    const Index results = g.rows.results * g.columns.results;
    const Index row_floats = g.columns.extent(g.columns.results) * g.depth;
    const Index image_floats = g.rows.extent(g.rows.results) * row_floats;
    images = 1;
    bands = 1;
    if (results < kTaskResults) {
      images = min_of(g.batch, ceil_div(kTaskResults, results));
      // Rather less work in a task than an idle thread.
      while (images > 1 && ceil_div(g.batch, images) < threads) images = images / 2;
    } else {
      const Index kept = pooled ? max_of(image_floats, results * g.channels) : image_floats;
      const Index by_size = ceil_div(kept, kTaskFloats);
      const Index row_units = ceil_div(g.rows.results, pooled ? kPooled : 1);
      const Index most = max_of(Index{1}, min_of(row_units, results / (kTaskResults / 2)));
      bands = min_of(most, by_size);
      // Where the threads can share the panels, each packs its own, which no other core has to fetch.
      const bool by_panels = g.batch * bands < threads && panels.count >= 2 * threads;
      if (g.batch < 2 * threads && !by_panels) {
        bands = even_parts(g.batch, row_units, bands, most, threads);
        // Rather bands that fill a third of the second cache than a thread with more to do.
        const Index wide = even_parts(g.batch, row_units, min_of(bands, ceil_div(3 * kept, second_cache_floats())), most, threads);
        if (busiest(g.batch, row_units, wide, threads) < busiest(g.batch, row_units, bands, threads)) bands = wide;
      }
    }
    const Index parts = ceil_div(g.batch, images) * bands;
    shares = 1;
    if (parts < threads) {
      panels = even_panels(g.channels, parts, threads);
      shares = min_of(panels.count, ceil_div(kMostShares * threads, parts));
    }
    tasks = parts * shares;
  }
};

// Where each result's patch begins, and where the result goes. Where they lie at the same distances, that is no table.
struct Pixels {
  Index from_step, to_step, first; // 0 where there is a table
  const Index* from;
  const Index* to;

  GRADIENTE_INLINE Index patch(Index n) const { return from_step > 0 ? n * from_step : from[n]; }
  GRADIENTE_INLINE Index result(Index n) const { return from_step > 0 ? first + n * to_step : to[n]; }
};

// The results of a task: of some images, or of a band of one.
struct TaskRows {
  Index image, images;
  Index row, rows;

  GRADIENTE_INLINE TaskRows(const Gather& g, const Division& division, Index number, bool pooled) {
    const Index task = number / division.shares, band = task % division.bands;
    image = task / division.bands * division.images;
    images = min_of(division.images, g.batch - image);
    // Windows of a pool are not torn.
    const Index unit_rows = pooled ? kPooled : 1;
    const Index row_units = ceil_div(g.rows.results, unit_rows);
    row = row_units * band / division.bands * unit_rows;
    rows = min_of(g.rows.results, row_units * (band + 1) / division.bands * unit_rows) - row;
  }

  // What they see of each image.
  GRADIENTE_INLINE PatchWindow window(const Gather& g) const {
    return PatchWindow{row * g.rows.stride + g.rows.lowest, g.rows.extent(rows), g.columns.lowest,
                       g.columns.extent(g.columns.results)};
  }
};

// Memory that comes to the second cache line by line.
struct Lines {
  const float *at, *end;

  GRADIENTE_INLINE void fetch() {
    while (at < end) fetch_line(at);
  }
  GRADIENTE_INLINE Ahead take(Index count) {
    const Ahead taken{at, kLineFloats};
    at += count * kLineFloats;
    return taken;
  }
};

// What comes to the second cache while tiles are computed: the lines that the next tile writes, then what the next piece of the
// filter is packed from, then what the next task reads. A tile asks step by step: many lines at once would keep what it reads itself
// waiting.
struct Coming {
  Lines results;
  FilterLines filter;
  Lines images;
  Asks asks; // of the tile that takes

  GRADIENTE_INLINE Ahead take(Index steps) {
    asks = Asks::lines;
    if (results.at < results.end) {
      const Ahead taken = results.take(steps);
      results.fetch();
      return taken;
    }
    if (filter.lines > 0) {
      asks = Asks::rows;
      return filter.take(steps);
    }
    if (images.at < images.end) return images.take(steps);
    asks = Asks::nothing;
    return Ahead{nullptr, 0};
  }
};

// What a task reads, if there is such a task and the images do not lie in the second cache; of as many `parts`, the one at `part`.
inline Lines read_by(const Gather& g, const Division& division, Index number, const Source& x, bool pooled, Index part,
                     Index parts) {
  const bool near = g.batch * g.in_rows * g.in_columns * g.depth <= second_cache_floats();
  if (number >= division.tasks || x.pooled() || near) return Lines{nullptr, nullptr};
  const TaskRows task(g, division, number, pooled);
  const PatchWindow window = task.window(g);
  const Index first = min_of(g.in_rows, max_of(Index{0}, window.first_row));
  const Index end = min_of(g.in_rows, max_of(Index{0}, window.first_row + window.rows));
  const Index row = g.in_columns * g.depth;
  const float* from = x.rows(0, 0) + (task.image * g.in_rows + first) * row;
  const Index size = ((task.images - 1) * g.in_rows + end - first) * row;
  return Lines{from + size * part / parts, from + size * (part + 1) / parts};
}

// `images_ahead` are what a later task reads: they are fetched while this one's tiles are computed.
inline void gather_task(const Gather& g, const Division& division, Index number, const Source& x, const PackedFilter& filter,
                        Activation activation, const Results& y, Lines images_ahead) {
  const Index share = number % division.shares;
  const TaskRows part(g, division, number, y.pooled());
  const Index image = part.image, images = part.images, row0 = part.row, rows = part.rows;
  const Index per_image = rows * g.columns.results;
  if (per_image == 0) return;

  const PatchWindow window = part.window(g);
  const Index in_size = g.in_rows * g.in_columns * g.depth;
  const bool in_place = window.inside(g.in_rows, g.in_columns);
  const Index pitch = (in_place ? g.in_columns : window.columns) * g.depth;
  const Index image_step = in_place ? in_size : window.rows * pitch;
  const Index first_seen = min_of(g.in_rows, max_of(Index{0}, window.first_row));
  const Index seen = max_of(first_seen, min_of(g.in_rows, window.first_row + window.rows)) - first_seen;
  const float* source = x.rows(image * g.in_rows + first_seen, (images - 1) * g.in_rows + seen);
  const float* patches;
  if (in_place) {
    patches = source + image * in_size + (window.first_row * g.in_columns + window.first_column) * g.depth;
  } else {
    float* copied = scratch(Scratch::images, static_cast<std::size_t>(images * image_step));
    for (Index i = 0; i < images; ++i) {
      copy_patch(source + (image + i) * in_size, g.in_rows, g.in_columns, g.depth, window, copied + i * image_step);
    }
    patches = copied;
  }

  const Index results = images * per_image;
  const Index width = filter.panels.width;
  const Index step = g.columns.stride * g.depth;
  const bool even = (rows == 1 || g.rows.stride * pitch == g.columns.results * step) &&
                    (images == 1 || image_step == per_image * step) && g.rows.step == 1 && g.columns.step == 1 &&
                    g.columns.results == g.out_columns && (images == 1 || rows == g.out_rows);
  const Index tabled = even ? 0 : results;
  const Index most_segments = segment_count(g, width);
  const std::size_t tables = static_cast<std::size_t>(2 * tabled + 2 * most_segments) * sizeof(Index) / sizeof(float);
  Index* from = reinterpret_cast<Index*>(scratch(Scratch::pixels, tables));
  Index* to = from + tabled;
  const Cut k = cut(g, width, pitch, reinterpret_cast<Segment*>(to + tabled));
  Pixels pixels{0, 0, 0, from, to};
  if (even) {
    pixels = Pixels{step, g.channels, (image * g.out_rows + row0) * g.out_columns * g.channels, nullptr, nullptr};
  } else {
    const Index columns = g.columns.results, to_step = g.columns.step * g.channels; // told once: a store could change what g leads to
    Index* next_from = from;
    Index* next_to = to;
    for (Index i = 0; i < images; ++i) {
      for (Index r = 0; r < rows; ++r) {
        const Index out_row = g.rows.first + (row0 + r) * g.rows.step;
        Index patch = i * image_step + r * g.rows.stride * pitch;
        Index result = (((image + i) * g.out_rows + out_row) * g.out_columns + g.columns.first) * g.channels;
        for (Index c = 0; c < columns; ++c, patch += step, result += to_step) {
          *next_from++ = patch;
          *next_to++ = result;
        }
      }
    }
  }

  const Index panels = filter.panels.count;
  const Index out_row0 = image * g.out_rows + row0, out_rows = (images - 1) * g.out_rows + rows; // of what is pooled
  float* written = y.rows(out_row0, out_rows);
  const bool streams = !y.pooled() && k.count <= k.block &&
                       streams_results(written, g.batch * g.out_rows * g.out_columns, g.channels);
  // With a single tap a tall tile would read from too many places at once, unless they lie close together.
  const bool close = g.rows.taps * g.columns.taps > 1 || (even && g.depth <= kCloseDepth);
  const bool grouped = kNarrowTiles && close && g.columns.results % kGroup == 0;
  // Whether a tile's results lie together: then the lines that the next one writes are asked for, for a store reads its line first.
  const bool asks = panels == 1 && g.rows.step == 1 && g.columns.step == 1 && !streams && !y.pooled();
  Coming coming{Lines{nullptr, nullptr}, FilterLines{}, images_ahead, Asks::nothing};
  const Index first_panel = panels * share / division.shares, end_panel = panels * (share + 1) / division.shares;
  for (Index p = first_panel; p < end_panel; ++p) {
    const int size = filter.panels.size(p);
    const int vectors = filter.panels.vectors(p);
    float* out = written + filter.panels.first(p);
    Index depth = 0; // of the segments before
    for (Index s = 0; s < k.count; s += k.block) {
      const Index count = min_of(k.block, k.count - s);
      const Index before = depth;
      for (Index q = s; q < s + count; ++q) depth += k.segments[q].length;
      const bool narrow = grouped && vectors <= kNarrowVectors;
      const float* b;
      Unpacked unpacked{nullptr, 0, nullptr};
      if (filter.data != nullptr) {
        b = filter.panel(p) + before * vectors * kWidth;
      } else {
        float* own = scratch(Scratch::columns, static_cast<std::size_t>((depth - before) * vectors * kWidth));
        if (filter.row_step > 0 && !narrow) {
          unpacked = Unpacked{filter.row(p, before), filter.row_step, own};
        } else {
          pack_rows(g, filter.view, before, depth, filter.panels.first(p), size, vectors * kWidth, own);
        }
        b = own;
      }
      const Ends ends{filter.bias == nullptr ? nullptr : filter.bias + filter.panels.first(p), s == 0,
                      s + count == k.count, activation, streams};
      const Index unit = narrow ? kGroup : 1;
      const Index units = results / unit;
      const Index tiles = ceil_div(units, narrow ? narrow_groups(vectors) : tile_rows(vectors));
      // Tiles as even as can be: 6 + 6 + 5 + 5, not 6 + 6 + 6 + 4.
      const int least = static_cast<int>(units / tiles);
      const Index higher = units % tiles;
      const NarrowTile narrow_tiles[2][2] = {{narrow_tile_for<false>(least, vectors), narrow_tile_for<false>(least + 1, vectors)},
                                             {narrow_tile_for<true>(least, vectors), narrow_tile_for<true>(least + 1, vectors)}};
      const Tile wide_tiles[3][2] = {{tile_for<Asks::nothing>(least, vectors), tile_for<Asks::nothing>(least + 1, vectors)},
                                     {tile_for<Asks::lines>(least, vectors), tile_for<Asks::lines>(least + 1, vectors)},
                                     {tile_for<Asks::rows>(least, vectors), tile_for<Asks::rows>(least + 1, vectors)}};
      coming.filter = unpacked.rows == nullptr ? FilterLines{} : filter.lines_of(k, s + count, p, depth);
      const float* const results_at = out + pixels.result(0);
      coming.results = Lines{results_at, results_at};
      for (Index t = 0, first = 0; t < tiles; ++t) {
        const int height = least + (t < higher);
        if (asks) {
          const Index next = first + height, after = min_of(units, next + least + (t + 1 < higher));
          coming.results.at = max_of(coming.results.at, results_at + next * unit * g.channels);
          coming.results.end = results_at + after * unit * g.channels;
        }
        const float* a[kMostRows];
        Index at[kMostRows];
        for (int r = 0; r < height; ++r) {
          a[r] = patches + pixels.patch((first + r) * unit);
          at[r] = pixels.result((first + r) * unit);
        }
        if (t == 0 && unpacked.rows != nullptr) {
          packing_tile_for(height, vectors)(a, k.segments + s, count, unpacked, out, at, size, ends);
          first += height;
          continue;
        }
        const Ahead ahead = coming.take(depth - before);
        if (narrow) {
          narrow_tiles[coming.asks == Asks::lines][t < higher](a, step, k.segments + s, count, b, out, at,
                                                               g.columns.step * g.channels, size, ends, ahead.at);
        } else {
          wide_tiles[static_cast<int>(coming.asks)][t < higher](a, k.segments + s, count, b, out, at, size, ends, ahead);
        }
        first += height;
      }
    }
  }
  const Index channel = filter.panels.first(first_panel);
  y.finish_rows(written, out_row0, out_rows, channel, min_of(g.channels, filter.panels.first(end_panel)) - channel);
  if (streams) streamed();
}

constexpr Index kMostParts = 16; // of a gather

// y = activation(gather(x, w) + bias). `bias` may be null. Results that no tap reaches are zero (or the bias). There may be several
// parts, up to kMostParts, which differ in their axes only; the first has the most rows and columns. Each task computes its share of
// all of them: what they read, and the lines that they write to between each other, are then in the cache.
inline void gather(const Gather* parts, Index count, const Source& x, const FilterView& w, const float* bias,
                   Activation activation, const Results& y, Workers& workers) {
  const Gather& g = parts[0];
  const Division division(g, workers.count(), y.pooled());
  const Panels& panels = division.panels;
  const Index padded = panels.padded();
  // Few tasks pack the filter themselves, as they compute their first tiles: none has to wait for another thread's part of it.
  const Index step = count == 1 ? row_step(g, w) : 0;
  const bool packs = division.shares == 1 && division.tasks > (step > 0 ? kFewTasks * workers.count() : 1);
  float* packed[kMostParts]; // null where the filter lies packed already, or tasks pack their own
  Index common = 0, products = 0;
  for (Index p = 0; p < count; ++p) {
    common += parts[p].common();
    products += parts[p].rows.results * parts[p].columns.results * parts[p].common();
  }
  float* next = packs ? scratch(Scratch::shared_filter, static_cast<std::size_t>(common * padded)) : nullptr;
  for (Index p = 0; p < count; ++p) {
    packed[p] = packs && !lies_packed(parts[p], w, panels) ? next : nullptr;
    if (packed[p] != nullptr) next += parts[p].common() * padded;
  }
  if (packs) {
    workers.each(panels.count, common * padded / 2, [&](Index q) {
      for (Index p = 0; p < count; ++p) {
        if (packed[p] != nullptr) pack_panel(parts[p], w, panels, q, packed[p] + panels.first(q) * parts[p].common());
      }
    });
  }
  workers.each(division.tasks, g.batch * products * padded / (2 * kWidth), [&](Index t) {
    for (Index p = 0; p < count; ++p) {
      const float* data = packed[p] == nullptr && lies_packed(parts[p], w, panels) ? w.data : packed[p];
      gather_task(parts[p], division, t, x, PackedFilter{panels, parts[p].common(), data, w, bias, step}, activation, y,
                  read_by(g, division, t + 1, x, y.pooled(), p, count));
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
