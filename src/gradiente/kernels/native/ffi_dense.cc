// Dense layers, their losses and their updates as XLA calls them. The Python side (kernels/dense.py, kernels/updates.py) has
// checked types and shapes.
#include "ffi_handlers.h"
#include "kernels.h"

namespace gradiente {
namespace {

Product sizes(Numbers a, Numbers c, bool a_turned, bool b_turned) {
  return Product{c[0], c[1], a_turned ? a[0] : a[1], a_turned, b_turned};
}

ffi::Error product(ThreadPool pool, Floats a, Floats b, Result c, bool a_turned, bool b_turned) {
  return guarded([&] {
    prefer_large_pages(c);
    XlaWorkers workers(pool);
    kernels().product(sizes(a.dimensions(), c->dimensions(), a_turned, b_turned), a.typed_data(), b.typed_data(), nullptr,
                      Activation::none, c->typed_data(), workers);
  });
}

ffi::Error product_bias(ThreadPool pool, Floats a, Floats b, Floats bias, Result c, bool a_turned, bool b_turned,
                        int64_t activation) {
  return guarded([&] {
    prefer_large_pages(c);
    XlaWorkers workers(pool);
    kernels().product(sizes(a.dimensions(), c->dimensions(), a_turned, b_turned), a.typed_data(), b.typed_data(),
                      bias.typed_data(), static_cast<Activation>(activation), c->typed_data(), workers);
  });
}

ffi::Error column_sums(ThreadPool pool, Floats x, Result sums) {
  return guarded([&] {
    XlaWorkers workers(pool);
    const Index columns = sums->dimensions()[0];
    kernels().column_sums(static_cast<Index>(x.element_count()) / columns, columns, x.typed_data(), nullptr,
                          sums->typed_data(), workers);
  });
}

ffi::Error cross_entropy(ThreadPool pool, Floats logits, Floats labels, Result loss, Result gradient) {
  return guarded([&] {
    XlaWorkers workers(pool);
    kernels().cross_entropy(logits.dimensions()[0], logits.dimensions()[1], logits.typed_data(), labels.typed_data(), nullptr,
                            loss->typed_data(), gradient->typed_data(), workers);
  });
}

ffi::Error weighted_cross_entropy(ThreadPool pool, Floats logits, Floats labels, Floats weights, Result loss,
                                  Result gradient) {
  return guarded([&] {
    XlaWorkers workers(pool);
    kernels().cross_entropy(logits.dimensions()[0], logits.dimensions()[1], logits.typed_data(), labels.typed_data(),
                            weights.typed_data(), loss->typed_data(), gradient->typed_data(), workers);
  });
}

ffi::Error gather_rows(ThreadPool pool, Floats x, ffi::Buffer<ffi::S32> which, Result rows) {
  return guarded([&] {
    prefer_large_pages(rows);
    XlaWorkers workers(pool);
    const Index count = static_cast<Index>(which.element_count());
    kernels().gather_rows(count, x.dimensions()[0], static_cast<Index>(rows->element_count()) / count, x.typed_data(),
                          which.typed_data(), rows->typed_data(), workers);
  });
}

// Operands: the variable and its slots, the gradient, the rule's numbers. Results: the variable and its slots.
ffi::Error update(ThreadPool pool, ffi::RemainingArgs operands, ffi::RemainingRets results, int64_t rule) {
  constexpr std::size_t kMost = 8;
  const float* in[kMost];
  float* out[kMost];
  float numbers[kMost];
  const std::size_t variables = results.size();
  if (rule < 0 || rule >= static_cast<int64_t>(Update::count) || variables > kMost ||
      operands.size() <= variables || operands.size() - variables - 1 > kMost) {
    return ffi::Error::InvalidArgument("an update of that kind does not exist");
  }
  for (std::size_t i = 0; i < variables; ++i) {
    const auto from = operands.get<Floats>(i);
    auto to = results.get<Floats>(i);
    if (!from || !to) return ffi::Error::InvalidArgument("an update's variables are float32");
    in[i] = from->typed_data();
    out[i] = to.value()->typed_data();
  }
  const auto grad = operands.get<Floats>(variables);
  if (!grad) return ffi::Error::InvalidArgument("an update's gradient is float32");
  for (std::size_t i = variables + 1; i < operands.size(); ++i) {
    const auto number = operands.get<Floats>(i);
    if (!number) return ffi::Error::InvalidArgument("an update's numbers are float32");
    numbers[i - variables - 1] = number->typed_data()[0];
  }
  return guarded([&] {
    XlaWorkers workers(pool);
    kernels().update(static_cast<Update>(rule), static_cast<Index>(grad->element_count()), numbers, grad->typed_data(), in, out,
                     workers);
  });
}

} // namespace

GRADIENTE_HANDLER(gradiente_product, product,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Attr<bool>("a_turned")
                      .Attr<bool>("b_turned"));
GRADIENTE_HANDLER(gradiente_product_bias, product_bias,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>()
                      .Attr<bool>("a_turned").Attr<bool>("b_turned").Attr<int64_t>("activation"));
GRADIENTE_HANDLER(gradiente_column_sums, column_sums, Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Ret<Floats>());
GRADIENTE_HANDLER(gradiente_cross_entropy, cross_entropy,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Ret<Floats>());
GRADIENTE_HANDLER(gradiente_weighted_cross_entropy, weighted_cross_entropy,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<Floats>().Arg<Floats>().Ret<Floats>().Ret<Floats>());
GRADIENTE_HANDLER(gradiente_gather_rows, gather_rows,
                  Ffi::Bind().Ctx<ThreadPool>().Arg<Floats>().Arg<ffi::Buffer<ffi::S32>>().Ret<Floats>());
GRADIENTE_HANDLER(gradiente_update, update,
                  Ffi::Bind().Ctx<ThreadPool>().RemainingArgs().RemainingRets().Attr<int64_t>("rule"));

} // namespace gradiente
