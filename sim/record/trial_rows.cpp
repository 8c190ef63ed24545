#include <semlink/record/trial_rows.h>

#include <stdlib.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <semlink/core/error.h>

namespace semlink {
namespace {

constexpr bool kInteger = true;
constexpr bool kOptional = true;

constexpr TrialVariable expert_load(std::string_view name) {
  return {name, "1", "share of the visits to the receiver's experts that fell on this one", !kInteger, kOptional};
}

constexpr std::array<TrialVariable, kNumTrialVariables> kVariables = {{
    {"point", "1", "number of the point, the first axis slowest", kInteger},
    {"trial", "1", "number of the trial", kInteger},
    {"sample_id", "1", "which sample was sent", kInteger},
    {"snr_drawn_db", "dB", "Es/N0 of this frame: the label times its mean |h|^2", !kInteger},
    {"snr_estimated_db", "dB", "the receiver's estimate of it", !kInteger},
    {"header_failed", "1", "1 where the header was lost", kInteger},
    {"missed", "1", "1 where the receiver did not find the frame", !kInteger},
    {"tokens_kept", "1", "tokens sent", kInteger},
    {"num_tokens", "1", "tokens of the source", kInteger},
    {"encoder_depth", "1", "encoder blocks run, token-weighted", !kInteger},
    {"decoder_depth", "1", "decoder blocks run, token-weighted", !kInteger},
    {"payload_uses", "1", "channel uses of payload symbols", kInteger},
    {"position_uses", "1", "channel uses of token positions", kInteger},
    {"header_uses", "1", "channel uses of the header with its CRC, positions apart", kInteger},
    {"pilot_uses", "1", "channel uses of pilots", kInteger},
    {"bandwidth_ratio", "1",
     "channel uses of payload and positions over source reals, padding and repeated colours not among them", !kInteger},
    {"bandwidth_ratio_total", "1", "all channel uses over source reals, padding and repeated colours not among them",
     !kInteger},
    {"encoder_macs", "1", "multiply-accumulates of the transmitter", kInteger},
    {"decoder_macs", "1", "multiply-accumulates of the receiver", kInteger},
    {"psnr_db", "dB", "PSNR of the image, at most 100 dB", !kInteger},
    {"mse", "1", "mean squared error of 8-bit values, peak 255, padding not compared", !kInteger},
    {"ssim", "1", "structural similarity", !kInteger},
    {"ms_ssim", "1", "multi-scale structural similarity", !kInteger},
    {"correct", "1", "1 where the class is right", !kInteger},
    {"cross_entropy", "1",
     "cross-entropy of the receiver's class scores in nats; NaN where the transmitter told it the class", !kInteger},
    {"label", "1", "class of the sample, -1 where there is none", kInteger},
    {"decision", "1", "class that came out, -1 without class head", kInteger},
    {"local_decision", "1", "1 where the transmitter decided on the class and sent it", !kInteger},
    {"predicted_mse", "1", "mean squared error that the gate predicted, image values in [0, 1]", !kInteger},
    {"payload_power", "1", "power of the payload symbols", !kInteger},
    {"gain_power", "1", "mean |h|^2 of the frame", !kInteger},
    {"noise_var", "1", "noise variance per complex symbol as drawn", !kInteger},
    {"capacity", "1", "bits per channel use that Gaussian symbols would carry through this fade", !kInteger},
    {"papr_db", "dB", "largest power of the frame's symbols, or samples with a waveform, over their mean power",
     !kInteger},
    {"num_bits", "1", "information bits sent", kInteger},
    {"num_bit_errors", "1", "wrong information bits", kInteger},
    {"num_block_errors", "1", "blocks with a wrong bit", kInteger},
    {"fec_iterations", "1", "iterations of the decoder, mean over the frame's blocks", !kInteger, kOptional},
    {"transmissions", "1", "transmissions of a block with HARQ, mean over the frame's blocks", !kInteger, kOptional},
    expert_load("expert_load_0"),
    expert_load("expert_load_1"),
    expert_load("expert_load_2"),
    expert_load("expert_load_3"),
    expert_load("expert_load_4"),
    expert_load("expert_load_5"),
    expert_load("expert_load_6"),
    expert_load("expert_load_7"),
    expert_load("expert_load_8"),
    expert_load("expert_load_9"),
    expert_load("expert_load_10"),
    expert_load("expert_load_11"),
    expert_load("expert_load_12"),
    expert_load("expert_load_13"),
    expert_load("expert_load_14"),
    expert_load("expert_load_15"),
}};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Cells of a row, filled in the order of the table.
class RowFiller {
 public:
  void integer(std::int64_t value) { row_[next_++] = std::bit_cast<std::uint64_t>(value); }
  void real(double value) { row_[next_++] = std::bit_cast<std::uint64_t>(value); }
  void ratio(double numerator, double denominator) { real(denominator > 0 ? numerator / denominator : kNan); }
  const TrialRow& row() const { return row_; }

