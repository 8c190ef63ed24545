// Kills a sweep of two axes a hundred times at random moments, each time going on where it was, and compares the file
// with that of an undisturbed run. The brief version is in tests/record/journal_test.cpp.
#include <cstdio>
#include <cstdlib>

#include "support/killed_runs.h"
#include "support/result_contents.h"
#include "support/temporary_folder.h"

int main(int argc, char** argv) {
  using namespace semlink;
  const int num_runs = argc > 1 ? std::atoi(argv[1]) : 100;
  bool all_equal = true;
  for (RecordedSweep (*make)(const std::filesystem::path&, std::int64_t, int) : {&example_sweep, &clustered_sweep}) {
    const TemporaryFolder folder;
    RecordedSweep sweep = make(folder / "r.h5", 50'000, 2);
    sweep.record.trials = "100";
    sweep.record.if_exists = RecordSettings::IfExists::resume;
    const KilledRuns runs = run_and_kill(sweep, num_runs, 4000, 7);
    run_quietly(sweep);
    const std::string killed = contents(sweep.record.output);
    sweep.record.output = folder / "undisturbed.h5";
    run_quietly(sweep);
    const bool equal =
        killed == contents(sweep.record.output) && runs.lost == 0 && runs.killed == num_runs && runs.kept > 0;
    std::printf("%d of %d runs killed, %d kills lost trials, %lld of 300000 trials kept then: %s\n", runs.killed,
                num_runs, runs.lost, static_cast<long long>(runs.kept), equal ? "equal" : "DIFFERENT");
    all_equal = all_equal && equal;
  }
  return all_equal ? 0 : 1;
}
