// Rows of an array picked by their numbers, as a batch is from a data set.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kLinesCopiedLater = 128; // lines that are on their way from memory while those before them are copied

// out[i] = x[which[i]] for i in [first, end). Rows come from anywhere in memory, and each is over when the processor's own prefetcher
// has seen where it lies; so lines are asked for some time before, also those of the rows that follow.
class RowCopy {
 public:
  RowCopy(const float* x, Index rows, Index size, const std::int32_t* which, Index first, Index end)
      : x_(x), rows_(rows), size_(size), which_(which), asked_(first), end_(end) {
    if (first < end) ask_from(first);
    for (Index n = 0; n < kLinesCopiedLater; ++n) ask();
  }

  GRADIENTE_INLINE void copy_row(Index i, float* to) {
    const float* from = row(i);
    Index j = 0;
    for (; j + kLineFloats <= size_; j += kLineFloats) {
      ask();
#pragma GCC unroll 4
      for (int v = 0; v < kLineFloats; v += kWidth) store(to + j + v, load(from + j + v));
    }
    if (j == size_) return;
    ask();
    each_vector(size_ - j, [&](Index k, int count) { store_first(to + j + k, load_first(from + j + k, count), count); });
  }

 private:
  // Positions outside of x read its first or last row.
  GRADIENTE_INLINE const float* row(Index i) const {
    return x_ + min_of(max_of(Index{which_[i]}, Index{0}), rows_ - 1) * size_;
  }
  GRADIENTE_INLINE void ask_from(Index i) {
    line_ = row(i);
    row_end_ = line_ + size_;
  }
  GRADIENTE_INLINE void ask() {
    if (asked_ == end_) return;
    __builtin_prefetch(line_, 0, 2);
    line_ += kLineFloats;
    if (line_ >= row_end_ && ++asked_ < end_) ask_from(asked_);
  }

  const float* x_;
  Index rows_, size_;
  const std::int32_t* which_;
  Index asked_, end_; // the row whose lines are asked for, and the one after the last
  const float *line_, *row_end_;
};

inline void gather_rows(Index count, Index rows, Index size, const float* x, const std::int32_t* which, float* out,
                        Workers& workers) {
  const Index tasks = min_of(count, Index{4} * workers.count());
  workers.each(tasks, count * size, [&](Index task) { // a number a cycle
    const Index first = count * task / tasks, end = count * (task + 1) / tasks;
    RowCopy copy(x, rows, size, which, first, end);
    for (Index i = first; i < end; ++i) copy.copy_row(i, out + i * size);
  });
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
