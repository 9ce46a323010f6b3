// Vectors of floats, as wide as the instruction set that this translation unit is compiled for.
//
// The compiler's own vector types are used, not intrinsics: one source serves SSE2, AVX2, AVX-512 and NEON, and `a * b + c`
// becomes a fused instruction where there is one.
//
// Everything that computes stands in the namespace of its instruction set. Such code must not call inline functions from
// outside (std::min, std::vector): the linker keeps one copy of those, and it could be the one with AVX-512 in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#ifndef GRADIENTE_ISA
#error "Compile with -DGRADIENTE_ISA=baseline, or another name: see CMakeLists.txt."
#endif

#define GRADIENTE_INLINE inline __attribute__((always_inline))

namespace gradiente {
namespace GRADIENTE_ISA {

#if defined(__AVX512F__)
constexpr int kWidth = 16;
constexpr int kMaxVectors = 4; // 32 registers: a tile of 6 rows and 4 vectors leaves 8 for its operands
#elif defined(__AVX__)
constexpr int kWidth = 8;
constexpr int kMaxVectors = 2; // 16 registers
#elif defined(__aarch64__)
constexpr int kWidth = 4;
constexpr int kMaxVectors = 4; // 32 registers
#else
constexpr int kWidth = 4;
constexpr int kMaxVectors = 2;
#endif

typedef float Vector __attribute__((vector_size(kWidth * sizeof(float))));
typedef std::int32_t Mask __attribute__((vector_size(kWidth * sizeof(float))));
// The same types at any address that a float may have: NumPy's arrays are not aligned to vectors.
typedef float UnalignedVector __attribute__((vector_size(kWidth * sizeof(float)), aligned(4), may_alias));

GRADIENTE_INLINE Vector load(const float* p) { return *reinterpret_cast<const UnalignedVector*>(p); }
GRADIENTE_INLINE void store(float* p, Vector v) { *reinterpret_cast<UnalignedVector*>(p) = v; }

// Past the caches, to an address that is a multiple of the vector's size: what is stored is not read first, as a line of the cache
// would be. Only whole lines are worth it, and `streamed` has to follow before another thread reads them.
GRADIENTE_INLINE void stream(float* p, Vector v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<Vector*>(p));
#elif defined(__AVX512F__)
  __builtin_ia32_movntps512(p, v);
#elif defined(__AVX__)
  __builtin_ia32_movntps256(p, v);
#elif defined(__SSE2__)
  __builtin_ia32_movntps(p, v);
#else
  store(p, v);
#endif
}

GRADIENTE_INLINE void streamed() {
#if defined(__SSE2__)
  __builtin_ia32_sfence();
#endif
}

GRADIENTE_INLINE Vector zero() { return Vector{}; }
GRADIENTE_INLINE Vector broadcast(float x) { return x - Vector{}; }

#if defined(__AVX512F__)
GRADIENTE_INLINE std::uint16_t first_lanes(int count) { return static_cast<std::uint16_t>((1u << count) - 1); }
#endif

template <std::size_t... kLane>
GRADIENTE_INLINE Mask lane_numbers(std::index_sequence<kLane...>) {
  return Mask{static_cast<std::int32_t>(kLane)...};
}

// Set for the first `count` lanes.
GRADIENTE_INLINE Mask lanes_before(int count) { return lane_numbers(std::make_index_sequence<kWidth>()) < count - Mask{}; }

// The first `count` elements, and zeros after them. `count` may be kWidth.
GRADIENTE_INLINE Vector load_first(const float* p, int count) {
  if (count == kWidth) return load(p);
#if defined(__AVX512F__)
  return __builtin_ia32_loadups512_mask(p, zero(), first_lanes(count));
#elif defined(__AVX__)
  return __builtin_ia32_maskloadps256(reinterpret_cast<const Vector*>(p), lanes_before(count));
#else
  float buffer[kWidth] = {};
  for (int i = 0; i < count; ++i) buffer[i] = p[i];
  return load(buffer);
#endif
}

GRADIENTE_INLINE void store_first(float* p, Vector v, int count) {
  if (count == kWidth) {
    store(p, v);
    return;
  }
#if defined(__AVX512F__)
  __builtin_ia32_storeups512_mask(p, v, first_lanes(count));
#elif defined(__AVX__)
  __builtin_ia32_maskstoreps256(reinterpret_cast<Vector*>(p), lanes_before(count), v);
#else
  float buffer[kWidth];
  store(buffer, v);
  for (int i = 0; i < count; ++i) p[i] = buffer[i];
#endif
}

// `a` where the mask is set, else `b`.
GRADIENTE_INLINE Vector select(Mask mask, Vector a, Vector b) {
  return mask ? a : b;
}

// The larger one; a NaN is larger than anything, as in jnp.maximum.
GRADIENTE_INLINE Vector larger(Vector best, Vector x) { return select((x > best) | (x != x), x, best); }

// max(x, 0); a NaN stays one, as in jnp.maximum.
GRADIENTE_INLINE Vector relu(Vector x) { return select(x < zero(), zero(), x); }

// Lanes of two vectors: lane i is that of `kLane` which stands at place i; b's lanes follow a's.
template <std::size_t... kLane>
GRADIENTE_INLINE Vector lanes_of(Vector a, Vector b, std::index_sequence<kLane...>) {
#if defined(__clang__)
  return __builtin_shufflevector(a, b, static_cast<int>(kLane)...);
#else
  return __builtin_shuffle(a, b, Mask{static_cast<std::int32_t>(kLane)...});
#endif
}

// Lane i of the result is lanes i and i + kHalf of `a` joined, or of `b`, moved up by kHalf, where bit kHalf of i is set.
template <std::size_t kHalf, class Join, std::size_t... kLane>
GRADIENTE_INLINE Vector join_halves(Vector a, Vector b, Join join, std::index_sequence<kLane...>) {
  constexpr std::size_t kOther = kWidth - kHalf; // from a's lane to b's lane kHalf before it
  return join(lanes_of(a, b, std::index_sequence<(kLane & kHalf ? kLane + kOther : kLane)...>()),
              lanes_of(a, b, std::index_sequence<(kLane & kHalf ? kLane + kWidth : kLane + kHalf)...>()));
}

// One vector, whose lane i is all lanes of v[i] joined: kWidth sums, or maxima, for the work of two of them. Changes v.
template <std::size_t kHalf = kWidth / 2, class Join>
GRADIENTE_INLINE Vector across(Vector (&v)[kWidth], Join join) {
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kHalf; ++i) {
    v[i] = join_halves<kHalf>(v[i], v[i + kHalf], join, std::make_index_sequence<kWidth>());
  }
  if constexpr (kHalf > 1) {
    return across<kHalf / 2>(v, join);
  } else {
    return v[0];
  }
}

GRADIENTE_INLINE Vector sums_across(Vector (&v)[kWidth]) {
  return across(v, [](Vector a, Vector b) { return a + b; });
}

// Calls body(i, count) for each vector of `size` floats: `count` of its lanes, from element i on, are theirs.
template <class F>
GRADIENTE_INLINE void each_vector(std::ptrdiff_t size, F body) {
  std::ptrdiff_t i = 0;
  for (; i + kWidth <= size; i += kWidth) body(i, kWidth);
  if (i < size) body(i, static_cast<int>(size - i));
}

template <class T>
GRADIENTE_INLINE T min_of(T a, T b) {
  return b < a ? b : a;
}

template <class T>
GRADIENTE_INLINE T max_of(T a, T b) {
  return a < b ? b : a;
}

GRADIENTE_INLINE std::ptrdiff_t ceil_div(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

} // namespace GRADIENTE_ISA
} // namespace gradiente
