// Sampling images as XLA calls it. The Python side (kernels/image.py) has checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

ffi::Error image_transform(ThreadPool pool, Floats images, Floats maps, Floats fill, Result y) {
  return guarded([&] {
    XlaWorkers workers(pool);
    const Numbers in = images.dimensions();
    const Numbers out = y->dimensions();
    const Images sizes{in[0], in[1], in[2], out[1], out[2], in[3], maps.dimensions()[0]};
    kernels().image_transform(sizes, images.typed_data(), maps.typed_data(), fill.typed_data()[0], y->typed_data(), workers);
  });
}

} // namespace

GRADIENTE_HANDLER(gradiente_image_transform, image_transform,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>());

} // namespace gradiente
