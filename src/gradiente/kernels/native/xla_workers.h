// XLA's thread pool as the kernels' threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>

#include "workers.h"
#include "xla/ffi/api/ffi.h"

namespace gradiente {

class XlaWorkers : public Workers {
 public:
  explicit XlaWorkers(xla::ffi::ThreadPool& pool) : pool_(pool), count_(static_cast<int>(pool.num_threads())) {
    if (count_ < 1) count_ = 1;
  }

  int count() const override { return count_; }

  // XLA's threads look for work for some 50 µs before they sleep.
  bool awake() const override { return now() - last_shared().load(std::memory_order_relaxed) < 30'000; }

  // The calling thread works too, so that nothing waits for a thread that XLA has busy elsewhere. A helper that starts when
  // all tasks are taken touches the shared counters only, which it owns a part of.
  void run(std::ptrdiff_t tasks, Function function, void* context) override {
    if (tasks <= 1 || count_ == 1) {
      for (std::ptrdiff_t task = 0; task < tasks; ++task) function(context, task);
      return;
    }
    auto state = std::make_shared<State>(tasks, function, context);
    const std::ptrdiff_t helpers = tasks < count_ ? tasks - 1 : count_ - 1;
    for (std::ptrdiff_t h = 0; h < helpers; ++h) {
      pool_.Schedule([state] { state->work(); });
    }
    state->work();
    for (int turns = 0; state->done.load(std::memory_order_acquire) < tasks; ++turns) {
      if (turns > 2000) std::this_thread::yield();
    }
    last_shared().store(now(), std::memory_order_relaxed);
    if (state->out_of_memory.load(std::memory_order_relaxed)) throw std::bad_alloc();
  }

 private:
  static std::int64_t now() { // ns
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }

  // When a kernel last had its work done by several threads.
  static std::atomic<std::int64_t>& last_shared() {
    static std::atomic<std::int64_t> time{-1'000'000};
    return time;
  }

  struct State {
    State(std::ptrdiff_t tasks, Function function, void* context) : tasks(tasks), function(function), context(context) {}

    void work() {
      std::ptrdiff_t task;
      while ((task = next.fetch_add(1, std::memory_order_relaxed)) < tasks) {
        // Thrown from here, it would end the process in a helper; in the caller, it would take the variables away that the
        // helpers still use.
        try {
          function(context, task);
        } catch (const std::bad_alloc&) {
          out_of_memory.store(true, std::memory_order_relaxed);
        }
        done.fetch_add(1, std::memory_order_release);
      }
    }

    const std::ptrdiff_t tasks;
    const Function function;
    void* const context;
    std::atomic<std::ptrdiff_t> next{0};
    std::atomic<std::ptrdiff_t> done{0};
    std::atomic<bool> out_of_memory{false};
  };

  xla::ffi::ThreadPool& pool_;
  int count_;
};

} // namespace gradiente
