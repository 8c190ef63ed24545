#include <semlink/calibrate/risk_table.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include <semlink/calibrate/exit_gates.h>
#include <semlink/calibrate/mix.h>
#include <semlink/codecs/gates/always_open.h>
#include <semlink/core/error.h>
#include <semlink/train/parallel.h>

namespace semlink::calibrate {
namespace {

/// The candidates' policies at one point of the mix.
struct PointPolicies {
  std::vector<std::unique_ptr<const GatePolicy>> owned;
  std::vector<const GatePolicy*> list;
};

/// One thread's links, one per point.
struct Lane {
  std::vector<Link> links;
  std::vector<GateSlot*> slots;  // the gates of these links
};

void require_same_needs(const PointPolicies& policies) {
  const GatePolicy& first = *policies.list.front();
  for (const GatePolicy* policy : policies.list)
    if (policy->needs_prediction() != first.needs_prediction() ||
        policy->needs_output_changes() != first.needs_output_changes() ||
        policy->needs_classes() != first.needs_classes())
      throw Error(ErrorCode::bad_scenario, "calibrate.candidates: expected values of one policy");
}

double quality(const TrialResult& result, Loss loss) {
  const double value = loss == Loss::psnr ? result.psnr_db : result.correct;
  if (std::isnan(value))
    throw Error(ErrorCode::bad_scenario, loss == Loss::psnr
                                             ? "calibrate.loss = psnr: expected a codec that gives an image"
                                             : "calibrate.loss = error: expected a codec and a source with classes");
  return value;
}

class Measurement {
 public:
  explicit Measurement(const RiskRequest& request) : request_(request) {
    for (std::size_t point = 0; point < request.num_points; ++point) {
      PointPolicies policies;
      for (std::size_t candidate = 0; candidate < request.num_candidates; ++candidate) {
        policies.owned.push_back(std::move(request.make_link(point, candidate).gate));
        policies.list.push_back(policies.owned.back().get());
      }
      require_same_needs(policies);
      policies_.push_back(std::move(policies));
    }
    for (int thread = 0; thread < request.num_threads; ++thread) lanes_.push_back(make_lane());
    for (const Link& link : lanes_.front().links) require_enough_samples(link, request.num_trials);
    const auto cols = static_cast<Index>(request.num_candidates);
    table_.loss.resize(request.num_trials, cols);
    table_.decline.resize(request.num_trials, cols);
    table_.macs.resize(request.num_trials, cols);
    table_.full_macs.resize(request.num_trials);
    table_.point.resize(static_cast<std::size_t>(request.num_trials));
  }

  void run_trial(Index trial, int thread) {
    const TrialRng rng{request_.seed, static_cast<std::uint64_t>(trial), request_.salt};
    const std::size_t point = draw_point(rng, request_.num_points);
    const Lane& lane = lanes_[static_cast<std::size_t>(thread)];
    const auto run_with = [&](const GatePolicy& policy) {
      lane.slots[point]->use(policy);
      return semlink::run_trial(lane.links[point], rng);
    };

    const PointPolicies& policies = policies_[point];
    const TrialResult full = run_with(AlwaysOpen());
    const ExitRecorder recorder(policies.list);
    const TrialResult deepest = run_with(recorder);
    std::map<Stop, TrialResult> by_stop;
    by_stop[*std::max_element(recorder.stops().begin(), recorder.stops().end())] = deepest;
    for (std::size_t candidate = 0; candidate < policies.list.size(); ++candidate) {
      const Stop stop = recorder.stops()[candidate];
      if (!by_stop.contains(stop)) by_stop[stop] = run_with(StopAt(stop, *policies.list.front()));
      note(trial, static_cast<Index>(candidate), full, by_stop[stop]);
    }
    table_.full_macs[trial] = static_cast<double>(full.decoder_macs);
    table_.point[static_cast<std::size_t>(trial)] = point;
  }

  RiskTable take() { return std::move(table_); }

 private:
  Lane make_lane() const {
    Lane lane;
    for (std::size_t point = 0; point < request_.num_points; ++point) {
      lane.links.push_back(request_.make_link(point, 0));
      auto slot = std::make_unique<GateSlot>();
      lane.slots.push_back(slot.get());
      lane.links.back().gate = std::move(slot);
    }
    return lane;
  }

  void note(Index trial, Index candidate, const TrialResult& full, const TrialResult& result) {
    const double got = quality(result, request_.loss);
    const double decline = quality(full, request_.loss) - got;
    table_.decline(trial, candidate) = decline;
    table_.loss(trial, candidate) =
        request_.loss == Loss::psnr ? std::clamp(decline, 0.0, kWorstLossDb) / kWorstLossDb : 1 - got;
    table_.macs(trial, candidate) = static_cast<double>(result.decoder_macs);
  }

  const RiskRequest& request_;
  std::vector<PointPolicies> policies_;  // by point
  std::vector<Lane> lanes_;              // by thread
  RiskTable table_;
};

}  // namespace

RiskTable RiskTable::rows(const std::vector<Index>& trials) const {
  RiskTable part;
  part.loss = loss(trials, Eigen::all);
  part.decline = decline(trials, Eigen::all);
  part.macs = macs(trials, Eigen::all);
  part.full_macs = full_macs(trials);
  for (const Index trial : trials) part.point.push_back(point[static_cast<std::size_t>(trial)]);
  return part;
}

RiskTable measure_risks(const RiskRequest& request, const std::atomic<bool>& stop) {
  Measurement measurement(request);
  std::mutex mutex;
  Index done = 0;
  train::parallel_for(request.num_threads, request.num_trials, [&](std::int64_t trial, int thread) {
    if (stop) throw Error(ErrorCode::interrupted, "stopped");
    measurement.run_trial(trial, thread);
    const std::lock_guard lock(mutex);
    ++done;
    if (request.progress) request.progress(done);
  });
  return measurement.take();
}

}  // namespace semlink::calibrate
