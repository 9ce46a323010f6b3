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

// sums[i][v] = what add(row, v, to) adds to to[i] over the rows. Few vectors take several rows at a time: each addition waits for the one
// before it.
template <int kSums, int kMany, class Add>
GRADIENTE_INLINE void norm_sums(const NormPart& g, Add add, Vector (&sums)[kSums][kMany]) {
  constexpr int kRows = kMany > 2 ? 1 : 4 / kMany;
  Vector by_row[kRows][kMany][kSums] = {};
  Index r = 0;
  for (; r + kRows <= g.rows; r += kRows) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kMany; ++v) add((r + i) * g.channels, v, by_row[i][v]);
    }
  }
  for (; r < g.rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) add(r * g.channels, v, by_row[0][v]);
  }
#pragma GCC unroll 2
  for (int s = 0; s < kSums; ++s) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) {
      sums[s][v] = by_row[0][v][s];
#pragma GCC unroll 4
      for (int i = 1; i < kRows; ++i) sums[s][v] += by_row[i][v][s];
    }
  }
}

// out = term(row, v) for all rows.
template <int kMany, class Term>
GRADIENTE_INLINE void norm_rows(const NormPart& g, Term term, float* out) {
  for (Index at = 0; at < g.rows * g.channels; at += g.channels) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) norm_store<kMany>(g, out + at, v, term(at, v));
  }
}

template <int kMany>
GRADIENTE_INLINE void norm_channels(const NormPart& g, const float* p, Vector (&to)[kMany]) {
  for (int v = 0; v < kMany; ++v) to[v] = norm_load<kMany>(g, p, v);
}

// The mean of the rows, and the sum of the squares of what is left.
template <int kMany>
void norm_moments(const NormPart& g, const float* x, float* mean, float* squares) {
  Vector m[1][kMany], s[1][kMany];
  norm_sums(g, [&](Index at, int v, Vector* to) { to[0] += norm_load<kMany>(g, x + at, v); }, m);
  const Vector share = broadcast(1.0f / static_cast<float>(g.rows));
#pragma GCC unroll 4
  for (int v = 0; v < kMany; ++v) m[0][v] *= share;
  norm_sums(g, [&](Index at, int v, Vector* to) {
    const Vector d = norm_load<kMany>(g, x + at, v) - m[0][v];
    to[0] += d * d;
  }, s);
  for (int v = 0; v < kMany; ++v) {
    norm_store<kMany>(g, mean, v, m[0][v]);
    norm_store<kMany>(g, squares, v, s[0][v]);
  }
}

// y = (x - mean) * factor + offset, by channel.
struct Normal {
  const float *mean, *factor, *offset;
};

template <int kMany>
struct NormalVectors {
  Vector mean[kMany], factor[kMany], offset[kMany];
  GRADIENTE_INLINE NormalVectors(const NormPart& g, const Normal& n) {
    norm_channels(g, n.mean, mean);
    norm_channels(g, n.factor, factor);
    norm_channels(g, n.offset, offset);
  }
  GRADIENTE_INLINE Vector operator()(Vector x, int v) const { return (x - mean[v]) * factor[v] + offset[v]; }
};

// y, plus `other` unless that is null, rectified if `rectified` says so.
template <int kMany>
void norm_apply(const NormPart& g, const Normal& n, const float* x, const float* other, bool rectified, float* out) {
  const NormalVectors<kMany> normal(g, n);
  norm_rows<kMany>(g, [&](Index at, int v) {
    Vector y = normal(norm_load<kMany>(g, x + at, v), v);
    if (other != nullptr) y += norm_load<kMany>(g, other + at, v);
    return rectified ? relu(y) : y;
  }, out);
}

// The gradient that reaches y, of what reached its rectifier if there was one: y comes out again to the last bit.
template <int kMany>
GRADIENTE_INLINE Vector norm_received(const NormalVectors<kMany>& normal, bool rectified, Vector x, Vector dy, int v) {
  return rectified ? select(normal(x, v) > zero(), dy, zero()) : dy;
}

// The sums of the received gradient, and of its products with what the mean leaves of x.
template <int kMany>
void norm_gradient_sums(const NormPart& g, const Normal& n, bool rectified, const float* x, const float* dy, float* sums,
                        float* products) {
  const NormalVectors<kMany> normal(g, n);
  Vector both[2][kMany];
  norm_sums(g, [&](Index at, int v, Vector* to) {
    const Vector xv = norm_load<kMany>(g, x + at, v);
    const Vector received = norm_received(normal, rectified, xv, norm_load<kMany>(g, dy + at, v), v);
    to[0] += received;
    to[1] += received * (xv - normal.mean[v]);
  }, both);
  for (int v = 0; v < kMany; ++v) {
    norm_store<kMany>(g, sums, v, both[0][v]);
    norm_store<kMany>(g, products, v, both[1][v]);
  }
}

