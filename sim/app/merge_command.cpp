#include <semlink/app/commands.h>

#include <ostream>

#include <semlink/core/error.h>
#include <semlink/record/merge.h>
#include <semlink/record/result_file.h>

namespace semlink {

int merge_command(const CommandContext& context, const CommandLine& line) {
  const std::optional<std::string> output = line.get("output");
  if (!output || output->empty()) throw Error(ErrorCode::bad_scenario, "command line: merge: expected --output R.h5");
  const std::vector<std::filesystem::path> shards(line.words.begin(), line.words.end());
  const bool replaces = line.has("overwrite");
  if (replaces) refuse_foreign(*output);
  const std::size_t num_off =
      merge_results(shards, *output, replaces ? NewH5File::IfExists::replace : NewH5File::IfExists::refuse);
  if (num_off > 0) context.out << "power ledger off at " << num_off << " points (ledger_ok = 0): see the file\n";
  context.out << *output << std::endl;
  return num_off > 0 ? 1 : 0;
}

}  // namespace semlink
