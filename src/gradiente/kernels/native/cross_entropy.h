// The cross-entropy of softmax(logits) against labels, with its gradient, and sums over rows.
#pragma once

#include "dense_dots.h"
#include "kernels.h"
#include "patch.h"
#include "scratch.h"
#include "simd.h"
#include "tile.h"
#include "updates.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kEntropyTask = 8 * 1024; // elements

// e^x for x <= 0, to 2 units in the last place (Cephes' expf); below -87 it stays at e^-87, which is 1.6e-38. A NaN stays one.
GRADIENTE_INLINE Vector exponential(Vector x) {
  const Vector least = broadcast(-87.0f);
  x = select(x < least, least, x);
  const Vector magic = broadcast(12582912.0f); // 1.5 * 2^23: the sum's last bits are the rounded number
  const Vector turns = x * broadcast(1.44269504f) + magic;
  const Vector n = turns - magic;
  const Vector r = x - n * broadcast(0.693359375f) - n * broadcast(-2.12194440e-4f);
  Vector p = broadcast(1.9875691500e-4f);
  p = p * r + broadcast(1.3981999507e-3f);
  p = p * r + broadcast(8.3334519073e-3f);
  p = p * r + broadcast(4.1665795894e-2f);
  p = p * r + broadcast(1.6666665459e-1f);
  p = p * r + broadcast(5.0000001201e-1f);
  p = p * r * r + r + broadcast(1.0f);
  const Mask power = (reinterpret_cast<Mask>(turns) + 127) << 23;
  return p * reinterpret_cast<Vector>(power);
}

GRADIENTE_INLINE float larger(float a, float b) { return a > b || a != a ? a : b; } // a NaN wins

// The largest of a row's numbers.
inline float largest(const float* z, Index size) {
  float most = z[0];
  Index j = 0;
  if (size >= kWidth) {
    Vector v = load(z);
    for (j = kWidth; j + kWidth <= size; j += kWidth) {
      const Vector next = load(z + j);
      v = select((next > v) | (next != next), next, v);
    }
    float lanes[kWidth];
    store(lanes, v);
    for (int i = 0; i < kWidth; ++i) most = larger(lanes[i], most);
  }
  for (; j < size; ++j) most = larger(z[j], most);
  return most;
}

// Shifts a row so that its largest number is zero, and returns the sum of the shifted ones weighted by the labels.
inline float shift_row(const float* z, const float* t, float most, Index size, float* shifted) {
  Vector sums = zero();
  Index j = 0;
  for (; j + kWidth <= size; j += kWidth) {
    const Vector v = load(z + j) - broadcast(most), label = load(t + j);
    store(shifted + j, v);
    sums += select(label == zero(), zero(), label * v); // a class without weight may be impossible: no 0 * -inf
  }
  float score = total(sums);
  for (; j < size; ++j) {
    shifted[j] = z[j] - most;
    score += t[j] == 0 ? 0 : t[j] * shifted[j];
  }
  return score;
}

inline float sum_of(const float* x, Index size) {
  Vector sums = zero();
  Index j = 0;
  for (; j + kWidth <= size; j += kWidth) sums += load(x + j);
  float sum = total(sums);
  for (; j < size; ++j) sum += x[j];
  return sum;
}

