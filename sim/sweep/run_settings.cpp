#include <semlink/sweep/run_settings.h>

#include <algorithm>
#include <thread>

namespace semlink {

void RunSettings::declare(Keys& keys) {
  keys.integer("run.seed", seed).range(0, 9007199254740992.0).help("Seed of all random numbers.");
  keys.flag("run.common_random", common_random)
      .help("Every point sees the same samples, fades and unit noise: comparisons between points are paired. Default with source.kind = bits: "
            "no.");
  keys.integer("run.max_trials", max_trials).range(1, 1e9).help("Trials per point at most.").not_identity();
  keys.optional_number("run.max_time_s", max_time_s)
      .unit("s")
      .above(0)
      .help("Time per point at most: of its trials, shared out over the threads. Results then depend on the machine.")
      .not_identity();
  keys.optional_integer("run.min_errors", min_errors)
      .range(1, 1e9)
      .help("A point may stop once it has seen so many errors: of run.target_metric if that is a rate, else failed blocks, or "
            "headers where there are no blocks.")
      .not_identity();
  keys.text("run.target_metric", target_metric)
      .help("The metric of run.target_abs_ci, run.target_rel_ci and run.allocation, by its name in result files; auto: psnr_db for "
            "the former, the error rate of blocks, or of headers where there are no blocks, for the latter.")
      .not_identity();
  keys.optional_number("run.target_abs_ci", target_abs_ci)
      .above(0)
      .help("A point may stop once the 95 % interval of the target metric is at most so wide to each side, in its unit.")
      .not_identity();
  keys.optional_number("run.target_rel_ci", target_rel_ci)
      .above(0)
      .help("A point may stop once half the width of the 95 % interval of the target metric is at most so many times its value; for "
            "rates not before 50 errors.")
      .not_identity();
  keys.text("run.quiet_axis", quiet_axis)
      .help("Axis along which a sweep ends at the first point without an error: the later points are not run. none: no such axis.")
      .not_identity();
  keys.choice("run.allocation", allocation, {"even", "adaptive"})
      .help("even: one point after the other; adaptive: the next blocks go to the points whose intervals are widest, relative to "
            "the value for rates.")
      .not_identity();
  keys.optional_integer("run.total_trials", total_trials)
      .range(1, 1e12)
      .help("Trials of all points together at most, for run.allocation = adaptive.")
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
