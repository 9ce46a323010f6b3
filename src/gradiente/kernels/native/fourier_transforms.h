// Fourier's transform of tiles of 16 x 16 real samples, and back: 128 complex elements, whose products are convolutions.
//
// Along a row, 16 samples are a polynomial, which is evaluated at half of the roots of x^16 = -1; the others are their conjugates. So
// all elements are complex, where ordinary frequencies would have real ones among them. What leaves a row at its end comes in again
// at its beginning, with its sign changed. Along a column, then, it is the ordinary transform. Elements come in any order, as
// long as the way back knows it. A real tile's conjugate elements are those of the tile turned round, so that the product with
// them is a correlation, which is what networks call a convolution.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "winograd_pixels.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kSamples = 16;                    // along a side of a tile
constexpr int kRoots = kSamples / 2;            // of a row
constexpr int kFrequencies = kSamples * kRoots; // elements of a transformed tile

// cos and sin of pi n / 16.
constexpr float kCosines[] = {1.0f,         0.980785280f, 0.923879533f, 0.831469612f, 0.707106781f,
                              0.555570233f, 0.382683432f, 0.195090322f, 0.0f};

constexpr float cosine(int n) {
  n = n < 0 ? -n % 32 : n % 32;
  if (n > 16) n = 32 - n;
  return n <= 8 ? kCosines[n] : -kCosines[16 - n];
}
constexpr float sine(int n) { return cosine(n - 8); }

// (re + i im) e^(-i pi n / 16)
GRADIENTE_INLINE void rotate(Vector& re, Vector& im, int n) {
  if (n == 0) return;
  const Vector before = re;
  if (n == 8) {
    re = im;
    im = -before;
    return;
  }
  const Vector c = broadcast(cosine(n)), s = broadcast(sine(n));
  re = c * before + s * im;
  im = c * im - s * before;
}

// The transform of two, or four, elements that are `step` apart, in place.
template <int kCount>
GRADIENTE_INLINE void short_fourier(Vector* re, Vector* im, int step) {
  static_assert(kCount == 2 || kCount == 4, "longer ones are made of these");
  if constexpr (kCount == 2) {
    const Vector r = re[0], i = im[0];
    re[0] = r + re[step];
    im[0] = i + im[step];
    re[step] = r - re[step];
    im[step] = i - im[step];
  } else {
    const Vector sum_re = re[0] + re[2 * step], sum_im = im[0] + im[2 * step];
    const Vector difference_re = re[0] - re[2 * step], difference_im = im[0] - im[2 * step];
    const Vector other_sum_re = re[step] + re[3 * step], other_sum_im = im[step] + im[3 * step];
    const Vector other_re = re[step] - re[3 * step], other_im = im[step] - im[3 * step];
    re[0] = sum_re + other_sum_re;
    im[0] = sum_im + other_sum_im;
    re[step] = difference_re + other_im;
    im[step] = difference_im - other_re;
    re[2 * step] = sum_re - other_sum_re;
    im[2 * step] = sum_im - other_sum_im;
    re[3 * step] = difference_re - other_im;
    im[3 * step] = difference_im + other_re;
  }
}

// Cooley and Tukey's transform of 4 x kAlong elements in place: z_n to Z_k = sum over n of z_n e^(-2 pi i n k / (4 kAlong)), where k =
// a + 4 b is left at place a kAlong + b.
template <int kAlong>
GRADIENTE_INLINE void fourier(Vector* re, Vector* im) {
#pragma GCC unroll 4
  for (int n = 0; n < kAlong; ++n) {
    short_fourier<4>(re + n, im + n, kAlong);
#pragma GCC unroll 4
    for (int k = 1; k < 4; ++k) rotate(re[n + k * kAlong], im[n + k * kAlong], 8 / kAlong * n * k);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) short_fourier<kAlong>(re + k * kAlong, im + k * kAlong, 1);
}

// Back, but for a factor of 4 kAlong: the same steps in the opposite order, with the directions of rotation changed, which is what
// exchanging real and imaginary parts does.
template <int kAlong>
GRADIENTE_INLINE void fourier_back(Vector* re, Vector* im) {
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) short_fourier<kAlong>(im + k * kAlong, re + k * kAlong, 1);
#pragma GCC unroll 4
  for (int n = 0; n < kAlong; ++n) {
#pragma GCC unroll 4
    for (int k = 1; k < 4; ++k) rotate(im[n + k * kAlong], re[n + k * kAlong], 8 / kAlong * n * k);
    short_fourier<4>(im + n, re + n, kAlong);
  }
}

// A row's samples to its elements: x to sum over n of x_n r^n for the roots r = e^(-i pi (4 k + 1) / 16), whose 8th power is -i.
GRADIENTE_INLINE void row_fourier(const Vector* x, Vector* re, Vector* im) {
#pragma GCC unroll 8
  for (int n = 0; n < kRoots; ++n) {
    const Vector c = broadcast(cosine(n)), s = broadcast(sine(n));
    re[n] = n == 0 ? x[0] : c * x[n] - s * x[n + kRoots];
    im[n] = n == 0 ? -x[kRoots] : -s * x[n] - c * x[n + kRoots];
  }
  fourier<2>(re, im);
}

