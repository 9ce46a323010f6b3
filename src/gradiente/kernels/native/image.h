// Images sampled where a projective map sends each pixel of the result. What it sends nowhere is `fill`.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// The two pixels along an axis between which `at` lies, and how far it is from the first.
struct Between {
  Index first, second;
  float part;
};

GRADIENTE_INLINE Between between(float at, Index size) {
  const float last = static_cast<float>(size - 1);
  // Also a NaN ends up inside the image.
  const float inside = at > 0.0f ? (at < last ? at : last) : 0.0f;
  const Index first = static_cast<Index>(inside);
  return Between{first, first + 1 < size ? first + 1 : first, inside - static_cast<float>(first)};
}

inline void image_transform(const Images& g, const float* x, const float* maps, float fill, float* y,
                            Workers& workers) {
  const Index in_row = g.in_columns * g.channels;
  const Index out_image = g.out_rows * g.out_columns * g.channels;
  const Index rows = g.batch * g.out_rows;
  const Index per_task = max_of(Index{1}, Index{8 * 1024} / max_of(Index{1}, g.out_columns * g.channels));
  const Index tasks = ceil_div(rows, per_task);
  workers.each(tasks, [&](Index task) {
    for (Index r = rows * task / tasks; r < rows * (task + 1) / tasks; ++r) {
      const Index n = r / g.out_rows;
      const Index i = r % g.out_rows;
      const float* image = x + n * g.in_rows * in_row;
      const float* a = maps + (g.maps == 1 ? 0 : n * 8);
      float* out = y + n * out_image + i * g.out_columns * g.channels;
      const float row = static_cast<float>(i);
      for (Index j = 0; j < g.out_columns; ++j, out += g.channels) {
        const float column = static_cast<float>(j);
        const float below = a[6] * column + a[7] * row + 1.0f;
        if (below == 0.0f) {
          for (Index c = 0; c < g.channels; ++c) out[c] = fill;
          continue;
        }
        const Between across = between((a[0] * column + a[1] * row + a[2]) / below, g.in_columns);
        const Between down = between((a[3] * column + a[4] * row + a[5]) / below, g.in_rows);
        const float* upper = image + down.first * in_row;
        const float* lower = image + down.second * in_row;
        const Index left = across.first * g.channels;
        const Index right = across.second * g.channels;
        for (Index c = 0; c < g.channels; ++c) {
          const float top = upper[left + c] + across.part * (upper[right + c] - upper[left + c]);
          const float bottom = lower[left + c] + across.part * (lower[right + c] - lower[left + c]);
          out[c] = top + down.part * (bottom - top);
        }
      }
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
