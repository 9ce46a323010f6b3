// Winograd's transforms for tiles of 6 x 6, which are for F(4 x 4, 3 x 3), and of 8 x 8, for F(4 x 4, 5 x 5): over the points 0, 1, -1,
// 2, -2 and infinity, and with 8 also 1/2 and -1/2 (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015).
//
// Along one axis, kOutputs results of a filter with kTaps taps are A^T ((G g) . (B^T d)), where d has kSide inputs. B depends on
// the points only; A and G have a row for each point, with its powers.
#pragma once

#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Of each pair of points a and -a: a, and what G's rows are divided by; of the point 0 the latter.
constexpr float kPoints[] = {1.0f, 2.0f, 0.5f};
constexpr float kShares6[] = {-1.0f / 6.0f, 1.0f / 24.0f}, kShares8[] = {-2.0f / 9.0f, 1.0f / 90.0f, 32.0f / 45.0f};

template <int kSide>
GRADIENTE_INLINE constexpr float point_share(int pair) {
  return kSide == 6 ? kShares6[pair] : kShares8[pair];
}

// B^T d, to `out`, which may be d; the elements are `step` apart.
template <int kSide>
GRADIENTE_INLINE void transform_input(const Vector* d, int step, Vector* out) {
  static_assert(kSide == 6 || kSide == 8, "the points are those of tiles of 6 and of 8");
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Vector two = broadcast(2.0f), four = broadcast(4.0f), five = broadcast(5.0f);
  if constexpr (kSide == 6) {
    const Vector even1 = d4 - four * d2, odd1 = d3 - four * d1;
    const Vector even2 = d4 - d2, odd2 = two * (d3 - d1);
    out[0] = four * d0 + (d4 - five * d2);
    out[step] = even1 + odd1;
    out[2 * step] = even1 - odd1;
    out[3 * step] = even2 + odd2;
    out[4 * step] = even2 - odd2;
    out[5 * step] = four * d1 + (d5 - five * d3);
  } else {
    const Vector d6 = d[6 * step], d7 = d[7 * step];
    const Vector half = broadcast(0.5f), quarter = broadcast(0.25f), outer = broadcast(5.25f), inner = broadcast(4.25f);
    const Vector middle = broadcast(2.5f) * d3;
    const Vector even1 = d2 + d6 - inner * d4, odd1 = d1 + d5 - inner * d3;
    const Vector even2 = d6 + quarter * (d2 - five * d4), odd2 = half * d1 + (two * d5 - middle);
    const Vector even3 = d6 + four * d2 - five * d4, odd3 = two * d1 + (half * d5 - middle);
    out[0] = d0 - d6 + outer * (d4 - d2);
    out[step] = even1 + odd1;
    out[2 * step] = even1 - odd1;
    out[3 * step] = even2 + odd2;
    out[4 * step] = even2 - odd2;
    out[5 * step] = even3 + odd3;
    out[6 * step] = even3 - odd3;
    out[7 * step] = d7 - d1 + outer * (d3 - d5);
  }
}

// G g: from kTaps elements to kSide. The points a and -a share the sums of even and of odd powers.
template <int kSide, int kTaps>
GRADIENTE_INLINE void transform_filter(const Vector* g, int step, Vector* out, int out_step) {
  out[0] = kSide == 6 ? broadcast(0.25f) * g[0] : g[0];
#pragma GCC unroll 3
  for (int pair = 0; pair < kSide / 2 - 1; ++pair) {
    float power = point_share<kSide>(pair);
    Vector even = zero(), odd = zero();
#pragma GCC unroll 5
    for (int j = 0; j < kTaps; ++j, power *= kPoints[pair]) {
      Vector& sum = j % 2 == 0 ? even : odd;
      sum += broadcast(power) * g[j * step];
    }
    out[(1 + 2 * pair) * out_step] = even + odd;
    out[(2 + 2 * pair) * out_step] = even - odd;
  }
  out[(kSide - 1) * out_step] = g[(kTaps - 1) * step];
}

// A^T m: from kSide elements to kOutputs.
template <int kSide, int kOutputs>
GRADIENTE_INLINE void transform_output(const Vector* m, int step, Vector* out, int out_step) {
  constexpr int kPairs = kSide / 2 - 1;
  Vector sums[kPairs], differences[kPairs];
#pragma GCC unroll 3
  for (int p = 0; p < kPairs; ++p) {
    sums[p] = m[(1 + 2 * p) * step] + m[(2 + 2 * p) * step];
    differences[p] = m[(1 + 2 * p) * step] - m[(2 + 2 * p) * step];
  }
  float powers[] = {1.0f, 1.0f, 1.0f};
#pragma GCC unroll 5
  for (int i = 0; i < kOutputs; ++i) {
    Vector v = i % 2 == 0 ? sums[0] : differences[0];
#pragma GCC unroll 2
    for (int p = 1; p < kPairs; ++p) {
      v += broadcast(powers[p]) * (i % 2 == 0 ? sums[p] : differences[p]);
      powers[p] *= kPoints[p];
    }
    if (i == 0) v += m[0];
    if (i == kOutputs - 1) v += m[(kSide - 1) * step];
    out[i * out_step] = v;
  }
}

// The same along both axes of a square.
template <int kSide>
GRADIENTE_INLINE void transform_input_square(const Vector* d, Vector* out) {
#pragma GCC unroll 8
  for (int i = 0; i < kSide; ++i) transform_input<kSide>(d + i * kSide, 1, out + i * kSide);
#pragma GCC unroll 8
  for (int j = 0; j < kSide; ++j) transform_input<kSide>(out + j, kSide, out + j);
}

template <int kSide, int kTaps>
GRADIENTE_INLINE void transform_filter_square(const Vector* g, Vector* out) {
  Vector half[kSide * kTaps];
#pragma GCC unroll 8
  for (int j = 0; j < kTaps; ++j) transform_filter<kSide, kTaps>(g + j, kTaps, half + j, kTaps);
#pragma GCC unroll 8
  for (int i = 0; i < kSide; ++i) transform_filter<kSide, kTaps>(half + i * kTaps, 1, out + i * kSide, 1);
}

template <int kSide, int kOutputs>
GRADIENTE_INLINE void transform_output_square(const Vector* m, Vector* out) {
  Vector half[kOutputs * kSide];
#pragma GCC unroll 8
  for (int j = 0; j < kSide; ++j) transform_output<kSide, kOutputs>(m + j, kSide, half + j, kSide);
#pragma GCC unroll 8
  for (int i = 0; i < kOutputs; ++i) transform_output<kSide, kOutputs>(half + i * kSide, 1, out + i * kOutputs, 1);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
