// The cross-entropy of softmax(logits) against labels, with its gradient, and sums over rows.
#pragma once

#include "dense_dots.h"
#include "kernels.h"
#include "patch.h"
#include "pooled.h"
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

// The first `count` elements, and `otherwise` after them.
GRADIENTE_INLINE Vector load_or(const float* p, int count, float otherwise) {
  const Vector v = load_first(p, count);
  return count == kWidth ? v : select(lanes_before(count), v, broadcast(otherwise));
}

// Up to kWidth rows at once, so that what is summed within a row is added up for all of them together. The gradient's memory
// holds the exponentials of the shifted logits in between.
inline void cross_entropy_rows(int rows, Index classes, const float* logits, const float* labels, const float* weights,
                               float* loss, float* gradient) {
  const float least = -__builtin_inff();
  float most[kWidth], sums[kWidth], scores[kWidth], label_sums[kWidth];
  Vector v[kWidth] = {};
  for (int r = 0; r < rows; ++r) {
    v[r] = broadcast(least);
    each_vector(classes, [&](Index j, int count) { v[r] = larger(v[r], load_or(logits + r * classes + j, count, least)); });
  }
  store(most, across(v, [](Vector a, Vector b) { return larger(a, b); }));
  Vector score[kWidth] = {}, label_sum[kWidth] = {};
  for (int r = 0; r < rows; ++r) {
    Vector sum = zero();
    each_vector(classes, [&](Index j, int count) {
      const Index k = r * classes + j;
      const Vector shifted = load_first(logits + k, count) - broadcast(most[r]), label = load_first(labels + k, count);
      const Vector power = exponential(shifted);
      store_first(gradient + k, power, count);
      sum += count == kWidth ? power : select(lanes_before(count), power, zero());
      score[r] += select(label == zero(), zero(), label * shifted); // a class without weight may be impossible: no 0 * -inf
      label_sum[r] += label;
    });
    v[r] = sum;
  }
  for (int r = rows; r < kWidth; ++r) v[r] = zero();
  store(sums, sums_across(v));
  store(scores, sums_across(score));
  store(label_sums, sums_across(label_sum));
  for (int r = 0; r < rows; ++r) {
    loss[r] = (label_sums[r] == 0 ? 0 : label_sums[r] * __builtin_logf(sums[r])) - scores[r];
    const Vector scale = broadcast(1 / sums[r]), row_weight = broadcast(weights == nullptr ? 1 : weights[r]);
    each_vector(classes, [&](Index j, int count) {
      const Index k = r * classes + j;
      const Vector probability = load_first(gradient + k, count) * scale;
      store_first(gradient + k, (probability - load_first(labels + k, count)) * row_weight, count);
    });
  }
}

inline void cross_entropy(Index rows, Index classes, const float* logits, const float* labels, const float* weights,
                          float* loss, float* gradient, Workers& workers) {
  const Index tasks = max_of(Index{1}, min_of(rows, rows * classes / kEntropyTask));
  workers.each(tasks, [&](Index task) {
    const Index end = rows * (task + 1) / tasks;
    for (Index r = rows * task / tasks; r < end; r += kWidth) {
      const int some = static_cast<int>(min_of(Index{kWidth}, end - r));
      cross_entropy_rows(some, classes, logits + r * classes, labels + r * classes, weights == nullptr ? nullptr : weights + r,
                         loss + r, gradient + r * classes);
    }
  });
}

// Sums over rows of some columns, whose values `value` loads: four vectors at a time, then one, then the rest.
template <int kMany, class Value>
GRADIENTE_INLINE void sum_rows(Value value, Index first, Index rows, Index columns, int last, float* sums) {
  Vector total[kMany] = {};
  for (Index r = 0; r < rows; ++r, first += columns) {
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kMany; ++v) total[v] += value(first + v * kWidth, kWidth);
    total[kMany - 1] += value(first + (kMany - 1) * kWidth, last);
  }
#pragma GCC unroll 4
  for (int v = 0; v + 1 < kMany; ++v) store(sums + v * kWidth, total[v]);
  store_first(sums + (kMany - 1) * kWidth, total[kMany - 1], last);
}

template <class Value>
GRADIENTE_INLINE void sum_rows_of(Value value, Index first, Index rows, Index columns, float* sums) {
  Index j = 0;
  for (; j + 4 * kWidth <= columns; j += 4 * kWidth) sum_rows<4>(value, first + j, rows, columns, kWidth, sums + j);
  each_vector(columns - j, [&](Index c, int count) { sum_rows<1>(value, first + j + c, rows, columns, count, sums + j + c); });
}

constexpr Index kSumRows = 256; // rows whose sums are added up in one go; the sums of these parts follow: less rounding

// sums[j] = the sum over rows of x[r, j], as a bias's gradient. The parts depend on the sizes only, so that the same values
// give the same result with any number of threads.
template <class Value>
inline void sum_columns_of(Index rows, Index columns, Value value, float* sums, Workers& workers) {
  const Index parts = max_of(Index{1}, ceil_div(rows, kSumRows));
  if (parts == 1) {
    sum_rows_of(value, 0, rows, columns, sums);
    return;
  }
  float* partial = scratch(Scratch::shared_sums, static_cast<std::size_t>(parts * columns));
  const auto part = [&](Index p) {
    const Index r0 = rows * p / parts;
    sum_rows_of(value, r0 * columns, rows * (p + 1) / parts - r0, columns, partial + p * columns);
  };
  if (rows * columns < 4 * kUpdateTask) {
    for (Index p = 0; p < parts; ++p) part(p);
  } else {
    workers.each(parts, part);
  }
  sum_rows_of([&](Index i, int count) { return load_first(partial + i, count); }, 0, parts, columns, sums);
}

inline void column_sums(Index rows, Index columns, const float* x, const std::uint8_t* at, float* sums, Workers& workers) {
  if (at == nullptr) {
    sum_columns_of(rows, columns, [&](Index i, int count) { return load_first(x + i, count); }, sums, workers);
  } else {
    sum_columns_of(rows, columns, [&](Index i, int count) { return load_passed(x + i, at + i, count); }, sums, workers);
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
