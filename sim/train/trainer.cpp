#include <semlink/train/trainer.h>

#include <chrono>
#include <cmath>
#include <limits>

#include <semlink/core/error.h>
#include <semlink/train/adaptive_trainee.h>
#include <semlink/train/optimizer.h>
#include <semlink/train/parallel.h>

namespace semlink::train {

namespace {

using Clock = std::chrono::steady_clock;

/// To so many significant bits, to the even one where two are as near.
void round_to_bits(nn::FlatVector<float>& values, int bits) {
  for (float& value : values) {
    int exponent = 0;
    const float fraction = std::frexp(value, &exponent);
    value = std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits);
  }
}

class Trainer {
 public:
  Trainer(const Trainee& trainee, const TrainJob& job)
      : trainee_(trainee),
        job_(job),
        settings_(job.settings),
        optimizer_(trainee.layout(), settings_, trainee.trained_slots()),
        provenance_{job.scenario, job.program_version} {
    const auto num_chunks = (settings_.batch + settings_.chunk - 1) / settings_.chunk;
    gradients_.assign(static_cast<std::size_t>(num_chunks), nn::FlatVector<float>::Zero(trainee.layout().size()));
    for (int t = 0; t < job.num_threads; ++t) tapes_.push_back(std::make_unique<nn::Tape<float>>(true));
    start();
  }

  bool run(const TellProgress& tell, const std::atomic<bool>& stop) {
    const std::int64_t num_steps = settings_.num_steps();
    const double seconds_before = state_.seconds;
    const std::int64_t first_step = state_.next_step;
    const auto began = Clock::now();
    while (state_.next_step < num_steps && !stop) {
      TrainProgress progress = step();
      state_.seconds = seconds_before + std::chrono::duration<double>(Clock::now() - began).count();
      const std::int64_t done = state_.next_step - first_step;
      const double pace = (state_.seconds - seconds_before) / static_cast<double>(done);
      progress.images_per_second = static_cast<double>(settings_.batch) / pace;
      progress.seconds_left = pace * static_cast<double>(num_steps - state_.next_step);
      progress.num_steps = num_steps;
      const bool last = state_.next_step == num_steps;
      // Before the last validation, so that it is one of what is shipped.
      if (last) round_to_bits(state_.averaged, static_cast<int>(settings_.weight_bits));
      if (last || state_.next_step % settings_.validate_every == 0) {
        validate();
        progress.validation = &state_.curve.back();
      }
      tell(progress);
      if (last || state_.next_step % settings_.checkpoint_every == 0) save();
    }
    save();
    if (state_.next_step < num_steps) return false;
    write_weights(job_.output, trainee_, state_, provenance_);
    return true;
  }

 private:
  void save() {
    state_.moment1 = optimizer_.moment1();
    state_.moment2 = optimizer_.moment2();
    write_checkpoint(checkpoint_path(job_.output), trainee_, state_, provenance_);
  }

  void start() {
    if (job_.resume && std::filesystem::exists(checkpoint_path(job_.output))) {
      state_ = read_checkpoint(checkpoint_path(job_.output), trainee_, provenance_);
      optimizer_.moment1() = state_.moment1;
      optimizer_.moment2() = state_.moment2;
      return;
    }
    state_.parameters = job_.start ? *job_.start : trainee_.starting_point();
    state_.averaged = state_.parameters;
  }

  TrainProgress step() {
    const std::int64_t step = state_.next_step;
    std::vector<ChunkReport> reports(gradients_.size());
    const TrainMoment now{step, static_cast<double>(step) / static_cast<double>(settings_.num_steps()), state_.balance,
                          state_.budget};
    parallel_for(job_.num_threads, static_cast<std::int64_t>(gradients_.size()), [&](std::int64_t c, int thread) {
      const auto chunk = static_cast<std::size_t>(c);
      gradients_[chunk].setZero();
      reports[chunk] =
          trainee_.pass(now, c, state_.parameters, gradients_[chunk], *tapes_[static_cast<std::size_t>(thread)]);
    });

    TrainProgress progress;
    add_gradients();
    double share = 0, images = 0;
    for (const ChunkReport& report : reports) {
      progress.loss += report.loss;
      share += report.decoder_share * static_cast<double>(report.num_images);
      images += static_cast<double>(report.num_images);
      for (std::size_t i = 0; i < report.balance_bin.size(); ++i)
        state_.balance.add(report.balance_bin[i], report.mse[i]);
    }
    if (!std::isfinite(progress.loss))
      throw Error(ErrorCode::non_finite, "training with run.seed = " + std::to_string(job_.seed) +
                                             ": the loss of step " + std::to_string(step) + " is not finite");
    progress.gradient_norm = optimizer_.step(step, gradients_.front(), state_.parameters, job_.num_threads);
    average(step);
    state_.budget.add(share / images, settings_);
    state_.share_sum += share / images;
    state_.loss_sum += progress.loss;
    ++state_.loss_count;
    progress.step = ++state_.next_step;
    return progress;
  }

