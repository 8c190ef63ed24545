#include <semlink/train/linear_code.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include <semlink/core/error.h>

namespace semlink::train {

namespace {

constexpr std::uint64_t kNumImages = 2000;
constexpr std::uint64_t kSalt = 0x706361;

/// Columns of a token's square that belong to its own patch.
std::vector<Index> own_columns(const adaptive::NetworkConfig& config) {
  const Index side = config.patch + 2 * config.margin;
  std::vector<Index> columns;
  for (Index y = 0; y < config.patch; ++y)
    for (Index x = 0; x < config.patch; ++x)
      for (Index c = 0; c < 3; ++c) columns.push_back(((config.margin + y) * side + config.margin + x) * 3 + c);
  return columns;
}

Eigen::MatrixXd patch_covariance(const adaptive::NetworkConfig& config, const TrainSources& sources,
                                 std::uint64_t seed) {
  const Source& source = sources.stored != nullptr ? *sources.stored : *sources.builtin;
  const auto dim = static_cast<Index>(own_columns(config).size());
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(dim, dim);
  Index count = 0;
  for (std::uint64_t i = 0; i < kNumImages; ++i) {
    const Sample sample = source.sample({seed, i, kSalt});
    const Eigen::MatrixXd patches = adaptive::image_patches(sample.image, config.patch, 0).cast<double>();
    sum += patches.transpose() * patches;
    count += patches.rows();
  }
  return sum / static_cast<double>(count);
}

}  // namespace

void set_linear_code(const adaptive::Network& network, const TrainSources& sources, std::uint64_t seed,
                     nn::FlatVector<float>& parameters) {
  const adaptive::NetworkConfig& config = network.config();
  const std::vector<Index> columns = own_columns(config);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(patch_covariance(config, sources, seed));
  const nn::ParameterLayout& layout = network.layout();
  auto encoder = nn::view(parameters, layout.slot(layout.find("encoder.bypass.weight")));
  auto decoder = nn::view(parameters, layout.slot(layout.find("decoder.bypass.weight")));
  const Index num_components = std::min<Index>(2 * config.max_width, static_cast<Index>(columns.size()));

  // Mean power of a symbol before unit_power divides by it, at half the largest width.
  const Index typical = std::max<Index>(2, num_components / 2);
  double power = 0;
  for (Index i = 0; i < typical; ++i)
    power += std::sqrt(std::max(1e-9, solver.eigenvalues()(static_cast<Index>(columns.size()) - 1 - i)));
  power *= 2 / static_cast<double>(typical);
  for (Index i = 0; i < num_components; ++i) {
    const Index component = static_cast<Index>(columns.size()) - 1 - i;  // eigenvalues ascend
    const double gain = std::pow(std::max(1e-9, solver.eigenvalues()(component)), -0.25);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const double direction = solver.eigenvectors()(static_cast<Index>(j), component);
      encoder(columns[j], i) = static_cast<float>(direction * gain);
      decoder(i, columns[j]) = static_cast<float>(direction / gain * std::sqrt(power));
    }
  }
}

}  // namespace semlink::train
