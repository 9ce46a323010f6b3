// Work divided into tasks that any of some threads may take.
#pragma once

#include <cstddef>

namespace gradiente {

// The threads that a kernel may use. Behind it stands XLA's thread pool, or that of the tests.
class Workers {
 public:
  using Function = void (*)(void* context, std::ptrdiff_t task);

  virtual ~Workers() = default;

  static constexpr std::ptrdiff_t kWorthWaking = 40000; // about 10 µs

  // How many threads can work at once, this one included.
  virtual int count() const = 0;

  // Calls function(context, task) for each task below `tasks`, in any order and thread, and returns when all are done.
  virtual void run(std::ptrdiff_t tasks, Function function, void* context) = 0;

  // The same for a function object.
  template <class F>
  void each(std::ptrdiff_t tasks, F body) {
    run(tasks, [](void* context, std::ptrdiff_t task) { (*static_cast<F*>(context))(task); }, &body);
  }

  // The same; `cost` is a guess at the whole work in cycles. Waking a thread takes longer than a small work does, which this
  // thread then does by itself.
  template <class F>
  void each(std::ptrdiff_t tasks, std::ptrdiff_t cost, F body) {
    if (cost >= kWorthWaking) {
      each(tasks, body);
      return;
    }
    for (std::ptrdiff_t task = 0; task < tasks; ++task) body(task);
  }
};

} // namespace gradiente
