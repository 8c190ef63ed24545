// How often 95 % intervals hold the truth, over 1,000 repeated sweeps (or as many as the first argument says). Exits
// with 1 when a point is below 93 % or above 97.5 %.

#include <cstdio>
#include <cstdlib>

#include "support/coverage.h"

int main(int argc, char** argv) {
  using namespace semlink;
  const int num_repeats = argc > 1 ? std::atoi(argv[1]) : 1000;
  bool is_good = num_repeats > 0;
  for (const CoverageCase& example : {bpsk_in_awgn(), bpsk_in_block_fading(), normal_psnr()}) {
    std::printf("%s\n", example.name.c_str());
    for (const SpendingRule& rule : spending_rules(example)) {
      std::printf("  %-14s", rule.name.c_str());
      for (const double covered : measure_coverage(example, rule.settings, num_repeats)) {
        std::printf("  %.1f %%", 100 * covered);
        is_good = is_good && covered >= 0.93 && covered <= 0.975;
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
  return is_good ? 0 : 1;
}