 private:
  TrialRow row_{};
  std::size_t next_ = 0;
};

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::io, std::string("temporary file for rows of trials: cannot ") + what + " (" + std::strerror(errno) + ")");
}

}  // namespace

std::span<const TrialVariable, kNumTrialVariables> trial_variables() { return kVariables; }

TrialRow make_trial_row(std::size_t point, std::int64_t trial, const TrialResult& result, std::optional<double> snr_label_db) {
  const PowerLedger& power = result.power;
  const double uses = static_cast<double>(power.total_uses());
  RowFiller filler;
  filler.integer(static_cast<std::int64_t>(point));
  filler.integer(trial);
  filler.integer(result.sample_id);
  const bool drawn = snr_label_db && uses > 0 && power.gain_energy > 0;
  filler.real(drawn ? *snr_label_db + 10 * std::log10(power.gain_energy / uses) : kNan);
  filler.real(result.snr_estimated_db);
  filler.integer(result.header_failed);
  filler.real(result.missed);
  filler.integer(result.tokens_kept);
  filler.integer(result.num_tokens);
  filler.real(result.encoder_depth);
  filler.real(result.decoder_depth);
  filler.integer(power.payload_uses);
  filler.integer(power.position_uses);
  filler.integer(power.header_uses);
  filler.integer(power.pilot_uses);
  filler.real(result.bandwidth_ratio);
  filler.real(result.bandwidth_ratio_total);
  filler.integer(result.encoder_macs);
  filler.integer(result.decoder_macs);
  filler.real(result.psnr_db);
  filler.real(result.mse);
  filler.real(result.ssim);
  filler.real(result.ms_ssim);
  filler.real(result.correct);
  filler.real(result.cross_entropy);
  filler.integer(result.label);
  filler.integer(result.decision);
  filler.real(result.local_decision);
  filler.real(result.predicted_mse < 0 ? kNan : result.predicted_mse);
  filler.ratio(power.payload_energy, static_cast<double>(power.payload_uses));
  filler.ratio(power.gain_energy, uses);
  filler.ratio(power.noise_energy, uses);
  filler.real(result.capacity);
  filler.real(result.papr_db);
  filler.integer(result.num_bits);
  filler.integer(result.bit_errors);
  filler.integer(result.block_errors);
  filler.real(result.num_bits > 0 ? result.fec_iterations : kNan);
  filler.real(result.transmissions > 0 ? result.transmissions : kNan);
  for (const double share : result.expert_load) filler.real(share);
  return filler.row();
}

TrialSpool::TrialSpool(const std::filesystem::path& folder) {
  std::string pattern = (folder / "trials-XXXXXX.part").string();
  descriptor_ = ::mkostemps(pattern.data(), 5, 0);
  if (descriptor_ < 0) fail("create");
  ::unlink(pattern.c_str());  // gone with the process, however that ends
}

TrialSpool::~TrialSpool() { ::close(descriptor_); }

void TrialSpool::append(std::size_t point, std::int64_t first_trial, std::span<const TrialRow> rows) {
  const char* data = reinterpret_cast<const char*>(rows.data());
  for (std::size_t done = 0; done < rows.size_bytes();) {
    const ssize_t count = ::pwrite(descriptor_, data + done, rows.size_bytes() - done,
                                   static_cast<off_t>(end_ * sizeof(TrialRow) + done));
    if (count < 0 && errno != EINTR) fail("write");
    done += count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  Run& run = runs_[{point, first_trial}];
  num_rows_ += rows.size() - run.count;
  run = {end_, rows.size()};
  end_ += rows.size();
}

void TrialSpool::drop(std::size_t point, std::int64_t from_trial) {
  const auto first = runs_.lower_bound({point, from_trial}), last = runs_.lower_bound({point + 1, 0});
  for (auto run = first; run != last; ++run) num_rows_ -= run->second.count;
  runs_.erase(first, last);
}

void TrialSpool::read_at(std::size_t offset, std::span<TrialRow> rows) const {
  char* data = reinterpret_cast<char*>(rows.data());
  for (std::size_t done = 0; done < rows.size_bytes();) {
    const ssize_t count =
        ::pread(descriptor_, data + done, rows.size_bytes() - done, static_cast<off_t>(offset * sizeof(TrialRow) + done));
    if (count == 0 || (count < 0 && errno != EINTR)) fail("read");
    done += count < 0 ? 0 : static_cast<std::size_t>(count);
  }
}

}  // namespace semlink
