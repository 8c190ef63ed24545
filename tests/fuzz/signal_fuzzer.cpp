// libFuzzer: cmake -DCMAKE_CXX_COMPILER=clang++ -DSEMLINK_FUZZ=ON, then `fuzz_signal -max_len=4096`. The first byte
// chooses what receives.
#include "receive_signal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const semlink::fuzz::Bytes input(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      semlink::fuzz::decode_word(input);
      break;
    case 1:
      semlink::fuzz::hear_transmissions(input);
      break;
    case 2:
      semlink::fuzz::receive_waveform(input);
      break;
    default:
      semlink::fuzz::receive_packet(input);
  }
  return 0;
}