// Rows [r0, r1). The gradient's memory first holds the shifted logits, then their exponentials; the loss's the score.
inline void cross_entropy_rows(Index r0, Index r1, Index classes, const float* logits, const float* labels,
                               const float* weights, float* loss, float* gradient) {
  for (Index r = r0; r < r1; ++r) {
    const float* z = logits + r * classes;
    loss[r] = shift_row(z, labels + r * classes, largest(z, classes), classes, gradient + r * classes);
  }
  const Index end = r1 * classes;
  for (Index k = r0 * classes; k < end; k += kWidth) {
    const int count = static_cast<int>(min_of(Index{kWidth}, end - k));
    store_first(gradient + k, exponential(load_first(gradient + k, count)), count);
  }
  for (Index r = r0; r < r1; ++r) {
    const float* t = labels + r * classes;
    float* g = gradient + r * classes;
    const float sum = sum_of(g, classes), weight = sum_of(t, classes);
    loss[r] = (weight == 0 ? 0 : weight * __builtin_logf(sum)) - loss[r];
    const float scale = 1 / sum, row_weight = weights == nullptr ? 1 : weights[r];
    GRADIENTE_INDEPENDENT
    for (Index j = 0; j < classes; ++j) g[j] = (g[j] * scale - t[j]) * row_weight;
  }
}

inline void cross_entropy(Index rows, Index classes, const float* logits, const float* labels, const float* weights,
                          float* loss, float* gradient, Workers& workers) {
  const Index tasks = max_of(Index{1}, min_of(rows, rows * classes / kEntropyTask));
  workers.each(tasks, [&](Index task) {
    cross_entropy_rows(rows * task / tasks, rows * (task + 1) / tasks, classes, logits, labels, weights, loss, gradient);
  });
}

// Sums over rows [r0, r1) of some columns: four vectors at a time, then one, then the rest.
template <int kMany>
GRADIENTE_INLINE void sum_rows(const float* x, Index rows, Index step, float* sums) {
  Vector total[kMany] = {};
  for (Index r = 0; r < rows; ++r, x += step) {
#pragma GCC unroll 4
    for (int v = 0; v < kMany; ++v) total[v] += load(x + v * kWidth);
  }
#pragma GCC unroll 4
  for (int v = 0; v < kMany; ++v) store(sums + v * kWidth, total[v]);
}

inline void sum_rows_of(const float* x, Index rows, Index columns, float* sums) {
  Index j = 0;
  for (; j + 4 * kWidth <= columns; j += 4 * kWidth) sum_rows<4>(x + j, rows, columns, sums + j);
  for (; j + kWidth <= columns; j += kWidth) sum_rows<1>(x + j, rows, columns, sums + j);
  for (; j < columns; ++j) {
    float total = 0;
    for (Index r = 0; r < rows; ++r) total += x[r * columns + j];
    sums[j] = total;
  }
}

// rows[i] = x[which[i]]; positions outside of x read its first or last row.
inline void gather_rows(Index count, Index rows, Index size, const float* x, const std::int32_t* which, float* out,
                        Workers& workers) {
  const Index tasks = max_of(Index{1}, min_of(count, count * size / (256 * 1024)));
  workers.each(tasks, [&](Index task) {
    for (Index i = count * task / tasks; i < count * (task + 1) / tasks; ++i) {
      const Index row = min_of(max_of(Index{which[i]}, Index{0}), rows - 1);
      copy(out + i * size, x + row * size, size);
    }
  });
}

constexpr Index kSumRows = 256; // rows whose sums are added up in one go; the sums of these parts follow: less rounding

// sums[j] = the sum over rows of x[r, j], as a bias's gradient. The parts depend on the sizes only, so that the same values
// give the same result with any number of threads.
inline void column_sums(Index rows, Index columns, const float* x, float* sums, Workers& workers) {
  const Index parts = max_of(Index{1}, ceil_div(rows, kSumRows));
  if (parts == 1) {
    sum_rows_of(x, rows, columns, sums);
    return;
  }
  float* partial = scratch(Scratch::shared_sums, static_cast<std::size_t>(parts * columns));
  const auto part = [&](Index p) {
    const Index r0 = rows * p / parts;
    sum_rows_of(x + r0 * columns, rows * (p + 1) / parts - r0, columns, partial + p * columns);
  };
  if (rows * columns < 4 * kUpdateTask) {
    for (Index p = 0; p < parts; ++p) part(p);
  } else {
    workers.each(parts, part);
  }
  sum_rows_of(partial, parts, columns, sums);
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
