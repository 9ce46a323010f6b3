#include "scratch.h"

#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <unistd.h>
#endif

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

std::ptrdiff_t second_cache_bytes() {
#if defined(_SC_LEVEL2_CACHE_SIZE)
  const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return bytes;
#endif
  return std::ptrdiff_t{1} << 20;
}

thread_local Buffer buffers[static_cast<int>(Scratch::count)];

} // namespace

float* scratch(Scratch purpose, std::size_t floats) {
  const std::size_t bytes = (floats * sizeof(float) + kAlignment) / kAlignment * kAlignment;
  return buffers[static_cast<int>(purpose)].grown_to(bytes);
}

std::ptrdiff_t second_cache_floats() {
  static const std::ptrdiff_t floats = second_cache_bytes() / static_cast<std::ptrdiff_t>(sizeof(float));
  return floats;
}

} // namespace gradiente
