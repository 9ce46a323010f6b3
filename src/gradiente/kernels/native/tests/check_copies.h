// Copies of bytes: all that was there arrives, and nothing is written beside it.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>

#include "../copies.h"
#include "check.h"

namespace gradiente {

inline void check_copy(std::size_t bytes, Workers& workers, std::mt19937& random) {
  const std::unique_ptr<char[]> from(new char[bytes]), to(new char[bytes]);
  for (std::size_t i = 0; i < bytes; ++i) from[i] = static_cast<char>(random());
  copy_bytes(to.get(), from.get(), bytes, workers);
  if (std::memcmp(to.get(), from.get(), bytes) == 0) return;
  ++failures;
  std::printf("copy of %zu bytes: not what was there\n", bytes);
}

} // namespace gradiente
