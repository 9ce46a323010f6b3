// The kernels' threads: every task is done once, whoever calls at the same time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "../thread_team.h"
#include "check.h"

namespace gradiente {

// Some jobs, with pauses that are longer than helpers look for work among them.
inline void call_team(int jobs, unsigned seed, std::atomic<int>& wrong) {
  std::mt19937 random(seed);
  for (int j = 0; j < jobs; ++j) {
    TeamWorkers workers(1 + static_cast<int>(random() % 4));
    const auto tasks = static_cast<std::ptrdiff_t>(random() % 40);
    std::vector<std::atomic<int>> times(static_cast<std::size_t>(tasks));
    const bool fails = tasks > 0 && random() % 8 == 0;
    bool failed = false;
    try {
      workers.each(tasks, [&](std::ptrdiff_t task) {
        ++times[static_cast<std::size_t>(task)];
        if (fails && task == tasks / 2) throw std::bad_alloc();
      });
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    wrong += failed != fails;
    // By itself, the caller stops where it fails.
    const bool all = !fails || (workers.count() > 1 && tasks > 1);
    for (const auto& count : times) wrong += all ? count != 1 : count > 1;
    if (random() % 16 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

inline void check_team(int jobs) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (unsigned c = 0; c < 4; ++c) callers.emplace_back([&, c] { call_team(10 * jobs, c, wrong); });
  for (std::thread& caller : callers) caller.join();
  if (wrong == 0) return;
  ++failures;
  std::printf("thread team: %d tasks were done another number of times than once, or failed in silence\n", wrong.load());
}

} // namespace gradiente
