#include <semlink/channel/fec/polar_list.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace semlink {
namespace {

constexpr std::size_t kMaxLevels = 12;
/// Beyond this ln(1 + e^-x) is under the rounding of what it is added to.
constexpr float kNegligible = 17;

/// ln(1 + e^-x), x >= 0.
float log1p_exp_minus(float x) { return x > kNegligible ? 0 : std::log1p(std::exp(-x)); }

/// -ln P of the bit 0 for its LLR: ln(1 + e^-llr).
float cost_of_zero(float llr) { return std::max(-llr, 0.0f) + log1p_exp_minus(std::abs(llr)); }

/// LLR of the sum of two bits, 2 atanh(tanh(a / 2) tanh(b / 2)).
float llr_of_sum(float a, float b) {
  const float size = std::min(std::abs(a), std::abs(b));
  const float sign_and_size = (a < 0) != (b < 0) ? -size : size;
  return sign_and_size + log1p_exp_minus(std::abs(a + b)) - log1p_exp_minus(std::abs(a - b));
}

/// Arrays of one length that paths share: a fork copies handles only, because whoever changes an array writes all of it
/// anew.
template <typename T>
class Pool {
 public:
  void set_length(std::size_t length) { length_ = length; }
  int acquire() {
    if (free_.empty()) {
      arrays_.emplace_back(length_);
      users_.push_back(0);
      free_.push_back(static_cast<int>(arrays_.size()) - 1);
    }
    const int handle = free_.back();
    free_.pop_back();
    users_[handle] = 1;
    return handle;
  }
  void share(int handle) {
    if (handle >= 0) ++users_[handle];
  }
  void release(int& handle) {
    if (handle >= 0 && --users_[handle] == 0) free_.push_back(handle);
    handle = -1;
  }
  std::vector<T>& operator[](int handle) { return arrays_[handle]; }

 private:
  std::size_t length_ = 0;
  std::vector<std::vector<T>> arrays_;
  std::vector<int> users_;
  std::vector<int> free_;
};

using Handles = std::array<int, kMaxLevels>;

/// One hypothesis. Level l holds arrays of N / 2^l.
struct Path {
  Handles llrs, left, bits;  ///< bits of the left half of a node, and of the whole node that was decoded last
  float cost = 0;            ///< -ln of its probability
  unsigned ring = 0;         ///< five running parities
  Bits info;
};

class ListDecoder {
 public:
  ListDecoder(std::vector<float> llrs, std::span<const PolarBit> kinds, Index list_size)
      : kinds_(kinds), list_size_(static_cast<std::size_t>(list_size)) {
    for (std::size_t level = 0; level < kMaxLevels; ++level) {
      llrs_[level].set_length(kinds.size() >> level);
      bits_[level].set_length(kinds.size() >> level);
    }
    Path root;
    root.llrs.fill(-1);
    root.left.fill(-1);
    root.bits.fill(-1);
    root.llrs[0] = llrs_[0].acquire();
    llrs_[0][root.llrs[0]] = std::move(llrs);
    paths_.push_back(std::move(root));
  }

  std::vector<Bits> run() {
    decode(0, 0);
    std::sort(paths_.begin(), paths_.end(), [](const Path& a, const Path& b) { return a.cost < b.cost; });
    std::vector<Bits> words;
    for (Path& path : paths_) words.push_back(std::move(path.info));
    return words;
  }

 private:
  std::size_t size_of(std::size_t level) const { return kinds_.size() >> level; }

  void decode(std::size_t level, std::size_t first) {
    const auto kinds = kinds_.subspan(first, size_of(level));
    if (std::all_of(kinds.begin(), kinds.end(), [](PolarBit kind) { return kind == PolarBit::frozen; }))
      decode_frozen(level);
    else if (kinds.size() == 1)
      kinds.front() == PolarBit::info ? decode_info(level) : decode_parity(level);
    else
      decode_halves(level, first);
  }

  /// All bits are 0: so is the whole node's code word.
  void decode_frozen(std::size_t level) {
    for (Path& path : paths_) {
      for (const float llr : llrs_[level][path.llrs[level]]) path.cost += cost_of_zero(llr);
      set_bits(path, level);
      std::fill(bits_[level][path.bits[level]].begin(), bits_[level][path.bits[level]].end(), 0);
      for (std::size_t i = 0; i < size_of(level) % 5; ++i) step_ring(path);
    }
  }

