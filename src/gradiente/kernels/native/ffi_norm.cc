// Batch normalization as XLA calls it. The Python side (kernels/batch_norm.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

Index channels(Floats x) { return static_cast<Index>(x.dimensions().back()); }
Index rows(Floats x) { return static_cast<Index>(x.element_count()) / channels(x); }

ffi::Error normalize(ThreadPool pool, Floats x, Floats scale, Floats offset, const float* other, Result y, Result mean,
                     Result variance, float epsilon, bool rectified) {
  return guarded([&] {
    prefer_large_pages(y);
    XlaWorkers workers(pool);
    kernels().batch_norm(rows(x), channels(x), epsilon, rectified, x.typed_data(), scale.typed_data(), offset.typed_data(),
                         other, y->typed_data(), mean->typed_data(), variance->typed_data(), workers);
  });
}

ffi::Error batch_norm(ThreadPool pool, Floats x, Floats scale, Floats offset, Result y, Result mean, Result variance,
                      float epsilon, bool rectified) {
  return normalize(pool, x, scale, offset, nullptr, y, mean, variance, epsilon, rectified);
}

ffi::Error batch_norm_add(ThreadPool pool, Floats x, Floats scale, Floats offset, Floats other, Result y, Result mean,
                          Result variance, float epsilon, bool rectified) {
  return normalize(pool, x, scale, offset, other.typed_data(), y, mean, variance, epsilon, rectified);
}

ffi::Error back(ThreadPool pool, Floats dy, Floats x, Floats scale, const float* offset, Floats mean, Floats variance,
                Result dx, Result dscale, Result doffset, float epsilon) {
  return guarded([&] {
    prefer_large_pages(dx);
    XlaWorkers workers(pool);
    kernels().batch_norm_gradient(rows(x), channels(x), epsilon, dy.typed_data(), x.typed_data(), scale.typed_data(), offset,
                                  mean.typed_data(), variance.typed_data(), dx->typed_data(), dscale->typed_data(),
                                  doffset->typed_data(), workers);
  });
}

ffi::Error batch_norm_gradient(ThreadPool pool, Floats dy, Floats x, Floats scale, Floats mean, Floats variance, Result dx,
                               Result dscale, Result doffset, float epsilon) {
  return back(pool, dy, x, scale, nullptr, mean, variance, dx, dscale, doffset, epsilon);
}

ffi::Error batch_norm_relu_gradient(ThreadPool pool, Floats dy, Floats x, Floats scale, Floats offset, Floats mean,
                                    Floats variance, Result dx, Result dscale, Result doffset, float epsilon) {
  return back(pool, dy, x, scale, offset.typed_data(), mean, variance, dx, dscale, doffset, epsilon);
}

} // namespace

GRADIENTE_HANDLER(gradiente_batch_norm, batch_norm,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Ret<Floats>()
                      .Ret<Floats>().Attr<float>("epsilon").Attr<bool>("rectified"));
GRADIENTE_HANDLER(gradiente_batch_norm_add, batch_norm_add,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>()
                      .Ret<Floats>().Ret<Floats>().Attr<float>("epsilon").Attr<bool>("rectified"));
GRADIENTE_HANDLER(gradiente_batch_norm_gradient, batch_norm_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>()
                      .Ret<Floats>().Ret<Floats>().Ret<Floats>().Attr<float>("epsilon"));
GRADIENTE_HANDLER(gradiente_batch_norm_relu_gradient, batch_norm_relu_gradient,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Arg<Floats>()
                      .Arg<Floats>().Ret<Floats>().Ret<Floats>().Ret<Floats>().Attr<float>("epsilon"));

} // namespace gradiente
