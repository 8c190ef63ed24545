#include <semlink/app/commands.h>

#include <filesystem>
#include <memory>
#include <ostream>

#include <semlink/app/calibration.h>
#include <semlink/app/job.h>
#include <semlink/app/stop_signals.h>
#include <semlink/app/training.h>
#include <semlink/core/error.h>
#include <semlink/core/format.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/revision.h>

namespace semlink {
namespace {

constexpr Index kBuiltinSide = 32;
constexpr Index kLargeSide = 64;

void set_all(Scenario& scenario, const ScenarioText& text) {
  if (!text.axes.empty())
    throw Error(ErrorCode::bad_scenario,
                text.axes.front().origin + ": " + text.axes.front().key + ": a training has no sweep");
  for (const Assignment& assignment : text.values) scenario.set(assignment);
}

/// The source of the scenario with another split.
std::unique_ptr<const Source> source_of(const Plugins& plugins, const ScenarioText& text, const std::string& split,
                                        const std::string& order) {
  Scenario scenario(plugins);
  set_all(scenario, text);
  scenario.keys().set("source.split", split);
  scenario.keys().set("source.order", order);
  std::unique_ptr<const Source> source = scenario.source.make();
  if (source->bits_per_sample() > 0)
    throw Error(ErrorCode::bad_scenario, "source.kind = " + scenario.source.name() + ": expected images to train on");
  if (!source->is_split()) throw undivided_error(text, scenario.keys().get("source.path"), "train and validation");
  return source;
}

/// What a training shows: a line that renews itself on a terminal, and a lasting line for every validation.
class TrainDisplay {
 public:
  TrainDisplay(std::ostream& out, bool is_terminal, const train::Trainee& trainee)
      : out_(out), is_terminal_(is_terminal), trainee_(trainee) {
    const bool gives_both = trainee.reconstructs() && trainee.classifies();
    if (trainee.shares_decoder()) out_ << "decoder: share of its blocks that receivers would run; ";
    out_ << (trainee.reconstructs() ? "PSNR (dB)" : "") << (gives_both ? " and " : "")
         << (trainee.classifies() ? "accuracy (%)" : "") << " of the averaged weights on validation images:";
    for (const std::string& name : trainee.validation_names()) out_ << " | " << name;
    out_ << "\n";
  }

  void show(const train::TrainProgress& progress) {
    const std::string line = format("step %lld/%lld  loss %.5f  gradient %.3f  %.0f images/s  %lld min left",
                                    static_cast<long long>(progress.step), static_cast<long long>(progress.num_steps),
                                    progress.loss, progress.gradient_norm, progress.images_per_second,
                                    static_cast<long long>(progress.seconds_left / 60 + 0.5));
    if (is_terminal_) out_ << "\r\033[K" << line << std::flush;
    if (progress.validation == nullptr) return;
    out_ << (is_terminal_ ? "\r\033[K" : "") << line << "\n  ";
    out_ << format("mean loss %.5f", progress.validation->loss);
    if (trainee_.shares_decoder()) out_ << format("  decoder %.3f", progress.validation->decoder_share);
    if (trainee_.reconstructs()) show_values("  PSNR", 1, progress.validation->validation_psnr_db);
    if (trainee_.classifies()) show_values("  accuracy", 100, progress.validation->validation_accuracy);
    out_ << std::endl;
  }

 private:
  void show_values(const char* name, double unit, const std::vector<double>& values) {
    out_ << name;
    for (const double value : values) out_ << format(" %.2f", unit * value);
  }

  std::ostream& out_;
  bool is_terminal_;
  const train::Trainee& trainee_;
};

void check_output(const std::filesystem::path& output, const CommandLine& line) {
  if (line.has("resume") && line.has("overwrite"))
    throw Error(ErrorCode::bad_scenario, "command line: --resume and --overwrite exclude each other");
  const std::filesystem::path checkpoint = train::checkpoint_path(output);
  if (!line.has("overwrite")) refuse_existing(output);
  if (!line.has("overwrite") && !line.has("resume") && std::filesystem::exists(checkpoint))
    throw Error(ErrorCode::bad_file, checkpoint.string() +
                                         ": a training was interrupted; give --resume to go on with it, or --overwrite "
                                         "to start anew");
  if (line.has("overwrite")) std::filesystem::remove(checkpoint);
  if (output.has_parent_path()) std::filesystem::create_directories(output.parent_path());
}

}  // namespace

int train_command(const CommandContext& context, const CommandLine& line) {
  const StopSignals stop;
  const ScenarioText text = override_scenario(read_scenario_file(line.words.front()), scenario_keys(line));
  Scenario scenario(context.plugins);
  set_all(scenario, text);
  refuse_unheeded(scenario, text);

  train::TrainJob job;
  const NetworkChoice network = choose_network(scenario, job);
  job.num_threads = scenario.run.num_threads();
  job.output = scenario.record.output;
  if (job.output.empty())
    job.output =
        std::filesystem::path("results") / std::filesystem::path(line.words.front()).stem().replace_extension(".h5");
  job.resume = line.has("resume");
  job.program_version = program_version();
  check_output(job.output, line);

  const std::unique_ptr<const Source> stored = source_of(context.plugins, text, "train", "shuffled");
  const std::unique_ptr<const Source> validation = source_of(context.plugins, text, "validation", "file");
  const BuiltinImages builtin(kBuiltinSide, kBuiltinSide, Split::train), large(kLargeSide, kLargeSide, Split::train);
  job.train = {stored.get(), &builtin, &large};
  job.validation = validation.get();

  const std::unique_ptr<const train::Trainee> trainee = make_trainee(network, job);
  TrainDisplay display(context.out, context.out_is_terminal, *trainee);
  const bool complete = train::train(
      *trainee, job, [&](const train::TrainProgress& progress) { display.show(progress); }, stop.flag());
  if (complete)
    context.out << job.output.string() << "\n";
  else
    context.out << "stopped; the same command with --resume goes on from "
                << train::checkpoint_path(job.output).string() << "\n";
  return complete ? 0 : 1;
}

}  // namespace semlink
