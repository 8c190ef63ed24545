#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <semlink/codecs/adaptive/network.h>
#include <semlink/codecs/deepjscc/network.h>
#include <semlink/record/h5_group.h>

namespace semlink {

/// A network and its trained values, as a weights file holds them.
template <typename Config>
struct WeightsOf {
  Config config;
  nn::FlatVector<float> values;
  std::string checksum;  ///< over names, shapes and values
};
using LoadedWeights = WeightsOf<adaptive::NetworkConfig>;
using DeepJsccWeights = WeightsOf<deepjscc::NetworkConfig>;

/// Format of weights files, written into them and required of them.
inline constexpr std::string_view kWeightsFormat = "semlink-weights";
inline constexpr std::string_view kCheckpointFormat = "semlink-checkpoint";  ///< holds averaged weights too, and more
inline constexpr std::int64_t kWeightsVersion = 1;

/// Writes one dataset per slot, [rows, cols], in a group `name`.
void write_parameters(H5Group& root, const std::string& name, const nn::ParameterLayout& layout,
                      const nn::FlatVector<float>& values, H5Storage storage = H5Storage::plain);
/// Reads a group written by `write_parameters` into the flat vector of `layout`. Checks every name and every shape;
/// throws Error(bad_file) that names what is missing, unknown, of another shape or not finite.
nn::FlatVector<float> read_parameters(const H5Group& root, const std::string& name, const nn::ParameterLayout& layout);

/// Writes what network it is: its `codec.model` and its shape, attributes `model` and `network.*` of `root`.
void write_network_config(H5Group& root, const adaptive::NetworkConfig& config);
void write_network_config(H5Group& root, const deepjscc::NetworkConfig& config);

/// Reads a weights file, or the averaged weights of a training's checkpoint. Throws Error(bad_file) when it is missing,
/// damaged, of another format, of another model or inconsistent.
LoadedWeights read_weights(const std::filesystem::path& path);
DeepJsccWeights read_deepjscc_weights(const std::filesystem::path& path);

}  // namespace semlink
