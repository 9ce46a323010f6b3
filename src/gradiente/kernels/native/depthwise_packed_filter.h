// The filter's gradient of a depthwise convolution from packed parts of images (depthwise_packed.h).
#pragma once

#include "depthwise_packed.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Some rows of results and what they see, for one vector of channels; both are packed.
struct PackedSums {
  Index rows, columns;          // results
  Index row_step, column_step;  // of the packed input, from result to result
  Index tap_row, tap_column;    // and from tap to tap
  Index sum_row, sum_column;
  int size;                     // channels of the vector
};

// Adds to the sums of kRows x kColumns taps. They stay in registers, and each waits for the one before it no longer than the
// others take, if there are 8 or more.
template <int kRows, int kColumns>
void packed_sums(const PackedSums& g, const float* x, const float* dy, float* sums) {
  Vector total[kRows][kColumns];
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < kColumns; ++j) total[i][j] = load_first(sums + i * g.sum_row + j * g.sum_column, g.size);
  }
  for (Index r = 0; r < g.rows; ++r) {
    const float* from[kRows];
#pragma GCC unroll 5
    for (int i = 0; i < kRows; ++i) from[i] = x + r * g.row_step + i * g.tap_row;
    for (Index c = 0; c < g.columns; ++c, dy += kWidth) {
      const Vector dv = load(dy);
#pragma GCC unroll 5
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
        for (int j = 0; j < kColumns; ++j) total[i][j] += load(from[i] + j * g.tap_column) * dv;
        from[i] += g.column_step;
      }
    }
  }
#pragma GCC unroll 5
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 5
    for (int j = 0; j < kColumns; ++j) store_first(sums + i * g.sum_row + j * g.sum_column, total[i][j], g.size);
  }
}

using SumsFunction = void (*)(const PackedSums&, const float*, const float*, float*);

// Taps whose sums fit into the registers; how many columns it has depends on those that are left only.
struct TapBlock {
  int rows, columns;
  SumsFunction function;
};

inline TapBlock tap_block(Index rows, Index columns) {
  if (columns >= 5) {
#if defined(__AVX512F__) || defined(__aarch64__)
    if (rows >= 5) return TapBlock{5, 5, packed_sums<5, 5>};
#endif
    return rows >= 2 ? TapBlock{2, 5, packed_sums<2, 5>} : TapBlock{1, 5, packed_sums<1, 5>};
  }
  if (columns >= 3) return rows >= 3 ? TapBlock{3, 3, packed_sums<3, 3>} : TapBlock{1, 3, packed_sums<1, 3>};
  return rows >= 3 ? TapBlock{3, 1, packed_sums<3, 1>} : TapBlock{1, 1, packed_sums<1, 1>};
}

// As in filter_gradient, slots of fixed parts of the images have sums of their own.
inline void packed_depthwise_filter_gradient(const Conv2d& c, const float* x, const float* dy, float* dw, Workers& workers) {
  const Index channels = c.in_channels;
  const Index size = c.filter_rows * c.filter_columns * channels;
  const PackedDepthwise g = packed_forward(c);
  const PatchWindow all = g.window(0, c.out_rows, c.out_columns);
  const PackedDivision division(c.batch, c.out_rows, channels, all.rows * all.columns * channels, workers.count());
  const Index units = c.batch * division.bands * division.groups;
  const Index cost = c.batch * c.out_rows * c.out_columns * size / kWidth;
  const Index slots = cost < Workers::kWorthWaking ? 1 : min_of(Index{workers.count()}, units);
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>(slots * size));
  const auto add_unit = [&](Index unit, float* own) {
    const Index group = unit % division.groups;
    const Index band = unit / division.groups % division.bands;
    const Index n = unit / division.groups / division.bands;
    const Index row0 = c.out_rows * band / division.bands, row1 = c.out_rows * (band + 1) / division.bands;
    const Index channel0 = division.channel(group, channels), channel1 = division.channel(group + 1, channels);
    if (row0 == row1 || channel0 == channel1) return;
    const PatchWindow window = g.window(row0, row1 - row0, c.out_columns);
    const PatchWindow results{row0, row1 - row0, 0, c.out_columns};
    const Index vectors = ceil_div(channel1 - channel0, kWidth);
    float* packed = scratch(Scratch::images, static_cast<std::size_t>(vectors * packed_plane(window)));
    float* received = scratch(Scratch::columns, static_cast<std::size_t>(vectors * packed_plane(results)));
    pack_window(x + n * c.in_rows * c.in_columns * channels, c.in_rows, c.in_columns, channels, window, channel0,
                channel1 - channel0, packed);
    pack_window(dy + n * c.out_rows * c.out_columns * channels, c.out_rows, c.out_columns, channels, results, channel0,
                channel1 - channel0, received);
    PackedSums part{row1 - row0, c.out_columns, c.row_stride * window.columns * kWidth, c.column_stride * kWidth,
                    c.row_dilation * window.columns * kWidth, c.column_dilation * kWidth, c.filter_columns * channels,
                    channels, kWidth};
    for (Index channel = channel0; channel < channel1; channel += kWidth) {
      part.size = static_cast<int>(min_of(Index{kWidth}, channel1 - channel));
      TapBlock block{};
      for (Index j = 0; j < c.filter_columns; j += block.columns) {
        for (Index i = 0; i < c.filter_rows; i += block.rows) {
          block = tap_block(c.filter_rows - i, c.filter_columns - j);
          block.function(part, packed + i * part.tap_row + j * part.tap_column, received,
                         own + i * part.sum_row + j * part.sum_column + channel);
        }
      }
      packed += packed_plane(window);
      received += packed_plane(results);
    }
  };
  workers.each(slots, [&](Index slot) {
    float* own = sums + slot * size;
    clear(own, size);
    for (Index unit = units * slot / slots; unit < units * (slot + 1) / slots; ++unit) add_unit(unit, own);
  });
  copy(dw, sums, size);
  for (Index slot = 1; slot < slots; ++slot) {
    for (Index q = 0; q < size; ++q) dw[q] += sums[slot * size + q];
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
