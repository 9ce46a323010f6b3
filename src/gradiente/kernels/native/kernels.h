// What each instruction set offers: a table of functions, and the sizes that they take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "workers.h"

namespace gradiente {

using Index = std::ptrdiff_t;

// How a convolution is computed; `automatic` is by a cost rule.
enum class Method { automatic = 0, direct = 1, winograd = 2, fourier = 3 };

// A convolution's sizes. Images are [batch, rows, columns, channels], filters [rows, columns, channels, outputs].
struct Conv2d {
  Index batch;
  Index in_rows, in_columns, in_channels;
  Index out_rows, out_columns, out_channels;
  Index filter_rows, filter_columns;
  Index row_stride, column_stride;
  Index row_dilation, column_dilation;
  Index row_padding, column_padding; // zeros before the first; those after the last follow from the output's size
  Method method;
};

// A pooling's sizes.
struct Pool2d {
  Index batch;
  Index in_rows, in_columns;
  Index out_rows, out_columns;
  Index channels;
  Index window_rows, window_columns;
  Index row_stride, column_stride;
  Index row_padding, column_padding;
};

// How many windows of 2 x 2, side by side, lie on an image that a convolution gives.
struct Pooling {
  Index rows, columns;
};

// A sampling's sizes; `maps` is the number of projective maps, one for all images or one for each.
struct Images {
  Index batch;
  Index in_rows, in_columns;
  Index out_rows, out_columns;
  Index channels;
  Index maps;
};

enum class Activation { none = 0, relu = 1, relu6 = 2 };

// A product of matrices, c [rows, columns] = a b. Turned, a is stored as [depth, rows], b as [columns, depth].
struct Product {
  Index rows, columns, depth;
  bool a_turned, b_turned;
};

// The optimizers' rules, in the order of UPDATES in kernels/updates.py.
enum class Update {
  gradient_descent, momentum, nesterov, adagrad, adadelta, rms_prop, centered_rms_prop, adam, adam_nesterov, count
};

struct Kernels {
  const char* name;

  // y = activation(conv(x, w) + bias); `bias` may be null.
  void (*conv_forward)(const Conv2d&, const float* x, const float* w, const float* bias, Activation, float* y, Workers&);
  void (*conv_input_gradient)(const Conv2d&, const float* dy, const float* w, float* dx, Workers&);
  void (*conv_filter_gradient)(const Conv2d&, const float* x, const float* dy, float* dw, Workers&);

  // The same for a filter [rows, columns, channels] that each channel has its own of: out_channels is in_channels.
  void (*depthwise_forward)(const Conv2d&, const float* x, const float* w, const float* bias, Activation, float* y,
                            Workers&);
  void (*depthwise_input_gradient)(const Conv2d&, const float* dy, const float* w, float* dx, Workers&);
  void (*depthwise_filter_gradient)(const Conv2d&, const float* x, const float* dy, float* dw, Workers&);

  // y = the largest of each 2 x 2 of relu(conv(x, w) + bias), and `at`: which of them that is. The gradients take that of y, and
  // `at`; the last one gives that of conv(x, w).
  void (*pooled_forward)(const Conv2d&, const Pooling&, const float* x, const float* w, const float* bias, float* y,
                         std::uint8_t* at, Workers&);
  void (*pooled_input_gradient)(const Conv2d&, const Pooling&, const float* dy, const std::uint8_t* at, const float* w,
                                float* dx, Workers&);
  void (*pooled_filter_gradient)(const Conv2d&, const Pooling&, const float* x, const float* dy, const std::uint8_t* at,
                                 float* dw, Workers&);
  void (*pooled_gradient)(const Conv2d&, const Pooling&, const float* dy, const std::uint8_t* at, float* dx, Workers&);

  void (*max_pool)(const Pool2d&, const float* x, float* y, Workers&);
  // With `relu`, x is a ReLU's result, and the gradient goes back through the ReLU too.
  void (*max_pool_gradient)(const Pool2d&, bool relu, const float* x, const float* dy, float* dx, Workers&);
  void (*average_pool)(const Pool2d&, const float* x, float* y, Workers&);
  void (*average_pool_gradient)(const Pool2d&, const float* dy, float* dx, Workers&);
  // y = x at where the maps send y's pixels, bilinear, with the edge repeated.
  void (*image_transform)(const Images&, const float* x, const float* maps, float fill, float* y, Workers&);

  // c = activation(a b + bias); `bias` may be null.
  void (*product)(const Product&, const float* a, const float* b, const float* bias, Activation, float* c, Workers&);
  // With `at`, only of the gradients that its rectifier let through; it may be null.
  void (*column_sums)(Index rows, Index columns, const float* x, const std::uint8_t* at, float* sums, Workers&);
  // Of softmax(logits) against labels: the loss of each row, and its derivative by the logits, times the row's weight unless
  // `weights` is null.
  void (*cross_entropy)(Index rows, Index classes, const float* logits, const float* labels, const float* weights,
                        float* loss, float* gradient, Workers&);
  // y = (x - mean) / sqrt(variance + epsilon) * scale + offset by column, with the rows' own mean and variance; plus `other` unless
  // that is null, and rectified if asked for. With an `offset` the gradient goes back through the rectifier too; else it is null.
  void (*batch_norm)(Index rows, Index channels, float epsilon, bool rectified, const float* x, const float* scale,
                     const float* offset, const float* other, float* y, float* mean, float* variance, Workers&);
  void (*batch_norm_gradient)(Index rows, Index channels, float epsilon, const float* dy, const float* x,
                              const float* scale, const float* offset, const float* mean, const float* variance, float* dx,
                              float* dscale, float* doffset, Workers&);
  // out[i] = x[which[i]], rows of `size` floats of which x has `rows`.
  void (*gather_rows)(Index count, Index rows, Index size, const float* x, const std::int32_t* which, float* out, Workers&);
  // New values of a variable and its slots. `out` may be `in`.
  void (*update)(Update, Index size, const float* numbers, const float* grad, const float* const* in, float* const* out,
                 Workers&);
};

// The table of the best instruction set that this processor has, or of that which GRADIENTE_CPU names.
const Kernels& kernels();

// The table of an instruction set by its name; null if the library or this processor lacks it.
const Kernels* kernels_named(const char* name);

// Chooses the table that kernels() returns from now on; false if there is none of that name.
bool choose_kernels(const char* name);

} // namespace gradiente
