// Batch normalization of [rows, channels] and its gradient: two readings of memory each, one for the sums and one for the results.
#pragma once

#include "kernels.h"
#include "scratch.h"
#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kNormFloats = 8 * 1024; // in a chunk of rows, which stays in the first cache while its moments are taken
constexpr int kNormVectors = 4;         // of channels that are done together, so that memory is read in order

// Some rows of a matrix, and kMany * kWidth of its columns. The last vector may have fewer.
struct NormPart {
  Index rows, channels;
  int rest;
};

template <int kMany>
GRADIENTE_INLINE Vector norm_load(const NormPart& g, const float* p, int v) {
  return v + 1 < kMany ? load(p + v * kWidth) : load_first(p + v * kWidth, g.rest);
}

template <int kMany>
GRADIENTE_INLINE void norm_store(const NormPart& g, float* p, int v, Vector x) {
  store_first(p + v * kWidth, x, v + 1 < kMany ? kWidth : g.rest);
}

// out[v] = the sum over rows of term(row, v). Few vectors take several rows at a time: each addition waits for the one before it.
template <int kMany, class Term>
GRADIENTE_INLINE void norm_sums(const NormPart& g, Term term, Vector* out) {
  constexpr int kRows = kMany > 2 ? 1 : 4 / kMany;
  Vector sums[kRows][kMany] = {};
  Index r = 0;
  for (; r + kRows <= g.rows; r += kRows) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) sums[i][v] += term((r + i) * g.channels, v);
    }
  }
  for (; r < g.rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) sums[0][v] += term(r * g.channels, v);
  }
#pragma GCC unroll 4
  for (int v = 0; v < kMany; ++v) {
    out[v] = sums[0][v];
#pragma GCC unroll 4
    for (int i = 1; i < kRows; ++i) out[v] += sums[i][v];
  }
}

// The mean of the rows, and the sum of the squares of what is left.
template <int kMany>
void norm_moments(const NormPart& g, const float* x, float* mean, float* squares) {
  Vector m[kMany], s[kMany];
  norm_sums<kMany>(g, [&](Index at, int v) { return norm_load<kMany>(g, x + at, v); }, m);
  const Vector share = broadcast(1.0f / static_cast<float>(g.rows));
#pragma GCC unroll 4
  for (int v = 0; v < kMany; ++v) m[v] *= share;
  norm_sums<kMany>(g, [&](Index at, int v) {
    const Vector d = norm_load<kMany>(g, x + at, v) - m[v];
    return d * d;
  }, s);
  for (int v = 0; v < kMany; ++v) {
    norm_store<kMany>(g, mean, v, m[v]);
    norm_store<kMany>(g, squares, v, s[v]);
  }
}

// The sums of the received gradient, and of its products with what the mean leaves of x.
template <int kMany>
void norm_gradient_sums(const NormPart& g, const float* x, const float* dy, const float* mean, float* sums, float* products) {
  Vector m[kMany], s[kMany], p[kMany];
  for (int v = 0; v < kMany; ++v) m[v] = norm_load<kMany>(g, mean, v);
  norm_sums<kMany>(g, [&](Index at, int v) { return norm_load<kMany>(g, dy + at, v); }, s);
  norm_sums<kMany>(g, [&](Index at, int v) {
    return norm_load<kMany>(g, dy + at, v) * (norm_load<kMany>(g, x + at, v) - m[v]);
  }, p);
  for (int v = 0; v < kMany; ++v) {
    norm_store<kMany>(g, sums, v, s[v]);
    norm_store<kMany>(g, products, v, p[v]);
  }
}

// out = (x - mean) * factor + offset, and with dy also + dy * slope; all but x and dy are by channel.
template <int kMany>
void norm_apply(const NormPart& g, const float* x, const float* dy, const float* mean, const float* factor,
                const float* offset, const float* slope, float* out) {
  Vector m[kMany], f[kMany], o[kMany], s[kMany] = {};
  for (int v = 0; v < kMany; ++v) {
    m[v] = norm_load<kMany>(g, mean, v);
    f[v] = norm_load<kMany>(g, factor, v);
    o[v] = norm_load<kMany>(g, offset, v);
    if (dy != nullptr) s[v] = norm_load<kMany>(g, slope, v);
  }
  for (Index r = 0; r < g.rows; ++r, x += g.channels, out += g.channels) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) {
      Vector y = (norm_load<kMany>(g, x, v) - m[v]) * f[v] + o[v];
      if (dy != nullptr) y += norm_load<kMany>(g, dy + r * g.channels, v) * s[v];
      norm_store<kMany>(g, out, v, y);
    }
  }
}

// Calls body.run<kMany>(part, channel) for all channels.
template <class Body>
GRADIENTE_INLINE void each_norm_part(Index rows, Index channels, Body body) {
  for (Index c = 0; c < channels; c += kNormVectors * kWidth) {
    const Index left = min_of(channels - c, Index{kNormVectors} * kWidth);
    const Index vectors = ceil_div(left, kWidth);
    const NormPart part{rows, channels, static_cast<int>(left - (vectors - 1) * kWidth)};
    switch (vectors) {
      case 1: body.template run<1>(part, c); break;
      case 2: body.template run<2>(part, c); break;
      case 3: body.template run<3>(part, c); break;
      default: body.template run<kNormVectors>(part, c);
    }
  }
}

