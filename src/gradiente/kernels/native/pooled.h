// What a convolution reads and writes, where that may be pooled: of its rectified results only the largest of each 2 x 2 go to
// memory, with a byte each that says which it is, and the gradient that they receive is spread by these bytes again where it is
// read. The results themselves, which take four times the room, never leave the cache.
#pragma once

#include "kernels.h"
#include "pool.h"
#include "scratch.h"

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr int kPooled = 2;            // along a side of a window
constexpr std::int32_t kNowhere = 4;  // the byte where the rectifier lets nothing through; else 0 to 3, row by row

typedef std::uint8_t Bytes __attribute__((vector_size(kWidth)));

// GCC would convert them one by one.
GRADIENTE_INLINE Mask widened(Bytes b) {
#if defined(__AVX512F__) && !defined(__clang__)
  typedef char Chars __attribute__((vector_size(16)));
  return __builtin_ia32_pmovzxbd512_mask(reinterpret_cast<Chars>(b), Mask{}, 0xffff);
#elif defined(__AVX2__) && !defined(__clang__)
  typedef char Chars __attribute__((vector_size(16)));
  typedef long long Halves __attribute__((vector_size(16)));
  return __builtin_ia32_pmovzxbd256(reinterpret_cast<Chars>(Halves{reinterpret_cast<long long>(b), 0}));
#else
  return __builtin_convertvector(b, Mask);
#endif
}

GRADIENTE_INLINE Bytes narrowed(Mask m) {
#if defined(__AVX512F__) && !defined(__clang__)
  typedef char Chars __attribute__((vector_size(16)));
  return reinterpret_cast<Bytes>(__builtin_ia32_pmovdb512_mask(m, Chars{}, 0xffff));
#elif defined(__AVX2__) && !defined(__clang__) && __GNUC__ >= 12 // older versions have no such shuffle
  typedef std::uint8_t All __attribute__((vector_size(sizeof(Mask))));
  const All all = reinterpret_cast<All>(m);
  return __builtin_shufflevector(all, all, 0, 4, 8, 12, 16, 20, 24, 28);
#else
  return __builtin_convertvector(m, Bytes);
#endif
}

GRADIENTE_INLINE Mask load_bytes(const std::uint8_t* p, int count) {
  Bytes b = {};
  if (count == kWidth) {
    __builtin_memcpy(&b, p, kWidth);
  } else {
    for (int i = 0; i < count; ++i) b[i] = p[i];
  }
  return widened(b);
}

GRADIENTE_INLINE void store_bytes(std::uint8_t* p, Mask values, int count) {
  const Bytes b = narrowed(values);
  if (count == kWidth) {
    __builtin_memcpy(p, &b, kWidth);
  } else {
    for (int i = 0; i < count; ++i) p[i] = b[i];
  }
}

// The gradients of those of the largest elements that the rectifier let through.
GRADIENTE_INLINE Vector load_passed(const float* gradient, const std::uint8_t* at, int count) {
  return select(load_bytes(at, count) != kNowhere, load_first(gradient, count), zero());
}

// A pooled image's sizes: rows x columns windows on as many rows and columns as the convolution has.
struct PooledPlane {
  Index rows, columns, channels;
  Index pooled_rows, pooled_columns;

  GRADIENTE_INLINE Index row_floats() const { return columns * channels; }
  // Of a row of windows, counted through all images.
  GRADIENTE_INLINE Index pooled_offset(Index image, Index row) const {
    return (image * pooled_rows + row) * pooled_columns * channels;
  }
};

// The images that a convolution reads: those in memory, or what a pooled gradient is spread to. Rows are counted through all
// images.
class Source {
 public:
  GRADIENTE_INLINE Source(const float* x) : x_(x), at_(nullptr), plane_{} {}
  GRADIENTE_INLINE Source(const float* x, const std::uint8_t* at, const PooledPlane& plane) : x_(x), at_(at), plane_(plane) {}

  GRADIENTE_INLINE bool pooled() const { return at_ != nullptr; }

  // Where the first image's first row would lie, if rows [first, first + count), and only these, are read from there.
  const float* rows(Index first, Index count) const {
    if (!pooled()) return x_;
    float* made = scratch(Scratch::rows, static_cast<std::size_t>(count * plane_.row_floats()));
    spread(first, count, made);
    return made - first * plane_.row_floats();
  }

  // Spreads the pooled gradient of rows [first, first + count).
  void spread(Index first, Index count, float* to) const {
    for (Index r = first; r < first + count; ++r, to += plane_.row_floats()) spread_row(r / plane_.rows, r % plane_.rows, to);
  }

