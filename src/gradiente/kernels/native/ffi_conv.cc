// The convolutions as XLA calls them. The Python side (kernels/conv.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

// The sizes from the shapes of input, filter and output. `window` holds strides, dilations and the padding before, each for
// rows and columns.
Conv2d sizes(Numbers x, Numbers w, Numbers y, Numbers window) {
  return Conv2d{x[0],      x[1],      x[2],      x[3],      y[1],      y[2],      w[3],     w[0], w[1],
                window[0], window[1], window[2], window[3], window[4], window[5]};
}

ffi::Error forward(ffi::ThreadPool pool, Floats x, Floats w, Result y, Numbers window) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    kernels().conv_forward(sizes(x.dimensions(), w.dimensions(), y->dimensions(), window), x.typed_data(), w.typed_data(),
                           nullptr, Activation::none, y->typed_data(), workers);
  });
}

ffi::Error forward_bias(ffi::ThreadPool pool, Floats x, Floats w, Floats bias, Result y, Numbers window,
                        int64_t activation) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    kernels().conv_forward(sizes(x.dimensions(), w.dimensions(), y->dimensions(), window), x.typed_data(), w.typed_data(),
                           bias.typed_data(), static_cast<Activation>(activation), y->typed_data(), workers);
  });
}

ffi::Error input_gradient(ffi::ThreadPool pool, Floats dy, Floats w, Result dx, Numbers window) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    kernels().conv_input_gradient(sizes(dx->dimensions(), w.dimensions(), dy.dimensions(), window), dy.typed_data(),
                                  w.typed_data(), dx->typed_data(), workers);
  });
}

ffi::Error filter_gradient(ffi::ThreadPool pool, Floats x, Floats dy, Result dw, Numbers window) {
  return guarded([&] {
    prefer_large_pages(dw);
    XlaWorkers workers(pool);
    kernels().conv_filter_gradient(sizes(x.dimensions(), dw->dimensions(), dy.dimensions(), window), x.typed_data(),
                                   dy.typed_data(), dw->typed_data(), workers);
  });
}

} // namespace

GRADIENTE_HANDLER(gradiente_conv2d, forward,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_conv2d_bias, forward_bias,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>()
                      .Attr<Numbers>("window").Attr<int64_t>("activation"));
GRADIENTE_HANDLER(gradiente_conv2d_input_gradient, input_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_conv2d_filter_gradient, filter_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));

} // namespace gradiente
