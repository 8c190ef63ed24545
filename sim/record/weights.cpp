#include <semlink/record/weights.h>

#include <algorithm>
#include <cmath>

#include <semlink/core/error.h>
#include <semlink/core/format.h>
#include <semlink/record/h5_file.h>

namespace semlink {

namespace {

constexpr std::size_t kMaxSlotElements = std::size_t{1} << 26;
constexpr std::uint64_t kFnvOffset = 14695981039346656037ULL;
constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

/// FNV-1a, 64 bit: enough to tell two sets of weights apart, no guard against malice.
class Fnv {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) hash_ = (hash_ ^ bytes[i]) * kFnvPrime;
  }
  std::string hex() const { return format("%016llx", static_cast<unsigned long long>(hash_)); }

 private:
  std::uint64_t hash_ = kFnvOffset;
};

std::string checksum(const nn::ParameterLayout& layout, const nn::FlatVector<float>& values) {
  Fnv fnv;
  for (const nn::Slot& slot : layout.slots()) {
    fnv.add(slot.name.data(), slot.name.size());
    fnv.add(values.data() + slot.offset, static_cast<std::size_t>(slot.size()) * sizeof(float));
  }
  return fnv.hex();
}

std::string shape_text(Index rows, Index cols) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

template <typename Config>
constexpr std::string_view kModel = "";
template <>
constexpr std::string_view kModel<adaptive::NetworkConfig> = "adaptive";
template <>
constexpr std::string_view kModel<deepjscc::NetworkConfig> = "deepjscc";

template <typename Config>
void write_config(H5Group& root, Config config) {
  root.set_attribute("model", kModel<Config>);
  Keys keys;
  config.declare(keys);
  for (const Key& key : keys.list()) root.set_attribute(key.name, key.get());
}

template <typename Config>
Config read_config(const H5Group& root) {
  Keys keys;
  Config config;
  config.declare(keys);
  try {
    // A file from before a key existed means its default.
    for (const Key& key : keys.list())
      if (root.has_attribute(key.name)) keys.set(key.name, root.text_attribute(key.name));
    config.check();
  } catch (const Error& error) {
    throw Error(ErrorCode::bad_file, root.location() + ": not a network this program can build: " + error.what());
  }
  return config;
}

}  // namespace

void write_network_config(H5Group& root, const adaptive::NetworkConfig& config) { write_config(root, config); }
void write_network_config(H5Group& root, const deepjscc::NetworkConfig& config) { write_config(root, config); }

void write_parameters(H5Group& root, const std::string& name, const nn::ParameterLayout& layout,
                      const nn::FlatVector<float>& values, H5Storage storage) {
  H5Group group = root.create_group(name);
  for (const nn::Slot& slot : layout.slots())
    group.write(slot.name, std::span<const float>(values.data() + slot.offset, static_cast<std::size_t>(slot.size())),
                {static_cast<std::size_t>(slot.rows), static_cast<std::size_t>(slot.cols)}, storage);
  group.close();
}

nn::FlatVector<float> read_parameters(const H5Group& root, const std::string& name, const nn::ParameterLayout& layout) {
  const H5Group group = root.group(name);
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorCode::bad_file, group.location() + ": " + what);
  };
  for (const std::string& dataset : group.dataset_names())
    if (layout.find(dataset) < 0) refuse("unknown parameter " + dataset);
  nn::FlatVector<float> values = nn::FlatVector<float>::Zero(layout.size());
  for (const nn::Slot& slot : layout.slots()) {
    if (!group.has_dataset(slot.name)) refuse("parameter " + slot.name + " is missing");
    const H5Shape shape = group.shape(slot.name);
    if (shape.size() != 2 || shape[0] != static_cast<std::size_t>(slot.rows) ||
        shape[1] != static_cast<std::size_t>(slot.cols))
      refuse(
          "parameter " + slot.name + ": expected shape " + shape_text(slot.rows, slot.cols) +
          (shape.size() == 2 ? ", got " + shape_text(static_cast<Index>(shape[0]), static_cast<Index>(shape[1])) : ""));
    const H5Array<float> array = group.read<float>(slot.name, kMaxSlotElements);
    if (!std::all_of(array.values.begin(), array.values.end(), [](float v) { return std::isfinite(v); }))
      refuse("parameter " + slot.name + " has values that are not finite");
    std::copy(array.values.begin(), array.values.end(), values.data() + slot.offset);
  }
  return values;
}

namespace {

/// Throws Error(bad_file) unless the file holds weights of this model.
void check_format(const std::filesystem::path& path, const H5Group& root, std::string_view model) {
  const std::string format = root.has_attribute("format") ? root.text_attribute("format") : "(none)";
  if (format != kWeightsFormat && format != kCheckpointFormat)
    throw Error(ErrorCode::bad_file,
                path.string() + ": format " + format + ": expected " + std::string(kWeightsFormat));
  const std::int64_t version = root.integer_attribute("format_version");
  if (version != kWeightsVersion)
    throw Error(ErrorCode::bad_file, path.string() + ": format_version " + std::to_string(version) + ": expected " +
                                         std::to_string(kWeightsVersion));
  // A file from before there were others means the adaptive transceiver.
  const std::string got =
      root.has_attribute("model") ? root.text_attribute("model") : std::string(kModel<adaptive::NetworkConfig>);
  if (got != model)
    throw Error(ErrorCode::bad_file,
                path.string() + ": weights of codec.model = " + got + ": expected those of " + std::string(model));
}

template <typename Network, typename Config>
WeightsOf<Config> read_as(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  check_format(path, root, kModel<Config>);
  WeightsOf<Config> weights;
  weights.config = read_config<Config>(root);
  const Network network(weights.config);
  weights.values = read_parameters(root, "weights", network.layout());
  weights.checksum = checksum(network.layout(), weights.values);
  return weights;
}

}  // namespace

LoadedWeights read_weights(const std::filesystem::path& path) {
  return read_as<adaptive::Network, adaptive::NetworkConfig>(path);
}

DeepJsccWeights read_deepjscc_weights(const std::filesystem::path& path) {
  return read_as<deepjscc::Network, deepjscc::NetworkConfig>(path);
}

}  // namespace semlink
