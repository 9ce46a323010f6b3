// Convolutions that are pooled at once, as XLA calls them. The Python side (kernels/pooled.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

using Bytes = ffi::Buffer<ffi::U8>;

// `window` is that of ffi_conv.cc with the rows and columns of the convolution's result after it.
Conv2d sizes(Numbers x, Numbers w, Index channels, Numbers window) {
  return Conv2d{x[0],      x[1],      x[2],      x[3],      window[7], window[8], channels,  w[0], w[1],
                window[0], window[1], window[2], window[3], window[4], window[5], static_cast<Method>(window[6])};
}

Pooling pooling(Numbers y) { return Pooling{y[1], y[2]}; }

ffi::Error forward(ThreadPool pool, Floats x, Floats w, Floats bias, Result y, ffi::Result<Bytes> at, Numbers window) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    const Conv2d c = sizes(x.dimensions(), w.dimensions(), y->dimensions()[3], window);
    kernels().pooled_forward(c, pooling(y->dimensions()), x.typed_data(), w.typed_data(), bias.typed_data(),
                             y->typed_data(), at->typed_data(), workers);
  });
}

ffi::Error input_gradient(ThreadPool pool, Floats dy, Bytes at, Floats w, Result dx, Numbers window) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    const Conv2d c = sizes(dx->dimensions(), w.dimensions(), dy.dimensions()[3], window);
    kernels().pooled_input_gradient(c, pooling(dy.dimensions()), dy.typed_data(), at.typed_data(), w.typed_data(),
                                    dx->typed_data(), workers);
  });
}

ffi::Error filter_gradient(ThreadPool pool, Floats x, Floats dy, Bytes at, Result dw, Numbers window) {
  return guarded([&] {
    XlaWorkers workers(pool);
    const Conv2d c = sizes(x.dimensions(), dw->dimensions(), dy.dimensions()[3], window);
    kernels().pooled_filter_gradient(c, pooling(dy.dimensions()), x.typed_data(), dy.typed_data(), at.typed_data(),
                                     dw->typed_data(), workers);
  });
}

ffi::Error gradient(ThreadPool pool, Floats dy, Bytes at, Result dx) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    Conv2d c{};
    c.batch = dx->dimensions()[0];
    c.out_rows = dx->dimensions()[1];
    c.out_columns = dx->dimensions()[2];
    c.out_channels = dx->dimensions()[3];
    kernels().pooled_gradient(c, pooling(dy.dimensions()), dy.typed_data(), at.typed_data(), dx->typed_data(), workers);
  });
}

ffi::Error sums(ThreadPool pool, Floats dy, Bytes at, Result result) {
  return guarded([&] {
    XlaWorkers workers(pool);
    const Index columns = dy.dimensions().back();
    kernels().column_sums(static_cast<Index>(dy.element_count()) / columns, columns, dy.typed_data(), at.typed_data(),
                          result->typed_data(), workers);
  });
}

} // namespace

GRADIENTE_HANDLER(gradiente_pooled_conv2d, forward,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Ret<Bytes>()
                      .Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_pooled_input_gradient, input_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Bytes>().Arg<Floats>().Ret<Floats>()
                      .Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_pooled_filter_gradient, filter_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Bytes>().Ret<Floats>()
                      .Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_pooled_gradient, gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Bytes>().Ret<Floats>());
GRADIENTE_HANDLER(gradiente_pooled_sums, sums, Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Bytes>().Ret<Floats>());

} // namespace gradiente
