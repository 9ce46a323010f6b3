// Winograd's transforms for tiles of 6 x 6: F(4 x 4, 3 x 3) and F(2 x 2, 5 x 5), both over the points 0, 1, -1, 2, -2 and
// infinity (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015).
//
// Along one axis, kOutputs results of a filter with kTaps taps are A^T ((G g) . (B^T d)), where d has 6 inputs. B depends on
// the points only; A and G have a row for each point, with its powers.
#pragma once

#include "simd.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kSide = 6;
constexpr int kTile = kSide * kSide;

// B^T d, to `out`, which may be d; the elements are `step` apart.
GRADIENTE_INLINE void transform_input(const Vector* d, int step, Vector* out) {
  const Vector four = broadcast(4.0f), five = broadcast(5.0f), two = broadcast(2.0f);
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Vector even1 = d4 - four * d2, odd1 = d3 - four * d1;
  const Vector even2 = d4 - d2, odd2 = two * (d3 - d1);
  out[0] = four * d0 + (d4 - five * d2);
  out[step] = even1 + odd1;
  out[2 * step] = even1 - odd1;
  out[3 * step] = even2 + odd2;
  out[4 * step] = even2 - odd2;
  out[5 * step] = four * d1 + (d5 - five * d3);
}

// G g: from kTaps elements to 6. The points a and -a share the sums of even and of odd powers.
template <int kTaps>
GRADIENTE_INLINE void transform_filter(const Vector* g, int step, Vector* out, int out_step) {
  out[0] = broadcast(0.25f) * g[0];
#pragma GCC unroll 2
  for (int pair = 0; pair < 2; ++pair) {
    const float point = pair == 0 ? 1.0f : 2.0f;
    float power = pair == 0 ? -1.0f / 6.0f : 1.0f / 24.0f;
    Vector even = zero(), odd = zero();
#pragma GCC unroll 5
    for (int j = 0; j < kTaps; ++j, power *= point) {
      Vector& sum = j % 2 == 0 ? even : odd;
      sum += broadcast(power) * g[j * step];
    }
    out[(1 + 2 * pair) * out_step] = even + odd;
    out[(2 + 2 * pair) * out_step] = even - odd;
  }
  out[5 * out_step] = g[(kTaps - 1) * step];
}

// A^T m: from 6 elements to kOutputs.
template <int kOutputs>
GRADIENTE_INLINE void transform_output(const Vector* m, int step, Vector* out, int out_step) {
  const Vector sum1 = m[step] + m[2 * step], difference1 = m[step] - m[2 * step];
  const Vector sum2 = m[3 * step] + m[4 * step], difference2 = m[3 * step] - m[4 * step];
  float power = 1.0f;
#pragma GCC unroll 5
  for (int i = 0; i < kOutputs; ++i, power *= 2.0f) {
    Vector v = i % 2 == 0 ? sum1 + broadcast(power) * sum2 : difference1 + broadcast(power) * difference2;
    if (i == 0) v += m[0];
    if (i == kOutputs - 1) v += m[5 * step];
    out[i * out_step] = v;
  }
}

// The same along both axes of a square.
GRADIENTE_INLINE void transform_input_square(const Vector* d, Vector* out) {
#pragma GCC unroll 6
  for (int i = 0; i < kSide; ++i) transform_input(d + i * kSide, 1, out + i * kSide);
#pragma GCC unroll 6
  for (int j = 0; j < kSide; ++j) transform_input(out + j, kSide, out + j);
}

template <int kTaps>
GRADIENTE_INLINE void transform_filter_square(const Vector* g, Vector* out) {
  Vector half[kSide * kTaps];
#pragma GCC unroll 6
  for (int j = 0; j < kTaps; ++j) transform_filter<kTaps>(g + j, kTaps, half + j, kTaps);
#pragma GCC unroll 6
  for (int i = 0; i < kSide; ++i) transform_filter<kTaps>(half + i * kTaps, 1, out + i * kSide, 1);
}

template <int kOutputs>
GRADIENTE_INLINE void transform_output_square(const Vector* m, Vector* out) {
  Vector half[kOutputs * kSide];
#pragma GCC unroll 6
  for (int j = 0; j < kSide; ++j) transform_output<kOutputs>(m + j, kSide, half + j, kSide);
#pragma GCC unroll 6
  for (int i = 0; i < kOutputs; ++i) transform_output<kOutputs>(half + i * kSide, 1, out + i * kOutputs, 1);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
