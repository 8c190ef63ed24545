#include <semlink/train/checkpoint.h>

#include <algorithm>
#include <limits>

#include <semlink/core/error.h>
#include <semlink/record/h5_file.h>
#include <semlink/record/weights.h>

namespace semlink::train {

namespace {

void write_curve(H5Group& root, const std::vector<CurvePoint>& curve, const std::vector<std::string>& names) {
  H5Group group = root.create_group("curve");
  std::vector<std::int64_t> steps, images;
  std::vector<double> loss, share, seconds, psnr, accuracy;
  for (const CurvePoint& point : curve) {
    steps.push_back(point.step);
    images.push_back(point.images);
    loss.push_back(point.loss);
    share.push_back(point.decoder_share);
    seconds.push_back(point.seconds);
    psnr.insert(psnr.end(), point.validation_psnr_db.begin(), point.validation_psnr_db.end());
    accuracy.insert(accuracy.end(), point.validation_accuracy.begin(), point.validation_accuracy.end());
  }
  group.write("step", steps, {curve.size()});
  group.write("images", images, {curve.size()});
  group.write("loss", loss, {curve.size()});
  group.write("decoder_share", share, {curve.size()});
  group.write("seconds", seconds, {curve.size()});
  group.write_strings("condition", names);
  group.write("validation_psnr_db", psnr, {curve.size(), names.size()});
  group.write("validation_accuracy", accuracy, {curve.size(), names.size()});
  group.close();
}

std::vector<CurvePoint> read_curve(const H5Group& root, std::size_t num_conditions) {
  const H5Group group = root.group("curve");
  const auto steps = group.read<std::int64_t>("step").values, images = group.read<std::int64_t>("images").values;
  const auto loss = group.read<double>("loss").values, share = group.read<double>("decoder_share").values,
             seconds = group.read<double>("seconds").values;
  const auto psnr = group.read<double>("validation_psnr_db").values;
  std::vector<double> accuracy(psnr.size(), std::numeric_limits<double>::quiet_NaN());
  if (group.has_dataset("validation_accuracy")) accuracy = group.read<double>("validation_accuracy").values;
  const std::size_t count = steps.size();
  if (images.size() != count || loss.size() != count || share.size() != count || seconds.size() != count ||
      psnr.size() != count * num_conditions || accuracy.size() != psnr.size())
    throw Error(ErrorCode::bad_file, group.location() + ": the columns of the curve differ in length");
  std::vector<CurvePoint> curve;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = [&](const std::vector<double>& values) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * num_conditions);
      return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(num_conditions));
    };
    curve.push_back({steps[i], images[i], loss[i], share[i], row(psnr), row(accuracy), seconds[i]});
  }
  return curve;
}

void write_provenance(H5Group& root, const TrainProvenance& provenance) {
  root.set_attribute("scenario", provenance.scenario);
  root.set_attribute("program_version", provenance.program_version);
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Trainee& trainee, const TrainState& state,
                      const TrainProvenance& provenance) {
  NewH5File file(path, NewH5File::IfExists::replace);
  H5Group& root = file.root();
  root.set_attribute("format", kCheckpointFormat);
  root.set_attribute("format_version", kWeightsVersion);
  write_provenance(root, provenance);
  trainee.write_config(root);
  root.set_attribute("next_step", state.next_step);
  root.set_attribute("loss_sum", state.loss_sum);
  root.set_attribute("share_sum", state.share_sum);
  root.set_attribute("budget_usage", state.budget.usage());
  root.set_attribute("budget_price", state.budget.price());
  root.set_attribute("loss_count", state.loss_count);
  root.set_attribute("seconds", state.seconds);
  write_parameters(root, "parameters", trainee.layout(), state.parameters);
  write_parameters(root, "weights", trainee.layout(), state.averaged);
  write_parameters(root, "moment1", trainee.layout(), state.moment1);
  write_parameters(root, "moment2", trainee.layout(), state.moment2);
  const auto& typical = state.balance.typical();
  root.write("typical_mse", std::vector<double>(typical.begin(), typical.end()), {typical.size()});
  write_curve(root, state.curve, trainee.validation_names());
  file.commit();
}

TrainState read_checkpoint(const std::filesystem::path& path, const Trainee& trainee,
                           const TrainProvenance& provenance) {
  const H5File file = H5File::open(path);
  const H5Group& root = file.root();
  if (!root.has_attribute("format") || root.text_attribute("format") != kCheckpointFormat)
    throw Error(ErrorCode::bad_file, path.string() + ": not a training checkpoint of semlink");
  if (root.text_attribute("scenario") != provenance.scenario)
    throw Error(ErrorCode::bad_file,
                path.string() + ": made by a scenario with other keys; a training resumes only with its own");
  TrainState state;
  state.next_step = root.integer_attribute("next_step");
  state.loss_sum = root.number_attribute("loss_sum");
  state.share_sum = root.number_attribute("share_sum");
  state.budget.restore(root.number_attribute("budget_usage"), root.number_attribute("budget_price"));
  state.loss_count = root.integer_attribute("loss_count");
  state.seconds = root.number_attribute("seconds");
  state.parameters = read_parameters(root, "parameters", trainee.layout());
  state.averaged = read_parameters(root, "weights", trainee.layout());
  state.moment1 = read_parameters(root, "moment1", trainee.layout());
  state.moment2 = read_parameters(root, "moment2", trainee.layout());
  const auto typical = root.read<double>("typical_mse").values;
  std::array<double, LossBalance::kBins> bins{};
  if (typical.size() != bins.size())
    throw Error(ErrorCode::bad_file, path.string() + ": typical_mse has the wrong length");
  std::copy(typical.begin(), typical.end(), bins.begin());
  state.balance.restore(bins);
  state.curve = read_curve(root, trainee.validation_names().size());
  return state;
}

void write_weights(const std::filesystem::path& path, const Trainee& trainee, const TrainState& state,
                   const TrainProvenance& provenance) {
  NewH5File file(path, NewH5File::IfExists::replace);
  H5Group& root = file.root();
  root.set_attribute("format", kWeightsFormat);
  root.set_attribute("format_version", kWeightsVersion);
  write_provenance(root, provenance);
  trainee.write_config(root);
  write_parameters(root, "weights", trainee.layout(), state.averaged, H5Storage::compressed);
  write_curve(root, state.curve, trainee.validation_names());
  file.commit();
}

}  // namespace semlink::train
