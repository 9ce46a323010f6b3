// Optimizers' updates, one pass over memory each: every number is read once and written once. The loops are plain ones
// over the elements, which the compiler turns into vectors; new values may go where the old ones lie.
#pragma once

#include "kernels.h"
#include "simd.h"

#if defined(__clang__)
#define GRADIENTE_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define GRADIENTE_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace gradiente {
namespace GRADIENTE_ISA {

constexpr Index kUpdateTask = 16 * 1024; // elements in a task: enough for waking a thread

// var -= rate * grad
struct GradientDescent {
  static constexpr int kVariables = 1;
  float rate;
  explicit GradientDescent(const float* numbers) : rate(numbers[0]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const { v[0] -= rate * grad; }
};

// accum = momentum * accum + grad; var -= rate * accum
template <bool kNesterov>
struct Momentum {
  static constexpr int kVariables = 2;
  float rate, momentum;
  explicit Momentum(const float* numbers) : rate(numbers[0]), momentum(numbers[1]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[1] = v[1] * momentum + grad;
    v[0] -= kNesterov ? grad * rate + v[1] * momentum * rate : v[1] * rate;
  }
};

// accum += grad^2; var -= rate * grad / sqrt(accum)
struct Adagrad {
  static constexpr int kVariables = 2;
  float rate;
  explicit Adagrad(const float* numbers) : rate(numbers[0]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[1] += grad * grad;
    v[0] -= rate * grad / __builtin_sqrtf(v[1]);
  }
};

struct Adadelta {
  static constexpr int kVariables = 3;
  float rate, rho, epsilon;
  explicit Adadelta(const float* numbers) : rate(numbers[0]), rho(numbers[1]), epsilon(numbers[2]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[1] = v[1] * rho + grad * grad * (1 - rho);
    const float update = __builtin_sqrtf(v[2] + epsilon) / __builtin_sqrtf(v[1] + epsilon) * grad;
    v[2] = v[2] * rho + update * update * (1 - rho);
    v[0] -= update * rate;
  }
};

struct RmsProp {
  static constexpr int kVariables = 3;
  float rate, rho, momentum, epsilon;
  explicit RmsProp(const float* numbers)
      : rate(numbers[0]), rho(numbers[1]), momentum(numbers[2]), epsilon(numbers[3]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[1] += (grad * grad - v[1]) * (1 - rho);
    v[2] = v[2] * momentum + grad * rate / __builtin_sqrtf(v[1] + epsilon);
    v[0] -= v[2];
  }
};

// Variables: var, mean of the gradient, mean of its square, step.
struct CenteredRmsProp {
  static constexpr int kVariables = 4;
  float rate, rho, momentum, epsilon;
  explicit CenteredRmsProp(const float* numbers)
      : rate(numbers[0]), rho(numbers[1]), momentum(numbers[2]), epsilon(numbers[3]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[2] += (grad * grad - v[2]) * (1 - rho);
    v[1] += (grad - v[1]) * (1 - rho);
    v[3] = v[3] * momentum + grad * rate / __builtin_sqrtf(v[2] - v[1] * v[1] + epsilon);
    v[0] -= v[3];
  }
};

// Numbers: beta1^t, beta2^t, rate, beta1, beta2, epsilon.
template <bool kNesterov>
struct Adam {
  static constexpr int kVariables = 3;
  float rate, beta1, beta2, epsilon;
  explicit Adam(const float* n)
      : rate(n[2] * __builtin_sqrtf(1 - n[1]) / (1 - n[0])), beta1(n[3]), beta2(n[4]), epsilon(n[5]) {}
  GRADIENTE_INLINE void operator()(float* v, float grad) const {
    v[1] += (grad - v[1]) * (1 - beta1);
    v[2] += (grad * grad - v[2]) * (1 - beta2);
    const float direction = kNesterov ? grad * (1 - beta1) + beta1 * v[1] : v[1];
    v[0] -= direction * rate / (__builtin_sqrtf(v[2]) + epsilon);
  }
};

template <class Rule>
void update_with(Index size, const float* numbers, const float* grad, const float* const* in, float* const* out,
                 Workers& workers) {
  const Rule rule(numbers);
  const Index tasks = ceil_div(size, kUpdateTask) <= 2 ? 1 : ceil_div(size, kUpdateTask);
  workers.each(tasks, [&](Index task) {
    const float* from[Rule::kVariables];
    float* to[Rule::kVariables];
    for (int i = 0; i < Rule::kVariables; ++i) {
      from[i] = in[i];
      to[i] = out[i];
    }
    const Rule own = rule;
    const Index end = size * (task + 1) / tasks;
    GRADIENTE_INDEPENDENT
    for (Index k = size * task / tasks; k < end; ++k) {
      float v[Rule::kVariables];
#pragma GCC unroll 4
      for (int i = 0; i < Rule::kVariables; ++i) v[i] = from[i][k];
      own(v, grad[k]);
#pragma GCC unroll 4
      for (int i = 0; i < Rule::kVariables; ++i) to[i][k] = v[i];
    }
  });
}

inline void update(Update rule, Index size, const float* numbers, const float* grad, const float* const* in,
                   float* const* out, Workers& workers) {
  switch (rule) {
    case Update::gradient_descent: return update_with<GradientDescent>(size, numbers, grad, in, out, workers);
    case Update::momentum: return update_with<Momentum<false>>(size, numbers, grad, in, out, workers);
    case Update::nesterov: return update_with<Momentum<true>>(size, numbers, grad, in, out, workers);
    case Update::adagrad: return update_with<Adagrad>(size, numbers, grad, in, out, workers);
    case Update::adadelta: return update_with<Adadelta>(size, numbers, grad, in, out, workers);
    case Update::rms_prop: return update_with<RmsProp>(size, numbers, grad, in, out, workers);
    case Update::centered_rms_prop: return update_with<CenteredRmsProp>(size, numbers, grad, in, out, workers);
    case Update::adam: return update_with<Adam<false>>(size, numbers, grad, in, out, workers);
    case Update::adam_nesterov: return update_with<Adam<true>>(size, numbers, grad, in, out, workers);
    case Update::count: return;
  }
}

} // namespace GRADIENTE_ISA
} // namespace gradiente