// Back, with the factors of both axes.
GRADIENTE_INLINE void row_fourier_back(Vector* re, Vector* im, Vector* x) {
  constexpr float kShare = 1.0f / kFrequencies;
  fourier_back<2>(re, im);
#pragma GCC unroll 8
  for (int n = 0; n < kRoots; ++n) {
    const Vector c = broadcast(cosine(n) * kShare), s = broadcast(sine(n) * kShare);
    x[n] = n == 0 ? c * re[0] : c * re[n] - s * im[n];
    x[n + kRoots] = n == 0 ? -c * im[0] : -s * re[n] - c * im[n];
  }
}

// Where the elements of transformed tiles lie: `part` floats from an element's real to its imaginary part, `step` to the next one.
struct Elements {
  Index step, part;
};

// Samples of a tile, some rows and columns of which are given: sample (i, j) of a channel lies at first + i * down + j * across, and
// all others are zero.
struct SampleWindow {
  const float* first; // of sample (0, 0), although it may not be given
  Index down, across;
  int row0, row1, column0, column1;
  Index next; // to the same sample of the tile that comes next, which is asked for
};

template <bool kWhole>
GRADIENTE_INLINE void fourier_vector(const SampleWindow& w, const float* first, int size, float* out, const Elements& to) {
  Vector half_re[kRoots][kSamples], half_im[kRoots][kSamples];
#pragma GCC unroll 1
  for (int i = 0; i < kSamples; ++i) {
    if (i < w.row0 || i >= w.row1) {
      for (int k = 0; k < kRoots; ++k) half_re[k][i] = half_im[k][i] = zero();
      continue;
    }
    const float* at = first + i * w.down;
    Index across = w.across;
    Vector x[kSamples], re[kRoots], im[kRoots];
#pragma GCC unroll 16
    for (int j = 0; j < kSamples; ++j, at += across) {
      own_addresses(at, across);
      if (j >= w.column0 && j < w.column1) __builtin_prefetch(at + w.next, 0, 2);
      x[j] = j < w.column0 || j >= w.column1 ? zero() : kWhole ? load(at) : load_first(at, size);
    }
    row_fourier(x, re, im);
#pragma GCC unroll 8
    for (int k = 0; k < kRoots; ++k) {
      half_re[k][i] = re[k];
      half_im[k][i] = im[k];
    }
  }
#pragma GCC unroll 1
  for (int k = 0; k < kRoots; ++k) {
    Vector re[kSamples], im[kSamples];
#pragma GCC unroll 16
    for (int i = 0; i < kSamples; ++i) {
      re[i] = half_re[k][i];
      im[i] = half_im[k][i];
    }
    fourier<4>(re, im);
    Index step = to.step, part = to.part;
#pragma GCC unroll 16
    for (int i = 0; i < kSamples; ++i, out += step) {
      own_addresses(out, step);
      store(out, re[i]);
      store(out + part, im[i]);
    }
  }
}

// Transforms the samples of each of `channels`, which lie together, to elements that lie at out + channel.
inline void fourier_tile(const SampleWindow& w, Index channels, float* out, const Elements& to) {
  Index c = 0;
  for (; c + kWidth <= channels; c += kWidth) fourier_vector<true>(w, w.first + c, kWidth, out + c, to);
  if (c < channels) fourier_vector<false>(w, w.first + c, static_cast<int>(channels - c), out + c, to);
}

// The first rows of a vector's samples from its elements: put(i, x) takes those of row i.
template <class Put>
GRADIENTE_INLINE void fourier_vector_back(const float* in, const Elements& from, int rows, Put put) {
  Vector half_re[kRoots][kSamples], half_im[kRoots][kSamples];
#pragma GCC unroll 1
  for (int k = 0; k < kRoots; ++k) {
    Vector re[kSamples], im[kSamples];
    Index step = from.step, part = from.part;
#pragma GCC unroll 16
    for (int i = 0; i < kSamples; ++i, in += step) {
      own_addresses(in, step);
      re[i] = load(in);
      im[i] = load(in + part);
    }
    fourier_back<4>(re, im);
#pragma GCC unroll 16
    for (int i = 0; i < kSamples; ++i) {
      half_re[k][i] = re[i];
      half_im[k][i] = im[i];
    }
  }
#pragma GCC unroll 1
  for (int i = 0; i < rows; ++i) {
    Vector x[kSamples], re[kRoots], im[kRoots];
#pragma GCC unroll 8
    for (int k = 0; k < kRoots; ++k) {
      re[k] = half_re[k][i];
      im[k] = half_im[k][i];
    }
    row_fourier_back(re, im, x);
    put(i, x);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
