// libFuzzer: cmake -DCMAKE_CXX_COMPILER=clang++ -DSEMLINK_FUZZ=ON, then `fuzz_header -max_len=4096`. The first byte
// chooses between pieces that passed their CRC and whole frames.
#include "parse_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const semlink::fuzz::Bytes input(data + 1, size - 1);
  data[0] & 1 ? semlink::fuzz::parse_frame(input) : semlink::fuzz::parse_pieces(input);
  return 0;
}
