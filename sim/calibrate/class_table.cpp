#include <semlink/calibrate/class_table.h>

#include <memory>
#include <mutex>
#include <utility>

#include <semlink/calibrate/mix.h>
#include <semlink/core/error.h>
#include <semlink/train/parallel.h>

namespace semlink::calibrate {
namespace {

/// What a class head said at an exit.
struct Answer {
  std::vector<double> probability;
  std::optional<double> snr_db;
};

/// Runs every stage and notes what the class heads say; never decides. Used by one thread.
class ClassRecorder final : public GatePolicy {
 public:
  bool open(const GateQuery& query) const override {
    note(query);
    return true;
  }
  bool decides(const GateQuery& query) const override {
    note(query);
    return false;
  }
  bool needs_classes() const override { return true; }

  /// The answers since the last call.
  std::vector<Answer> take() {
    last_stage_ = -1;
    return std::exchange(answers_, {});
  }

 private:
  /// A transmitter may ask twice at an exit.
  void note(const GateQuery& query) const {
    if (query.stage == last_stage_) return;
    last_stage_ = query.stage;
    answers_.push_back({{query.class_probabilities.begin(), query.class_probabilities.end()}, query.snr_db});
  }

  mutable Index last_stage_ = -1;
  mutable std::vector<Answer> answers_;
};

/// One thread's links, one per point, each with a recorder in place of a gate.
struct Lane {
  std::vector<Link> links;
  std::vector<ClassRecorder*> recorders;
};

Lane make_lane(const ClassRequest& request) {
  Lane lane;
  for (std::size_t point = 0; point < request.num_points; ++point) {
    lane.links.push_back(request.make_link(point));
    Link& link = lane.links.back();
    auto recorder = std::make_unique<ClassRecorder>();
    lane.recorders.push_back(recorder.get());
    (request.at_transmitter ? link.encoder_gate : link.gate) = std::move(recorder);
    require_enough_samples(link, request.num_trials);
  }
  return lane;
}

}  // namespace

ClassTable ClassTable::rows(const std::vector<Index>& which) const {
  ClassTable part;
  part.probability = probability(which, Eigen::all);
  for (const Index row : which) {
    part.label.push_back(label[static_cast<std::size_t>(row)]);
    part.snr_db.push_back(snr_db[static_cast<std::size_t>(row)]);
  }
  return part;
}

ClassTable measure_classes(const ClassRequest& request, const std::atomic<bool>& stop) {
  std::vector<Lane> lanes;
  for (int thread = 0; thread < request.num_threads; ++thread) lanes.push_back(make_lane(request));
  std::vector<std::vector<Answer>> answers(static_cast<std::size_t>(request.num_trials));
  std::vector<int> labels(answers.size());
  std::mutex mutex;
  Index done = 0;
  train::parallel_for(request.num_threads, request.num_trials, [&](std::int64_t trial, int thread) {
    if (stop) throw Error(ErrorCode::interrupted, "stopped");
    const TrialRng rng{request.seed, static_cast<std::uint64_t>(trial), request.salt};
    const std::size_t point = draw_point(rng, request.num_points);
    const Lane& lane = lanes[static_cast<std::size_t>(thread)];
    const auto at = static_cast<std::size_t>(trial);
    labels[at] = run_trial(lane.links[point], rng).label;
    answers[at] = lane.recorders[point]->take();
    const std::lock_guard lock(mutex);
    ++done;
    if (request.progress) request.progress(done);
  });

  ClassTable table;
  std::vector<const Answer*> all;
  for (std::size_t trial = 0; trial < answers.size(); ++trial) {
    if (labels[trial] < 0)
      throw Error(ErrorCode::bad_scenario, "a temperature of class scores: expected a source with classes");
    for (const Answer& answer : answers[trial]) {
      all.push_back(&answer);
      table.label.push_back(labels[trial]);
      table.snr_db.push_back(answer.snr_db);
    }
  }
  if (all.empty())
    throw Error(ErrorCode::bad_scenario, "a temperature of class scores: expected frames that arrive and exits that " +
                                             std::string(request.at_transmitter ? "a transmitter" : "a receiver") +
                                             " passes");
  table.probability.resize(static_cast<Index>(all.size()), static_cast<Index>(all.front()->probability.size()));
  for (std::size_t row = 0; row < all.size(); ++row)
    for (std::size_t c = 0; c < all[row]->probability.size(); ++c)
      table.probability(static_cast<Index>(row), static_cast<Index>(c)) = all[row]->probability[c];
  return table;
}

}  // namespace semlink::calibrate
