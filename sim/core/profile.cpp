#include <semlink/core/profile.h>

#include <algorithm>
#include <utility>

namespace semlink {
namespace {

/// Whether `text` is `name`, or `name number`; makes no copy, because it is asked in every stage of every trial.
bool is_called(const std::string& text, const char* name, std::int64_t number) {
  const std::size_t length = std::char_traits<char>::length(name);
  if (text.compare(0, length, name) != 0) return false;
  if (number < 0) return text.size() == length;
  std::int64_t stored = 0;
  for (std::size_t i = length + 1; i < text.size(); ++i) stored = 10 * stored + (text[i] - '0');
  return text.size() > length + 1 && text[length] == ' ' && stored == number;
}

void add(Profile::Stage& to, const Profile::Stage& from) {
  to.calls += from.calls;
  to.nanoseconds += from.nanoseconds;
  to.macs += from.macs;
  for (const auto& stage : from.inside) add(to.at(stage->name.c_str(), -1), *stage);
}

}  // namespace

Profile::Stage& Profile::Stage::at(const char* stage_name, std::int64_t number) {
  for (const auto& stage : inside)
    if (is_called(stage->name, stage_name, number)) return *stage;
  // Numbered stages stay together: the trial that came first may have left out the later ones.
  auto place = inside.end();
  if (number >= 0) {
    const std::string family = std::string(stage_name) + " ";
    const auto last = std::find_if(inside.rbegin(), inside.rend(),
                                   [&](const auto& stage) { return stage->name.starts_with(family); });
    if (last != inside.rend()) place = last.base();
  }
  auto made = std::make_unique<Stage>();
  made->name = stage_name + (number < 0 ? "" : " " + std::to_string(number));
  return **inside.insert(place, std::move(made));
}

void Profile::merge(const Profile& other) { add(root_, other.root_); }

void ProfileScope::open(const char* name, const MacLedger* ledger, std::int64_t number) {
  outer_ = profile_->now_;
  profile_->now_ = &outer_->at(name, number);
  ledger_ = ledger;
  if (ledger_) macs_before_ = ledger_->macs;
  start_ = std::chrono::steady_clock::now();
}

void ProfileScope::close() {
  const auto time = std::chrono::steady_clock::now() - start_;
  Profile::Stage& stage = *profile_->now_;
  ++stage.calls;
  stage.nanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  if (ledger_) stage.macs += ledger_->macs - macs_before_;
  profile_->now_ = outer_;
}

ProfilePool::Loan ProfilePool::borrow() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return {*this, std::make_unique<Profile>()};
  std::unique_ptr<Profile> profile = std::move(free_.back());
  free_.pop_back();
  return {*this, std::move(profile)};
}

void ProfilePool::give_back(std::unique_ptr<Profile> profile) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(profile));
}

void ProfilePool::collect(Profile& total) const {
  for (const auto& profile : free_) total.merge(*profile);
}

}  // namespace semlink
