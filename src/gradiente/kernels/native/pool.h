// Pooling and its gradients, a vector of channels at a time.
#pragma once

#include "kernels.h"
#include "patch.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// The window's elements that lie in the image, along one axis.
struct Range {
  Index first, end;
};

GRADIENTE_INLINE Range window_range(Index out, Index stride, Index padding, Index window, Index size) {
  const Index start = out * stride - padding;
  return Range{max_of(Index{0}, start), min_of(size, start + window)};
}

// The windows that see element `in` along one axis.
GRADIENTE_INLINE Range seeing(Index in, Index stride, Index padding, Index window, Index count) {
  const Index last = (in + padding) / stride;
  const Index before = in + padding - window;
  return Range{before < 0 ? 0 : before / stride + 1, min_of(count, last + 1)};
}

// Calls body(image, row) for all rows of results, in parallel.
template <class F>
inline void each_row(Index batch, Index rows, Index row_floats, Workers& workers, F body) {
  const Index all = batch * rows;
  const Index per_task = max_of(Index{1}, Index{16 * 1024} / max_of(Index{1}, row_floats));
  const Index tasks = ceil_div(all, per_task);
  workers.each(tasks, all * row_floats / 4, [&](Index task) {
    for (Index r = all * task / tasks; r < all * (task + 1) / tasks; ++r) body(r / rows, r % rows);
  });
}

inline void max_pool(const Pool2d& g, const float* x, float* y, Workers& workers) {
  const Index row = g.in_columns * g.channels;
  each_row(g.batch, g.out_rows, g.row_stride * row, workers, [&](Index n, Index i) {
    const float* image = x + n * g.in_rows * row;
    float* out = y + (n * g.out_rows + i) * g.out_columns * g.channels;
    const Range rows = window_range(i, g.row_stride, g.row_padding, g.window_rows, g.in_rows);
    for (Index j = 0; j < g.out_columns; ++j, out += g.channels) {
      const Range columns = window_range(j, g.column_stride, g.column_padding, g.window_columns, g.in_columns);
      each_vector(g.channels, [&](Index c, int count) {
        Vector best = broadcast(-__builtin_inff());
        for (Index h = rows.first; h < rows.end; ++h) {
          for (Index w = columns.first; w < columns.end; ++w) {
            best = larger(best, load_first(image + h * row + w * g.channels + c, count));
          }
        }
        store_first(out + c, best, count);
      });
    }
  });
}

// Each window's gradient goes to the first of its largest elements. Windows that do not overlap write it; others add it.
template <bool kAdd>
GRADIENTE_INLINE void to_first_maximum(const Pool2d& g, bool relu, const float* image, const float* received, float* to,
                                       Range rows, Range columns) {
  const Index row = g.in_columns * g.channels;
  if (rows.first >= rows.end || columns.first >= columns.end) return; // all padding
  each_vector(g.channels, [&](Index c, int count) {
    Vector best = load_first(image + rows.first * row + columns.first * g.channels + c, count);
    Mask at = Mask{};
    Mask number = Mask{};
    for (Index h = rows.first; h < rows.end; ++h) {
      for (Index w = columns.first; w < columns.end; ++w, number += 1) {
        const Vector value = load_first(image + h * row + w * g.channels + c, count);
        const Mask wins = value > best;
        best = select(wins, value, best);
        at = (wins & number) | (~wins & at);
      }
    }
    Vector gradient = load_first(received + c, count);
    if (relu) gradient = select(best > zero(), gradient, zero());
    number = Mask{};
    for (Index h = rows.first; h < rows.end; ++h) {
      for (Index w = columns.first; w < columns.end; ++w, number += 1) {
        float* p = to + h * row + w * g.channels + c;
        const Vector share = select(at == number, gradient, zero());
        store_first(p, kAdd ? load_first(p, count) + share : share, count);
      }
    }
  });
}

