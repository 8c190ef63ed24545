#pragma once

#include <cstdint>
#include <string>

#include <semlink/core/rng.h>

namespace semlink {

/// What an uncoded frame over AWGN showed.
struct UncodedFrame {
  std::int64_t num_bits = 0;
  std::int64_t bit_errors = 0;  ///< LLRs of the wrong sign; max-log signs are those of the nearest point
  double llr_sum = 0;           ///< of the LLRs, positive where they speak for the bit that was sent
};

/// One frame of random bits, mapped, with noise, demapped to max-log LLRs and counted, in one pass over a few
/// kilobytes: where error rates are all one wants, many times as fast as a link of parts. The bits and the noise are
/// those that `RandomBits` and `AwgnChannel` draw at the same address, so the errors are those of `run_trial` with a
/// genie receiver (a test compares).
///
/// `constellation`: qpsk, 16qam or 256qam, whose bits fill whole words; else Error(bad_argument), as for a number of
/// symbols that leaves a word of 32 bits open. `snr_db` is Es/N0.
UncodedFrame run_uncoded_frame(const std::string& constellation, Index num_symbols, double snr_db, const TrialRng& rng);

}  // namespace semlink
