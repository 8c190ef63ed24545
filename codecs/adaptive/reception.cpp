#include <semlink/codecs/adaptive/reception.h>

#include <algorithm>

namespace semlink::adaptive {

void describe_token(std::span<const Complex> symbols, std::span<const float> noise_var, Index max_width, float* out) {
  std::fill_n(out, 3 * max_width, 0.0F);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const float reliability = 1 / (1 + noise_var[i]);
    out[2 * i] = reliability * symbols[i].real();
    out[2 * i + 1] = reliability * symbols[i].imag();
    out[2 * max_width + static_cast<Index>(i)] = reliability;
  }
}

}  // namespace semlink::adaptive
