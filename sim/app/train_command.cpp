#include <semlink/app/commands.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <ostream>

#include <semlink/app/job.h>
#include <semlink/app/stop_signals.h>
#include <semlink/core/error.h>
#include <semlink/data/builtin_images.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/revision.h>
#include <semlink/record/weights.h>
#include <semlink/train/deepen.h>
#include <semlink/train/trainer.h>
#include <semlink/train/validation.h>

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
  return source;
}

/// Keys that make the weights what they are; a network that comes with its weights brings its own shape.
std::string resolved_text(const Scenario& scenario, bool has_network) {
  std::string text;
  for (const Key& key : scenario.keys().list()) {
    const bool matters = key.name.starts_with("train.") || (key.name.starts_with("network.") && !has_network) ||
                         key.name == "source.kind" || key.name == "run.seed";
    if (matters && key.identity) text += key.name + " = " + key.get() + "\n";
  }
  return text;
}

/// What a training shows: a line that renews itself on a terminal, and a lasting line for every validation.
class TrainDisplay {
 public:
  TrainDisplay(std::ostream& out, bool is_terminal, const adaptive::NetworkConfig& network)
      : out_(out), is_terminal_(is_terminal), network_(network) {
    out_ << "decoder: share of its blocks that receivers would run; " << (network.reconstructs() ? "PSNR (dB)" : "") << (network.task == "both" ? " and " : "")
         << (network.classifies() ? "accuracy (%)" : "") << " of the averaged weights on validation images:";
    for (const std::string& name : train::validation_names(network)) out_ << " | " << name;
    out_ << "\n";
  }

  void show(const train::TrainProgress& progress) {
    char line[200];
    std::snprintf(line, sizeof line, "step %lld/%lld  loss %.5f  gradient %.3f  %.0f images/s  %lld min left",
                  static_cast<long long>(progress.step), static_cast<long long>(progress.num_steps), progress.loss,
                  progress.gradient_norm, progress.images_per_second,
                  static_cast<long long>(progress.seconds_left / 60 + 0.5));
    if (is_terminal_) out_ << "\r\033[K" << line << std::flush;
    if (progress.validation == nullptr) return;
    out_ << (is_terminal_ ? "\r\033[K" : "") << line << "\n  ";
    std::snprintf(line, sizeof line, "mean loss %.5f  decoder %.3f", progress.validation->loss,
                  progress.validation->decoder_share);
    out_ << line;
    if (network_.reconstructs()) show_values("  PSNR", 1, progress.validation->validation_psnr_db);
    if (network_.classifies()) show_values("  accuracy", 100, progress.validation->validation_accuracy);
    out_ << std::endl;
  }

 private:
  void show_values(const char* name, double unit, const std::vector<double>& values) {
    out_ << name;
    for (const double value : values) {
      char text[32];
      std::snprintf(text, sizeof text, " %.2f", unit * value);
      out_ << text;
    }
  }

  std::ostream& out_;
  bool is_terminal_;
  const adaptive::NetworkConfig& network_;
};

void check_output(const std::filesystem::path& output, const CommandLine& line) {
  if (line.has("resume") && line.has("overwrite"))
    throw Error(ErrorCode::bad_scenario, "command line: --resume and --overwrite exclude each other");
  const std::filesystem::path checkpoint = train::checkpoint_path(output);
  if (!line.has("overwrite")) refuse_existing(output);
  if (!line.has("overwrite") && !line.has("resume")) refuse_existing(checkpoint);
  if (line.has("overwrite")) std::filesystem::remove(checkpoint);
  if (output.has_parent_path()) std::filesystem::create_directories(output.parent_path());
}

}  // namespace

int train_command(const CommandContext& context, const CommandLine& line) {
  const StopSignals stop;
  const ScenarioText text = override_scenario(read_scenario_file(line.words.front()), scenario_keys(line));
  Scenario scenario(context.plugins);
  set_all(scenario, text);
  scenario.network.check();

  train::TrainRequest request;
  request.settings = scenario.train;
  request.network = scenario.network;
  request.seed = static_cast<std::uint64_t>(scenario.run.seed);
  request.num_threads = scenario.run.num_threads();
  request.output = scenario.record.output;
  if (request.output.empty())
    request.output =
        std::filesystem::path("results") / std::filesystem::path(line.words.front()).stem().replace_extension(".h5");
  request.resume = line.has("resume");
  request.program_version = program_version();
  const std::filesystem::path weights = scenario.keys().get("codec.weights");
  request.scenario = resolved_text(scenario, !weights.empty());
  if (!weights.empty()) {
    LoadedWeights loaded = read_weights(weights);
    if (request.settings.deepens())
      loaded =
          train::deepen(loaded, request.settings.add_encoder_blocks, request.settings.add_decoder_blocks, request.seed);
    if (request.settings.add_depth) {
      loaded = train::add_depth(loaded, scenario.network, request.seed);
      for (const char* key : {"network.depth", "network.mod_share", "network.aggregate"})
        request.scenario += std::string(key) + " = " + scenario.keys().get(key) + "\n";
    }
    if (request.settings.phase == "rate_gate") loaded = train::add_rate_gate(loaded, request.seed);
    request.network = loaded.config;
    request.start = std::move(loaded.values);
    request.scenario += "starting weights = " + loaded.checksum + "\n";
  } else if (request.settings.deepens()) {
    throw Error(ErrorCode::bad_scenario, "codec.weights is empty: train.add_..._blocks deepens trained weights");
  } else if (request.settings.add_depth) {
    throw Error(ErrorCode::bad_scenario, "codec.weights is empty: train.add_depth adds to trained weights");
  } else if (scenario.train.phase != "backbone") {
    throw Error(ErrorCode::bad_scenario,
                "codec.weights is empty: train.phase = " + scenario.train.phase + " starts from a trained backbone");
  }
  if (scenario.train.phase != "backbone" && !request.network.reconstructs())
    throw Error(ErrorCode::bad_scenario,
                "train.phase = " + scenario.train.phase +
                    ": expected weights that give images, whose errors gates learn to predict");
  check_output(request.output, line);

  const std::unique_ptr<const Source> stored = source_of(context.plugins, text, "train", "shuffled");
  const std::unique_ptr<const Source> validation = source_of(context.plugins, text, "validation", "file");
  const BuiltinImages builtin(kBuiltinSide, kBuiltinSide, Split::train), large(kLargeSide, kLargeSide, Split::train);
  request.train = {stored.get(), &builtin, &large};
  request.validation = validation.get();

  TrainDisplay display(context.out, context.out_is_terminal, request.network);
  const bool complete = train::train(
      request, [&](const train::TrainProgress& progress) { display.show(progress); }, stop.flag());
  if (complete)
    context.out << request.output.string() << "\n";
  else
    context.out << "stopped; the same command with --resume goes on from "
                << train::checkpoint_path(request.output).string() << "\n";
  return complete ? 0 : 1;
}

}  // namespace semlink
