#include "record/format_page.h"

#include <semlink/core/error.h>
#include <semlink/record/netcdf.h>
#include <semlink/record/recorded_sweep.h>

#include <map>
#include <set>

#include "support/result_examples.h"
#include "support/temporary_folder.h"

namespace semlink {
namespace {

constexpr const char* kHead =
    R"(# Result files of semlink

Read off a file that the recorder wrote (`ninja -C build format_page`); a test compares.

A result is HDF5 in the netCDF-4 data model: `xarray.open_dataset(file, engine="h5netcdf")` and the netCDF tools open it as it
is. Sweep axes are coordinate variables named like their key with dots as underscores (`channel_snr_db`); here they are
`channel_model` and `channel_snr_db`. A run without axes holds scalars. Axes that run together (`[sweep]` line `zip`) share a
dimension `zip_1`, `zip_2`, ...; their variables are auxiliary coordinates of it. Points that a rule excludes (line `exclude`)
have `num_trials` 0, NaN in every metric and `stop_reason` excluded; so have those behind the first point without an error along
`run.quiet_axis`, with `stop_reason` quiet.

- NaN means "not measured". A metric that was measured at no point is left out.
- Companions of a metric are variables of their own: `psnr_db_ci95_low` and `psnr_db_ci95_high` are the ends of its interval,
  `psnr_db_num_trials` counts the trials that measured it where not all need to, `noise_var_std_error` is a standard error.
- Intervals are 95 %: Student's t for means, Clopper-Pearson for shares, the delta method for what is derived from means. With
  one trial the interval of a mean is unbounded. Bits and blocks, many to a trial, count as so many independent ones as their
  scatter between trials allows, given how little a few trials tell of it (Korn and Graubard 1998), and never as fewer than
  there are trials; without an error every trial counts as one. `interval_over` says what they are over. A point that stopped because targets
  were reached (`stop_reason`) has intervals that are a little too narrow, as with every sequential rule. So have error rates that
  a few deep fades decide: over block Rayleigh fading at 30 dB the intervals of the bit error rate of QPSK hold the truth 70, 86 and
  93 % of the time after 256, 1,000 and 4,000 trials.
- Everything outside group `/run` is the same, to the bit, for any number of threads, for interrupted, killed and
  resumed runs, and for merged shards.
- A run in progress, or one that was killed, has its finished blocks in a journal beside the file (`r.h5.journal`), private to
  the program that wrote it; the same command goes on from there. `r.h5` is written when the run ends.
- A shard (`--shard 2/7`) is a result file of its own: attribute `shard`, `shard_by` (`points`: the other shards' points have
  `stop_reason` elsewhere; `blocks`: it has a share of each point's blocks), `shard_first_trial` (number of the first trial of
  each point). `semlink merge` puts them together.
- The first 1,024 blocks of a point have `block_trials` trials, the next 512 twice as many, and every 512 twice as many again; folding
  their sums in order gives the numbers of the points to the bit.
- Attributes with a dot in their name (`codec.model`) are the resolved keys, as text; those that do not change results are in
  `/run`, the values of swept keys on the axes.
- Text attributes are UTF-8 of fixed length, text variables UTF-8 of variable length.
)";

const std::map<std::string, std::string> kAttributes = {
    {"format", "`semlink-result`"},
    {"format_version", "version of this format; readers refuse others"},
    {"block_trials", "trials of each of a point's first 1,024 blocks"},
    {"complete", "1 when every point is finished, 0 in the file of an interrupted run"},
    {"zip", "keys of axes that run together, joined by `+`; absent where there are none"},
    {"coordinates", "variables of axes that run together: coordinates of `zip_1`, ..."},
    {"axes", "keys of the sweep axes, slowest first; absent without axes"},
    {"scenario", "resolved scenario text; in `/run` with everything, elsewhere without what does not change results"},
    {"scenario_folder", "where relative paths on the scenario's axes and in its rules start"},
    {"seed", "seed of all random numbers where no axis is `run.seed`"},
    {"results_version", "grows whenever the same settings give other numbers: files of different ones are not mixed"},
    {"version", "version of semlink"},
    {"revision", "git revision of its sources"},
    {"arithmetic", "SIMD level: results are equal to the bit within one level"},
    {"weights_checksum", "checksum of the codec's weights; absent without weights"},
    {"source_checksum", "checksum of the data set; absent for generators"},
    {"library_versions", "libraries of the program"},
    {"record_trials", "`record.trials`: how many trials of each point have a row in `/trials`"},
    {"columns", "names along `column`"},
    {"started", "start of the last session, UTC"},
    {"host", "machine"},
    {"command_line", "of the last session"},
    {"output", "path of the file"},
    {"threads", "threads of the last session"},
    {"seconds", "time of all sessions"},
    {"trials_per_second", "rate of the last session"},
};

const std::map<std::string, std::string> kGroups = {
    {"blocks", "Partial sums of all blocks, from which a run goes on."},
    {"clusters", "Scatter between samples, only where a point has more trials than its source has samples."},
    {"trials", "One row per trial, only with `record.trials`."},
    {"run", "All that may differ between equal results."},
};

std::string type_of(const H5Group& group, const std::string& name) {
  // Reading refuses a type that is wider or of another class.
  const auto reads = [&](auto value) {
    try {
      group.read<decltype(value)>(name);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  if (reads(std::int8_t{})) return "int8";
  if (reads(std::int64_t{})) return "int64";
  return reads(double{}) ? "float64" : "text";
}

std::string description_or(const H5Group& group, const std::string& variable, const std::string& name,
                           const std::string& otherwise) {
  try {
    return group.description(variable, name);
  } catch (const Error&) {
    return otherwise;
  }
}

// Companions of a metric stand in its row.
const std::vector<std::string> kCompanions = {"_ci95_low", "_ci95_high", "_num_trials", "_std_error"};

bool is_companion(const H5Group& group, const std::string& name) {
  for (const std::string& ending : kCompanions)
    if (name.ends_with(ending) && group.has_dataset(name.substr(0, name.size() - ending.size()))) return true;
  return false;
}

std::string companions(const H5Group& group, const std::string& name) {
  std::string out;
  for (const std::string& ending : kCompanions)
    if (group.has_dataset(name + ending)) out += (out.empty() ? "`" : ", `") + ending + "`";
  return out;
}

std::string meaning(const H5Group& group, const std::string& name) {
  std::string text = group.description(name, "long_name");
  const std::string flags = description_or(group, name, "flag_meanings", "");
  if (!flags.empty()) text += "; the values from 0 on mean: " + flags;
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

std::string variables(const H5Group& group) {
  if (group.dataset_names().empty()) return "";
  std::string out = "\n| variable | type | dimensions | units | | companions |\n|---|---|---|---|---|---|\n";
  for (const std::string& name : group.dataset_names()) {
    if (is_companion(group, name)) continue;
    std::string dimensions;
    for (const std::string& dimension : dimension_names(group, name))
      dimensions += (dimensions.empty() ? "" : ", ") + dimension;
    out += "| `" + name + "` | " + type_of(group, name) + " | " + dimensions + " | " +
           description_or(group, name, "units", "") + " | " + meaning(group, name) + " | " + companions(group, name) +
           " |\n";
  }
  return out;
}

std::string attributes(const H5Group& group) {
  std::string out;
  for (const std::string& name : group.attribute_names()) {
    if (name.find('.') != std::string::npos) continue;
    if (out.empty()) out = "\n| attribute | |\n|---|---|\n";
    out += "| `" + name + "` | " + kAttributes.at(name) + " |\n";
  }
  return out;
}

// Clustered and interrupted, so that every group and variable there can be is in it; ms_ssim and classes measured.
void write_full_example(const std::filesystem::path& path) {
  RecordedSweep sweep = clustered_sweep(path, 200, 1);
  sweep.record.trials = "all";
  sweep.provenance.source_checksum = "cafe";
  std::atomic<bool> stop = false;
  interrupt_at(sweep, 1, 150, stop);
  sweep.make_point = [inner = sweep.make_point](std::size_t point) {
    PointRun run = inner(point);
    run.run_trial = [trial_of = run.run_trial](std::uint64_t trial) {
      TrialResult result = trial_of(trial);
      result.ms_ssim = result.correct = result.cross_entropy = result.predicted_mse = result.expert_entropy =
          result.local_decision = result.missed = 1;
      result.expert_load.fill(1.0 / 16);
      result.num_bits = result.num_blocks = 1;
      result.has_block_check = true;
      result.bit_energy = result.bit_energy_total = 1;
      result.transmissions = 1;
      return result;
    };
    return run;
  };
  std::ostringstream out;
  run_recorded(sweep, out, false, stop);
}

}  // namespace

std::string format_page() {
  const TemporaryFolder folder;
  write_full_example(folder / "example.h5");
  const H5File file = H5File::open(folder / "example.h5");
  std::string page = kHead;
  page += "\n## `/`\n" + attributes(file.root()) + variables(file.root());
  for (const std::string& name : file.root().group_names()) {
    const H5Group group = file.root().group(name);
    page += "\n## `/" + name + "`\n\n" + kGroups.at(name) + "\n" + attributes(group) + variables(group);
  }
  return page;
}

}  // namespace semlink
