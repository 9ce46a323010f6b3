// How the pixels of a tile come to its Winograd transform: asked for before, read where they lie, zero outside of the image.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Keeps the compiler from following addresses from one square to the next: it would keep a pointer for each element, most of them in
// memory, which takes as long as the transform.
template <class T>
GRADIENTE_INLINE void own_addresses(T*& first, Index& step) {
  asm("" : "+r"(first), "+r"(step));
}

// Transforms kSize x kSize pixels of each channel, that of row i and column j of channel c beginning at pixels(c)(i, j), into kTile
// elements, out[element * step + channel]. All loops over elements are unrolled: a square that lies in memory takes twice the time.
template <int kSize, int kTile, class Pixels, class Transform>
GRADIENTE_INLINE void transform_square(Pixels pixels, Index channels, float* out, Index step, Transform transform) {
  for (Index c = 0; c < channels; c += kWidth) {
    Vector d[kSize * kSize], u[kTile];
    const int size = static_cast<int>(min_of(Index{kWidth}, channels - c));
    const auto pixel = pixels(c);
    if (size == kWidth) {
#pragma GCC unroll 64
      for (int i = 0; i < kSize * kSize; ++i) d[i] = load(pixel(i / kSize, i % kSize));
    } else {
#pragma GCC unroll 64
      for (int i = 0; i < kSize * kSize; ++i) d[i] = load_first(pixel(i / kSize, i % kSize), size);
    }
    transform(d, u);
    float* to = out + c;
    own_addresses(to, step);
#pragma GCC unroll 64
    for (int i = 0; i < kTile; ++i, to += step) store(to, u[i]);
  }
}

// Brings kSize x kSize pixels to the second cache before they are read or written: tiles jump from row to row, and the processor
// does not foresee that. The last ones of an image lead into the next, and those of all images past their end, which does no harm.
template <int kSize, int kWrite>
GRADIENTE_INLINE void fetch_square(const float* first, Index down, Index across, Index channels) {
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      for (Index c = 0; c < channels; c += kLineFloats) __builtin_prefetch(first + i * down + j * across + c, kWrite, 2);
    }
  }
}

// `transform_square` for the pixels around (row, column) of an image; those outside of it are zero.
template <int kSize, int kTile, class Transform>
GRADIENTE_INLINE void transform_pixels(const float* image, Index rows, Index columns, Index channels, Index row, Index column,
                                       const float* zeros, float* out, Index step, Transform transform) {
  const Index down = columns * channels;
  const float* first = image + row * down + column * channels;
  if (row >= 0 && column >= 0 && row + kSize <= rows && column + kSize <= columns) {
    const auto pixels = [&](Index c) {
      const float* corner = first + c;
      Index row_step = down, column_step = channels;
      own_addresses(corner, row_step);
      own_addresses(corner, column_step);
      return [=](int i, int j) { return corner + i * row_step + j * column_step; };
    };
    transform_square<kSize, kTile>(pixels, channels, out, step, transform);
    return;
  }
  const float* from[kSize * kSize];
#pragma GCC unroll 8
  for (int i = 0; i < kSize; ++i) {
    const bool row_inside = row + i >= 0 && row + i < rows;
#pragma GCC unroll 8
    for (int j = 0; j < kSize; ++j) {
      const bool inside = row_inside & (column + j >= 0) & (column + j < columns);
      from[i * kSize + j] = inside ? first + i * down + j * channels : zeros;
    }
  }
  const auto pixels = [&](Index c) { return [&from, c](int i, int j) { return from[i * kSize + j] + c; }; };
  transform_square<kSize, kTile>(pixels, channels, out, step, transform);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
