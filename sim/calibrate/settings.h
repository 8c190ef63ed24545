#pragma once

#include <string>

#include <semlink/core/keys.h>

namespace semlink::calibrate {

/// What a trial loses, in [0, 1].
enum class Loss {
  psnr,   ///< min(max(PSNR of always_open - PSNR, 0), 3 dB) / 3 dB
  error,  ///< 1 for a wrong class, else 0
};

/// How sure it is that a risk is below alpha.
enum class RiskTest {
  hoeffding_bentkus,
  betting,
};

enum class Method {
  learn_then_test,  ///< P(risk > alpha) <= delta
  conformal,        ///< mean risk <= alpha
};

/// The section `[calibrate]` of a scenario.
struct CalibrateSettings {
  std::string method = "learn_then_test";
  std::string test = "hoeffding_bentkus";
  std::string loss = "psnr";
  double alpha = 0.05;
  double delta = 0.1;
  std::string key = "gate.threshold";
  std::string candidates = "0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1, 1.5, 2, 3, 5";

  void declare(Keys& keys);
  Method method_kind() const { return method == "conformal" ? Method::conformal : Method::learn_then_test; }
  RiskTest test_kind() const { return test == "betting" ? RiskTest::betting : RiskTest::hoeffding_bentkus; }
  Loss loss_kind() const { return loss == "error" ? Loss::error : Loss::psnr; }
};

/// PSNR loss that counts as 1, in dB.
inline constexpr double kWorstLossDb = 3;

}  // namespace semlink::calibrate
