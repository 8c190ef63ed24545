#pragma once

#include <semlink/core/types.h>

namespace semlink {

/// Image whose values are whole numbers 0 ... 255, as floats; three colours per pixel, adjacent. See `to_eight_bit`.
struct EightBitImage {
  Index height = 0;
  Index width = 0;
  std::vector<float> values;
};

/// Clips to [0, 1], multiplies by 255 and rounds. NaN becomes 0: find it before.
EightBitImage to_eight_bit(const Image& image);

/// Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13): windows of 11 x 11 pixels with Gaussian
/// weights of deviation 1.5, only where the window lies within the image; C1 = (0.01 * 255)^2, C2 = (0.03 * 255)^2;
/// averaged over the windows of each colour (not of luma), then over the three colours. In [-1, 1]; 1 for equal images.
/// NaN when a side is under 11 pixels. Sizes must agree.
double ssim(const EightBitImage& a, const EightBitImage& b);

/// Multi-scale SSIM (Wang, Simoncelli and Bovik 2003): contrast-structure means at five scales to the powers 0.0448,
/// 0.2856, 0.3001, 0.2363 and 0.1333, the last one with luminance; scales differ by 2 x 2 averages (an odd last row or
/// column is left out). Per colour, then averaged. A negative mean counts as 0, since its power is not real. NaN when a
/// side is under 176 pixels, where the coarsest scale would not hold one window. Sizes must agree.
double ms_ssim(const EightBitImage& a, const EightBitImage& b);

}  // namespace semlink
