// The inner loops of a depthwise convolution: some results side by side, vector of channels after vector of channels.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kBlock = 8; // results side by side; their sums, 7 taps of a row and one pixel fit into 16 registers

// What a block has in common: distances in floats, and what of its taps lies in the image.
struct DepthwiseBlock {
  Index row_taps, x_row, w_row;            // rows of taps that lie in the image; from one to the next
  Index column_taps, x_column, w_column;   // the same of columns, but whether they lie in the image is said below
  Index stride;                            // columns of taps from result to result
  Index left, right;                       // columns of taps from the first result's first one on; [left, right) lie in the image
  Index y_step;                            // from result to result
  Index next_rows, next;                   // how many rows of the image are asked for, for the next results, and where they lie
  const float* bias;                       // or null
  Activation activation;
  bool streams;                            // whether the results go past the caches
};

// Each pixel is read once for all taps of a row that meet it, and those that lie outside of the image are passed over: the pixels
// of kTaps - 1 columns at either end are asked whether they do. `channels` is kWidth or more; the last vector may share
// channels with the one before it.
template <int kTaps, int kStride, int kCount>
void sliding_block(const DepthwiseBlock& block, const float* x, const float* w, float* y, Index channels) {
  constexpr int kSpan = (kCount - 1) * kStride + kTaps;
  const DepthwiseBlock g = block; // a store could change what a reference leads to
  for (Index next = 0; next < channels; next += kWidth) {
    const Index c = min_of(next, channels - kWidth);
    Vector sums[kCount];
    const Vector start = g.bias == nullptr ? zero() : load(g.bias + c);
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) sums[r] = start;
    const float* from = x + c;
    const float* tap = w + c;
    for (Index i = g.row_taps; i > 0; --i, from += g.x_row, tap += g.w_row) {
      Vector taps[kTaps];
#pragma GCC unroll 8
      for (int j = 0; j < kTaps; ++j) taps[j] = load(tap + j * g.w_column);
      const float* pixel = from;
#pragma GCC unroll 32
      for (int k = 0; k < kSpan; ++k, pixel += g.x_column) {
        asm("" : "+r"(pixel)); // the compiler would make a pointer for each pixel, more than there are registers
        if (k < kTaps - 1 && k < g.left) continue;
        if (k > kSpan - kTaps && k >= g.right) continue;
        const Vector v = load(pixel);
#pragma GCC unroll 8
        for (int j = 0; j < kTaps; ++j) {
          const int r = (k - j) / kStride;
          if (k >= j && (k - j) % kStride == 0 && r < kCount) sums[r] += v * taps[j];
        }
      }
    }
    if (g.activation != Activation::none) {
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r) sums[r] = activated(sums[r], g.activation);
    }
    for (Index i = 0; i < g.next_rows; ++i) {
      const float* pixel = x + c + g.next + i * g.x_row;
#pragma GCC unroll 32
      for (int k = 0; k < kCount * kStride; ++k, pixel += g.x_column) {
        asm("" : "+r"(pixel));
        __builtin_prefetch(pixel, 0, 2);
      }
    }
    float* to = y + c;
    if (g.streams) {
#pragma GCC unroll 8
      for (int r = 0; r < kCount; ++r, to += g.y_step) {
        asm("" : "+r"(to));
        stream(to, sums[r]);
      }
      continue;
    }
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r, to += g.y_step) {
      asm("" : "+r"(to));
      store(to, sums[r]);
    }
  }
}

// The same for any taps, and for few channels: each tap reads the pixels that it meets.
template <int kCount, bool kWhole>
void tapwise_block(const DepthwiseBlock& block, const float* x, const float* w, float* y, Index channels) {
  const DepthwiseBlock g = block;
  const int size = kWhole ? kWidth : static_cast<int>(channels);
  if (!kWhole && size >= kWidth) __builtin_unreachable();
  const Index step = g.stride * g.x_column;
  for (Index next = 0; next < channels; next += kWidth) {
    const Index c = kWhole ? min_of(next, channels - kWidth) : 0;
    Vector sums[kCount];
    const Vector start = g.bias == nullptr ? zero() : load_first(g.bias + c, size);
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r) sums[r] = start;
    for (Index i = 0; i < g.row_taps; ++i) {
      for (Index j = 0; j < g.column_taps; ++j) {
        const Vector tap = load_first(w + c + i * g.w_row + j * g.w_column, size);
        Index column = j;
        const float* pixel = x + c + i * g.x_row + j * g.x_column;
        if (column >= g.left && column + (kCount - 1) * g.stride < g.right) {
#pragma GCC unroll 8
          for (int r = 0; r < kCount; ++r, pixel += step) {
            asm("" : "+r"(pixel));
            sums[r] += load_first(pixel, size) * tap;
          }
          continue;
        }
#pragma GCC unroll 8
        for (int r = 0; r < kCount; ++r, column += g.stride, pixel += step) {
          asm("" : "+r"(pixel));
          if (column >= g.left && column < g.right) sums[r] += load_first(pixel, size) * tap;
        }
      }
    }
    float* to = y + c;
#pragma GCC unroll 8
    for (int r = 0; r < kCount; ++r, to += g.y_step) store_first(to, activated(sums[r], g.activation), size);
  }
}

using BlockFunction = void (*)(const DepthwiseBlock&, const float*, const float*, float*, Index);

template <int kTaps, int kStride>
GRADIENTE_INLINE BlockFunction sliding_block_of(Index count) {
  return for_count<kBlock>(count, [](auto n) -> BlockFunction { return sliding_block<kTaps, kStride, decltype(n)::value>; });
}

// The function for so many results and taps; null if they are for tapwise_block.
inline BlockFunction sliding_block_for(Index taps, Index stride, Index count) {
  switch (10 * taps + stride) {
    case 11: return sliding_block_of<1, 1>(count);
    case 21: return sliding_block_of<2, 1>(count);
    case 31: return sliding_block_of<3, 1>(count);
    case 41: return sliding_block_of<4, 1>(count);
    case 51: return sliding_block_of<5, 1>(count);
    case 71: return sliding_block_of<7, 1>(count);
    case 32: return sliding_block_of<3, 2>(count);
    case 52: return sliding_block_of<5, 2>(count);
    default: return nullptr;
  }
}

inline BlockFunction tapwise_block_for(Index count, bool whole) {
  return for_count<kBlock>(count, [whole](auto n) -> BlockFunction {
    return whole ? tapwise_block<decltype(n)::value, true> : tapwise_block<decltype(n)::value, false>;
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
