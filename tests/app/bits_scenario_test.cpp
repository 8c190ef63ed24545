#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include <semlink/app/job.h>
#include <semlink/core/error.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/result_file.h>
#include <semlink/record/trial_rows.h>
#include <semlink/sweep/columns.h>

#include "app/run_semlink.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

const std::string kBits = "source.kind = bits\nsource.num_bits = 480\ncodec.model = none\n";

ScenarioText parse(const std::string& text) { return parse_scenario_text(text, "a.ini", ""); }

std::string message_of(const std::string& text) {
  try {
    const Plugins plugins = builtin_plugins();
    const Job job(plugins, parse(text));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(BitsScenario, EbN0BecomesEsN0ByTheBitsOfASymbol) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins, parse(kBits + "[sweep]\nmodem.constellation = qpsk, 64qam\nchannel.ebn0_db = 3, 4\n"));
  EXPECT_NEAR(job.make_link(0).point.snr_db, 3 + 10 * std::log10(2), 1e-12);
  EXPECT_NEAR(job.make_link(3).point.snr_db, 4 + 10 * std::log10(6), 1e-12);
}

TEST(BitsScenario, EbN0HasNoMeaningForAnalogPayloads) {
  EXPECT_EQ(message_of("codec.model = none\nchannel.ebn0_db = 4\n"),
            "a.ini:2: channel.ebn0_db = 4.000000: expected channel.snr_db; an analog payload has no energy per bit");
}

TEST(BitsScenario, OneSnrIsEnough) {
  EXPECT_EQ(message_of(kBits + "channel.snr_db = 4\n[sweep]\nchannel.ebn0_db = 4, 5\n"),
            "a.ini:6: channel.ebn0_db = 4, 5: expected either this or channel.snr_db, not both");
  EXPECT_EQ(message_of(kBits + "channel.snr_db = 4\nchannel.ebn0_db = none\n"), "no error");
}

TEST(BitsScenario, EbN0IsRefusedUnderAnotherConvention) {
  EXPECT_NE(message_of(kBits + "channel.snr_convention = swinjscc\n").find("analog payload"), std::string::npos);
  EXPECT_NE(message_of(kBits + "channel.ebn0_db = 4\nchannel.snr_convention = kaira\n").find("esn0"),
            std::string::npos);
}

TEST(BitsScenario, PointsAreIndependentUnlessTheScenarioPairsThem) {
  const Plugins plugins = builtin_plugins();
  const std::string sweep = "[sweep]\nchannel.ebn0_db = 3, 4\n";
  const Job job(plugins, parse(kBits + sweep));
  EXPECT_NE(job.trial_rng(0, 1).salt, job.trial_rng(1, 1).salt);
  EXPECT_NE(job.trial_rng(0, 1).salt, 0u);
  const Job paired(plugins, parse(kBits + "run.common_random = yes\n" + sweep));
  EXPECT_EQ(paired.trial_rng(1, 1).salt, 0u);
}

TEST(BitsScenario, ReadsBackFromItsOwnText) {
  const Plugins plugins = builtin_plugins();
  const Job job(plugins, parse(kBits + "[sweep]\nchannel.ebn0_db = 3, 4\n"));
  const Job again(plugins, parse(job.resolved_text()));
  EXPECT_EQ(again.resolved_text(), job.resolved_text());
  EXPECT_EQ(job.resolved_text().find("snr_db ="), std::string::npos) << "it does nothing here";
}

TEST(BitsScenario, SaysWhatDoesNotGoTogether) {
  EXPECT_EQ(message_of("source.kind = bits\n"),
            "codec.model = adaptive: expected none with source.kind = bits");
  EXPECT_EQ(message_of(kBits + "fec.info_bits = 100\n"),
            "a.ini:2: source.num_bits = 480: expected a multiple of 100, the information bits of a block");
}

TEST(BitsScenario, KeysThatDoNothingAreNoted) {
  const Plugins plugins = builtin_plugins();
  const Job images(plugins, parse("codec.model = none\nmodem.constellation = 16qam\n"));
  ASSERT_EQ(images.notes().size(), 1u);
  EXPECT_NE(images.notes()[0].find("source.kind = bits"), std::string::npos);
  const Job ideal(plugins, parse(kBits + "impairment.backoff_db = 3\n"));
  ASSERT_EQ(ideal.notes().size(), 1u);
  EXPECT_NE(ideal.notes()[0].find("impairment.amplifier"), std::string::npos);
}

TEST(BitsScenario, ImpairmentsReachTheLink) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins,
          parse(kBits + "channel.snr_db = 30\nmodem.constellation = 16qam\n[sweep]\nimpairment.cfo = 0, 0.01\n"));
  EXPECT_EQ(run_trial(job.make_link(0), job.trial_rng(0, 0)).bit_errors, 0);
  EXPECT_GT(run_trial(job.make_link(1), job.trial_rng(1, 0)).bit_errors, 50);
}

/// Whether the scenario is refused by a message with `part` in it.
bool is_refused(const std::string& text, const std::string& part) { return message_of(text).find(part) != std::string::npos; }

/// Values of a variable of /trials, by row.
std::vector<double> recorded(const TemporaryFolder& folder, const std::string& result, std::string_view name) {
  const auto& all = trial_variables();
  const auto variable = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  TrialSpool rows(folder / "");
  read_trial_rows(folder / result, read_result(folder / result).state, rows);
  std::vector<double> values;
  rows.read(100, [&](std::span<const TrialRow> batch) {
    for (const TrialRow& row : batch)
      values.push_back(std::bit_cast<double>(row[static_cast<std::size_t>(variable - all.begin())]));
  });
  return values;
}

