// Which instruction sets this library and this processor have, and which one is used.
#include <atomic>
#include <cstring>

#include "kernels.h"

namespace gradiente {

namespace baseline {
extern const Kernels kTable;
}
#ifdef GRADIENTE_HAS_AVX2
namespace avx2 {
extern const Kernels kTable;
}
#endif
#ifdef GRADIENTE_HAS_AVX512
namespace avx512 {
extern const Kernels kTable;
}
#endif

namespace {

#ifdef GRADIENTE_HAS_AVX2
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
#ifdef GRADIENTE_HAS_AVX512
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

const Kernels* best() {
#ifdef GRADIENTE_HAS_AVX512
  if (has_avx512()) return &avx512::kTable;
#endif
#ifdef GRADIENTE_HAS_AVX2
  if (has_avx2()) return &avx2::kTable;
#endif
  return &baseline::kTable;
}

std::atomic<const Kernels*> chosen{nullptr};

} // namespace

const Kernels* kernels_named(const char* name) {
#ifdef GRADIENTE_HAS_AVX512
  if (std::strcmp(name, "avx512") == 0) return has_avx512() ? &avx512::kTable : nullptr;
#endif
#ifdef GRADIENTE_HAS_AVX2
  if (std::strcmp(name, "avx2") == 0) return has_avx2() ? &avx2::kTable : nullptr;
#endif
  return std::strcmp(name, "baseline") == 0 ? &baseline::kTable : nullptr;
}

bool choose_kernels(const char* name) {
  const Kernels* table = kernels_named(name);
  if (table != nullptr) chosen.store(table, std::memory_order_release);
  return table != nullptr;
}

const Kernels& kernels() {
  const Kernels* table = chosen.load(std::memory_order_acquire);
  if (table == nullptr) {
    table = best();
    chosen.store(table, std::memory_order_release);
  }
  return *table;
}

} // namespace gradiente
