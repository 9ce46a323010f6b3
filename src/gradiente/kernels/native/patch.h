// The part of an image that a task's results see, with zeros where they look past the edge.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

GRADIENTE_INLINE void clear(float* p, Index count) { __builtin_memset(p, 0, sizeof(float) * static_cast<std::size_t>(count)); }
GRADIENTE_INLINE void copy(float* to, const float* from, Index count) {
  __builtin_memcpy(to, from, sizeof(float) * static_cast<std::size_t>(count));
}

constexpr Index kStreamedFloats = Index{8} << 20; // 32 MB; results of 8 to 28 MB took as long one way as the other, or longer

// Whether results go past the caches: if they are so many that none would be left there when they are read, and if they fill whole
// lines.
GRADIENTE_INLINE bool streams_results(const float* y, Index pixels, Index channels) {
  constexpr Index kLine = 64;
  return pixels * channels >= kStreamedFloats && channels * static_cast<Index>(sizeof(float)) % kLine == 0 &&
         reinterpret_cast<std::uintptr_t>(y) % kLine == 0;
}

// A window of `rows` x `columns` pixels that begins at (first_row, first_column) of an image and may reach beyond it.
struct PatchWindow {
  Index first_row, rows;
  Index first_column, columns;

  GRADIENTE_INLINE bool inside(Index image_rows, Index image_columns) const {
    return first_row >= 0 && first_column >= 0 && first_row + rows <= image_rows &&
           first_column + columns <= image_columns;
  }
};

// Copies the window out of an image of `channels` channels into `patch`. Vector by vector: of few channels, a call for each edge and
// each row took a tenth of a convolution.
inline void copy_patch(const float* image, Index image_rows, Index image_columns, Index channels, const PatchWindow& w,
                       float* patch) {
  const Index before = min_of(w.columns, max_of(Index{0}, -w.first_column));
  const Index start = max_of(Index{0}, w.first_column);
  const Index middle = max_of(Index{0}, min_of(image_columns, w.first_column + w.columns) - start);
  const Index after = w.columns - before - middle;
  const auto clear_some = [](float* p, Index size) {
    each_vector(size, [&](Index i, int count) { store_first(p + i, zero(), count); });
  };
  for (Index r = 0; r < w.rows; ++r, patch += w.columns * channels) {
    const Index row = w.first_row + r;
    if (row < 0 || row >= image_rows || middle == 0) {
      clear(patch, w.columns * channels);
      continue;
    }
    const float* from = image + (row * image_columns + start) * channels;
    float* to = patch + before * channels;
    clear_some(patch, before * channels);
    each_vector(middle * channels, [&](Index i, int count) { store_first(to + i, load_first(from + i, count), count); });
    clear_some(to + middle * channels, after * channels);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
