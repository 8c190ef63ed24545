#include <semlink/calibrate/settings.h>

namespace semlink::calibrate {

void CalibrateSettings::declare(Keys& keys) {
  keys.choice("calibrate.method", method, {"learn_then_test", "conformal"})
      .help(
          "What is promised: P(risk > alpha) <= delta over the choice of the calibration data, or only a mean risk of "
          "at "
          "most alpha over it.");
  keys.choice("calibrate.test", test, {"hoeffding_bentkus", "betting"})
      .help(
          "The p-values of learn_then_test: from the mean loss alone, or from a bet on every loss in turn, which gains "
          "where losses scatter little.");
  keys.choice("calibrate.loss", loss, {"psnr", "error"})
      .help(
          "Loss of a trial in [0, 1]: PSNR lost against always_open, clipped to 0 to 3 dB and divided by 3 dB; or 1 "
          "for a "
          "wrong class.");
  keys.number("calibrate.alpha", alpha).range(1e-6, 1 - 1e-6).unit("1").help("Tolerated risk, the mean of the loss.");
  keys.number("calibrate.delta", delta)
      .range(1e-9, 0.5)
      .unit("1")
      .help("Probability with which learn_then_test may break its promise.");
  keys.text("calibrate.key", key)
      .help(
          "The key of the receiver's gate policy that is calibrated. gate.temperature and encoder_gate.temperature are "
          "fitted on the validation split instead, without candidates and without a promise.");
  keys.text("calibrate.candidates", candidates)
      .help("Values that may be chosen, as an axis writes them, the safest first, in the order they are tested.");
}

}  // namespace semlink::calibrate
