// The filter of a gather: how its rows are cut into pieces, and how these are packed for the tiles that multiply with them.
#pragma once

#include "dense_pack.h"
#include "kernels.h"
#include "scratch.h"
#include "simd.h"
#include "taps.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Sizes of a gather: from images [batch, in_rows, in_columns, depth] to [batch, out_rows, out_columns, channels].
struct Gather {
  Index batch;
  Index in_rows, in_columns, depth;
  Index out_rows, out_columns, channels;
  Axis rows, columns;

  // Of the product's common axis: taps x depth.
  GRADIENTE_INLINE Index common() const { return rows.taps * columns.taps * depth; }
};

// A filter with an element (row, column, d, c) at row_step * row + column_step * column + depth_step * d + channel_step * c. One of
// the last two steps is 1.
struct FilterView {
  const float* data;
  Index row_step, column_step, depth_step, channel_step;
};

// Of a packed piece of the filter, which each tile reads from the second cache: an eighth of it, or more where it is small. From
// smaller ones, which stay in the first, the sums leave the registers too often.
inline Index panel_floats() { return max_of(Index{24 * 1024}, second_cache_floats() / 8); }

// How the common axis (taps x depth) is cut: into segments that lie together in a patch, and those into blocks that are
// multiplied at once. `pitch` is the length of a patch's row in floats.
struct Cut {
  Segment* segments;
  Index count;
  Index block; // segments in a block
};

inline Index segment_length(const Gather& g) {
  return (g.columns.spacing == 1 || g.columns.taps == 1 ? g.columns.taps : 1) * g.depth;
}

inline Index pieces_of(Index length, Index width) { return ceil_div(length, max_of(Index{16}, panel_floats() / width)); }

inline Index segment_count(const Gather& g, Index width) {
  const Index length = segment_length(g);
  return g.rows.taps * (g.columns.taps * g.depth / length) * pieces_of(length, width);
}

inline Cut cut(const Gather& g, Index width, Index pitch, Segment* segments) {
  const Index length = segment_length(g);
  const Index runs = g.columns.taps * g.depth / length;
  const Index pieces = pieces_of(length, width);
  Index n = 0;
  for (Index i = 0; i < g.rows.taps; ++i) {
    for (Index j = 0; j < runs; ++j) {
      const Index start = i * g.rows.spacing * pitch + j * g.columns.spacing * g.depth;
      for (Index p = 0; p < pieces; ++p) {
        const Index from = length * p / pieces;
        segments[n++] = Segment{start + from, length * (p + 1) / pieces - from};
      }
    }
  }
  const Index longest = ceil_div(length, pieces);
  return Cut{segments, n, max_of(Index{1}, panel_floats() / (longest * width))};
}

// Packs `depth` rows of the filter's, `depth_step` apart, of `size` channels each.
inline void pack_depth(const float* from, const FilterView& w, Index depth, Index size, Index width, float* out) {
  if (w.channel_step == 1) {
    constexpr Index kAhead = 16; // rows; they are too far apart for the processor to look ahead itself
    const Index whole = size / kWidth;
    const int rest = static_cast<int>(size - whole * kWidth);
    for (Index d = 0; d < depth; ++d, from += w.depth_step, out += width) {
      for (Index v = 0; v < whole; ++v) {
        __builtin_prefetch(from + kAhead * w.depth_step + v * kWidth);
        store(out + v * kWidth, load(from + v * kWidth));
      }
      if (rest > 0) store(out + whole * kWidth, load_first(from + whole * kWidth, rest));
    }
    return;
  }
  pack_right(Right{from, w.channel_step, true}, 0, depth, 0, static_cast<int>(size), width, out);
}

// Packs channels [first, first + size) of the filter's rows [from, end), where it is [taps x depth][channels], as rows of `width`,
// which is `size` rounded up to whole vectors, with zeros after the last channel.
inline void pack_rows(const Gather& g, const FilterView& w, Index from, Index end, Index first, Index size, Index width,
                      float* out) {
  for (Index k = from; k < end;) {
    const Index tap = k / g.depth, d = k - tap * g.depth;
    const Index depth = min_of(g.depth - d, end - k);
    const Index row = g.rows.index(tap / g.columns.taps), column = g.columns.index(tap % g.columns.taps);
    pack_depth(w.data + row * w.row_step + column * w.column_step + d * w.depth_step + first * w.channel_step, w, depth, size,
               width, out);
    out += depth * width;
    k += depth;
  }
}

// A whole panel, as [rows][columns][depth][width].
inline void pack_panel(const Gather& g, const FilterView& w, const Panels& panels, Index p, float* out) {
  pack_rows(g, w, 0, g.common(), panels.first(p), panels.size(p), panels.vectors(p) * kWidth, out);
}

// From each row of the filter's to the next, where it is [taps x depth][channels] with rows at the same distance; else 0.
inline Index row_step(const Gather& g, const FilterView& w) {
  const auto forwards = [](const Axis& axis, Index step, Index expected) {
    return axis.index_first == 0 && (axis.taps == 1 || (axis.index_step == 1 && step == expected));
  };
  const bool even = w.channel_step == 1 && forwards(g.columns, w.column_step, g.depth * w.depth_step) &&
                    forwards(g.rows, w.row_step, g.columns.taps * g.depth * w.depth_step);
  return even ? w.depth_step : 0;
}

// Whether the filter lies as its only panel would be packed.
inline bool lies_packed(const Gather& g, const FilterView& w, const Panels& panels) {
  return panels.count == 1 && g.channels == panels.padded() && row_step(g, w) == g.channels;
}

// The rows that a piece of the filter is packed from. They come to the second cache by columns of lines.
struct FilterLines {
  const float* rows;
  Index step, count; // of the rows
  Index lines;       // of a row that are left
  Index next;        // row

  // For a tile that asks with each other one of its steps.
  GRADIENTE_INLINE Ahead take(Index steps) {
    const Ahead taken{rows + next * step, step};
    next += steps / 2;
    if (next >= count) {
      next = 0;
      rows += kLineFloats;
      --lines;
    }
    return taken;
  }
};

// The filter of a gather: packed, panel after panel, or to be packed by each task.
struct PackedFilter {
  Panels panels;
  Index depth; // of the common axis: taps x depth
  const float* data; // or null
  FilterView view;
  const float* bias;  // or null
  Index row_step = 0; // of what tasks pack, or 0

  GRADIENTE_INLINE const float* panel(Index p) const { return data + panels.first(p) * depth; }
  GRADIENTE_INLINE const float* row(Index p, Index k) const { return view.data + k * row_step + panels.first(p); }
  // Of the piece whose first segment is s of panel p, at row `from`, or of the next panel's first one.
  GRADIENTE_INLINE FilterLines lines_of(const Cut& k, Index s, Index p, Index from) const {
    if (s == k.count) {
      if (p + 1 == panels.count) return FilterLines{};
      s = 0, p = p + 1, from = 0;
    }
    Index count = 0;
    for (Index q = s; q < min_of(s + k.block, k.count); ++q) count += k.segments[q].length;
    return FilterLines{row(p, from), row_step, count, ceil_div(panels.size(p), kLineFloats), 0};
  }
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