  /// Sum over the chunks into the first, in their order, stretch by stretch on all threads.
  void add_gradients() {
    constexpr Index kStretch = 1 << 16;
    const Index size = trainee_.layout().size();
    parallel_for(job_.num_threads, (size + kStretch - 1) / kStretch, [&](std::int64_t part, int) {
      const Index first = part * kStretch, count = std::min(kStretch, size - first);
      for (std::size_t c = 1; c < gradients_.size(); ++c)
        gradients_.front().segment(first, count) += gradients_[c].segment(first, count);
    });
  }

  /// Exponential average whose decay grows from 0 to `train.ema`, so that the start is soon forgotten.
  void average(std::int64_t step) {
    const double decay = std::min(settings_.ema, static_cast<double>(step + 1) / static_cast<double>(step + 10));
    state_.averaged += static_cast<float>(1 - decay) * (state_.parameters - state_.averaged);
  }

  void validate() {
    CurvePoint point;
    point.step = state_.next_step;
    point.images = state_.next_step * settings_.batch;
    point.loss = state_.loss_sum / static_cast<double>(std::max<std::int64_t>(1, state_.loss_count));
    point.seconds = state_.seconds;
    point.decoder_share = state_.share_sum / static_cast<double>(std::max<std::int64_t>(1, state_.loss_count));
    state_.share_sum = 0;
    state_.loss_sum = 0;
    state_.loss_count = 0;
    for (std::size_t condition = 0; condition < trainee_.validation_names().size(); ++condition) {
      const ImageScores scores = validation_scores(condition);
      point.validation_psnr_db.push_back(-10 * std::log10(mean(scores.mse)));
      point.validation_accuracy.push_back(mean(scores.correct));
    }
    state_.curve.push_back(std::move(point));
  }

  /// NaN for no values.
  static double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(values.size());
  }

  ImageScores validation_scores(std::size_t condition) {
    const std::int64_t num_chunks = (settings_.validation_images + settings_.chunk - 1) / settings_.chunk;
    std::vector<ImageScores> chunks(static_cast<std::size_t>(num_chunks));
    parallel_for(job_.num_threads, num_chunks, [&](std::int64_t c, int thread) {
      const std::int64_t first = c * settings_.chunk;
      chunks[static_cast<std::size_t>(c)] =
          trainee_.measure(condition, first, std::min(settings_.validation_images, first + settings_.chunk),
                           state_.averaged, *tapes_[static_cast<std::size_t>(thread)]);
    });
    ImageScores all;
    for (const ImageScores& chunk : chunks) {
      all.mse.insert(all.mse.end(), chunk.mse.begin(), chunk.mse.end());
      all.correct.insert(all.correct.end(), chunk.correct.begin(), chunk.correct.end());
      all.cross_entropy.insert(all.cross_entropy.end(), chunk.cross_entropy.begin(), chunk.cross_entropy.end());
    }
    return all;
  }

  const Trainee& trainee_;
  const TrainJob& job_;
  const TrainSettings& settings_;
  Optimizer optimizer_;
  TrainProvenance provenance_;
  TrainState state_;
  std::vector<nn::FlatVector<float>> gradients_;         // one per chunk
  std::vector<std::unique_ptr<nn::Tape<float>>> tapes_;  // one per thread
};

}  // namespace

std::filesystem::path checkpoint_path(const std::filesystem::path& output) { return output.string() + ".checkpoint"; }

bool train(const Trainee& trainee, const TrainJob& job, const TellProgress& tell, const std::atomic<bool>& stop) {
  return Trainer(trainee, job).run(tell, stop);
}

bool train(const TrainRequest& request, const TellProgress& tell, const std::atomic<bool>& stop) {
  const AdaptiveTrainee trainee(request.settings, request.network, request.train, *request.validation, request.seed);
  return train(trainee, request, tell, stop);
}

}  // namespace semlink::train
