// The tiles into which Winograd's way cuts the images of a convolution: how many they are, and where they lie.
#pragma once

#include "kernels.h"
#include "simd.h"

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
};

// Where a tile lies: its image, and its first result's row and column there. One after the other they need no divisions, which took a
// tenth of the time where channels are few.
template <int kOutputs>
struct Place {
  Index image, row, column;
  Index rows, columns; // of all tiles of an image, in results

  GRADIENTE_INLINE Place(const Tiling<kOutputs>& tiling, Index tile)
      : image(tile / (tiling.rows * tiling.columns)), row(tile / tiling.columns % tiling.rows * kOutputs),
        column(tile % tiling.columns * kOutputs), rows(tiling.rows * kOutputs), columns(tiling.columns * kOutputs) {}
  GRADIENTE_INLINE void next() {
    column += kOutputs;
    if (column < columns) return;
    column = 0;
    row += kOutputs;
    if (row < rows) return;
    row = 0;
    ++image;
  }
};

// Rows, counted through all images.
struct RowRange {
  Index first, count;
};

// Of images of `height` rows, those that `count` tiles see, each `side` of them from `offset` after its first result's row on.
template <int kOutputs>
GRADIENTE_INLINE RowRange rows_of(const Tiling<kOutputs>& tiling, Index tile, Index count, Index height, Index offset, Index side) {
  const Place<kOutputs> begin(tiling, tile), last(tiling, tile + count - 1);
  const Index first = begin.image * height + min_of(height, max_of(Index{0}, begin.row + offset));
  const Index end = last.image * height + min_of(height, max_of(Index{0}, last.row + offset + side));
  return RowRange{first, max_of(Index{0}, end - first)};
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
