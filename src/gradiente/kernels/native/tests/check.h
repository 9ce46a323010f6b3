// What the kernels' own tests share: arrays that a sanitizer watches, a convolution's products, and the comparison.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../kernels.h"

namespace gradiente {

// An array of exactly its size, 4 bytes after a multiple of 16.
class Array {
 public:
  explicit Array(Index size) : size_(size), room_(new float[static_cast<std::size_t>(size) + 1]) {}
  Array(Index size, std::mt19937& random) : Array(size) {
    // Few different values, so that windows have equal largest ones.
    std::uniform_int_distribution<int> value(-8, 8);
    for (Index i = 0; i < size; ++i) data()[i] = static_cast<float>(value(random)) / 4.0f;
  }
  float* data() const { return room_.get() + 1; }
  Index size() const { return size_; }
  float operator[](Index i) const { return data()[i]; }

 private:
  Index size_;
  std::unique_ptr<float[]> room_;
};

inline int failures = 0;

// Errors are allowed for by the largest value, or by `scale` where what was larger has been cut off.
inline void compare(const std::string& what, const Array& got, const std::vector<double>& want, double tolerance, double scale = 1e-6) {
  for (double w : want) scale = std::fmax(scale, std::fabs(w));
  for (Index i = 0; i < got.size(); ++i) {
    if (!(std::fabs(got[i] - want[static_cast<std::size_t>(i)]) <= tolerance * scale)) {
      std::printf("%s: element %td is %g, not %g\n", what.c_str(), i, got[i], want[static_cast<std::size_t>(i)]);
      ++failures;
      return;
    }
  }
}

// Calls visit(input, filter, output) for all products of a convolution, dense or depthwise.
inline void each_product(const Conv2d& c, bool depthwise, const std::function<void(Index, Index, Index)>& visit) {
  for (Index n = 0; n < c.batch; ++n)
    for (Index a = 0; a < c.out_rows; ++a)
      for (Index b = 0; b < c.out_columns; ++b)
        for (Index i = 0; i < c.filter_rows; ++i)
          for (Index j = 0; j < c.filter_columns; ++j) {
            const Index h = a * c.row_stride + i * c.row_dilation - c.row_padding;
            const Index w = b * c.column_stride + j * c.column_dilation - c.column_padding;
            if (h < 0 || h >= c.in_rows || w < 0 || w >= c.in_columns) continue;
            const Index pixel = (n * c.in_rows + h) * c.in_columns + w;
            const Index result = (n * c.out_rows + a) * c.out_columns + b;
            const Index tap = i * c.filter_columns + j;
            for (Index d = 0; d < c.in_channels; ++d) {
              const Index x = pixel * c.in_channels + d;
              if (depthwise) {
                visit(x, tap * c.in_channels + d, result * c.in_channels + d);
                continue;
              }
              for (Index o = 0; o < c.out_channels; ++o) {
                visit(x, (tap * c.in_channels + d) * c.out_channels + o, result * c.out_channels + o);
              }
            }
          }
}

} // namespace gradiente