struct MomentsBody {
  const float* x;
  float *mean, *squares;
  template <int kMany>
  void run(const NormPart& g, Index c) const { norm_moments<kMany>(g, x + c, mean + c, squares + c); }
};

struct GradientSumsBody {
  const float *x, *dy, *mean;
  float *sums, *products;
  template <int kMany>
  void run(const NormPart& g, Index c) const {
    norm_gradient_sums<kMany>(g, x + c, dy + c, mean + c, sums + c, products + c);
  }
};

struct ApplyBody {
  const float *x, *dy, *mean, *factor, *offset, *slope;
  float* out;
  template <int kMany>
  void run(const NormPart& g, Index c) const {
    norm_apply<kMany>(g, x + c, dy == nullptr ? nullptr : dy + c, mean + c, factor + c, offset + c,
                      slope == nullptr ? nullptr : slope + c, out + c);
  }
};

// The rows in chunks. Each has sums of its own, so that the same input gives the same bits in any number of threads.
struct NormChunks {
  Index rows, channels, count;

  GRADIENTE_INLINE NormChunks(Index all, Index channels)
      : rows(all), channels(channels), count(ceil_div(all, max_of(Index{8}, kNormFloats / channels))) {}
  GRADIENTE_INLINE Index first(Index chunk) const { return rows * chunk / count; }
  GRADIENTE_INLINE Index size(Index chunk) const { return first(chunk + 1) - first(chunk); }
  GRADIENTE_INLINE Index cost() const { return 2 * rows * channels / kWidth; }
};

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset with the rows' own mean and variance (over their number).
inline void batch_norm(Index rows, Index channels, float epsilon, const float* x, const float* scale, const float* offset,
                       float* y, float* mean, float* variance, Workers& workers) {
  const NormChunks chunks(rows, channels);
  float* means = scratch(Scratch::shared_sums, static_cast<std::size_t>((2 * chunks.count + 1) * channels));
  float* squares = means + chunks.count * channels;
  float* factor = squares + chunks.count * channels;
  workers.each(chunks.count, chunks.cost(), [&](Index q) {
    const Index at = q * channels;
    each_norm_part(chunks.size(q), channels, MomentsBody{x + chunks.first(q) * channels, means + at, squares + at});
  });
  // The chunks' moments together (Chan, Golub and LeVeque 1979), without the cancellation of E[x^2] - E[x]^2.
  for (Index c = 0; c < channels; ++c) {
    double m = 0, s = 0;
    for (Index q = 0; q < chunks.count; ++q) m += static_cast<double>(chunks.size(q)) * means[q * channels + c];
    m /= static_cast<double>(rows);
    for (Index q = 0; q < chunks.count; ++q) {
      const double d = means[q * channels + c] - m;
      s += squares[q * channels + c] + static_cast<double>(chunks.size(q)) * d * d;
    }
    mean[c] = static_cast<float>(m);
    variance[c] = static_cast<float>(s / static_cast<double>(rows));
    factor[c] = scale[c] / __builtin_sqrtf(variance[c] + epsilon);
  }
  workers.each(chunks.count, chunks.cost(), [&](Index q) {
    const Index at = chunks.first(q) * channels;
    each_norm_part(chunks.size(q), channels, ApplyBody{x + at, nullptr, mean, factor, offset, nullptr, y + at});
  });
}

// With r = 1 / sqrt(variance + epsilon) and n = (x - mean) r:
// dscale = sum(dy n), doffset = sum(dy), dx = scale r (dy - doffset / rows - n dscale / rows).
inline void batch_norm_gradient(Index rows, Index channels, float epsilon, const float* dy, const float* x,
                                const float* scale, const float* mean, const float* variance, float* dx, float* dscale,
                                float* doffset, Workers& workers) {
  const NormChunks chunks(rows, channels);
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>((2 * chunks.count + 3) * channels));
  float* products = sums + chunks.count * channels;
  float* factor = products + chunks.count * channels;
  float* offset = factor + channels;
  float* slope = offset + channels;
  workers.each(chunks.count, chunks.cost(), [&](Index q) {
    const Index at = chunks.first(q) * channels;
    each_norm_part(chunks.size(q), channels,
                   GradientSumsBody{x + at, dy + at, mean, sums + q * channels, products + q * channels});
  });
  for (Index c = 0; c < channels; ++c) {
    double sum = 0, product = 0;
    for (Index q = 0; q < chunks.count; ++q) {
      sum += sums[q * channels + c];
      product += products[q * channels + c];
    }
    const float inverse = 1.0f / __builtin_sqrtf(variance[c] + epsilon);
    doffset[c] = static_cast<float>(sum);
    dscale[c] = static_cast<float>(product) * inverse;
    slope[c] = scale[c] * inverse;
    offset[c] = -slope[c] * doffset[c] / static_cast<float>(rows);
    factor[c] = -slope[c] * inverse * dscale[c] / static_cast<float>(rows);
  }
  workers.each(chunks.count, chunks.cost(), [&](Index q) {
    const Index at = chunks.first(q) * channels;
    each_norm_part(chunks.size(q), channels, ApplyBody{x + at, dy + at, mean, factor, offset, slope, dx + at});
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
