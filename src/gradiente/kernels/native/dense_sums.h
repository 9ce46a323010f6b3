// Products whose common axis is divided among threads: each makes sums of its own, which are added up.
#pragma once

#include "kernels.h"
#include "simd.h"
#include "tile.h"

namespace gradiente {
namespace GRADIENTE_ISA {

// Rows [row0, row1) of c [rows, columns] = activation(the sum of `slots` matrices of that size + bias).
inline void add_slots(Index rows, Index columns, Index slots, const float* sums, Index row0, Index row1, const float* bias,
                      Activation activation, float* c) {
  for (Index i = row0; i < row1; ++i) {
    for (Index j = 0; j < columns; j += kWidth) {
      const int some = static_cast<int>(min_of(Index{kWidth}, columns - j));
      Vector total = load_first(sums + i * columns + j, some);
      for (Index s = 1; s < slots; ++s) total += load_first(sums + (s * rows + i) * columns + j, some);
      if (bias != nullptr) total += load_first(bias + j, some);
      store_first(c + i * columns + j, activated(total, activation), some);
    }
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
