#include <gtest/gtest.h>
#include <semlink/channel/fec/code.h>

#include "support/block_errors.h"

namespace semlink {
namespace {

/// A published block error count.
struct Published {
  const char* name;
  CodeSettings settings;
  const char* constellation;
  double ebn0_db;
  test::BlockErrors count;
  long our_blocks;  ///< enough to see a shift of 0.1 dB or so where errors are frequent
};

CodeSettings ldpc(Index info_bits, Index coded_bits, int iterations, Index bits_per_symbol = 1) {
  return {.info_bits = info_bits,
          .coded_bits = coded_bits,
          .decoder = "bp_flooding",
          .iterations = iterations,
          .bits_per_symbol = bits_per_symbol};
}

CodeSettings polar(Index info_bits, Index coded_bits) {
  return {.code = "nr_polar", .info_bits = info_bits, .coded_bits = coded_bits, .decoder = "scl8"};
}

class PublishedCurves : public testing::TestWithParam<Published> {};

// Printed by executed notebooks of Sionna 1.2.1: 5G_Channel_Coding_Polar_vs_LDPC_Codes, Evolution_of_FEC and
// Bit_Interleaved_Coded_Modulation; exact check rule, flooding, no early stop.
INSTANTIATE_TEST_SUITE_P(
    SionnaLdpc, PublishedCurves,
    testing::Values(Published{"k64_n128_2dB", ldpc(64, 128, 20), "qpsk", 2.0, {1547, 10000}, 3000},
                    Published{"k64_n128_4dB", ldpc(64, 128, 20), "qpsk", 4.0, {1010, 760000}, 10000},
                    Published{"k256_n512", ldpc(256, 512, 20), "qpsk", 1.5, {595, 4000}, 2000},
                    Published{"k500_n1000_1dB5", ldpc(500, 1000, 20), "qpsk", 1.5, {521, 7000}, 2000},
                    Published{"k500_n1000_1dB75", ldpc(500, 1000, 20), "qpsk", 1.75, {509, 27000}, 3000},
                    Published{"k2000_n4000", ldpc(2000, 4000, 20), "qpsk", 1.5, {491, 100000}, 800},
                    Published{"k8000_n16000", ldpc(8000, 16000, 20), "qpsk", 1.25, {392, 100000}, 150},
                    Published{"k512_n1024", ldpc(512, 1024, 40), "qpsk", 1.4, {2183, 60000}, 2000},
                    Published{"k512_n1024_2dB", ldpc(512, 1024, 40), "qpsk", 2.0, {2004, 4400000}, 8000},
                    Published{"k2048_n6156", ldpc(2048, 6156, 40), "qpsk", 0.2, {1390, 10000}, 300},
                    Published{"k600_n1200", ldpc(600, 1200, 20), "qpsk", 1.5, {603, 10000}, 2000},
                    Published{"k600_n1200_16qam_3dB5", ldpc(600, 1200, 20, 4), "16qam", 3.5, {112, 1000}, 1500},
                    Published{"k600_n1200_16qam_4dB", ldpc(600, 1200, 20, 4), "16qam", 4.0, {127, 10000}, 2000}),
    [](const auto& info) { return info.param.name; });

// The first of those notebooks: uplink chain with 11 CRC bits, list of 8.
INSTANTIATE_TEST_SUITE_P(SionnaPolar, PublishedCurves,
                         testing::Values(Published{"k64_n128_2dB", polar(64, 128), "qpsk", 2.0, {1026, 10000}, 2000},
                                         Published{"k64_n128_3dB", polar(64, 128), "qpsk", 3.0, {1015, 130000}, 2000}),
                         [](const auto& info) { return info.param.name; });

TEST_P(PublishedCurves, AreMet) {
  const Published& p = GetParam();
  const test::BlockErrors ours = test::send_words(*make_code(p.settings), p.constellation, p.ebn0_db, p.our_blocks, 1);
  EXPECT_LT(test::two_proportion_z(ours, p.count), test::kOnceIn10000)
      << ours.errors << " of " << ours.blocks << " against " << p.count.errors << " of " << p.count.blocks;
}

}  // namespace
}  // namespace semlink
