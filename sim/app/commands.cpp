#include <semlink/app/commands.h>

#include <vector>

namespace semlink {

std::span<const Command> commands() {
  static const std::vector<Command> table = {
      {"run",
       "runs the trials of a scenario and writes the results",
       {.usage = "run SCENARIO [--KEY=VALUE ...] [--sweep.KEY=LIST ...] [--output R.h5] [--threads N] "
                 "[--shard I/N] [--resume | --overwrite] [--dry-run] [--quiet] [--log FILE] [--profile]",
        .min_words = 1,
        .max_words = 1,
        .flags = {"resume", "overwrite", "dry-run", "quiet", "profile"},
        .options = {"output", "threads", "shard", "log"},
        .takes_keys = true},
       run_command},
      {"submit",
       "splits a scenario into shards, runs those that are missing here or on a Slurm cluster, and merges them",
       {.usage = "submit SCENARIO --tasks=N [--engine=local|slurm] [--partition P] [--sbatch OPTIONS] [--KEY=VALUE ...] "
                 "[--sweep.KEY=LIST ...] [--output R.h5] [--threads N] [--overwrite]",
        .min_words = 1,
        .max_words = 1,
        .flags = {"overwrite"},
        .options = {"output", "threads", "tasks", "engine", "partition", "sbatch"},
        .takes_keys = true},
       submit_command},
      {"merge",
       "puts the shards of a result together into the file that a single run gives",
       {.usage = "merge SHARD.h5 ... --output R.h5 [--overwrite]",
        .min_words = 1,
        .max_words = 100'000,
        .flags = {"overwrite"},
        .options = {"output"}},
       merge_command},
      {"train",
       "trains the adaptive transceiver and writes its weights",
       {.usage = "train SCENARIO [--KEY=VALUE ...] [--output M.h5] [--threads N] [--resume | --overwrite]",
        .min_words = 1,
        .max_words = 1,
        .flags = {"resume", "overwrite"},
        .options = {"output", "threads"},
        .takes_keys = true},
       train_command},
      {"calibrate",
       "finds the cheapest value of a gate's key that keeps a tolerated risk on the calibration split, or fits its "
       "temperature, and writes it down",
       {.usage =
            "calibrate SCENARIO [--KEY=VALUE ...] [--sweep.KEY=LIST ...] [--output G.ini] [--threads N] [--overwrite]",
        .min_words = 1,
        .max_words = 1,
        .flags = {"overwrite"},
        .options = {"output", "threads"},
        .takes_keys = true},
       calibrate_command},
      {"verify",
       "measures on the test split whether the scenario's gate keeps the tolerated risk",
       {.usage = "verify SCENARIO [--KEY=VALUE ...] [--sweep.KEY=LIST ...] [--threads N]",
        .min_words = 1,
        .max_words = 1,
        .options = {"threads"},
        .takes_keys = true},
       verify_command},
      {"replay",
       "runs one trial of a result file again and shows what it measures, its channel, header, exits and tokens",
       {.usage = "replay R.h5 --point P --trial T [--png FILE] [--overwrite]",
        .min_words = 1,
        .max_words = 1,
        .flags = {"overwrite"},
        .options = {"point", "trial", "png"}},
       replay_command},
      {"info",
       "says what is in a result or weights file",
       {.usage = "info FILE.h5", .min_words = 1, .max_words = 1},
       info_command},
      {"keys",
       "explains the scenario keys, of one section or all",
       {.usage = "keys [SECTION] [--markdown]", .max_words = 1, .flags = {"markdown"}},
       keys_command},
      {"list", "lists sources, codecs, gate policies, channels and front ends", {.usage = "list"}, list_command},
  };
  return table;
}

}  // namespace semlink