 private:
  void spread_row(Index image, Index row, float* to) const {
    const Index channels = plane_.channels, window = row / kPooled;
    if (window >= plane_.pooled_rows) {
      clear(to, plane_.row_floats());
      return;
    }
    const float* gradient = x_ + plane_.pooled_offset(image, window);
    const std::uint8_t* at = at_ + plane_.pooled_offset(image, window);
    const int first = static_cast<int>(row % kPooled) * kPooled;
    for (Index j = 0; j < plane_.pooled_columns; ++j) {
      float* left = to + j * kPooled * channels;
      const bool both = j * kPooled + 1 < plane_.columns;
      each_vector(channels, [&](Index c, int count) {
        const Vector value = load_first(gradient + j * channels + c, count);
        const Mask where = load_bytes(at + j * channels + c, count);
        store_first(left + c, select(where == first, value, zero()), count);
        if (both) store_first(left + channels + c, select(where == first + 1, value, zero()), count);
      });
    }
    const Index seen = min_of(plane_.columns, plane_.pooled_columns * kPooled);
    clear(to + seen * channels, (plane_.columns - seen) * channels);
  }

  const float* x_;
  const std::uint8_t* at_;
  PooledPlane plane_;
};

// Where a convolution's results go: to memory as they are, or pooled.
class Results {
 public:
  GRADIENTE_INLINE Results(float* y) : y_(y), at_(nullptr), pooled_(false), plane_{} {}
  GRADIENTE_INLINE Results(float* y, std::uint8_t* at, const PooledPlane& plane) : y_(y), at_(at), pooled_(true), plane_(plane) {}

  GRADIENTE_INLINE bool pooled() const { return pooled_; }

  // Where the first image's first row would lie, if rows [first, first + count), and only these, are written from there.
  // Each image's part of them begins with an even row. `finish_rows` has to follow.
  float* rows(Index first, Index count) const {
    if (!pooled_) return y_;
    return scratch(Scratch::rows, static_cast<std::size_t>(count * plane_.row_floats())) - first * plane_.row_floats();
  }

  void finish_rows(const float* origin, Index first, Index count, Index channel, Index channels) const {
    if (!pooled_) return;
    const Index down = plane_.row_floats();
    for (Index r = first; r < first + count;) {
      const Index image = r / plane_.rows, row = r - image * plane_.rows;
      if (row / kPooled < plane_.pooled_rows) {
        const Index out = plane_.pooled_offset(image, row / kPooled) + channel;
        const bool below = row + 1 < plane_.rows;
        for (Index j = 0; j < plane_.pooled_columns; ++j) {
          const bool beside = j * kPooled + 1 < plane_.columns;
          const float* from = origin + r * down + j * kPooled * plane_.channels + channel;
          each_vector(channels, [&](Index c, int size) {
            const auto element = [&](bool inside, Index offset) {
              return inside ? load_first(from + offset + c, size) : broadcast(-__builtin_inff());
            };
            const Vector window[] = {element(true, 0), element(beside, plane_.channels), element(below, down),
                                     element(beside && below, down + plane_.channels)};
            put_largest(window, out + j * plane_.channels + c, size);
          });
        }
      }
      r += min_of(Index{kPooled}, plane_.rows - row);
    }
  }

  // The largest ones of a square of kSide x kSide results from (row, column) on, which are even, of `size` channels from `channel`
  // on; `square` is their vectors.
  template <int kSide>
  GRADIENTE_INLINE void put_square(Index image, Index row, Index column, Index channel, const Vector* square, int size) const {
#pragma GCC unroll 4
    for (int i = 0; i < kSide; i += kPooled) {
      put_rows<kSide>(image, row + i, column, kSide, channel, square + i * kSide, square + (i + 1) * kSide, size);
    }
  }

  // The same of two rows of kMost vectors, of which the first `columns` count.
  template <int kMost>
  GRADIENTE_INLINE void put_rows(Index image, Index row, Index column, int columns, Index channel, const Vector* above,
                                 const Vector* below, int size) const {
    if (row / kPooled >= plane_.pooled_rows) return;
    const Vector outside = broadcast(-__builtin_inff());
    const bool has_below = row + 1 < plane_.rows;
#pragma GCC unroll 8
    for (int j = 0; j < kMost; j += kPooled) {
      if (j >= columns || (column + j) / kPooled >= plane_.pooled_columns) break;
      const bool beside = column + j + 1 < plane_.columns;
      const Vector window[] = {above[j], beside ? above[j + 1] : outside, has_below ? below[j] : outside,
                               beside && has_below ? below[j + 1] : outside};
      put_largest(window, plane_.pooled_offset(image, row / kPooled) + (column + j) / kPooled * plane_.channels + channel, size);
    }
  }

 private:
  // The largest is a NaN, if there is one; the gradient goes to the first of those that no comparison finds larger: `max_pool` and
  // `max_pool_gradient` do the same.
  GRADIENTE_INLINE void put_largest(const Vector* window, Index offset, int count) const {
    Vector value = window[0], best = window[0];
    Mask at = Mask{};
#pragma GCC unroll 4
    for (int i = 1; i < kPooled * kPooled; ++i) {
      value = larger(value, window[i]);
      const Mask wins = window[i] > best;
      best = wins ? window[i] : best;
      at = wins ? i - Mask{} : at;
    }
    store_first(y_ + offset, value, count);
    store_bytes(at_ + offset, best > zero() ? at : kNowhere - Mask{}, count);
  }

  float* y_;
  std::uint8_t* at_;
  bool pooled_;
  PooledPlane plane_;
};

} // namespace GRADIENTE_ISA
} // namespace gradiente
