#include <semlink/codecs/nn/kernels/level.h>

#include <semlink/core/simd_targets.h>

#include <hwy/highway.h>

#include <algorithm>
#include <cctype>

#include <semlink/core/error.h>

namespace semlink::kernels {
namespace {

std::string lower_case_name(std::int64_t target) {
  std::string name = hwy::TargetName(target);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

/// What there is without the present limit. Highway numbers better targets lower.
std::vector<std::int64_t> targets() {
  hwy::DisableTargets(0);
  std::vector<std::int64_t> all = hwy::SupportedAndGeneratedTargets();
  std::sort(all.begin(), all.end());
  return all;
}

void choose_again() { hwy::GetChosenTarget().Update(hwy::SupportedTargets()); }

}  // namespace

std::vector<std::string> simd_levels() {
  const std::int64_t now = hwy::SupportedTargets();
  std::vector<std::string> names;
  for (const std::int64_t target : targets()) names.push_back(lower_case_name(target));
  hwy::DisableTargets(~now);
  return names;
}

void use_simd_level(const std::string& level) {
  const std::vector<std::int64_t> all = targets();
  if (level != "auto") {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](std::int64_t target) { return lower_case_name(target) == level; });
    if (found == all.end()) {
      std::string known = "auto";
      for (const std::int64_t target : all) known += " " + lower_case_name(target);
      choose_again();
      throw Error(ErrorCode::bad_scenario, "run.simd = " + level + ": this build on this processor has " + known +
                                               " (a portable build has more)");
    }
    hwy::DisableTargets(~*found);
  }
  choose_again();
}

}  // namespace semlink::kernels
