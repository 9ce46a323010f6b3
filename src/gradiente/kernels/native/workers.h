// Work divided into tasks that any of some threads may take.
#pragma once

#include <cstddef>

namespace gradiente {

// The threads that a kernel may use.
class Workers {
 public:
  using Function = void (*)(void* context, std::ptrdiff_t task);

  virtual ~Workers() = default;

  // Cycles of work, about 10 µs, from which on it is divided although a thread has to be woken for it.
  static constexpr std::ptrdiff_t kWorthWaking = 40000;
  // The same where the other threads have just worked and still look for more.
  static constexpr std::ptrdiff_t kWorthSharing = 8000;

  // How many threads can work at once, this one included.
  virtual int count() const = 0;

  // Whether another thread looks for work.
  virtual bool awake() const = 0;

  // Whether work of so many cycles, which is a guess, is done sooner if it is divided. No result may depend on the answer.
  bool worth(std::ptrdiff_t cost) const {
    return count() > 1 && cost >= kWorthSharing && (cost >= kWorthWaking || awake());
  }

  // Calls function(context, task) for each task below `tasks`, in any order and thread, and returns when all are done.
  virtual void run(std::ptrdiff_t tasks, Function function, void* context) = 0;

  // The same for a function object.
  template <class F>
  void each(std::ptrdiff_t tasks, F body) {
    run(tasks, [](void* context, std::ptrdiff_t task) { (*static_cast<F*>(context))(task); }, &body);
  }

  // The same; work that is not `worth` dividing, this thread does by itself.
  template <class F>
  void each(std::ptrdiff_t tasks, std::ptrdiff_t cost, F body) {
    if (worth(cost)) {
      each(tasks, body);
      return;
    }
    for (std::ptrdiff_t task = 0; task < tasks; ++task) body(task);
  }
};

} // namespace gradiente
