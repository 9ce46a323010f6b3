// What the files with XLA's entry points share.
#pragma once

#include <new>

#include "xla/ffi/api/ffi.h"
#include "xla_workers.h"

namespace gradiente {

namespace ffi = xla::ffi;
using ffi::Ffi;
using ffi::ThreadPool;
using Floats = ffi::Buffer<ffi::F32>;
using Result = ffi::Result<Floats>;
using Numbers = ffi::Span<const int64_t>;

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
