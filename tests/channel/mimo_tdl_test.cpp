#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <ostream>
#include <string>

#include <semlink/channel/linear_algebra.h>
#include <semlink/channel/mimo_channel.h>
#include <semlink/channel/mimo_front_ends.h>
#include <semlink/channel/modem.h>
#include <semlink/channel/tdl_channel.h>
#include <semlink/core/error.h>
#include "support/adjoint.h"
#include "support/statistics.h"

namespace semlink {
namespace {

using Domain = DelayLine::Domain;

/// A grid whose prefix is longer than every path of TDL-C at 100 ns.
constexpr OfdmGrid kGrid{.num_subcarriers = 32, .spacing_hz = 60e3, .prefix = 8};

DelayLine::Options delay_line(const std::string& profile, double doppler_hz = 0, Domain domain = Domain::frequency,
                              Index prefix = kGrid.prefix) {
  OfdmGrid grid = kGrid;
  grid.prefix = prefix;
  return {.taps = tdl_taps(profile, 100e-9), .doppler_hz = doppler_hz, .grid = grid, .domain = domain};
}

MimoChannel::Options over(const DelayLine::Options& ofdm, Index num_tx, Index num_rx, Index num_streams,
                          MimoChannel::Precoding precoding = MimoChannel::Precoding::none) {
  return {.num_tx = num_tx, .num_rx = num_rx, .num_streams = num_streams, .precoding = precoding, .ofdm = ofdm};
}

TEST(MimoTdl, OneAntennaOnEachSideIsTheDelayLine) {
  for (const char* profile : {"tdl_c", "tdl_d"}) {
    const MimoChannel mimo(over(delay_line(profile, 500), 1, 1, 1));
    const TdlChannel single({.taps = tdl_taps(profile, 100e-9), .doppler_hz = 500, .grid = kGrid});
    const Symbols x = Stream(1, Purpose::user, 0).complex_normals(100, 1);
    const ChannelState state = mimo.realize(100, {}, {.seed = 2}), expected = single.realize(100, {}, {.seed = 2});
    EXPECT_EQ(state.detail, expected.gain) << profile;
    EXPECT_LT((state.gain - expected.gain.cwiseAbs()).cwiseAbs().maxCoeff(), 1e-6) << profile;
    EXPECT_LT((mimo.apply(x, state) - single.apply(x, expected)).cwiseAbs().maxCoeff(), 1e-6) << profile;
  }
}

// Over one antenna on each side the delay line of tdl_channel_test.cpp is the reference; here a direct path, whose wave
// stays, and antennas that are alike.
TEST(MimoTdl, AnEarlierGainHasTheLawOfTheGain) {
  for (const char* profile : {"", "tdl_c", "tdl_d"}) {
    MimoChannel::Options options{.num_tx = 2, .num_rx = 3};
    if (*profile) options.ofdm = delay_line(profile, 500);
    options.correlation = {.transmit = 0.5, .receive = 0.8};
    const MimoChannel channel(options);
    test::Average power, square, product;
    for (std::uint64_t trial = 0; trial < 600; ++trial) {
      const TrialRng rng{.seed = 4, .trial = trial};
      const Symbols gain = channel.realize(1, {}, rng).gain;
      EXPECT_EQ(channel.earlier_gain(rng, 1), gain);
      const double now = std::norm(gain(0, 0)), earlier = std::norm(channel.earlier_gain(rng, 0.7)(0, 0));
      power.add(earlier - now);
      square.add(earlier * earlier - now * now);
      product.add((earlier - 1) * (now - 1));
    }
    EXPECT_NEAR(power.mean(), 0, 5 * power.std_error()) << profile;
    EXPECT_NEAR(square.mean(), 0, 5 * square.std_error()) << profile;
    EXPECT_GT(product.mean(), 5 * product.std_error()) << profile;
  }
}

/// H of slot t out of the state of a channel with as many streams as antennas.
ComplexMatrix matrix(const ChannelState& state, Index t, Index num_rx) {
  return slot_matrix(state.detail, t, num_rx) * std::sqrt(static_cast<float>(state.detail.cols()));
}

TEST(MimoTdl, OneStandingTapGivesEverySlotTheSameMatrix) {
  const MimoChannel channel(over({.taps = {{0, 1}}, .grid = kGrid}, 3, 4, 3));
  const ChannelState state = channel.realize(3 * 70, {}, {.seed = 3});
  ASSERT_EQ(state.detail.rows(), 70 * 4);
  for (Index t = 1; t < 70; ++t)
    EXPECT_LT((matrix(state, t, 4) - matrix(state, 0, 4)).cwiseAbs().maxCoeff(), 1e-5) << t;
}

TEST(MimoTdl, CorrelationIsThatOfAntennasTimesThatOfFrequencyAndTime) {
  const double doppler_hz = 3000;
  MimoChannel::Options options = over(delay_line("tdl_b", doppler_hz), 3, 4, 3);
  options.correlation = {.transmit = 0.5, .receive = 0.8};
  const MimoChannel channel(options);
  std::complex<double> over_frequency = 0;
  for (const DelayTap& tap : options.ofdm->taps)
    over_frequency += std::polar(tap.power, -2 * std::numbers::pi * 60e3 * 6 * tap.delay_s);
  const double over_time = std::cyl_bessel_j(0, 2 * std::numbers::pi * doppler_hz * kGrid.symbol_s());

  test::Average power, antennas, across_real, across_imaginary, later;
  for (std::uint64_t trial = 0; trial < 4000; ++trial) {
    const ChannelState state = channel.realize(3 * 40, {}, {.seed = 4, .trial = trial});
    const ComplexMatrix here = matrix(state, 3, 4), there = matrix(state, 9, 4), next = matrix(state, 3 + 32, 4);
    power.add(here.squaredNorm() / 12);
    antennas.add((here(0, 0) * std::conj(here(1, 2))).real());
    across_real.add((there(0, 0) * std::conj(here(2, 1))).real());
    across_imaginary.add((there(0, 0) * std::conj(here(2, 1))).imag());
    later.add((next(3, 1) * std::conj(here(3, 0))).real());
  }
  EXPECT_NEAR(power.mean(), 1, 5 * power.std_error());
  EXPECT_NEAR(antennas.mean(), 0.8 * 0.25, 5 * antennas.std_error());
  EXPECT_NEAR(across_real.mean(), 0.64 * 0.5 * over_frequency.real(), 5 * across_real.std_error());
  EXPECT_NEAR(across_imaginary.mean(), 0.64 * 0.5 * over_frequency.imag(), 5 * across_imaginary.std_error());
  EXPECT_NEAR(later.mean(), 0.5 * over_time, 5 * later.std_error());
}

/// Power that every stream receives over the first OFDM symbol, [num_streams].
Eigen::VectorXd received_power(const ChannelState& state, Index num_rx) {
  return state.detail.topRows(kGrid.num_subcarriers * num_rx).cwiseAbs2().colwise().sum().transpose().cast<double>();
}

// Streams of a wideband precoder get the largest eigenvalues of the sum of H^H H over the band, H being that of a link
// with all its antennas; what is known of one subcarrier, or of nothing, stands on either side.
TEST(MimoTdl, WidebandPrecodingTakesTheStrongestDirectionsOfTheBand) {
  using enum MimoChannel::Precoding;
  const DelayLine::Options line = delay_line("tdl_b", 200);
  for (std::uint64_t trial = 0; trial < 5; ++trial) {
    const TrialRng rng{.seed = 11, .trial = trial};
    const ChannelState all = MimoChannel(over(line, 4, 4, 4)).realize(4 * 50, {}, rng);
    const Symbols h = 2 * all.detail.topRows(32 * 4);  // four streams share the power
    const ComplexMatrix gram = h.adjoint() * h;
    const Eigen::VectorXd largest = hermitian_eigen(gram.cast<std::complex<double>>()).values.reverse();
    for (const Index streams : {1, 3}) {
      const ChannelState sent = MimoChannel(over(line, 4, 4, streams, wideband)).realize(streams * 50, {}, rng);
      const Eigen::VectorXd power = received_power(sent, 4) * static_cast<double>(streams);
      for (Index k = 0; k < streams; ++k) EXPECT_NEAR(power(k), largest(k), 1e-4 * largest(0));
      EXPECT_LT(received_power(MimoChannel(over(line, 4, 4, streams, none)).realize(streams * 50, {}, rng), 4).sum(),
                power.sum() / static_cast<double>(streams));
      EXPECT_GT(received_power(MimoChannel(over(line, 4, 4, streams, svd)).realize(streams * 50, {}, rng), 4).sum(),
                power.sum() / static_cast<double>(streams));
    }
  }
}

TEST(MimoTdl, WidebandPrecodingIsThatOfTheOneMatrixWithoutEchoes) {
  using enum MimoChannel::Precoding;
  const DelayLine::Options flat{.taps = {{0, 1}}, .grid = kGrid};
  const ChannelState one = MimoChannel(over(flat, 4, 3, 2, svd)).realize(40, {}, {.seed = 12});
  const ChannelState band = MimoChannel(over(flat, 4, 3, 2, wideband)).realize(40, {}, {.seed = 12});
  EXPECT_TRUE(one.detail.cwiseAbs().isApprox(band.detail.cwiseAbs(), 1e-3F));
  EXPECT_EQ(one.noise, band.noise);
}

// The precoder follows from the first OFDM symbol, whose end a short frame does not reach.
TEST(MimoTdl, LongerFramesBeginWithShorterOnes) {
  for (const auto precoding :
       {MimoChannel::Precoding::none, MimoChannel::Precoding::svd, MimoChannel::Precoding::wideband}) {
    const MimoChannel channel(over(delay_line("tdl_c", 300), 3, 2, 2, precoding));
    const ChannelState brief = channel.realize(30, {}, {.seed = 13}), lasting = channel.realize(150, {}, {.seed = 13});
    EXPECT_EQ(brief.detail, lasting.detail.topRows(30));
    EXPECT_EQ(brief.gain, lasting.gain.topRows(30));
  }
}

TEST(MimoTdl, DirectPathIsAPlaneWave) {
  MimoChannel::Options options = over({.taps = {{0, 1, true}}, .grid = kGrid}, 3, 4, 3);
  options.correlation = {.transmit = 0.5, .receive = 0.8};
  const ComplexMatrix h = matrix(MimoChannel(options).realize(3, {}, {.seed = 5}), 0, 4);
  EXPECT_LT((h.cwiseAbs().array() - 1).abs().maxCoeff(), 1e-5);
  EXPECT_LT(singular_values(h.cast<std::complex<double>>())(1), 1e-5);
  EXPECT_LT(std::abs(h(2, 1) / h(1, 1) - h(1, 0) / h(0, 0)), 1e-4);  // the same turn from antenna to antenna
  EXPECT_GT(std::abs(h(1, 0) - h(0, 0)), 1e-3);                      // at both ends
  EXPECT_GT(std::abs(h(0, 1) - h(0, 0)), 1e-3);
}

// With one stream the gain shows what was told: of a direct path the truth, of scattered ones another frame's.
TEST(MimoTdl, AnOldReportKeepsTheDirectPath) {
  MimoChannel::Options options =
      over({.taps = {{0, 1, true}}, .grid = kGrid}, 3, 2, 1, MimoChannel::Precoding::wideband);
  const ChannelState fresh = MimoChannel(options).realize(40, {}, {.seed = 15});
  options.report.correlation = 0;
  const ChannelState old = MimoChannel(options).realize(40, {}, {.seed = 15});
  EXPECT_EQ(old.detail, fresh.detail);
  options.ofdm->taps = {{0, 1}};
  const ChannelState scattered = MimoChannel(options).realize(40, {}, {.seed = 15});
  options.report.correlation = 1;
  EXPECT_LT(scattered.detail.norm(), 0.99F * MimoChannel(options).realize(40, {}, {.seed = 15}).detail.norm());
}

TEST(MimoTdl, DomainsAgreeWhenThePrefixIsLongEnough) {
  using enum MimoChannel::Precoding;
  for (const char* profile : {"tdl_a", "tdl_d"})
    for (const auto precoding : {none, svd, wideband}) {
      const MimoChannel frequency(over(delay_line(profile), 3, 2, 2, precoding));
      const MimoChannel time(over(delay_line(profile, 0, Domain::time), 3, 2, 2, precoding));
      const Index num_uses = 2 * (3 * 32 + 7) - 1;  // the last OFDM symbol and the last slot in part
      const Symbols x = Stream(1, Purpose::user, 0).complex_normals(num_uses, 1);
      const ChannelState state_f = frequency.realize(num_uses, {}, {.seed = 2});
      const ChannelState state_t = time.realize(num_uses, {}, {.seed = 2});
      EXPECT_NEAR(state_t.interference_var, 0, 1e-9) << profile;
      EXPECT_LT((state_t.gain - state_f.gain).cwiseAbs().maxCoeff(), 1e-5) << profile;
      // Singular vectors are only known but for a phase each, which rounding may turn.
      const Index rows = precoding == svd ? 0 : state_f.detail.rows();
      EXPECT_LT((state_t.detail - state_f.detail).topRows(rows).cwiseAbs().sum(), 2e-5 * (1 + rows)) << profile;
      EXPECT_LT((time.propagate(x, state_t) - frequency.propagate(x, {.gain = state_t.gain, .detail = state_t.detail}))
                    .cwiseAbs()
                    .maxCoeff(),
                5e-5)
          << profile;
    }
}

TEST(MimoTdl, OneAntennaOnEachSideSendsTheWaveformOfTheDelayLine) {
  const DelayLine::Options line = delay_line("tdl_c", 3000, Domain::time, 1);
  const MimoChannel mimo(over(line, 1, 1, 1));
  const TdlChannel single(line);
  const Symbols x = Stream(1, Purpose::user, 0).complex_normals(100, 1);
  const ChannelState state = mimo.realize(100, {}, {.seed = 2}), expected = single.realize(100, {}, {.seed = 2});
  EXPECT_LT((mimo.apply(x, state) - single.apply(x, expected)).cwiseAbs().maxCoeff(), 1e-6);
  EXPECT_EQ(state.interference_var, expected.interference_var);
  EXPECT_NEAR(mimo.mutual_information(state, 0, 100), single.mutual_information(expected, 0, 100), 1e-5);
}

// Within a frame of full symbols the error against A x has the stated power; by prefix, Doppler shift and precoding.
TEST(MimoTdl, ShortPrefixesAndMovingPathsLeakWhatIsStated) {
  using enum MimoChannel::Precoding;
  const auto prefix_only = delay_line("tdl_c", 0, Domain::time, 0), both = delay_line("tdl_c", 6000, Domain::time, 1);
  for (const MimoChannel::Options& options :
       {over(prefix_only, 2, 3, 2), over(both, 3, 2, 2), over(both, 3, 2, 1, wideband), over(prefix_only, 3, 2, 2, svd),
        over(delay_line("tdl_d", 6000, Domain::time), 4, 2, 2, wideband)}) {
    const MimoChannel channel(options);
    test::Average difference, stated, arrived;
    const Index slots = 3 * 32, num_uses = slots * options.num_streams;
    for (std::uint64_t trial = 0; trial < 400; ++trial) {
      const Symbols x = Stream(4, Purpose::user, trial).complex_normals(num_uses, 1);
      const ChannelState state = channel.realize(num_uses, {}, {.seed = 3, .trial = trial});
      const Symbols y = channel.propagate(x, state), sent = to_slots(x, options.num_streams);
      double leaked = 0;
      for (Index t = 32; t < 64; ++t)  // a symbol before and one behind
        leaked += (y.row(t) - sent.row(t) * slot_matrix(state.detail, t, options.num_rx).transpose()).squaredNorm();
      leaked /= static_cast<double>(32 * options.num_rx);
      difference.add(leaked - state.interference_var);
      stated.add(state.interference_var);
      arrived.add(channel.gain_energy(state) / static_cast<double>(num_uses));
    }
    EXPECT_GT(stated.mean(), 1e-3);
    EXPECT_NEAR(difference.mean(), 0, 5 * difference.std_error() + 0.02 * stated.mean())
        << options.num_tx << " antennas, " << options.num_streams << " streams, stated " << stated.mean();
    EXPECT_NEAR(arrived.mean(), 1, 5 * arrived.std_error());
  }
}

struct LinkCase {
  std::string name;
  MimoChannel::Options options;
};

std::ostream& operator<<(std::ostream& out, const LinkCase& c) { return out << c.name; }

class MimoOfdmLinks : public testing::TestWithParam<LinkCase> {};
INSTANTIATE_TEST_SUITE_P(
    Sizes, MimoOfdmLinks,
    testing::Values(LinkCase{"two_streams", over(delay_line("tdl_c", 400), 2, 2, 2)},
                    LinkCase{"precoded", over(delay_line("tdl_a", 400), 4, 4, 3, MimoChannel::Precoding::svd)},
                    LinkCase{"wideband", over(delay_line("tdl_c", 400), 4, 2, 2, MimoChannel::Precoding::wideband)},
                    LinkCase{"direct_path", over(delay_line("tdl_d", 400), 3, 2, 1)},
                    LinkCase{"waveform", over(delay_line("tdl_c", 3000, Domain::time, 1), 2, 3, 2)},
                    LinkCase{"precoded_waveform",
                             over(delay_line("tdl_d", 3000, Domain::time, 1), 3, 2, 2, MimoChannel::Precoding::svd)},
                    LinkCase{"wideband_waveform", over(delay_line("tdl_c", 3000, Domain::time, 1), 4, 2, 1,
                                                       MimoChannel::Precoding::wideband)}),
    [](const auto& info) { return info.param.name; });

TEST_P(MimoOfdmLinks, PullbacksAreTheAdjoints) {
  const MimoChannel channel(GetParam().options);
  const MimoFrontEnd front_end(MimoDetector(MimoDetector::Rule::mmse));
  const Index num_uses = 131;  // several OFDM symbols, the last slot in part
  const ChannelState state = channel.realize(num_uses, {.snr_db = 5}, {.seed = 6});
  Stream stream(7, Purpose::user, 0);
  const Symbols x = stream.complex_normals(num_uses, 1), d = stream.complex_normals(num_uses, 1);
  const Symbols g = stream.complex_normals(state.noise.rows(), state.noise.cols());
  test::expect_adjoint([&](const Symbols& v) { return channel.apply(v, state); },
                       [&](const Symbols& v) { return channel.pullback(v, x, state); }, x, d, g);
  const Symbols y = channel.apply(x, state);
  const Symbols d_y = stream.complex_normals(y.rows(), y.cols()), g_x = stream.complex_normals(num_uses, 1);
  test::expect_adjoint([&](const Symbols& v) { return front_end.equalize(v, state).x_hat; },
                       [&](const Symbols& v) { return front_end.pullback(v, y, state); }, y, d_y, g_x);
}

TEST_P(MimoOfdmLinks, KeepTheLedgerAndStateTheErrorThatIsLeft) {
  const MimoChannel channel(GetParam().options);
  const MimoFrontEnd front_end(MimoDetector(MimoDetector::Rule::mmse));
  test::Average gain, noise, ratio;
  for (std::uint64_t trial = 0; trial < 800; ++trial) {
    const Symbols x = Stream(3, Purpose::user, trial).complex_normals(150, 1);
    const ChannelState state = channel.realize(150, {.snr_db = 10}, {.seed = 8, .trial = trial});
    const Symbols y = channel.apply(x, state);
    const Equalized equalized = front_end.equalize(y, state);
    gain.add(channel.gain_energy(state) / 150);
    noise.add(channel.noise_energy(x, y, state) / 150);
    ratio.add(((equalized.x_hat - x).col(0).cwiseAbs2().array() / equalized.noise_var.array()).mean());
    EXPECT_NEAR(equalized.quality.noise_var, 0.1 + state.interference_var, 1e-9);
  }
  EXPECT_NEAR(gain.mean(), 1, 5 * gain.std_error());
  EXPECT_NEAR(noise.mean(), 0.1, 5 * noise.std_error());
  EXPECT_NEAR(ratio.mean(), 1, 5 * ratio.std_error());
}

TEST_P(MimoOfdmLinks, LongerRealisationBeginsWithTheShorter) {
  const MimoChannel channel(GetParam().options);
  const ChannelState few = channel.realize(7, {}, {.seed = 9}), many = channel.realize(200, {}, {.seed = 9});
  EXPECT_EQ(few.gain, many.gain.topRows(7));
  EXPECT_EQ(few.detail, many.detail.topRows(few.detail.rows()));
  EXPECT_EQ(few.noise, many.noise.topRows(few.noise.rows()));
  EXPECT_EQ(few.interference_var, many.interference_var);
  EXPECT_EQ(channel.apply(Symbols(0, 1), channel.realize(0, {}, {})).rows(), 0);
}

TEST(MimoOfdmLinks, InformationIsTheMeanCapacityOfTheSlots) {
  const MimoChannel channel(over(delay_line("tdl_c", 400), 2, 2, 2));
  const ChannelState state = channel.realize(2 * 40, {.snr_db = 8}, {.seed = 10});
  const double snr = std::pow(10, 0.8);
  double bits = 0;
  for (Index t = 0; t < 40; ++t) bits += mimo_capacity(matrix(state, t, 2), snr) / 40;
  EXPECT_NEAR(2 * channel.mutual_information(state, 0, 80), bits, 1e-4);
  // Three rows: two of slot 4 and one of slot 5.
  const double four = mimo_capacity(matrix(state, 4, 2), snr), five = mimo_capacity(matrix(state, 5, 2), snr);
  EXPECT_NEAR(2 * channel.mutual_information(state, 8, 3), (2 * four + five) / 3, 1e-4);
  EXPECT_EQ(channel.mutual_information(state, 8, 0), 0);
}

TEST(MimoOfdmLinks, PrecodingOnEverySubcarrierCarriesMore) {
  const MimoChannel plain(over(delay_line("tdl_c"), 4, 4, 2));
  const MimoChannel precoded(over(delay_line("tdl_c"), 4, 4, 2, MimoChannel::Precoding::svd));
  const ChannelState without = plain.realize(128, {}, {.seed = 11}), with = precoded.realize(128, {}, {.seed = 11});
  for (Index slot = 0; slot < 64; ++slot)
    EXPECT_GT(precoded.mutual_information(with, 2 * slot, 2), plain.mutual_information(without, 2 * slot, 2)) << slot;
  for (Index t = 0; t < 64; ++t) {
    const ComplexMatrix a = slot_matrix(with.detail, t, 4);
    EXPECT_LT(std::abs((a.adjoint() * a)(0, 1)), 1e-4) << t;
  }
}

/// Bit errors of QPSK over 2 streams of 64 slots.
double bit_errors(const MimoChannel& channel, const MimoDetector& detector, double snr_db, std::uint64_t trial) {
  const Modem modem("qpsk");
  Stream stream(12, Purpose::user, trial);
  Bits bits(256);
  for (auto& bit : bits) bit = stream.next_u32() & 1;
  const Symbols x = modem.modulate(bits);
  const ChannelState state = channel.realize(x.rows(), {.snr_db = snr_db}, {.seed = 13, .trial = trial});
  const Bits decided = modem.decide(MimoFrontEnd(detector).equalize(channel.apply(x, state), state).x_hat);
  double errors = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) errors += bits[i] != decided[i];
  return errors;
}

/// QPSK with diversity over `branches` Rayleigh gains of `ebn0` each. Proakis and Salehi, 5th edition, eq. 13.4-15.
double diversity_bit_error_rate(int branches, double ebn0) {
  const double mu = std::sqrt(ebn0 / (1 + ebn0));
  double sum = 0, binomial = 1;
  for (int k = 0; k < branches; ++k) {
    sum += binomial * std::pow((1 + mu) / 2, k);
    binomial *= static_cast<double>(branches + k) / (k + 1);
  }
  return std::pow((1 - mu) / 2, branches) * sum;
}

TEST(MimoOfdmLinks, ZeroForcingHasTheErrorRateOfTheFlatChannel) {
  // Every slot is a Rayleigh matrix: zero forcing leaves num_rx - num_streams + 1 branches to each of two streams.
  for (const Index num_rx : {2, 3}) {
    const MimoChannel channel(over(delay_line("tdl_c", 300), 2, num_rx, 2));
    test::Average rate;
    for (std::uint64_t trial = 0; trial < 2500; ++trial)
      rate.add(bit_errors(channel, MimoDetector(MimoDetector::Rule::zero_forcing), 12, trial) / 256);
    const double ebn0 = std::pow(10, 1.2) / 4;  // two streams, two bits each
    EXPECT_NEAR(rate.mean(), diversity_bit_error_rate(static_cast<int>(num_rx) - 1, ebn0), 5 * rate.std_error());
    EXPECT_LT(rate.std_error(), 0.05 * rate.mean());
  }
}

TEST(MimoOfdmLinks, EveryDetectorIsRightWithoutNoise) {
  const MimoChannel channel(over(delay_line("tdl_c", 300), 2, 2, 2));
  for (const MimoDetector& detector :
       {MimoDetector(MimoDetector::Rule::zero_forcing), MimoDetector(MimoDetector::Rule::mmse),
        MimoDetector(SymbolSlicer("qpsk", SymbolSlicer::Rule::soft))})
    for (std::uint64_t trial = 0; trial < 5; ++trial) EXPECT_EQ(bit_errors(channel, detector, 70, trial), 0);
}

TEST(MimoOfdmLinks, RefuseWhatDoesNotFit) {
  EXPECT_THROW(MimoChannel(over({.taps = {}, .grid = kGrid}, 2, 2, 2)), Error);
  EXPECT_THROW(MimoChannel(over({.taps = {{0, 1}}, .grid = {.num_subcarriers = 8, .prefix = 9}}, 2, 2, 2)), Error);
  // A single-antenna channel has no matrices.
  const TdlChannel single({.taps = tdl_taps("tdl_c", 100e-9), .grid = kGrid, .domain = Domain::time});
  const ChannelState state = single.realize(64, {}, {});
  EXPECT_THROW(MimoFrontEnd(MimoDetector(MimoDetector::Rule::mmse)).equalize(Symbols::Ones(64, 1), state), Error);
}

TEST(MimoPlugin, OverADelayLineReadsItsKeys) {
  MimoPlugin plugin(TdlSettings{.profile = "tdl_c"});
  Keys keys;
  plugin.declare(keys);
  keys.set("channel.num_tx", "3");
  keys.set("ofdm.num_subcarriers", "16");
  const ChannelState spread = plugin.make()->realize(2 * 16, {}, {.seed = 14});
  ASSERT_EQ(spread.detail.rows(), 16 * 2);
  EXPECT_GT((slot_matrix(spread.detail, 9, 2) - slot_matrix(spread.detail, 0, 2)).norm(), 0.1);
  keys.set("channel.delay_spread_ns", "0");
  const ChannelState flat = plugin.make()->realize(2 * 16, {}, {.seed = 14});
  EXPECT_LT((slot_matrix(flat.detail, 9, 2) - slot_matrix(flat.detail, 0, 2)).norm(), 1e-5);
  keys.set("channel.doppler_hz", "5000");
  const ChannelState moving = plugin.make()->realize(2 * 48, {}, {.seed = 14});
  EXPECT_GT((slot_matrix(moving.detail, 32, 2) - slot_matrix(moving.detail, 0, 2)).norm(), 0.1);
  EXPECT_EQ(moving.interference_var, 0);
  keys.set("ofdm.domain", "time");
  EXPECT_GT(plugin.make()->realize(2 * 48, {}, {.seed = 14}).interference_var, 0);
}

}  // namespace
}  // namespace semlink
