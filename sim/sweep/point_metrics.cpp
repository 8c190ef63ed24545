#include <semlink/sweep/point_metrics.h>

namespace semlink {
namespace {

PointMetric column_metric(std::size_t index) {
  const Column& column = columns()[index];
  PointMetric metric{std::string(column.name), std::string(column.units), std::string(column.long_name)};
  metric.has_interval = column.estimate != Column::Estimate::total;
  if (column.optional) metric.count_column = index;
  metric.estimate = [index](const PointState& point) {
    return estimate_column(index, point.total, point.cluster_variance());
  };
  return metric;
}

PointMetric psnr_of_mean_mse() {
  PointMetric metric{"psnr_mean_mse_db", "dB", "PSNR of the mean squared error over all images, at most 100 dB"};
  metric.count_column = column_index("mse");
  metric.estimate = [](const PointState& point) {
    return estimate_psnr_mean_mse_db(point.total, point.cluster_variance());
  };
  return metric;
}

PointMetric throughput() {
  PointMetric metric{"throughput", "1", "information bits of right blocks over all channel uses of all transmissions"};
  metric.count_column = column_index("block_error_rate");
  metric.estimate = [](const PointState& point) { return estimate_throughput(point.total, point.cluster_variance()); };
  return metric;
}

PointMetric measured_snr() {
  PointMetric metric{"snr_measured_db", "dB", "measured Es/N0: payload power times mean |h|^2 over N0"};
  metric.estimate = [](const PointState& point) { return estimate_snr_measured_db(point.total); };
  return metric;
}

}  // namespace

std::int64_t PointMetric::count(const PointState& point) const {
  return count_column ? point.total.columns[*count_column].count : point.total.num_trials;
}

std::vector<PointMetric> point_metrics() {
  std::vector<PointMetric> metrics;
  for (std::size_t i = 0; i < kNumColumns; ++i) {
    metrics.push_back(column_metric(i));
    if (columns()[i].name == "psnr_db") metrics.push_back(psnr_of_mean_mse());
    if (columns()[i].name == "bits_per_use") metrics.push_back(throughput());
  }
  metrics.push_back(measured_snr());
  return metrics;
}

}  // namespace semlink
