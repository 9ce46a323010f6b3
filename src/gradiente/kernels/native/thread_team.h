// The kernels' own threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "workers.h"

namespace gradiente {

// Threads that help whoever calls, and look for more work for a while before they sleep: a step is a row of short kernels, and to
// wake a thread takes longer than many of them.
class ThreadTeam {
 public:
  // The process's only one. It is never destroyed: at the end of a process its threads may still look for work.
  static ThreadTeam& shared() {
    static ThreadTeam* team = new ThreadTeam;
    return *team;
  }

  // Whether a helper looks for work.
  bool awake() const { return looking_.load(std::memory_order_relaxed) > 0; }

  // The calling thread works too, and waits for no helper that has not begun: one that is late finds all tasks taken, and touches
  // the counters only, which it owns a part of.
  void run(std::ptrdiff_t tasks, Workers::Function function, void* context, std::ptrdiff_t threads) {
    const auto job = std::make_shared<Job>(tasks, function, context, std::min(tasks, threads));
    post(job, static_cast<std::size_t>(threads - 1));
    job->work(0);
    for (int turns = 0; job->done.load(std::memory_order_acquire) < tasks; ++turns) pause(turns);
    withdraw(job);
    if (job->out_of_memory.load(std::memory_order_relaxed)) throw std::bad_alloc();
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Between two steps Python takes some 100 µs.
  static constexpr std::chrono::microseconds kLooks{500};

  // Tasks in a row, the next of which any thread may take.
  struct alignas(64) Share {
    std::atomic<std::ptrdiff_t> next{0};
    std::ptrdiff_t end = 0;
  };

  // Each thread begins with the share that is its own, so that tasks which see the same part of a layer's images as those of the
  // layer before find it in that core's cache; and goes on with those of the others.
  struct Job {
    Job(std::ptrdiff_t tasks, Workers::Function function, void* context, std::ptrdiff_t threads)
        : tasks(tasks), function(function), context(context), helpers(threads - 1), shares(static_cast<std::size_t>(threads)) {
      for (std::ptrdiff_t t = 0; t < threads; ++t) {
        Share& share = shares[static_cast<std::size_t>(t)];
        share.next.store(tasks * t / threads, std::memory_order_relaxed);
        share.end = tasks * (t + 1) / threads;
      }
    }

    void work(std::size_t own) {
      std::ptrdiff_t count = 0;
      for (std::size_t s = 0; s < shares.size(); ++s) {
        Share& share = shares[(own + s) % shares.size()];
        std::ptrdiff_t task;
        while ((task = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end) {
          // Thrown from here, it would end the process in a helper; in the caller, it would take the variables away that the
          // helpers still use.
          try {
            function(context, task);
          } catch (const std::bad_alloc&) {
            out_of_memory.store(true, std::memory_order_relaxed);
          }
          ++count;
        }
      }
      done.fetch_add(count, std::memory_order_release);
    }
    bool wants_help() const {
      return helpers > 0 && std::any_of(shares.begin(), shares.end(), [](const Share& share) {
               return share.next.load(std::memory_order_relaxed) < share.end;
             });
    }

    const std::ptrdiff_t tasks;
    const Workers::Function function;
    void* const context;
    std::ptrdiff_t helpers; // that may still come; the team's mutex guards it
    std::vector<Share> shares;
    std::atomic<std::ptrdiff_t> done{0};
    std::atomic<bool> out_of_memory{false};
  };

  // A thread that waits lets others have its core from time to time.
  static void pause(int turns) {
    if (turns % 64 == 63) {
      std::this_thread::yield();
      return;
    }
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
  }

  void post(const std::shared_ptr<Job>& job, std::size_t helpers) {
    std::ptrdiff_t wanted;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      enlarge(helpers);
      jobs_.push_back(job);
      posted_.fetch_add(1, std::memory_order_release);
      wanted = std::min<std::ptrdiff_t>(sleeping_, job->helpers - looking_.load(std::memory_order_relaxed));
    }
    for (; wanted > 0; --wanted) wake_.notify_one();
  }

  void withdraw(const std::shared_ptr<Job>& job) {
    const std::lock_guard<std::mutex> lock(mutex_);
    jobs_.erase(std::find(jobs_.begin(), jobs_.end(), job));
  }

  // A thread that the system refuses is done without.
  void enlarge(std::size_t helpers) {
    try {
      for (; size_ < helpers; ++size_) std::thread([this, number = size_ + 1] { help(number); }).detach();
    } catch (const std::system_error&) {
    }
  }

  void help(std::size_t number) {
    for (std::uint64_t seen = 0;;) {
      if (const std::shared_ptr<Job> job = find(seen)) job->work(number);
    }
  }

  // A job that wants help, as soon as one has been posted since `seen`; null if others were quicker.
  std::shared_ptr<Job> find(std::uint64_t& seen) {
    looking_.fetch_add(1, std::memory_order_relaxed);
    const Clock::time_point end = Clock::now() + kLooks;
    for (int turns = 0; posted_.load(std::memory_order_acquire) == seen; ++turns) {
      pause(turns);
      if (turns % 64 == 63 && Clock::now() > end) break;
    }
    looking_.fetch_sub(1, std::memory_order_relaxed);
    std::unique_lock<std::mutex> lock(mutex_);
    ++sleeping_;
    wake_.wait(lock, [&] { return posted_.load(std::memory_order_relaxed) != seen; });
    --sleeping_;
    seen = posted_.load(std::memory_order_relaxed);
    for (const std::shared_ptr<Job>& job : jobs_) {
      if (!job->wants_help()) continue;
      --job->helpers;
      return job;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<Job>> jobs_; // those under way
  std::size_t size_ = 0;
  int sleeping_ = 0;
  std::atomic<std::uint64_t> posted_{0};
  std::atomic<std::ptrdiff_t> looking_{0};
};

// So many of the team's threads, the calling one included.
class TeamWorkers : public Workers {
 public:
  explicit TeamWorkers(std::ptrdiff_t count) : count_(static_cast<int>(std::max<std::ptrdiff_t>(1, count))) {}

  int count() const override { return count_; }
  bool awake() const override { return ThreadTeam::shared().awake(); }
  void run(std::ptrdiff_t tasks, Function function, void* context) override {
    if (tasks > 1 && count_ > 1) {
      ThreadTeam::shared().run(tasks, function, context, count_);
      return;
    }
    for (std::ptrdiff_t task = 0; task < tasks; ++task) function(context, task);
  }

 private:
  int count_;
};

} // namespace gradiente
