// What Python calls itself, not through XLA.
#include <cstring>
#include <new>

#include "copies.h"
#include "kernels.h"
#include "thread_team.h"

#define GRADIENTE_EXPORT extern "C" __attribute__((visibility("default")))

// The instruction set in use: "avx2", for instance.
GRADIENTE_EXPORT const char* gradiente_cpu() { return gradiente::kernels().name; }

// Uses the instruction set of that name from now on; 0 if the library or the processor lacks it.
GRADIENTE_EXPORT int gradiente_choose_cpu(const char* name) { return gradiente::choose_kernels(name) ? 1 : 0; }

// Whether the library and the processor have it.
GRADIENTE_EXPORT int gradiente_has_cpu(const char* name) { return gradiente::kernels_named(name) != nullptr ? 1 : 0; }

// Copies bytes, by so many threads at most. An exception would end the process here: without the memory to share the work, this
// thread does it.
GRADIENTE_EXPORT void gradiente_copy(void* to, const void* from, std::size_t bytes, int threads) {
  try {
    gradiente::TeamWorkers workers(threads);
    gradiente::copy_bytes(static_cast<char*>(to), static_cast<const char*>(from), bytes, workers);
  } catch (const std::bad_alloc&) {
    std::memcpy(to, from, bytes);
  }
}
