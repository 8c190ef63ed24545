// Kills the real program at random moments, over a sweep of three axes that asks for more each time it is done, and compares what
// comes out in the end with a run that nobody disturbed.
//   reliability_program_kills [NUMBER OF KILLS]

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <semlink/core/rng.h>

#include "support/result_contents.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

constexpr const char* kScenario =
    "[source]\nkind = builtin\nheight = 8\nwidth = 8\n[codec]\nmodel = none\n[record]\ntrials = 50\n[run]\ncheckpoint_s = 1\n"
    "[sweep]\nchannel.model = awgn, rayleigh\nfrontend.csi = genie, ls\nchannel.snr_db = 0:5:10\n";

pid_t start(const TemporaryFolder& folder, const char* output, std::int64_t max_trials) {
  const pid_t child = fork();
  if (child != 0) return child;
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  const std::string trials = "--run.max_trials=" + std::to_string(max_trials), path = (folder / output).string();
  const std::string scenario = (folder / "a.ini").string();
  execl(SEMLINK_PROGRAM, SEMLINK_PROGRAM, "run", scenario.c_str(), "--output", path.c_str(), "--threads", "2", trials.c_str(), nullptr);
  _exit(127);
}

int run(int num_kills) {
  const TemporaryFolder folder;
  folder.write("a.ini", kScenario);
  Stream stream(1, Purpose::user, 0);
  std::int64_t max_trials = 1000;
  int num_done = 0;
  for (int kills = 0; kills < num_kills;) {
    const pid_t child = start(folder, "r.h5", max_trials);
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + stream.below(1000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
      std::printf("failed with status %d after %d kills\n", WEXITSTATUS(status), kills);
      return 1;
    }
    if (WIFEXITED(status)) {
      ++num_done;
      max_trials += 1000;
    } else {
      ++kills;
    }
    if (std::filesystem::exists(folder / "r.h5")) contents(folder / "r.h5");  // throws when it is not whole
  }
  for (const char* output : {"r.h5", "undisturbed.h5"}) {
    int status = 0;
    waitpid(start(folder, output, max_trials), &status, 0);
    if (status != 0) return 1;
  }
  const bool equal = contents(folder / "r.h5") == contents(folder / "undisturbed.h5");
  std::printf("%d kills, %d times done and extended, %lld trials a point: the files are %s\n", num_kills, num_done,
              static_cast<long long>(max_trials), equal ? "equal" : "DIFFERENT");
  return equal ? 0 : 1;
}

}  // namespace
}  // namespace semlink

int main(int argc, char** argv) {
  try {
    return semlink::run(argc > 1 ? std::atoi(argv[1]) : 100);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
