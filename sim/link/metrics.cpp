#include <semlink/link/metrics.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <semlink/core/error.h>
#include <semlink/data/pixels.h>

namespace semlink {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

bool has_class(const Eigen::Ref<const Eigen::VectorXf>& logits, int label) {
  return label >= 0 && label < logits.size();
}

std::string size_text(const Image& image) { return std::to_string(image.width) + "x" + std::to_string(image.height); }

/// The part of an image that a picture is.
Image cropped(const Image& image, const Picture& picture) {
  Image out{picture.height, picture.width, {}};
  for (Index y = 0; y < picture.height; ++y) {
    const auto row = image.values.begin() + 3 * ((picture.top + y) * image.width + picture.left);
    out.values.insert(out.values.end(), row, row + 3 * picture.width);
  }
  return out;
}

void measure_image(const Sample& sample, const Image& received, TrialResult& result) {
  const Image& sent = sample.image;
  if (received.height != sent.height || received.width != sent.width)
    throw Error(ErrorCode::bad_argument,
                "output.image has " + size_text(received) + " pixels: expected " + size_text(sent) + ", as the sample");
  const auto measured = [&](const Image& image) {
    return to_eight_bit(sample.picture ? cropped(image, *sample.picture) : image);
  };
  const EightBitImage a = measured(sent);
  const EightBitImage b = measured(received);
  result.mse = mean_squared_error(a, b);
  result.psnr_db = psnr_db(result.mse);
  result.ssim = ssim(a, b);
  result.ms_ssim = ms_ssim(a, b);
}

}  // namespace

EightBitImage to_eight_bit(const Image& image) {
  EightBitImage out{image.height, image.width, std::vector<float>(image.values.size())};
  std::transform(image.values.begin(), image.values.end(), out.values.begin(),
                 [](float value) { return static_cast<float>(to_byte(value)); });
  return out;
}

double mean_squared_error(const EightBitImage& a, const EightBitImage& b) {
  // Squares of whole numbers are summed as whole numbers: exact in any order.
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const int difference = static_cast<int>(a.values[i]) - static_cast<int>(b.values[i]);
    sum += difference * difference;
  }
  return static_cast<double>(sum) / static_cast<double>(a.values.size());
}

double psnr_db(double mse) {
  if (mse <= 0) return kMaxPsnrDb;
  return std::min(kMaxPsnrDb, 10 * std::log10(255.0 * 255.0 / mse));
}

double classification_correct(const Eigen::Ref<const Eigen::VectorXf>& logits, int label) {
  if (!has_class(logits, label)) return kNotMeasured;
  const float* best = std::max_element(logits.data(), logits.data() + logits.size());
  return best - logits.data() == label ? 1 : 0;
}

double cross_entropy(const Eigen::Ref<const Eigen::VectorXf>& logits, int label) {
  if (!has_class(logits, label)) return kNotMeasured;
  const double largest = *std::max_element(logits.data(), logits.data() + logits.size());
  double sum = 0;
  for (Index i = 0; i < logits.size(); ++i) sum += std::exp(logits[i] - largest);
  return std::log(sum) + largest - logits[label];
}

int decided_class(const Output& output) {
  if (output.label >= 0 || output.logits.size() == 0) return output.label;
  return static_cast<int>(std::max_element(output.logits.data(), output.logits.data() + output.logits.size()) -
                          output.logits.data());
}

void measure_quality(const Sample& sample, const Output& output, TrialResult& result) {
  result.mse = result.psnr_db = result.ssim = result.ms_ssim = kNotMeasured;
  if (!output.image.values.empty()) measure_image(sample, output.image, result);
  result.label = sample.label;
  result.decision = decided_class(output);
  result.correct = classification_correct(output.logits, sample.label);
  if (output.label >= 0 && sample.label >= 0) result.correct = output.label == sample.label ? 1 : 0;
  result.cross_entropy = cross_entropy(output.logits, sample.label);
}

}  // namespace semlink