  void decode_halves(std::size_t level, std::size_t first) {
    const std::size_t half = size_of(level + 1);
    for (Path& path : paths_) {
      std::vector<float>& below = new_llrs(path, level + 1);
      const std::vector<float>& llrs = llrs_[level][path.llrs[level]];
      for (std::size_t i = 0; i < half; ++i) below[i] = llr_of_sum(llrs[i], llrs[i + half]);
    }
    decode(level + 1, first);
    for (Path& path : paths_) {
      bits_[level + 1].release(path.left[level + 1]);
      std::swap(path.left[level + 1], path.bits[level + 1]);
      std::vector<float>& below = new_llrs(path, level + 1);
      const std::vector<float>& llrs = llrs_[level][path.llrs[level]];
      const Bits& left = bits_[level + 1][path.left[level + 1]];
      for (std::size_t i = 0; i < half; ++i) below[i] = llrs[i + half] + (left[i] ? -llrs[i] : llrs[i]);
    }
    decode(level + 1, first + half);
    for (Path& path : paths_) {
      set_bits(path, level);
      Bits& bits = bits_[level][path.bits[level]];
      const Bits& left = bits_[level + 1][path.left[level + 1]];
      const Bits& right = bits_[level + 1][path.bits[level + 1]];
      for (std::size_t i = 0; i < half; ++i) bits[i] = left[i] ^ right[i];
      std::copy(right.begin(), right.end(), bits.begin() + static_cast<std::ptrdiff_t>(half));
    }
  }

  void decode_parity(std::size_t level) {
    for (Path& path : paths_) {
      step_ring(path);
      const auto bit = static_cast<std::uint8_t>(path.ring & 1);
      path.cost += cost_of(path, level, bit);
      set_bits(path, level);
      bits_[level][path.bits[level]][0] = bit;
    }
  }

  /// Every path goes on with 0 and with 1; the likeliest list_size_ of them stay.
  void decode_info(std::size_t level) {
    const std::size_t before = paths_.size();
    std::vector<float> costs;
    for (std::size_t branch = 0; branch < 2 * before; ++branch)
      costs.push_back(paths_[branch / 2].cost + cost_of(paths_[branch / 2], level, branch % 2));
    std::vector<std::size_t> order(costs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t kept = std::min(list_size_, order.size());
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
        [&](std::size_t a, std::size_t b) { return costs[a] < costs[b] || (costs[a] == costs[b] && a < b); });
    std::vector<Path> next;
    for (std::size_t i = 0; i < kept; ++i) {
      next.push_back(paths_[order[i] / 2]);
      share(next.back());
    }
    for (Path& path : paths_) release(path);
    paths_ = std::move(next);
    for (std::size_t i = 0; i < kept; ++i) {
      Path& path = paths_[i];
      const auto bit = static_cast<std::uint8_t>(order[i] % 2);
      path.cost = costs[order[i]];
      step_ring(path);
      path.ring ^= bit;
      path.info.push_back(bit);
      set_bits(path, level);
      bits_[level][path.bits[level]][0] = bit;
    }
  }

  float cost_of(const Path& path, std::size_t level, std::size_t bit) {
    const float llr = llrs_[level][path.llrs[level]][0];
    return cost_of_zero(bit ? -llr : llr);
  }

  static void step_ring(Path& path) { path.ring = (path.ring >> 1 | path.ring << 4) & 31; }

  /// A fresh array for the LLRs of a level; the old one stays with the paths that share it.
  std::vector<float>& new_llrs(Path& path, std::size_t level) {
    llrs_[level].release(path.llrs[level]);
    path.llrs[level] = llrs_[level].acquire();
    return llrs_[level][path.llrs[level]];
  }
  void set_bits(Path& path, std::size_t level) {
    bits_[level].release(path.bits[level]);
    path.bits[level] = bits_[level].acquire();
  }

  void share(const Path& path) {
    for (std::size_t level = 0; level < kMaxLevels; ++level) {
      llrs_[level].share(path.llrs[level]);
      bits_[level].share(path.left[level]);
      bits_[level].share(path.bits[level]);
    }
  }
  void release(Path& path) {
    for (std::size_t level = 0; level < kMaxLevels; ++level) {
      llrs_[level].release(path.llrs[level]);
      bits_[level].release(path.left[level]);
      bits_[level].release(path.bits[level]);
    }
  }

  std::span<const PolarBit> kinds_;
  std::size_t list_size_;
  std::array<Pool<float>, kMaxLevels> llrs_;
  std::array<Pool<std::uint8_t>, kMaxLevels> bits_;
  std::vector<Path> paths_;
};

}  // namespace

std::vector<Bits> polar_list(std::vector<float> llrs, std::span<const PolarBit> kinds, Index list_size) {
  return ListDecoder(std::move(llrs), kinds, list_size).run();
}

}  // namespace semlink
