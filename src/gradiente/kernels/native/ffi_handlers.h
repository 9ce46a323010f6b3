// What the files with XLA's entry points share.
#pragma once

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "thread_team.h"
#include "xla/ffi/api/ffi.h"

namespace gradiente {

namespace ffi = xla::ffi;
using ffi::Ffi;
using ffi::ThreadPool;
using Floats = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Floats>;
using Numbers = ffi::Span<const int64_t>;

// As many of the team's threads as XLA has of its own.
class XlaWorkers : public TeamWorkers {
 public:
  explicit XlaWorkers(const ThreadPool& pool) : TeamWorkers(pool.num_threads()) {}
};

// XLA asks the system for its buffers anew in each run, and each first touch of a page is a fault: a fifth of a training
// step. A large result is therefore asked for in pages of 2 MB, where the system has them, before it is written; whole ones, for
// most results begin and end within one, which would be hundreds of small ones otherwise. That concerns these pages only, not the
// process's allocator, and for what else lies in them it changes no more than their size.
inline void prefer_large_pages(Result& result) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t kPage = std::uintptr_t{2} << 20;
  const std::size_t bytes = result->size_bytes();
  if (bytes < kPage / 2) return;
  const auto start = reinterpret_cast<std::uintptr_t>(result->untyped_data());
  const std::uintptr_t first = start / kPage * kPage;
  const std::uintptr_t end = (start + bytes + kPage - 1) / kPage * kPage;
  // A refusal, for addresses without memory too, leaves everything else as it was.
  (void)madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#else
  (void)result;
#endif
}

// A call that ran out of memory must not throw through XLA.
template <class F>
ffi::Error guarded(F body) {
  try {
    body();
    return ffi::Error::Success();
  } catch (const std::bad_alloc&) {
    return ffi::Error(ffi::ErrorCode::kResourceExhausted, "Out of memory in one of gradiente's CPU kernels.");
  }
}

} // namespace gradiente

// Python finds the entry points by name, so they are visible.
#define GRADIENTE_HANDLER(name, function, binding)                                                 \
  extern "C" __attribute__((visibility("default"))) XLA_FFI_Error* name(XLA_FFI_CallFrame* frame); \
  XLA_FFI_DEFINE_HANDLER_SYMBOL(name, function, binding)
