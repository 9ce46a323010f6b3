// Pooling as XLA calls it. The Python side (kernels/pool.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

// The sizes from the shapes of input and output. `window` holds the window's size, the strides and the padding before, each
// for rows and columns.
Pool2d sizes(Numbers x, Numbers y, Numbers window) {
  return Pool2d{x[0], x[1], x[2], y[1], y[2], x[3], window[0], window[1], window[2], window[3], window[4], window[5]};
}

ffi::Error max_pool(ThreadPool pool, Floats x, Result y, Numbers window) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    kernels().max_pool(sizes(x.dimensions(), y->dimensions(), window), x.typed_data(), y->typed_data(), workers);
  });
}

ffi::Error max_pool_gradient(ThreadPool pool, Floats x, Floats dy, Result dx, Numbers window, bool relu) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    kernels().max_pool_gradient(sizes(x.dimensions(), dy.dimensions(), window), relu, x.typed_data(), dy.typed_data(),
                                dx->typed_data(), workers);
  });
}

ffi::Error average_pool(ThreadPool pool, Floats x, Result y, Numbers window) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    kernels().average_pool(sizes(x.dimensions(), y->dimensions(), window), x.typed_data(), y->typed_data(), workers);
  });
}

ffi::Error average_pool_gradient(ThreadPool pool, Floats dy, Result dx, Numbers window) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    kernels().average_pool_gradient(sizes(dx->dimensions(), dy.dimensions(), window), dy.typed_data(), dx->typed_data(),
                                    workers);
  });
}

} // namespace

GRADIENTE_HANDLER(gradiente_max_pool, max_pool,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_max_pool_gradient, max_pool_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window")
                      .Attr<bool>("relu"));
GRADIENTE_HANDLER(gradiente_average_pool, average_pool,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));
GRADIENTE_HANDLER(gradiente_average_pool_gradient, average_pool_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Ret<Floats>().Attr<Numbers>("window"));

} // namespace gradiente
