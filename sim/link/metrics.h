#pragma once

#include <semlink/core/types.h>
#include <semlink/link/ssim.h>
#include <semlink/link/trial_result.h>

namespace semlink {

/// PSNR of one image is capped here: equal images have no finite one.
inline constexpr double kMaxPsnrDb = 100;

/// Mean squared difference of all values, in 8-bit units squared. Sizes must agree.
double mean_squared_error(const EightBitImage& a, const EightBitImage& b);

/// 10 log10(255^2 / mse) in dB, at most `kMaxPsnrDb`; `mse` in 8-bit units squared.
double psnr_db(double mse);

/// 1 when the largest logit (the first, if several are) is the label's, else 0. NaN when there is no label or the
/// logits have no such class.
double classification_correct(const Eigen::Ref<const Eigen::VectorXf>& logits, int label);

/// -ln softmax(logits)[label] in nats; finite for any finite logits. NaN as `classification_correct`.
double cross_entropy(const Eigen::Ref<const Eigen::VectorXf>& logits, int label);

/// The class that came out: the one the receiver was told, else that of the largest logit (the first, if several are);
/// -1 without class head.
int decided_class(const Output& output);

/// Fills the quality fields of `result`: mse, psnr_db, ssim, ms_ssim (NaN without a reconstruction), label,
/// decision, correct, cross_entropy (NaN without labels or class head; cross_entropy also where the receiver was told
/// the class, which comes without probabilities). Of a padded image only the picture is compared. Throws
/// Error(bad_argument) when the reconstruction has another size than the sample.
void measure_quality(const Sample& sample, const Output& output, TrialResult& result);

}  // namespace semlink
