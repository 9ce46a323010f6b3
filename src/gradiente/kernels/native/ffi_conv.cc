// The convolutions as XLA calls them. The Python side (kernels/conv.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

// The sizes from the shapes of input, filter and output. `window` holds strides, dilations and the padding before, each for
// rows and columns, and the method.
Conv2d sizes(Numbers x, Numbers w, Numbers y, Numbers window) {
  return Conv2d{x[0],      x[1],      x[2],      x[3],      y[1],      y[2],      w[3],     w[0], w[1],
                window[0], window[1], window[2], window[3], window[4], window[5], static_cast<Method>(window[6])};
}

// The functions of a kind of convolution.
struct Dense {
  static constexpr auto forward = &Kernels::conv_forward;
  static constexpr auto input_gradient = &Kernels::conv_input_gradient;
  static constexpr auto filter_gradient = &Kernels::conv_filter_gradient;
};

struct Depthwise {
  static constexpr auto forward = &Kernels::depthwise_forward;
  static constexpr auto input_gradient = &Kernels::depthwise_input_gradient;
  static constexpr auto filter_gradient = &Kernels::depthwise_filter_gradient;
};

template <class Kind>
ffi::Error forward(ThreadPool pool, Floats x, Floats w, Result y, Numbers window) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    const Conv2d c = sizes(x.dimensions(), w.dimensions(), y->dimensions(), window);
    (kernels().*Kind::forward)(c, x.typed_data(), w.typed_data(), nullptr, Activation::none, y->typed_data(), workers);
  });
}

template <class Kind>
ffi::Error forward_bias(ThreadPool pool, Floats x, Floats w, Floats bias, Result y, Numbers window, int64_t activation) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    const Conv2d c = sizes(x.dimensions(), w.dimensions(), y->dimensions(), window);
    (kernels().*Kind::forward)(c, x.typed_data(), w.typed_data(), bias.typed_data(), static_cast<Activation>(activation),
                               y->typed_data(), workers);
  });
}

template <class Kind>
ffi::Error input_gradient(ThreadPool pool, Floats dy, Floats w, Result dx, Numbers window) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    const Conv2d c = sizes(dx->dimensions(), w.dimensions(), dy.dimensions(), window);
    (kernels().*Kind::input_gradient)(c, dy.typed_data(), w.typed_data(), dx->typed_data(), workers);
  });
}

template <class Kind>
ffi::Error filter_gradient(ThreadPool pool, Floats x, Floats dy, Result dw, Numbers window) {
  return guarded([&] {
    XlaWorkers workers(pool);
    const Conv2d c = sizes(x.dimensions(), dw->dimensions(), dy.dimensions(), window);
    (kernels().*Kind::filter_gradient)(c, x.typed_data(), dy.typed_data(), dw->typed_data(), workers);
  });
}

auto two_to_one() {
  return Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window");
}

auto three_to_one() {
  return Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window")
      .Attr<int64_t>("activation");
}

} // namespace

GRADIENTE_HANDLER(gradiente_conv2d, forward<Dense>, two_to_one());
GRADIENTE_HANDLER(gradiente_conv2d_bias, forward_bias<Dense>, three_to_one());
GRADIENTE_HANDLER(gradiente_conv2d_input_gradient, input_gradient<Dense>, two_to_one());
GRADIENTE_HANDLER(gradiente_conv2d_filter_gradient, filter_gradient<Dense>, two_to_one());
GRADIENTE_HANDLER(gradiente_depthwise, forward<Depthwise>, two_to_one());
GRADIENTE_HANDLER(gradiente_depthwise_bias, forward_bias<Depthwise>, three_to_one());
GRADIENTE_HANDLER(gradiente_depthwise_input_gradient, input_gradient<Depthwise>, two_to_one());
GRADIENTE_HANDLER(gradiente_depthwise_filter_gradient, filter_gradient<Depthwise>, two_to_one());

} // namespace gradiente
