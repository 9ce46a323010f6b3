// Memory that a kernel needs while it runs. Each thread keeps its own from call to call: asking the system for it each
// time, and having it faulted in page by page, cost a fifth of a step.
#pragma once

#include <cstddef>

namespace gradiente {

enum class Scratch { shared_filter, shared_sums, shared_result, filter, images, pixels, columns, sums, rows, count };

// At least `floats` floats at a multiple of 64 bytes, uninitialised: this thread's buffer for this purpose. What it held
// before is lost. The `shared` ones are filled by the thread that calls a kernel and read by all that help it.
float* scratch(Scratch purpose, std::size_t floats);

// How many floats the second cache of a core holds; where the system does not say, a usual number.
std::ptrdiff_t second_cache_floats();

} // namespace gradiente