TEST(BitsScenario, EbN0OfAFileIsTheOneAskedFor) {
  const TemporaryFolder folder;
  for (const std::string& link :
       {std::string("fec.code = nr_polar\nfec.info_bits = 59\nfec.coded_bits = 118\nfec.crc = yes\n"),
        std::string("fec.code = nr_ldpc\nfec.info_bits = 256\nfec.coded_bits = 300\nfec.crc = yes\nfec.harq = chase\n"
                    "channel.model = rayleigh\n"),
        std::string("channel.model = mimo\nchannel.num_tx = 4\nchannel.num_streams = 4\nchannel.num_rx = 4\n"
                    "frontend.csi = mimo_ls\n"),
        std::string("waveform.kind = flexframe\n")}) {
    folder.write("r.ini", kBits + link + "channel.ebn0_db = 2\nrun.max_trials = 20\nrun.output = r.h5\n");
    const ProgramResult result = run_semlink(folder, {"run", "r.ini", "--overwrite"});
    ASSERT_EQ(result.status, 0) << result.err;
    const H5File file = H5File::open(folder / "r.h5");
    EXPECT_NEAR(file.root().read<double>("ebn0_db").values.at(0), 2, 1e-9) << link;
    EXPECT_GT(file.root().read<double>("ebn0_total_db").values.at(0), 2) << link << "\nCRCs, pilots and headers cost";
  }
}

TEST(BitsScenario, TrialsRecordTransmissionsAndIterations) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& harq) {
    folder.write("r.ini", kBits + "channel.model = rayleigh\nchannel.snr_db = 4\nfec.code = nr_ldpc\n" +
                              "fec.info_bits = 496\nfec.coded_bits = 600\nfec.crc = yes\nfec.harq = " + harq +
                              "\nrun.max_trials = 30\nrecord.trials = all\nrun.output = r.h5\n");
    const ProgramResult result = run_semlink(folder, {"run", "r.ini", "--overwrite"});
    EXPECT_EQ(result.status, 0) << result.err;
  };
  run("chase");
  const auto total = read_result(folder / "r.h5").state.points.front().total;
  const std::vector<double> sent = recorded(folder, "r.h5", "transmissions");
  ASSERT_EQ(sent.size(), 30u);
  EXPECT_LT(std::ranges::min(sent), std::ranges::max(sent));
  EXPECT_NEAR(std::accumulate(sent.begin(), sent.end(), 0.0) / 30, total.columns[column_index("transmissions")].mean(),
              1e-12);
  const std::vector<double> iterations = recorded(folder, "r.h5", "fec_iterations");
  EXPECT_NEAR(std::accumulate(iterations.begin(), iterations.end(), 0.0) / 30,
              total.columns[column_index("fec_iterations")].mean(), 1e-12);
  run("none");
  for (const double none : recorded(folder, "r.h5", "transmissions")) EXPECT_TRUE(std::isnan(none));
}

TEST(BitsScenario, AChannelOfBitsTakesWhatItCanCarry) {
  const std::string binary = kBits + "channel.model = bsc\n";
  EXPECT_EQ(message_of(binary), "no error");
  EXPECT_EQ(message_of(binary + "channel.bits_per_use = 1\nmodem.constellation = bpsk\n"), "no error");
  EXPECT_TRUE(is_refused(binary + "modem.constellation = 16qam\n", "expected qpsk over channel.model = bsc"));
  EXPECT_TRUE(is_refused(binary + "modem.constellation = bpsk\n", "channel.bits_per_use = 2"));
  EXPECT_TRUE(is_refused(binary + "frontend.csi = ls\n", "expected a receiver without pilots"));
  EXPECT_TRUE(is_refused("codec.model = none\nchannel.model = bec\n", "expected source.kind = bits"));
}

TEST(WaveformScenario, IsRefusedWhereItMakesNoSense) {
  EXPECT_EQ(message_of(kBits + "waveform.kind = rrc\nwaveform.sync = liquid\n"), "no error");
  EXPECT_EQ(message_of(kBits + "waveform.kind = flexframe\n"), "no error");
  EXPECT_TRUE(is_refused(kBits + "waveform.kind = rrc\nchannel.model = rayleigh\nchannel.fading = symbol\n", "slow gains"));
  EXPECT_TRUE(is_refused(kBits + "waveform.kind = rrc\nchannel.model = mimo\n", "slow gains"));
  EXPECT_TRUE(is_refused(kBits + "waveform.kind = flexframe\nmodem.constellation = 1024qam\n", "1024qam"));
  EXPECT_TRUE(is_refused(kBits + "waveform.kind = flexframe\nfec.code = conv_k7\nfec.info_bits = 480\nfec.coded_bits = 960\n",
                         "waveform.code"));
  EXPECT_TRUE(is_refused("codec.model = none\nwaveform.kind = flexframe\n", "source.kind = bits"));
}

TEST(WaveformScenario, EbN0OfPacketsCountsTheirCode) {
  const Plugins plugins = builtin_plugins();
  Job job(plugins, parse(kBits + "waveform.kind = flexframe\nwaveform.code = golay2412\nchannel.ebn0_db = 4\n"));
  const Link link = job.make_link(0);
  const double bits_per_use = 480.0 / static_cast<double>(link.packets->payload_uses(480));
  EXPECT_LT(bits_per_use, 1);
  EXPECT_NEAR(link.point.snr_db, 4 + 10 * std::log10(bits_per_use), 1e-12);
}

}  // namespace
}  // namespace semlink
