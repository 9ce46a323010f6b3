// What the machine can do at most: fused multiply-adds on values that stay in registers, in as many threads as asked for.
// Compiled by peak.py for the machine's own processor. Prints GFLOP/s, the best of some runs.
#include <atomic>
#include <chrono>
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

int main(int, char** arguments) {
  const int threads = std::atoi(arguments[1]);
  double best = 0;
  for (int run = 0; run < 5; ++run) {
    std::vector<std::thread> workers;
    std::vector<float> results(threads);
    const auto started = std::chrono::steady_clock::now();
    for (int t = 0; t < threads; ++t) workers.emplace_back([&results, t] { results[t] = multiply(0.5f + t); });
    for (auto& worker : workers) worker.join();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    if (results[0] == 0) return 1;
    const double speed = 2.0 * kTurns * kChains * kLanes * threads / seconds.count() / 1e9;
    if (speed > best) best = speed;
  }
  std::printf("%.1f\n", best);
}
