// Copies of what Python feeds.
#pragma once

#include <cstddef>
#include <cstring>

#include "workers.h"

namespace gradiente {

constexpr std::size_t kCopyPart = 64 * 1024; // bytes in a task, at least

// From four places side by side: where one of them waits for a page that the processor did not foresee, the others go on.
inline void copy_part(char* to, const char* from, std::size_t bytes) {
  constexpr std::size_t kLine = 64, kPlaces = 4;
  const std::size_t each = bytes / kPlaces / kLine * kLine;
  for (std::size_t i = 0; i < each; i += kLine) {
    for (std::size_t place = 0; place < kPlaces; ++place) std::memcpy(to + place * each + i, from + place * each + i, kLine);
  }
  std::memcpy(to + kPlaces * each, from + kPlaces * each, bytes - kPlaces * each);
}

// They come from memory, as a rule, which one core does not keep busy by itself.
inline void copy_bytes(char* to, const char* from, std::size_t bytes, Workers& workers) {
  const std::size_t parts = bytes < kCopyPart ? 1 : bytes / kCopyPart;
  workers.each(static_cast<std::ptrdiff_t>(parts), static_cast<std::ptrdiff_t>(bytes / 4), [&](std::ptrdiff_t part) {
    const std::size_t first = bytes / parts * static_cast<std::size_t>(part);
    const std::size_t end = static_cast<std::size_t>(part) + 1 == parts ? bytes : first + bytes / parts;
    copy_part(to + first, from + first, end - first);
  });
}

} // namespace gradiente