// dx = dy * slope + (x - mean) * factor + offset, by channel; factor and offset are those of `back`.
template <int kMany>
void norm_gradient_apply(const NormPart& g, const Normal& n, bool rectified, const float* x, const float* dy,
                         const Normal& back, const float* slope, float* out) {
  const NormalVectors<kMany> normal(g, n), rest(g, back);
  Vector s[kMany];
  norm_channels(g, slope, s);
  norm_rows<kMany>(g, [&](Index at, int v) {
    const Vector xv = norm_load<kMany>(g, x + at, v);
    return rest(xv, v) + norm_received(normal, rectified, xv, norm_load<kMany>(g, dy + at, v), v) * s[v];
  }, out);
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

GRADIENTE_INLINE Normal from(const Normal& n, Index c) { return {n.mean + c, n.factor + c, n.offset + c}; }

struct ApplyBody {
  Normal normal;
  bool rectified;
  const float *x, *other;
  float* out;
  template <int kMany>
  void run(const NormPart& g, Index c) const {
    norm_apply<kMany>(g, from(normal, c), x + c, other == nullptr ? nullptr : other + c, rectified, out + c);
  }
};

struct GradientSumsBody {
  Normal normal;
  bool rectified;
  const float *x, *dy;
  float *sums, *products;
  template <int kMany>
  void run(const NormPart& g, Index c) const {
    norm_gradient_sums<kMany>(g, from(normal, c), rectified, x + c, dy + c, sums + c, products + c);
  }
};

struct GradientApplyBody {
  Normal normal, back;
  bool rectified;
  const float *x, *dy, *slope;
  float* out;
  template <int kMany>
  void run(const NormPart& g, Index c) const {
    norm_gradient_apply<kMany>(g, from(normal, c), rectified, x + c, dy + c, from(back, c), slope + c, out + c);
  }
};

// The rows in chunks. Each has sums of its own, so that the same input gives the same bits in any number of threads.
struct NormChunks {
  Index rows, channels, count;

  GRADIENTE_INLINE NormChunks(Index all, Index channels)
      : rows(all), channels(channels), count(ceil_div(all, max_of(Index{8}, kNormFloats / channels))) {}
  GRADIENTE_INLINE Index first(Index chunk) const { return rows * chunk / count; }
  GRADIENTE_INLINE Index size(Index chunk) const { return first(chunk + 1) - first(chunk); }
  // For the second reading: what the first one read last is still in the second cache, and whoever reads the results from their beginning
  // finds that there.
  GRADIENTE_INLINE Index last_first(Index n) const { return count - 1 - n; }
  GRADIENTE_INLINE Index cost() const { return 2 * rows * channels / kWidth; }
};

// What a channel's deviations are multiplied by. The gradient has to find the same as the forward pass did.
GRADIENTE_INLINE float norm_factor(float scale, float variance, float epsilon) {
  return scale / __builtin_sqrtf(variance + epsilon);
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + offset with the rows' own mean and variance (over their number), plus `other` unless
// that is null, and then rectified if asked for.
inline void batch_norm(Index rows, Index channels, float epsilon, bool rectified, const float* x, const float* scale,
                       const float* offset, const float* other, float* y, float* mean, float* variance, Workers& workers) {
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
    factor[c] = norm_factor(scale[c], variance[c], epsilon);
  }
  workers.each(chunks.count, chunks.cost(), [&](Index n) {
    const Index q = chunks.last_first(n);
    const Index at = chunks.first(q) * channels;
    const float* added = other == nullptr ? nullptr : other + at;
    each_norm_part(chunks.size(q), channels, ApplyBody{{mean, factor, offset}, rectified, x + at, added, y + at});
  });
}

// With r = 1 / sqrt(variance + epsilon) and n = (x - mean) r:
// dscale = sum(dy n), doffset = sum(dy), dx = scale r (dy - doffset / rows - n dscale / rows).
// With an `offset`, which may be null, dy is the gradient of the result rectified, and counts where y is above zero.
inline void batch_norm_gradient(Index rows, Index channels, float epsilon, const float* dy, const float* x,
                                const float* scale, const float* offset, const float* mean, const float* variance, float* dx,
                                float* dscale, float* doffset, Workers& workers) {
  const NormChunks chunks(rows, channels);
  float* sums = scratch(Scratch::shared_sums, static_cast<std::size_t>((2 * chunks.count + 4) * channels));
  float* products = sums + chunks.count * channels;
  float* factor = products + chunks.count * channels;
  float* back_factor = factor + channels;
  float* back_offset = back_factor + channels;
  float* slope = back_offset + channels;
  for (Index c = 0; c < channels; ++c) factor[c] = norm_factor(scale[c], variance[c], epsilon);
  const bool rectified = offset != nullptr;
  const Normal normal{mean, factor, rectified ? offset : mean}; // without a rectifier nothing asks for y
  workers.each(chunks.count, chunks.cost(), [&](Index q) {
    const Index at = chunks.first(q) * channels;
    each_norm_part(chunks.size(q), channels,
                   GradientSumsBody{normal, rectified, x + at, dy + at, sums + q * channels, products + q * channels});
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
    back_offset[c] = -slope[c] * doffset[c] / static_cast<float>(rows);
    back_factor[c] = -slope[c] * inverse * dscale[c] / static_cast<float>(rows);
  }
  const Normal back{mean, back_factor, back_offset};
  workers.each(chunks.count, chunks.cost(), [&](Index n) {
    const Index q = chunks.last_first(n);
    const Index at = chunks.first(q) * channels;
    each_norm_part(chunks.size(q), channels, GradientApplyBody{normal, back, rectified, x + at, dy + at, slope, dx + at});
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