// Windows beside each other without overlap: rows of windows are independent, and what none sees is zero.
inline void max_pool_gradient_tiled(const Pool2d& g, bool relu, const float* x, const float* dy, float* dx,
                                    Workers& workers) {
  const Index row = g.in_columns * g.channels;
  each_row(g.batch, g.out_rows, g.row_stride * row, workers, [&](Index n, Index i) {
    const float* image = x + n * g.in_rows * row;
    float* to = dx + n * g.in_rows * row;
    const Range rows = window_range(i, g.row_stride, g.row_padding, g.window_rows, g.in_rows);
    // The rows and columns between the windows, or after the last, belong to the window before them.
    const Index next = i + 1 == g.out_rows ? g.in_rows : min_of(g.in_rows, max_of(Index{0}, (i + 1) * g.row_stride - g.row_padding));
    const Index begin = i == 0 ? 0 : rows.first;
    const bool gaps = g.row_stride > g.window_rows || g.column_stride > g.window_columns || next > rows.end ||
                      (g.out_columns - 1) * g.column_stride - g.column_padding + g.window_columns < g.in_columns;
    if (gaps) clear(to + begin * row, (next - begin) * row);
    const float* received = dy + (n * g.out_rows + i) * g.out_columns * g.channels;
    for (Index j = 0; j < g.out_columns; ++j, received += g.channels) {
      const Range columns = window_range(j, g.column_stride, g.column_padding, g.window_columns, g.in_columns);
      to_first_maximum<false>(g, relu, image, received, to, rows, columns);
    }
  });
}

inline void max_pool_gradient(const Pool2d& g, bool relu, const float* x, const float* dy, float* dx, Workers& workers) {
  if (g.window_rows <= g.row_stride && g.window_columns <= g.column_stride) {
    max_pool_gradient_tiled(g, relu, x, dy, dx, workers);
    return;
  }
  const Index row = g.in_columns * g.channels;
  workers.each(g.batch, g.batch * g.in_rows * row / 4, [&](Index n) {
    const float* image = x + n * g.in_rows * row;
    float* to = dx + n * g.in_rows * row;
    clear(to, g.in_rows * row);
    const float* received = dy + n * g.out_rows * g.out_columns * g.channels;
    for (Index i = 0; i < g.out_rows; ++i) {
      const Range rows = window_range(i, g.row_stride, g.row_padding, g.window_rows, g.in_rows);
      for (Index j = 0; j < g.out_columns; ++j, received += g.channels) {
        const Range columns = window_range(j, g.column_stride, g.column_padding, g.window_columns, g.in_columns);
        to_first_maximum<true>(g, relu, image, received, to, rows, columns);
      }
    }
  });
}

GRADIENTE_INLINE float share(Range rows, Range columns) {
  return 1.0f / static_cast<float>(max_of(Index{1}, (rows.end - rows.first) * (columns.end - columns.first)));
}

// Padding does not count.
inline void average_pool(const Pool2d& g, const float* x, float* y, Workers& workers) {
  const Index row = g.in_columns * g.channels;
  each_row(g.batch, g.out_rows, g.row_stride * row, workers, [&](Index n, Index i) {
    const float* image = x + n * g.in_rows * row;
    float* out = y + (n * g.out_rows + i) * g.out_columns * g.channels;
    const Range rows = window_range(i, g.row_stride, g.row_padding, g.window_rows, g.in_rows);
    for (Index j = 0; j < g.out_columns; ++j, out += g.channels) {
      const Range columns = window_range(j, g.column_stride, g.column_padding, g.window_columns, g.in_columns);
      const Vector each = broadcast(share(rows, columns));
      each_vector(g.channels, [&](Index c, int count) {
        Vector total = zero();
        for (Index h = rows.first; h < rows.end; ++h) {
          for (Index w = columns.first; w < columns.end; ++w) {
            total += load_first(image + h * row + w * g.channels + c, count);
          }
        }
        store_first(out + c, total * each, count);
      });
    }
  });
}

// Each element gathers from the windows that see it.
inline void average_pool_gradient(const Pool2d& g, const float* dy, float* dx, Workers& workers) {
  const Index row = g.out_columns * g.channels;
  each_row(g.batch, g.in_rows, g.in_columns * g.channels, workers, [&](Index n, Index i) {
    const float* image = dy + n * g.out_rows * row;
    float* out = dx + (n * g.in_rows + i) * g.in_columns * g.channels;
    const Range rows = seeing(i, g.row_stride, g.row_padding, g.window_rows, g.out_rows);
    for (Index j = 0; j < g.in_columns; ++j, out += g.channels) {
      const Range columns = seeing(j, g.column_stride, g.column_padding, g.window_columns, g.out_columns);
      each_vector(g.channels, [&](Index c, int count) {
        Vector total = zero();
        for (Index h = rows.first; h < rows.end; ++h) {
          const Range seen_rows = window_range(h, g.row_stride, g.row_padding, g.window_rows, g.in_rows);
          for (Index w = columns.first; w < columns.end; ++w) {
            const Range seen = window_range(w, g.column_stride, g.column_padding, g.window_columns, g.in_columns);
            total += load_first(image + h * row + w * g.channels + c, count) * broadcast(share(seen_rows, seen));
          }
        }
        store_first(out + c, total, count);
      });
    }
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
