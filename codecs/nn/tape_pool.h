#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <semlink/codecs/nn/tape.h>

namespace semlink::nn {

/// Tapes that do not record, lent out one per call, so that their memory is asked for once and not in every trial. Safe
/// for threads; results do not depend on which tape one gets.
class TapePool {
 public:
  /// A tape for the time of one call.
  class Loan {
   public:
    Loan(TapePool& pool, std::unique_ptr<Tape<float>> tape) : pool_(pool), tape_(std::move(tape)) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { pool_.give_back(std::move(tape_)); }
    Tape<float>& operator*() const { return *tape_; }

   private:
    TapePool& pool_;
    std::unique_ptr<Tape<float>> tape_;
  };

  Loan borrow() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {*this, std::make_unique<Tape<float>>(false)};
    std::unique_ptr<Tape<float>> tape = std::move(free_.back());
    free_.pop_back();
    return {*this, std::move(tape)};
  }

 private:
  void give_back(std::unique_ptr<Tape<float>> tape) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(tape));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Tape<float>>> free_;
};

}  // namespace semlink::nn
