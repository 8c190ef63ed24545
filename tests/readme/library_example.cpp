#include <semlink/app/job.h>

#include <cstdio>

int main() {
  const semlink::Plugins plugins = semlink::builtin_plugins();
  semlink::Job job(plugins, semlink::read_scenario_file("scenarios/quickstart.ini"));
  const semlink::Link link = job.make_link(0);
  for (int trial = 0; trial < 8; ++trial) {
    const semlink::TrialResult result = semlink::run_trial(link, job.trial_rng(0, trial));
    std::printf("%.2f dB with %.3f channel uses per source value\n", result.psnr_db, result.bandwidth_ratio_total);
  }
}
