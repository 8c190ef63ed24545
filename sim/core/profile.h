#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <semlink/core/mac_ledger.h>

namespace semlink {

/// Where the time of trials went: a tree of named stages with calls, wall-clock time and MACs. One belongs to one
/// thread at a time; `merge` adds them up.
class Profile {
 public:
  struct Stage {
    std::string name;
    std::int64_t calls = 0;
    std::int64_t nanoseconds = 0;  ///< wall clock, the stages inside included
    std::int64_t macs = 0;         ///< likewise
    std::vector<std::unique_ptr<Stage>> inside;

    /// The stage of this name inside this one; made when it is not there.
    Stage& at(const char* stage_name, std::int64_t number);
  };

  Profile() : now_(&root_) {}
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// Holds every outermost stage; has no time of its own.
  const Stage& root() const { return root_; }
  /// Adds the stages of `other`, by name.
  void merge(const Profile& other);

 private:
  friend class ProfileScope;
  Stage root_;
  Stage* now_;  // the innermost stage that is open
};

/// Times a stage from here to the end of the block. Without a profile it does nothing.
class ProfileScope {
 public:
  static constexpr std::int64_t kUnnumbered = -1;

  /// A stage without MACs of its own.
  ProfileScope(Profile* profile, const char* name) : ProfileScope(profile, name, nullptr, kUnnumbered) {}
  /// A stage whose MACs are what `ledger` counts meanwhile, called `name` or `name number`.
  ProfileScope(const MacLedger& ledger, const char* name, std::int64_t number = kUnnumbered)
      : ProfileScope(ledger.profile, name, &ledger, number) {}
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;
  ~ProfileScope() {
    if (profile_) close();
  }

 private:
  ProfileScope(Profile* profile, const char* name, const MacLedger* ledger, std::int64_t number) : profile_(profile) {
    if (profile_) open(name, ledger, number);
  }
  void open(const char* name, const MacLedger* ledger, std::int64_t number);
  void close();

  Profile* profile_;
  Profile::Stage* outer_ = nullptr;
  const MacLedger* ledger_ = nullptr;
  std::int64_t macs_before_ = 0;
  std::chrono::steady_clock::time_point start_;
};

/// Stages that follow one another: each ends where the next begins.
class ProfileSequence {
 public:
  explicit ProfileSequence(Profile* profile) : profile_(profile) {}
  void next(const char* name) { scope_.emplace(profile_, name); }
  void next(const char* name, const MacLedger& ledger, std::int64_t number = ProfileScope::kUnnumbered) {
    scope_.emplace(ledger, name, number);
  }

 private:
  Profile* profile_;
  std::optional<ProfileScope> scope_;
};

/// Lends out one profile per trial that runs at a time, and adds them up.
class ProfilePool {
 public:
  /// A profile for the time of one trial.
  class Loan {
   public:
    Loan(ProfilePool& pool, std::unique_ptr<Profile> profile) : pool_(pool), profile_(std::move(profile)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool_.give_back(std::move(profile_)); }
    Profile* get() const { return profile_.get(); }

   private:
    ProfilePool& pool_;
    std::unique_ptr<Profile> profile_;
  };

  Loan borrow();
  /// Adds everything lent and given back so far to `total`. Not while trials run.
  void collect(Profile& total) const;

 private:
  void give_back(std::unique_ptr<Profile> profile);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Profile>> free_;
};

}  // namespace semlink
