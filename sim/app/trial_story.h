#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include <semlink/codecs/adaptive/maps/token_map.h>
#include <semlink/core/types.h>
#include <semlink/link/link.h>

namespace semlink {

/// What the tokens of an image, in raster order, were sent as.
struct TokenMap {
  Index height = 0;  ///< tokens
  Index width = 0;
  Index own_rows = 0;          ///< rows of the payload that stand for tokens of their own; further ones sum up others
  std::vector<Index> row;      ///< row that each token is restored from, -1 for none
  std::vector<Index> members;  ///< number of tokens that are restored from each row
  bool pooled = false;  ///< rows are made of all tokens of a window: `row` is the one that a token weighs most in

  bool is_rest(std::size_t token) const { return row[token] >= own_rows; }
  /// Whether the token's row stands for others as well.
  bool is_shared(std::size_t token) const {
    return row[token] >= 0 && members[static_cast<std::size_t>(row[token])] > 1;
  }
};

TokenMap make_token_map(Index height, Index width, const adaptive::TokenMap& map);

/// Blocks that ran on each token.
std::vector<Index> token_depths(const DecisionTrace& decisions, const TokenMap& tokens);

/// The map that the transmitter's header tells, under `codec.selection`. Empty where the side information is not that of the
/// adaptive codec.
std::optional<TokenMap> sent_tokens(const Payload& payload, const std::string& selection, const TrialRng& rng);

/// Where the tokens of a network that pools them went. Empty of other networks, and where no rows were sent.
std::optional<TokenMap> pooled_tokens(const TrialTrace& trace);

/// Prints what the numbers of a trial do not tell: the channel's gains, which piece of the header failed, what both sides
/// decided about their stages and where they left their networks, the map of the tokens where there is one, how many
/// blocks ran on each and which expert served it.
void print_story(std::ostream& out, const TrialTrace& trace, const std::optional<TokenMap>& tokens);

}  // namespace semlink
