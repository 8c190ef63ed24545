#include <semlink/codecs/adaptive/selectors/selector.h>

#include <array>
#include <string>

#include <semlink/core/error.h>

namespace semlink::adaptive {

namespace {

constexpr std::array kSelectors = {
    Selector{"learned", "those scored highest, whose positions are sent", choose_learned, kSubsetMap, true},
    Selector{"uniform", "evenly spread, as both ends know", choose_uniform, kUniformMap},
    Selector{"random", "drawn by a generator that both ends share", choose_random, kRandomMap},
    Selector{"threshold", "as many as are scored above codec.keep_threshold", choose_threshold, kSubsetMap, true, false,
             true},
    Selector{"attention", "those that attract most attention, and a weighted mean of the others", choose_attention,
             kSubsetAndRestMap, false, true},
    Selector{"merge", "neighbours with like keys become one", choose_merge, kConnectedGroupsMap, false, true},
    Selector{"merge_anywhere", "tokens of a window with like keys become one", choose_merge_anywhere, kGroupsMap, false,
             true},
    Selector{"mixed_scale", "2x2 tokens become one where little is lost", choose_mixed_scale, kRegionsMap, true},
};

}  // namespace

std::span<const Selector> selectors() { return kSelectors; }

const Selector& find_selector(std::string_view name) {
  for (const Selector& selector : kSelectors)
    if (selector.name == name) return selector;
  throw Error(ErrorCode::bad_argument, "selector " + std::string(name) + ": there is none of this name");
}

std::vector<TokenGroup> single_rows(const std::vector<Index>& rows) {
  std::vector<TokenGroup> groups;
  for (const Index row : rows) groups.push_back({row, {}, {}, 1, false});
  return groups;
}

}  // namespace semlink::adaptive
