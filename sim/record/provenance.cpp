#include <semlink/record/provenance.h>

#include <algorithm>
#include <boost/version.hpp>
#include <Eigen/Core>
#include <map>
#include <set>

#include <semlink/codecs/nn/kernels/kernels.h>
#include <semlink/record/h5_internal.h>
#include <semlink/record/revision.h>

namespace semlink {
namespace {

std::string dotted(unsigned major, unsigned minor, unsigned patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string hdf5_version() {
  const h5::Quiet quiet;
  unsigned major = 0, minor = 0, patch = 0;
  H5get_libversion(&major, &minor, &patch);
  return dotted(major, minor, patch);
}

// What the compiler was allowed to use.
std::string compiled_arithmetic() {
#if defined(__AVX512F__)
  return "avx512";
#elif defined(__AVX2__)
  return "avx2";
#elif defined(__x86_64__)
  return "sse2";
#elif defined(__aarch64__)
  return "neon";
#else
  return "portable";
#endif
}

std::string differs(const std::string& name, const std::string& stored, const std::string& current) {
  if (stored == current) return "";
  const auto shown = [](const std::string& value) { return value.empty() ? std::string("none") : value; };
  return name + " was " + shown(stored) + " and is " + shown(current) + " now";
}

using Settings = std::map<std::string, std::string>;

Settings identity(const Provenance& provenance) {
  Settings out;
  for (const Provenance::Setting& setting : provenance.settings)
    if (setting.identity) out[setting.key] = setting.value;
  return out;
}

Settings stop_rules(const Provenance& provenance) {
  static const std::set<std::string> kNoRules = {"run.threads", "run.output", "run.simd", "run.checkpoint_s"};
  Settings out;
  for (const Provenance::Setting& setting : provenance.settings)
    if (!setting.identity && setting.key.starts_with("run.") && !kNoRules.contains(setting.key)) out[setting.key] = setting.value;
  return out;
}

std::string settings_difference(const Settings& before, const Settings& now) {
  for (const auto& [key, value] : before) {
    const auto found = now.find(key);
    const std::string text = differs(key, value, found == now.end() ? "" : found->second);
    if (!text.empty()) return text;
  }
  for (const auto& [key, value] : now)
    if (!before.contains(key)) return differs(key, "", value);
  return "";
}

}  // namespace

Provenance build_provenance() {
  Provenance provenance;
  // The kernels under the neural layers choose theirs when the program runs.
  provenance.arithmetic =
      compiled_arithmetic() + ", kernels " + kernels::level() + (kernels::has_bf16() ? " with bf16" : "");
  provenance.version = program_version();
  provenance.revision = source_revision();
  provenance.libraries = {{"eigen", dotted(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
                          {"boost", dotted(BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100)},
                          {"hdf5", hdf5_version()}};
  return provenance;
}

std::string difference(const Provenance& stored, const Provenance& current) {
  for (const std::string& text :
       {settings_difference(identity(stored), identity(current)), differs("the weights checksum", stored.weights_checksum, current.weights_checksum),
        differs("the checksum of the data", stored.source_checksum, current.source_checksum),
        differs("the arithmetic level", stored.arithmetic, current.arithmetic),
        differs("the version of the numbers", std::to_string(stored.results_version), std::to_string(current.results_version))})
    if (!text.empty()) return text;
  return "";
}

std::string rules_difference(const Provenance& stored, const Provenance& current) {
  return settings_difference(stop_rules(stored), stop_rules(current));
}

Provenance without_settings(Provenance provenance, const std::vector<std::string>& keys) {
  std::erase_if(provenance.settings, [&](const Provenance::Setting& setting) {
    return std::find(keys.begin(), keys.end(), setting.key) != keys.end();
  });
  return provenance;
}

}  // namespace semlink
