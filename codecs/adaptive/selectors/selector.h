#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <semlink/codecs/adaptive/maps/token_map.h>
#include <semlink/codecs/adaptive/tokens.h>
#include <semlink/core/mac_ledger.h>

namespace semlink::adaptive {

/// What a selector may look at: the tokens of one sample at the selection, a row each, sorted into windows. Fields that
/// the selector does not ask for are empty.
struct SelectQuery {
  const nn::Grid& grid;
  std::span<const TokenPlace> places;  ///< of the rows
  Index count = 0;                     ///< tokens that may have a row of their own; 0 < count <= rows
  std::span<const float> scores;       ///< predicted ln(squared error of a token's pixels) when it is dropped
  std::span<const float> attention;    ///< mean weight that a row got in the block before the selection
  const RowMatrix<float>& keys;        ///< of that block, [rows, dim]
  double keep_threshold = 0;           ///< `codec.keep_threshold`
  const TrialRng& rng;
  MacLedger& ledger;

  Index num_rows() const { return static_cast<Index>(places.size()); }
  Index raster(Index row) const {
    const TokenPlace& place = places[static_cast<std::size_t>(row)];
    return place.y * grid.width + place.x;
  }
};

/// Rows that become one.
struct TokenGroup {
  Index row = 0;               ///< the member whose place in the grid the group takes
  std::vector<Index> members;  ///< all of them, `row` among them; empty: `row` alone
  std::vector<float> weights;  ///< of the members in the group's average; sum 1
  float size = 1;              ///< tokens that the group counts for in attentions
  bool is_rest = false;        ///< sums up tokens that have no row of their own
};

/// How tokens are chosen that are sent. A selector is one file here with a function, and one line in the table of
/// selector.cpp. It decides within the sample and from the query alone, so that a trial can be replayed.
struct Selector {
  std::string_view name;
  std::string_view help;
  /// What is left, by ascending `row`; groups that are no rest are at most `count`, and such that `map` can tell them.
  std::vector<TokenGroup> (*choose)(const SelectQuery& query);
  const MapCode& map;
  bool reads_scores = false;
  bool reads_attention = false;  ///< or keys; needs a block before the selection
  bool count_varies = false;     ///< may leave fewer than it is allowed: asked even where all tokens fit
};

/// The table of selectors.
std::span<const Selector> selectors();
/// Throws Error(bad_argument) for an unknown name.
const Selector& find_selector(std::string_view name);

/// Rows that stay as they are; `rows` ascending.
std::vector<TokenGroup> single_rows(const std::vector<Index>& rows);

std::vector<TokenGroup> choose_learned(const SelectQuery& query);
std::vector<TokenGroup> choose_uniform(const SelectQuery& query);
std::vector<TokenGroup> choose_random(const SelectQuery& query);
std::vector<TokenGroup> choose_threshold(const SelectQuery& query);
std::vector<TokenGroup> choose_attention(const SelectQuery& query);
std::vector<TokenGroup> choose_merge(const SelectQuery& query);
std::vector<TokenGroup> choose_merge_anywhere(const SelectQuery& query);
std::vector<TokenGroup> choose_mixed_scale(const SelectQuery& query);

}  // namespace semlink::adaptive
