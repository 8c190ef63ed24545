#include <semlink/codecs/adaptive/selectors/matching.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace semlink::adaptive {

namespace {

struct Group {
  std::vector<Index> rows;
  Eigen::RowVectorXf key;  ///< sum of the members' keys: the cosine does not see its length
  double length = 0;       ///< of the key
};

struct Proposal {
  std::size_t from = 0, to = 0;
  float cosine = 0;
};

class Matching {
 public:
  Matching(const MatchInput& input, const std::vector<Index>& rows, bool neighbours_only)
      : input_(input), neighbours_only_(neighbours_only) {
    for (const Index row : rows) {
      groups_.push_back({{row}, input.keys.row(row), 0});
      measure(groups_.back());
    }
  }

  void merge_down_to(Index count) {
    for (bool first = true; num_groups() > count; first = false) {
      std::vector<Proposal> proposals = proposals_of([&](std::size_t g) { return first ? is_dark(g) : g % 2 == 1; });
      // Where no two groups of the halves touch, one group after the other asks all others.
      for (std::size_t asking = 0; proposals.empty(); ++asking)
        proposals = proposals_of([&](std::size_t g) { return g == asking; });
      accept(std::move(proposals), num_groups() - count);
    }
  }

  std::vector<std::vector<Index>> take() {
    std::vector<std::vector<Index>> all;
    for (Group& group : groups_) all.push_back(std::move(group.rows));
    return all;
  }

 private:
  Index num_groups() const { return static_cast<Index>(groups_.size()); }
  const TokenPlace& place(Index row) const { return input_.places[static_cast<std::size_t>(row)]; }
  bool is_dark(std::size_t group) const {
    const TokenPlace& at = place(groups_[group].rows.front());
    return (at.y + at.x) % 2 == 1;
  }

  bool touch(const Group& a, const Group& b) const {
    return std::any_of(a.rows.begin(), a.rows.end(), [&](Index i) {
      return std::any_of(b.rows.begin(), b.rows.end(), [&](Index j) {
        return std::abs(place(i).y - place(j).y) + std::abs(place(i).x - place(j).x) == 1;
      });
    });
  }

  double dot(const Group& a, const Group& b) const {
    // Every eighth product in a sum of its own: one sum alone would wait for itself.
    constexpr Index kSums = 8;
    std::array<double, kSums> sums = {};
    const Index size = a.key.size(), whole = size / kSums * kSums;
    const float *left = a.key.data(), *right = b.key.data();
    const auto add = [&](Index first, Index count) {
      for (Index i = 0; i < count; ++i)
        sums[i] += static_cast<double>(left[first + i]) * static_cast<double>(right[first + i]);
    };
    for (Index first = 0; first < whole; first += kSums) add(first, kSums);
    add(whole, size - whole);
    input_.ledger.product(1, size, 1);
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }
  void measure(Group& group) const { group.length = std::sqrt(dot(group, group)); }
  float cosine(const Group& a, const Group& b) const {
    const double lengths = a.length * b.length;
    return lengths > 0 ? static_cast<float>(dot(a, b) / lengths) : 0.0F;
  }

  /// The best partner of every group for which `asks` holds, among those for which it does not.
  template <typename Asks>
  std::vector<Proposal> proposals_of(const Asks& asks) const {
    std::vector<Proposal> all;
    for (std::size_t from = 0; from < groups_.size(); ++from) {
      if (!asks(from)) continue;
      Proposal best{from, from, 0};
      for (std::size_t to = 0; to < groups_.size(); ++to) {
        if (asks(to) || (neighbours_only_ && !touch(groups_[from], groups_[to]))) continue;
        const float likeness = cosine(groups_[from], groups_[to]);
        if (best.to == from || likeness > best.cosine) best = {from, to, likeness};
      }
      if (best.to != from) all.push_back(best);
    }
    return all;
  }

  void accept(std::vector<Proposal> proposals, Index most) {
    std::stable_sort(proposals.begin(), proposals.end(),
                     [](const Proposal& a, const Proposal& b) { return a.cosine > b.cosine; });
    proposals.resize(std::min(proposals.size(), static_cast<std::size_t>(most)));
    std::vector<std::uint8_t> gone(groups_.size(), 0);
    for (const Proposal& proposal : proposals) {
      Group& from = groups_[proposal.from];
      Group& to = groups_[proposal.to];
      to.rows.insert(to.rows.end(), from.rows.begin(), from.rows.end());
      to.key += from.key;
      measure(to);
      gone[proposal.from] = 1;
    }
    std::vector<Group> left;
    for (std::size_t g = 0; g < groups_.size(); ++g)
      if (gone[g] == 0) left.push_back(std::move(groups_[g]));
    groups_ = std::move(left);
  }

  const MatchInput& input_;
  bool neighbours_only_;
  std::vector<Group> groups_;
};

}  // namespace

std::vector<std::vector<Index>> match_and_merge(const MatchInput& input, const std::vector<Index>& rows, Index count,
                                                bool neighbours_only) {
  Matching matching(input, rows, neighbours_only);
  matching.merge_down_to(count);
  return matching.take();
}

}  // namespace semlink::adaptive
