#pragma once

#include <vector>

#include <semlink/calibrate/class_table.h>
#include <semlink/codecs/gates/class_temperature.h>

namespace semlink::calibrate {

/// Mean of -ln(probability of the right class) in nats, every row at the temperature of its SNR.
double negative_log_likelihood(const ClassTable& table, const ClassTemperature& temperature);

/// How far the probability of the likeliest class is from the share in which it is right: rows by that probability in
/// 15 equal bins, the mean over rows of the distance of their bin (Guo et al. 2017, eq. 3). In [0, 1].
double expected_calibration_error(const ClassTable& table, const ClassTemperature& temperature);

/// The temperature in [0.05, 20] of least negative log-likelihood, one for all rows, at least one. Targets are Platt's
/// (1999): 1 - 1 / (n + 2) for the right class of n rows, so that rows without an error give no infinite certainty.
double fit_temperature(const ClassTable& table);

/// Rows of neighbouring SNRs.
struct SnrBin {
  double from_db = 0;  ///< half way from the bin below; of the first, its least SNR
  std::vector<Index> rows;
};

/// The rows by SNR: bins of 1 dB around whole decibels, joined upwards until they hold 200 rows. Rows of unknown SNR
/// are left out, unless there are no others: then all are one bin from 0 dB.
std::vector<SnrBin> snr_bins(const ClassTable& table);

/// A temperature for each of these bins.
ClassTemperature fit_temperatures(const ClassTable& table);

}  // namespace semlink::calibrate
