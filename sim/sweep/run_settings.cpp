#include <semlink/sweep/run_settings.h>

#include <algorithm>
#include <thread>

namespace semlink {

void RunSettings::declare(Keys& keys) {
  keys.integer("run.seed", seed).range(0, 9007199254740992.0).help("Seed of all random numbers.");
  keys.flag("run.common_random", common_random)
      .help("Every point sees the same samples, fades and unit noise: comparisons between points are paired.");
  keys.integer("run.max_trials", max_trials).range(1, 1e9).help("Trials per point at most.").not_identity();
  keys.optional_integer("run.min_errors", min_errors)
      .range(1, 1e9)
      .help("A point may stop once it has seen so many trials with a failed header.")
      .not_identity();
  keys.optional_number("run.target_psnr_ci_db", target_psnr_ci_db)
      .unit("dB")
      .above(0)
      .help("A point may stop once the 95 % interval of psnr_db is at most so wide to each side.")
      .not_identity();
  keys.optional_number("run.target_rel_ci", target_rel_ci)
      .above(0)
      .help("A point may stop once half the width of the 95 % interval of header_error_rate is at most so many times the rate.")
      .not_identity();
  keys.text("run.simd", simd)
      .help("Instruction set of the neural kernels (avx3 avx2 sse4 neon, as the processor and the build have them), "
            "or auto for the best. The result file records it: equal results to the bit need equal instruction sets.")
      .not_identity();
  keys.integer("run.threads", threads).range(0, 4096).help("Threads; 0 takes every processor.").not_identity();
}

int RunSettings::num_threads() const {
  if (threads > 0) return static_cast<int>(threads);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace semlink
