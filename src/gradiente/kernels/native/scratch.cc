#include "scratch.h"

#include <cstdlib>
#include <new>

namespace gradiente {
namespace {

constexpr std::size_t kAlignment = 64;

struct Buffer {
  float* data = nullptr;
  std::size_t bytes = 0;

  ~Buffer() { std::free(data); }

  float* grown_to(std::size_t needed) {
    if (needed > bytes) {
      std::free(data);
      data = nullptr;
      bytes = 0;
      void* fresh = nullptr;
      if (posix_memalign(&fresh, kAlignment, needed) != 0) throw std::bad_alloc();
      data = static_cast<float*>(fresh);
      bytes = needed;
    }
    return data;
  }
};

thread_local Buffer buffers[static_cast<int>(Scratch::count)];

} // namespace

float* scratch(Scratch purpose, std::size_t floats) {
  const std::size_t bytes = (floats * sizeof(float) + kAlignment) / kAlignment * kAlignment;
  return buffers[static_cast<int>(purpose)].grown_to(bytes);
}

} // namespace gradiente
