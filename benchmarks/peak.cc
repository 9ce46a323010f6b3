// What the machine can do at most: fused multiply-adds on values that stay in registers, in as many threads as asked for.
// Compiled by peak.py for the machine's own processor. Prints GFLOP/s, the best of some runs; the time is what each thread used
// of the processor, so that neighbours count little.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif
typedef float Vector __attribute__((vector_size(kBytes)));
constexpr int kLanes = kBytes / 4;
constexpr int kChains = 12; // more than two units with a latency of four or five cycles need
constexpr long kTurns = 20000000;

static float multiply(float start) {
  Vector sums[kChains], factor, addend;
  for (int c = 0; c < kChains; ++c) sums[c] = Vector{} + (start + static_cast<float>(c));
  factor = Vector{} + 0.999f;
  addend = Vector{} + start;
  for (long turn = 0; turn < kTurns; ++turn) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = sums[c] * factor + addend;
  }
  float total = 0;
  for (int c = 0; c < kChains; ++c) {
    for (int lane = 0; lane < kLanes; ++lane) total += sums[c][lane];
  }
  return total;
}

static double processor_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int, char** arguments) {
  const int threads = std::atoi(arguments[1]);
  double best = 0;
  for (int run = 0; run < 10; ++run) {
    std::vector<std::thread> workers;
    std::vector<double> speeds(threads);
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&speeds, t] {
        const double started = processor_seconds();
        const float result = multiply(0.5f + t);
        const double seconds = processor_seconds() - started;
        speeds[t] = result == 0 ? 0 : 2.0 * kTurns * kChains * kLanes / seconds / 1e9;
      });
    }
    double together = 0;
    for (int t = 0; t < threads; ++t) {
      workers[t].join();
      together += speeds[t];
    }
    if (together > best) best = together;
  }
  std::printf("%.1f\n", best);
}
