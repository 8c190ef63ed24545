#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include <semlink/codecs/nn/operations.h>

namespace semlink::test {

/// A function of inputs and parameters, as forward code on a tape.
using Forward =
    std::function<nn::Var<double>(nn::Context<double>& context, const std::vector<nn::Var<double>>& inputs)>;

/// Matrix of seeded standard normals.
inline RowMatrix<double> random_matrix(Index rows, Index cols, std::uint64_t seed, double scale = 1) {
  Stream stream(seed, Purpose::user, 0);
  RowMatrix<double> out(rows, cols);
  for (Index i = 0; i < out.size(); ++i) out.data()[i] = scale * static_cast<double>(stream.normal());
  return out;
}

/// x m for a constant matrix, with its backward rule: stands in for whatever lies between two halves under test.
inline nn::Var<double> multiply(nn::Context<double>& context, const nn::Var<double>& x, const RowMatrix<double>& m) {
  const nn::Var<double> out = context.tape.result(x.rows(), m.cols(), {&x});
  out.value() = x.value() * m;
  context.tape.on_backward(out, [x, out, m] { x.grad() += out.grad() * m.transpose(); });
  return out;
}

/// Checks the gradient of a random linear functional of `forward` against central differences, for every input and
/// every parameter. In double with step h the difference quotient is off by about h^2 f''' and eps / h: with h = 1e-5
/// both are near 1e-10 of the function's scale, so 1e-6 relative leaves no room for a wrong rule.
inline void expect_gradients(const nn::ParameterLayout& layout, const std::vector<RowMatrix<double>>& inputs,
                             const Forward& forward, double parameter_scale = 0.5) {
  nn::FlatVector<double> parameters = nn::FlatVector<double>::Zero(layout.size());
  for (std::size_t i = 0; i < layout.slots().size(); ++i)
    nn::view(parameters, layout.slots()[i]) =
        random_matrix(layout.slots()[i].rows, layout.slots()[i].cols, 100 + i, parameter_scale);

  RowMatrix<double> functional;
  // Inputs enter as rows of a parameter-like leaf: a result without a rule keeps its gradient.
  const auto run = [&](const std::vector<RowMatrix<double>>& at, const nn::FlatVector<double>& with,
                       nn::FlatVector<double>* parameter_gradient, std::vector<RowMatrix<double>>* input_gradients) {
    nn::Tape<double> tape(true);
    nn::FlatVector<double> unused = nn::FlatVector<double>::Zero(layout.size());
    nn::Context<double> context{tape, layout, with, parameter_gradient != nullptr ? parameter_gradient : &unused};
    std::vector<nn::Var<double>> leaves;
    for (const RowMatrix<double>& value : at) {
      leaves.push_back(tape.result(value.rows(), value.cols(), {}, true));
      leaves.back().value() = value;
    }
    const nn::Var<double> out = forward(context, leaves);
    if (functional.size() == 0) functional = random_matrix(out.rows(), out.cols(), 7);
    // <functional, out> = (|out + functional|^2 - |out - functional|^2) / 4, through operations that have rules of
    // their own.
    const std::vector<double> ones(static_cast<std::size_t>(out.rows()), 1.0);
    const RowMatrix<double> minus = -functional;
    const std::span<const double> plus_span(functional.data(), static_cast<std::size_t>(functional.size()));
    const std::span<const double> minus_span(minus.data(), static_cast<std::size_t>(minus.size()));
    const nn::Var<double> loss =
        nn::add(context, nn::scaled(context, nn::squared_error<double>(context, out, minus_span, ones), 0.25),
                nn::scaled(context, nn::squared_error<double>(context, out, plus_span, ones), -0.25));
    if (parameter_gradient != nullptr) {
      tape.backward(loss);
      for (const nn::Var<double>& leaf : leaves) input_gradients->push_back(leaf.grad());
    }
    return loss.value()(0, 0);
  };

  nn::FlatVector<double> parameter_gradient = nn::FlatVector<double>::Zero(layout.size());
  std::vector<RowMatrix<double>> input_gradients;
  run(inputs, parameters, &parameter_gradient, &input_gradients);

  constexpr double kStep = 1e-5, kTolerance = 1e-6;
  const auto compare = [&](double analytic, double high, double low, const std::string& what) {
    const double numeric = (high - low) / (2 * kStep);
    EXPECT_NEAR(analytic, numeric, kTolerance * (1 + std::abs(numeric))) << what;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (Index e = 0; e < inputs[i].size(); ++e) {
      std::vector<RowMatrix<double>> moved = inputs;
      moved[i].data()[e] += kStep;
      const double high = run(moved, parameters, nullptr, nullptr);
      moved[i].data()[e] -= 2 * kStep;
      compare(input_gradients[i].data()[e], high, run(moved, parameters, nullptr, nullptr),
              "input " + std::to_string(i) + " entry " + std::to_string(e));
    }
  for (const nn::Slot& slot : layout.slots()) {
    const Index stride = std::max<Index>(1, slot.size() / 40);  // large slots are sampled evenly
    for (Index e = 0; e < slot.size(); e += stride) {
      nn::FlatVector<double> moved = parameters;
      moved[slot.offset + e] += kStep;
      const double high = run(inputs, moved, nullptr, nullptr);
      moved[slot.offset + e] -= 2 * kStep;
      compare(parameter_gradient[slot.offset + e], high, run(inputs, moved, nullptr, nullptr),
              slot.name + " entry " + std::to_string(e));
    }
  }
}

}  // namespace semlink::test
