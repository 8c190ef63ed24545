#include <semlink/channel/waveform/packet_detector.h>

#include <memory>
#include <mutex>
#include <numbers>

#include <semlink/channel/liquid_dsp.h>
#include <semlink/channel/waveform/liquid_planner.h>
#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

struct DetectorDeleter {
  void operator()(qdetector_cccf_s* object) const {
    const std::scoped_lock lock(liquid_planner());
    qdetector_cccf_destroy(object);
  }
};
using Detector = std::unique_ptr<qdetector_cccf_s, DetectorDeleter>;

Detector make_detector(const WaveformFormat& format, Symbols preamble, const PacketDetector::Options& options) {
  const std::scoped_lock lock(liquid_planner());
  Detector detector(qdetector_cccf_create_linear(preamble.data(), static_cast<unsigned>(preamble.rows()),
                                                 LIQUID_FIRFILT_RRC, static_cast<unsigned>(format.samples_per_symbol),
                                                 static_cast<unsigned>(format.filter_delay),
                                                 static_cast<float>(format.rolloff)));
  if (!detector) throw Error(ErrorCode::bad_argument, "liquid-dsp does not make a detector of this preamble");
  qdetector_cccf_set_threshold(detector.get(), static_cast<float>(options.threshold));
  // Liquid rounds the range down to whole bins of its transform.
  const double half_bin = std::numbers::pi / qdetector_cccf_get_buf_len(detector.get());
  const double range = kTwoPi * options.max_cfo / static_cast<double>(format.samples_per_symbol) + half_bin;
  qdetector_cccf_set_range(detector.get(), static_cast<float>(range));
  return detector;
}

}  // namespace

std::optional<SyncOffsets> PacketDetector::detect(const Symbols& samples) const {
  const Detector detector = make_detector(format_, preamble_, options_);
  const auto length = static_cast<Index>(qdetector_cccf_get_buf_len(detector.get()));
  // Silence after the window lets the detector finish the block that the window ends in and the one that it aligns.
  for (Index n = 0; n < samples.rows() + 2 * length; ++n) {
    const Complex sample = n < samples.rows() ? samples(n, 0) : Complex(0);
    if (!qdetector_cccf_execute(detector.get(), sample)) continue;
    // The detector hands over its last `length` samples, which start where the frame does.
    const auto start = static_cast<double>(n + 1 - length);
    const double cfo = qdetector_cccf_get_dphi(detector.get()) / kTwoPi;
    return SyncOffsets{start + qdetector_cccf_get_tau(detector.get()), cfo,
                       qdetector_cccf_get_phi(detector.get()) - kTwoPi * cfo * start};
  }
  return std::nullopt;
}

}  // namespace semlink
