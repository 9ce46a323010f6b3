// Runs every kernel on random sizes, on every instruction set of this machine, against sums in double precision written as
// plainly as can be. `make sanitize` builds and runs it under AddressSanitizer and UBSan: every array begins and ends where
// the sanitizer looks, at addresses that are no multiple of a vector.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../kernels.h"
#include "../thread_team.h"
#include "check.h"
#include "check_copies.h"
#include "check_team.h"

namespace {

using namespace gradiente;

void check_convolution(const Kernels& k, const Conv2d& c, bool depthwise, Workers& workers, std::mt19937& random) {
  const Index outputs = depthwise ? c.in_channels : c.out_channels;
  const Array x(c.batch * c.in_rows * c.in_columns * c.in_channels, random);
  const Array w(c.filter_rows * c.filter_columns * c.in_channels * (depthwise ? 1 : c.out_channels), random);
  const Array dy(c.batch * c.out_rows * c.out_columns * outputs, random), bias(outputs, random);
  std::vector<double> y(static_cast<std::size_t>(dy.size())), dx(static_cast<std::size_t>(x.size()));
  std::vector<double> dw(static_cast<std::size_t>(w.size()));
  for (Index i = 0; i < dy.size(); ++i) y[static_cast<std::size_t>(i)] = bias[i % outputs];
  each_product(c, depthwise, [&](Index in, Index tap, Index out) {
    y[static_cast<std::size_t>(out)] += double{x[in]} * w[tap];
    dx[static_cast<std::size_t>(in)] += double{dy[out]} * w[tap];
    dw[static_cast<std::size_t>(tap)] += double{dy[out]} * x[in];
  });
  double largest = 0;
  for (double& value : y) {
    largest = std::fmax(largest, std::fabs(value));
    value = std::fmin(std::fmax(value, 0.0), 6.0);
  }
  char name[300];
  std::snprintf(name, sizeof name, "%s %s, %td x %td x %td x %td to %td, filter %td x %td, strides %td %td, method %d", k.name,
                depthwise ? "depthwise" : "convolution", c.batch, c.in_rows, c.in_columns, c.in_channels, outputs,
                c.filter_rows, c.filter_columns, c.row_stride, c.column_stride, static_cast<int>(c.method));
  const double tolerance = c.method == Method::direct ? 1e-5 : 5e-5;
  const Array got_y(dy.size()), got_dx(x.size()), got_dw(w.size());
  const auto forward = depthwise ? k.depthwise_forward : k.conv_forward;
  const auto to_input = depthwise ? k.depthwise_input_gradient : k.conv_input_gradient;
  const auto to_filter = depthwise ? k.depthwise_filter_gradient : k.conv_filter_gradient;
  forward(c, x.data(), w.data(), bias.data(), Activation::relu6, got_y.data(), workers);
  compare(std::string(name) + ", forward", got_y, y, tolerance, largest);
  to_input(c, dy.data(), w.data(), got_dx.data(), workers);
  compare(std::string(name) + ", input gradient", got_dx, dx, tolerance);
  to_filter(c, x.data(), dy.data(), got_dw.data(), workers);
  compare(std::string(name) + ", filter gradient", got_dw, dw, tolerance);
}

// A convolution that is pooled at once. Where the largest elements lie is taken from the kernel: rounding decides among near ones.
void check_pooled(const Kernels& k, const Conv2d& c, const Pooling& p, Workers& workers, std::mt19937& random) {
  const Array x(c.batch * c.in_rows * c.in_columns * c.in_channels, random), bias(c.out_channels, random);
  const Array w(c.filter_rows * c.filter_columns * c.in_channels * c.out_channels, random);
  const Array dy(c.batch * p.rows * p.columns * c.out_channels, random);
  const Index results = c.batch * c.out_rows * c.out_columns * c.out_channels;
  const auto places = std::make_unique<std::uint8_t[]>(static_cast<std::size_t>(dy.size()));
  const Array y(dy.size()), dx(x.size()), dw(w.size()), dbias(bias.size()), whole(results);
  std::vector<double> sums(static_cast<std::size_t>(results)), received(sums);
  std::vector<double> want_y(static_cast<std::size_t>(y.size())), want_dx(static_cast<std::size_t>(x.size()));
  std::vector<double> want_dw(static_cast<std::size_t>(w.size())), want_dbias(static_cast<std::size_t>(bias.size()));
  for (Index i = 0; i < results; ++i) sums[static_cast<std::size_t>(i)] = bias[i % c.out_channels];
  each_product(c, false, [&](Index in, Index tap, Index out) { sums[static_cast<std::size_t>(out)] += double{x[in]} * w[tap]; });
  const std::string name = std::string(k.name) + " pooled convolution, ";
  k.pooled_forward(c, p, x.data(), w.data(), bias.data(), y.data(), places.get(), workers);
  double largest = 0;
  for (double sum : sums) largest = std::fmax(largest, std::fabs(sum));
  for (Index i = 0; i < y.size(); ++i) {
    const Index channel = i % c.out_channels, b = i / c.out_channels % p.columns;
    const Index a = i / c.out_channels / p.columns % p.rows, n = i / c.out_channels / p.columns / p.rows;
    for (int place = 0; place < 4; ++place) {
      const Index row = 2 * a + place / 2, column = 2 * b + place % 2;
      if (row >= c.out_rows || column >= c.out_columns) continue;
      const auto at = static_cast<std::size_t>(((n * c.out_rows + row) * c.out_columns + column) * c.out_channels + channel);
      want_y[static_cast<std::size_t>(i)] = std::fmax(want_y[static_cast<std::size_t>(i)], sums[at]);
      if (places[static_cast<std::size_t>(i)] == place) {
        received[at] = dy[i];
        want_dbias[static_cast<std::size_t>(channel)] += dy[i];
      }
    }
  }
  const double tolerance = c.method == Method::direct ? 1e-5 : 5e-5;
  compare(name + "forward", y, want_y, tolerance, largest);
  each_product(c, false, [&](Index in, Index tap, Index out) {
    want_dx[static_cast<std::size_t>(in)] += received[static_cast<std::size_t>(out)] * w[tap];
    want_dw[static_cast<std::size_t>(tap)] += received[static_cast<std::size_t>(out)] * x[in];
  });
  k.pooled_gradient(c, p, dy.data(), places.get(), whole.data(), workers);
  compare(name + "gradient", whole, received, 0);
  k.pooled_input_gradient(c, p, dy.data(), places.get(), w.data(), dx.data(), workers);
  compare(name + "input gradient", dx, want_dx, tolerance, 1.0);
  k.pooled_filter_gradient(c, p, x.data(), dy.data(), places.get(), dw.data(), workers);
  compare(name + "filter gradient", dw, want_dw, tolerance, 1.0);
  k.column_sums(dy.size() / c.out_channels, c.out_channels, dy.data(), places.get(), dbias.data(), workers);
  compare(name + "bias gradient", dbias, want_dbias, 1e-5);
}

void check_pooling(const Kernels& k, const Pool2d& p, Workers& workers, std::mt19937& random) {
  const Array x(p.batch * p.in_rows * p.in_columns * p.channels, random);
  const Array dy(p.batch * p.out_rows * p.out_columns * p.channels, random);
  std::vector<double> largest(static_cast<std::size_t>(dy.size())), mean(largest);
  std::vector<double> to_largest(static_cast<std::size_t>(x.size())), to_all(to_largest);
  for (Index o = 0; o < dy.size(); ++o) {
    const Index c = o % p.channels, b = o / p.channels % p.out_columns;
    const Index a = o / p.channels / p.out_columns % p.out_rows, n = o / p.channels / p.out_columns / p.out_rows;
    std::vector<Index> seen;
    for (Index i = 0; i < p.window_rows; ++i)
      for (Index j = 0; j < p.window_columns; ++j) {
        const Index h = a * p.row_stride + i - p.row_padding, w = b * p.column_stride + j - p.column_padding;
        if (h >= 0 && h < p.in_rows && w >= 0 && w < p.in_columns) {
          seen.push_back(((n * p.in_rows + h) * p.in_columns + w) * p.channels + c);
        }
      }
    Index best = seen.front();
    double total = 0;
    for (Index at : seen) {
      if (x[at] > x[best]) best = at;
      total += x[at];
      to_all[static_cast<std::size_t>(at)] += double{dy[o]} / static_cast<double>(seen.size());
    }
    largest[static_cast<std::size_t>(o)] = x[best];
    mean[static_cast<std::size_t>(o)] = total / static_cast<double>(seen.size());
    to_largest[static_cast<std::size_t>(best)] += dy[o];
  }
  const std::string name = std::string(k.name) + " pooling, ";
  const Array got_y(dy.size()), got_dx(x.size());
  k.max_pool(p, x.data(), got_y.data(), workers);
  compare(name + "maximum", got_y, largest, 0);
  k.max_pool_gradient(p, false, x.data(), dy.data(), got_dx.data(), workers);
  compare(name + "maximum's gradient", got_dx, to_largest, 1e-6);
  k.average_pool(p, x.data(), got_y.data(), workers);
  compare(name + "average", got_y, mean, 1e-6);
  k.average_pool_gradient(p, dy.data(), got_dx.data(), workers);
  compare(name + "average's gradient", got_dx, to_all, 1e-6);
}

void check_dense(const Kernels& k, const Product& g, Workers& workers, std::mt19937& random) {
  const Array a(g.rows * g.depth, random), b(g.depth * g.columns, random), bias(g.columns, random);
  const Array c(g.rows * g.columns), sums(g.depth);
  std::vector<double> want(static_cast<std::size_t>(c.size())), columns(static_cast<std::size_t>(g.depth));
  for (Index i = 0; i < g.rows; ++i)
    for (Index j = 0; j < g.columns; ++j) {
      double sum = bias[j];
      for (Index d = 0; d < g.depth; ++d) {
        sum += double{a[g.a_turned ? d * g.rows + i : i * g.depth + d]} * b[g.b_turned ? j * g.depth + d : d * g.columns + j];
      }
      want[static_cast<std::size_t>(i * g.columns + j)] = std::fmax(0.0, sum);
    }
  const std::string name = std::string(k.name) + " dense, ";
  k.product(g, a.data(), b.data(), bias.data(), Activation::relu, c.data(), workers);
  compare(name + "product", c, want, 1e-5);
  for (Index i = 0; i < a.size(); ++i) columns[static_cast<std::size_t>(i % g.depth)] += a[i];
  k.column_sums(g.rows, g.depth, a.data(), nullptr, sums.data(), workers);
  compare(name + "column sums", sums, columns, 1e-5);

  // All labels zero: the loss is zero, the gradient the softmax.
  const Array labels(a.size()), weights(g.rows, random), loss(g.rows), gradient(a.size());
  for (Index i = 0; i < labels.size(); ++i) labels.data()[i] = 0;
  std::vector<double> softmax(static_cast<std::size_t>(a.size()));
  for (Index i = 0; i < g.rows; ++i) {
    double total = 0;
    for (Index d = 0; d < g.depth; ++d) total += std::exp(double{a[i * g.depth + d]});
    for (Index d = 0; d < g.depth; ++d) {
      const Index at = i * g.depth + d;
      softmax[static_cast<std::size_t>(at)] = weights[i] * std::exp(double{a[at]}) / total;
    }
  }
  k.cross_entropy(g.rows, g.depth, a.data(), labels.data(), weights.data(), loss.data(), gradient.data(), workers);
  compare(name + "cross-entropy", loss, std::vector<double>(static_cast<std::size_t>(g.rows)), 1e-5);
  compare(name + "cross-entropy's gradient", gradient, softmax, 1e-5);

  std::vector<std::int32_t> which(static_cast<std::size_t>(g.columns));
  const Array picked(g.columns * g.depth);
  std::vector<double> rows(static_cast<std::size_t>(picked.size()));
  for (Index j = 0; j < g.columns; ++j) {
    const Index row = (j * 7) % g.rows;
    which[static_cast<std::size_t>(j)] = static_cast<std::int32_t>(row);
    for (Index d = 0; d < g.depth; ++d) rows[static_cast<std::size_t>(j * g.depth + d)] = a[row * g.depth + d];
  }
  k.gather_rows(g.columns, g.rows, g.depth, a.data(), which.data(), picked.data(), workers);
  compare(name + "rows", picked, rows, 0);
}

// The optimizers' rules once more, on one element in double precision.
void expected_update(Update rule, const double* n, double grad, double* v) {
  switch (rule) {
    case Update::gradient_descent:
      v[0] -= n[0] * grad;
      return;
    case Update::momentum:
    case Update::nesterov:
      v[1] = n[1] * v[1] + grad;
      v[0] -= rule == Update::momentum ? n[0] * v[1] : n[0] * (grad + n[1] * v[1]);
      return;
    case Update::adagrad:
      v[1] += grad * grad;
      v[0] -= n[0] * grad / std::sqrt(v[1]);
      return;
    case Update::adadelta: {
      v[1] = n[1] * v[1] + (1 - n[1]) * grad * grad;
      const double change = grad * std::sqrt((v[2] + n[2]) / (v[1] + n[2]));
      v[2] = n[1] * v[2] + (1 - n[1]) * change * change;
      v[0] -= n[0] * change;
      return;
    }
    case Update::rms_prop:
    case Update::centered_rms_prop: {
      const bool centered = rule == Update::centered_rms_prop;
      double* square = v + (centered ? 2 : 1);
      double* moment = v + (centered ? 3 : 2);
      *square = n[1] * *square + (1 - n[1]) * grad * grad;
      double below = *square + n[3];
      if (centered) {
        v[1] = n[1] * v[1] + (1 - n[1]) * grad;
        below -= v[1] * v[1];
      }
      *moment = n[2] * *moment + n[0] * grad / std::sqrt(below);
      v[0] -= *moment;
      return;
    }
    case Update::adam:
    case Update::adam_nesterov: {
      v[1] = n[3] * v[1] + (1 - n[3]) * grad;
      v[2] = n[4] * v[2] + (1 - n[4]) * grad * grad;
      const double along = rule == Update::adam ? v[1] : n[3] * v[1] + (1 - n[3]) * grad;
      v[0] -= n[2] * std::sqrt(1 - n[1]) / (1 - n[0]) * along / (std::sqrt(v[2]) + n[5]);
      return;
    }
    case Update::count:
      return;
  }
}

void check_updates(const Kernels& k, Index size, Workers& workers, std::mt19937& random) {
  const float numbers[] = {0.5f, 0.25f, 0.125f, 0.75f, 0.5f, 0.25f};
  const double exact[] = {0.5, 0.25, 0.125, 0.75, 0.5, 0.25};
  const Array grad(size, random);
  for (int rule = 0; rule < static_cast<int>(Update::count); ++rule) {
    std::vector<std::unique_ptr<Array>> variables;
    std::vector<double> want[4];
    const float* in[4];
    float* out[4];
    for (int i = 0; i < 4; ++i) {
      variables.push_back(std::make_unique<Array>(size, random));
      in[i] = out[i] = variables.back()->data();
      for (Index e = 0; e < size; ++e) {
        // Means of squares are positive, and larger than the square of the mean.
        if (i > 0) out[i][e] = std::fabs(out[i][e]) * (i == 1 ? 0.1f : 1.0f) + (i == 1 ? 0.1f : 5.0f);
        want[i].push_back(out[i][e]);
      }
    }
    for (Index e = 0; e < size; ++e) {
      const auto at = static_cast<std::size_t>(e);
      double v[4] = {want[0][at], want[1][at], want[2][at], want[3][at]};
      expected_update(static_cast<Update>(rule), exact, grad[e], v);
      for (int i = 0; i < 4; ++i) want[i][at] = v[i];
    }
    k.update(static_cast<Update>(rule), size, numbers, grad.data(), in, out, workers);
    for (int i = 0; i < 4; ++i) compare(std::string(k.name) + " update " + std::to_string(rule), *variables[static_cast<std::size_t>(i)], want[i], 1e-5);
  }
}

// With `fused`, the result is added to something and rectified; the gradient is that of a rectified result without the sum.
void check_batch_norm(const Kernels& k, Index rows, Index channels, bool fused, Workers& workers, std::mt19937& random) {
  const Array x(rows * channels, random), dy(rows * channels, random), scale(channels, random), offset(channels, random);
  const Array other(rows * channels, random);
  const Array y(x.size()), dx(x.size()), mean(channels), variance(channels), dscale(channels), doffset(channels);
  const auto size = static_cast<std::size_t>(x.size()), some = static_cast<std::size_t>(channels);
  std::vector<double> want_y(size), want_dx(size), received(size), means(some), variances(some), dscales(some), doffsets(some);
  const std::string name = std::string(k.name) + " batch normalization, ";
  if (fused) {
    k.batch_norm(rows, channels, 0.5f, true, x.data(), scale.data(), offset.data(), nullptr, y.data(), mean.data(),
                 variance.data(), workers);
  }
  for (std::size_t e = 0; e < size; ++e) {
    received[e] = fused && !(y[static_cast<Index>(e)] > 0) ? 0.0 : double{dy[static_cast<Index>(e)]};
  }
  const double epsilon = 0.5;
  for (Index c = 0; c < channels; ++c) {
    const auto at = static_cast<std::size_t>(c);
    for (Index r = 0; r < rows; ++r) means[at] += double{x[r * channels + c]} / static_cast<double>(rows);
    for (Index r = 0; r < rows; ++r) {
      const double d = x[r * channels + c] - means[at];
      variances[at] += d * d / static_cast<double>(rows);
    }
    const double inverse = 1 / std::sqrt(variances[at] + epsilon);
    for (Index r = 0; r < rows; ++r) {
      const auto e = static_cast<std::size_t>(r * channels + c);
      dscales[at] += received[e] * (x[r * channels + c] - means[at]) * inverse;
      doffsets[at] += received[e];
    }
    for (Index r = 0; r < rows; ++r) {
      const Index i = r * channels + c;
      const auto e = static_cast<std::size_t>(i);
      const double normal = (x[i] - means[at]) * inverse;
      want_y[e] = normal * scale[c] + offset[c];
      if (fused) want_y[e] = std::max(want_y[e] + other[i], 0.0);
      want_dx[e] = scale[c] * inverse *
                   (received[e] - doffsets[at] / static_cast<double>(rows) - normal * dscales[at] / static_cast<double>(rows));
    }
  }
  k.batch_norm(rows, channels, 0.5f, fused, x.data(), scale.data(), offset.data(), fused ? other.data() : nullptr, y.data(),
               mean.data(), variance.data(), workers);
  compare(name + "result", y, want_y, 1e-5);
  compare(name + "mean", mean, means, 1e-5);
  compare(name + "variance", variance, variances, 1e-5);
  k.batch_norm_gradient(rows, channels, 0.5f, dy.data(), x.data(), scale.data(), fused ? offset.data() : nullptr, mean.data(),
                        variance.data(), dx.data(), dscale.data(), doffset.data(), workers);
  // Of one row nothing is left but rounding.
  if (rows > 1) compare(name + "input gradient", dx, want_dx, 1e-5);
  if (rows > 1) compare(name + "scale's gradient", dscale, dscales, 1e-5);
  compare(name + "offset's gradient", doffset, doffsets, 1e-5);
}

// Maps that shift by whole pixels, also past the edge, which is repeated.
void check_images(const Kernels& k, const Images& g, Workers& workers, std::mt19937& random) {
  const Array x(g.batch * g.in_rows * g.in_columns * g.channels, random), maps(g.maps * 8);
  const Array y(g.batch * g.out_rows * g.out_columns * g.channels);
  std::uniform_int_distribution<int> shift(-3, 3);
  for (Index m = 0; m < g.maps; ++m) {
    const float map[] = {1, 0, static_cast<float>(shift(random)), 0, 1, static_cast<float>(shift(random)), 0, 0};
    for (int i = 0; i < 8; ++i) maps.data()[m * 8 + i] = map[i];
  }
  std::vector<double> want;
  for (Index n = 0; n < g.batch; ++n) {
    const Index m = g.maps == 1 ? 0 : n;
    for (Index i = 0; i < g.out_rows; ++i)
      for (Index j = 0; j < g.out_columns; ++j) {
        const Index row = std::min(g.in_rows - 1, std::max<Index>(0, i + static_cast<Index>(maps[m * 8 + 5])));
        const Index column = std::min(g.in_columns - 1, std::max<Index>(0, j + static_cast<Index>(maps[m * 8 + 2])));
        for (Index c = 0; c < g.channels; ++c) want.push_back(x[((n * g.in_rows + row) * g.in_columns + column) * g.channels + c]);
      }
  }
  k.image_transform(g, x.data(), maps.data(), 0.5f, y.data(), workers);
  compare(std::string(k.name) + " images", y, want, 1e-6);
}

} // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 60;
  std::mt19937 random(1);
  const auto between = [&](Index low, Index high) { return std::uniform_int_distribution<Index>(low, high)(random); };
  check_team(rounds);
  int checked = 0;
  for (const char* name : {"baseline", "avx2", "avx512"}) {
    const Kernels* k = kernels_named(name);
    if (k == nullptr) continue;
    for (int round = 0; round < rounds; ++round) {
      TeamWorkers workers(static_cast<int>(between(1, 3)));
      Conv2d c{};
      c.batch = between(1, 4);
      c.method = static_cast<Method>(between(0, 3));
      const bool square = between(0, 1) == 1; // so that Winograd's transforms are met often
      c.filter_rows = square ? 3 + 2 * between(0, 1) : between(1, 5);
      c.filter_columns = square ? c.filter_rows : between(1, 7);
      c.row_stride = square ? 1 : between(1, 3);
      c.column_stride = square ? 1 : between(1, 3);
      c.row_dilation = square ? 1 : between(1, 2);
      c.column_dilation = square ? 1 : between(1, 2);
      c.in_channels = between(1, 70);
      c.out_channels = between(1, 70);
      c.row_padding = between(0, c.filter_rows - 1);
      c.column_padding = between(0, c.filter_columns - 1);
      const Index row_extent = (c.filter_rows - 1) * c.row_dilation, column_extent = (c.filter_columns - 1) * c.column_dilation;
      // The last windows may reach past the edge, or leave elements over.
      c.out_rows = between(1, 9);
      c.out_columns = between(1, 17);
      c.in_rows = std::max<Index>(1, (c.out_rows - 1) * c.row_stride + row_extent + 1 - c.row_padding - between(-2, 1));
      c.in_columns = std::max<Index>(1, (c.out_columns - 1) * c.column_stride + column_extent + 1 - c.column_padding - between(-2, 1));
      check_convolution(*k, c, false, workers, random);
      check_convolution(*k, c, true, workers, random);
      const Index over = between(0, 1); // whether there is a window for what is left over
      const Pooling pooling{(c.out_rows + over) / 2, (c.out_columns + over) / 2};
      if (pooling.rows > 0 && pooling.columns > 0) check_pooled(*k, c, pooling, workers, random);
      Pool2d p{c.batch, 0, 0, c.out_rows, c.out_columns, c.in_channels, c.filter_rows, c.filter_columns, between(1, 4),
               between(1, 4), c.row_padding, c.column_padding};
      p.in_rows = std::max<Index>(1, (p.out_rows - 1) * p.row_stride - p.row_padding + between(1, p.window_rows + 1));
      p.in_columns = std::max<Index>(1, (p.out_columns - 1) * p.column_stride - p.column_padding + between(1, p.window_columns + 1));
      check_pooling(*k, p, workers, random);
      check_dense(*k, Product{between(1, 70), between(1, 70), between(1, 90), between(0, 1) == 1, between(0, 1) == 1}, workers,
                  random);
      check_dense(*k, Product{between(200, 600), between(5, 16), between(70, 200), true, false}, workers, random); // by threads
      check_updates(*k, between(1, 3000), workers, random);
      check_batch_norm(*k, between(1, 900), between(1, 150), round % 2 == 1, workers, random);
      Images images{c.batch, between(1, 12), between(1, 12), between(1, 12), between(1, 12), between(1, 5), 1};
      if (between(0, 1) == 1) images.maps = images.batch;
      check_images(*k, images, workers, random);
      check_copy(static_cast<std::size_t>(between(0, 1000)), workers, random);
      check_copy(static_cast<std::size_t>(between(0, 1000000)), workers, random);
      ++checked;
    }
  }
  std::printf("%d rounds, %d failures\n", checked, failures);
  return failures == 0 ? 0 : 1;
}
