#include <semlink/sweep/terminal.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <span>
#include <vector>

#include <semlink/core/format.h>

namespace semlink {
namespace {

// Right-aligned cell; what is too long pushes its neighbours rather than being cut.
std::string cell(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string plain(const char* pattern, double value) { return std::isnan(value) ? "-" : format(pattern, value); }

std::string with_interval(const char* pattern, const Estimate& estimate) {
  if (std::isnan(estimate.value)) return "-";
  if (std::isinf(estimate.high)) return format(pattern, estimate.value) + " [?]";
  return format(pattern, estimate.value) + " [" + format(pattern, estimate.low) + ", " +
         format(pattern, estimate.high) + "]";
}

// 12345678 as 12.3M.
std::string scaled(double value) {
  if (std::isnan(value)) return "-";
  const char* const kUnits[] = {"", "k", "M", "G", "T"};
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return format(unit == 0 ? "%.0f%s" : "%.3g%s", value, kUnits[unit]);
}

struct TableColumn {
  const char* head;
  std::size_t width;
  std::string (*text)(const PointState&);
  bool (*shown)(const TableView&) = nullptr;  // null: always
};

template <typename Format>
std::string column_text(const PointState& point, std::string_view name, Format format) {
  return format(estimate_column(column_index(name), point.total, point.cluster_variance()));
}

std::string total_text(const PointState& point, std::string_view name) {
  return format("%lld", static_cast<long long>(point.total.columns[column_index(name)].sum));
}

std::string rate_text(const PointState& point, std::string_view name) {
  return column_text(point, name, [](Estimate e) { return with_interval("%.3g", e); });
}

template <typename Format>
std::string value_text(const PointState& point, std::string_view name, Format format) {
  return column_text(point, name, [&](Estimate e) { return format(e.value); });
}

// What more than one table shows.
constexpr TableColumn kTrials{
    "trials", 8, [](const PointState& p) { return format("%lld", static_cast<long long>(p.total.num_trials)); }};
constexpr TableColumn kRatioInAll{"k/n all", 8, [](const PointState& p) {
                                    return value_text(p, "bandwidth_ratio_total",
                                                      [](double v) { return plain("%.4f", v); });
                                  }};
constexpr TableColumn kEncoderDepth{"enc depth", 10, [](const PointState& p) {
                                      return value_text(p, "encoder_depth", [](double v) { return plain("%.2f", v); });
                                    }};
constexpr TableColumn kDecoderDepth{"dec depth", 10, [](const PointState& p) {
                                      return value_text(p, "decoder_depth", [](double v) { return plain("%.2f", v); });
                                    }};
constexpr TableColumn kEncoderMacs{"enc MACs", 9,
                                   [](const PointState& p) { return value_text(p, "encoder_macs", scaled); }};
constexpr TableColumn kDecoderMacs{"dec MACs", 9,
                                   [](const PointState& p) { return value_text(p, "decoder_macs", scaled); }};
constexpr TableColumn kHeaderFails{"hdr fails", 10,
                                   [](const PointState& p) { return total_text(p, "header_error_rate"); }};
constexpr TableColumn kMissed{"missed", 7, [](const PointState& p) { return total_text(p, "missed_frame_rate"); },
                              [](const TableView& view) { return view.frames; }};
constexpr TableColumn kMeasuredSnr{
    "SNR meas.", 10, [](const PointState& p) { return plain("%.2f", estimate_snr_measured_db(p.total).value); }};

// Columns of the table for images, in order. The PSNR is that of the file's `psnr_db`.
constexpr TableColumn kImageTable[] = {
    kTrials,
    {"PSNR dB [95 %]", 22,
     [](const PointState& p) {
       return column_text(p, "psnr_db", [](Estimate e) { return with_interval("%.2f", e); });
     }},
    {"k/n", 8,
     [](const PointState& p) { return value_text(p, "bandwidth_ratio", [](double v) { return plain("%.4f", v); }); }},
    kRatioInAll,
    {"tokens", 7,
     [](const PointState& p) { return value_text(p, "tokens_kept", [](double v) { return plain("%.1f", v); }); }},
    kEncoderDepth,
    kDecoderDepth,
    kEncoderMacs,
    kDecoderMacs,
    kHeaderFails,
    kMissed,
    {"outages", 8, [](const PointState& p) { return total_text(p, "header_outage_rate"); }},
    kMeasuredSnr,
};

// The same for bits.
constexpr TableColumn kBitTable[] = {
    kTrials,
    {"BER [95 %]", 30, [](const PointState& p) { return rate_text(p, "bit_error_rate"); }},
    {"bit errors", 10, [](const PointState& p) { return total_text(p, "num_bit_errors"); }},
    {"BLER [95 %]", 30, [](const PointState& p) { return rate_text(p, "block_error_rate"); }},
    {"block errors", 12, [](const PointState& p) { return total_text(p, "num_block_errors"); }},
    kMissed,
    {"bits/use", 9,
     [](const PointState& p) {
       return column_text(p, "block_error_rate", [&](Estimate) {
         return plain("%.4f", estimate_throughput(p.total, p.cluster_variance()).value);
       });
     }},
    {"sent", 6,
     [](const PointState& p) { return value_text(p, "transmissions", [](double v) { return plain("%.3f", v); }); }},
    {"outage [95 %]", 26, [](const PointState& p) { return rate_text(p, "outage_rate"); }},
    {"capacity", 9,
     [](const PointState& p) { return value_text(p, "capacity", [](double v) { return plain("%.3f", v); }); }},
    kMeasuredSnr,
};

// The same for classes.
constexpr TableColumn kClassTable[] = {
    kTrials,
    {"accuracy % [95 %]", 22,
     [](const PointState& p) {
       return column_text(p, "accuracy", [](Estimate e) {
         return with_interval("%.2f", {100 * e.value, 100 * e.low, 100 * e.high});
       });
     }},
    {"PSNR dB", 8,
     [](const PointState& p) { return value_text(p, "psnr_db", [](double v) { return plain("%.2f", v); }); }},
    {"local %", 8,
     [](const PointState& p) {
       return value_text(p, "local_decision_rate", [](double v) { return plain("%.1f", 100 * v); });
     }},
    {"uses", 8,
     [](const PointState& p) { return value_text(p, "payload_uses", [](double v) { return plain("%.1f", v); }); }},
    kRatioInAll,
    kEncoderDepth,
    kDecoderDepth,
    kEncoderMacs,
    kDecoderMacs,
    kHeaderFails,
    kMissed,
};

std::vector<TableColumn> table_of(const SweepState& state) {
  std::vector<TableColumn> columns;
  for (const TableColumn& column : state.view.classes ? std::span<const TableColumn>(kClassTable)
                                   : state.view.bits  ? std::span<const TableColumn>(kBitTable)
                                                      : std::span<const TableColumn>(kImageTable))
    if (column.shown == nullptr || column.shown(state.view)) columns.push_back(column);
  return columns;
}

// Widest of the name and the values, with two blanks between.
std::size_t axis_width(const Axis& axis) {
  std::size_t width = axis.key.size();
  for (const std::string& text : axis.texts) width = std::max(width, std::min<std::size_t>(text.size(), 40));
  return width + 2;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::ceil(seconds));
  if (whole < 60) return format("%lld s", whole);
  if (whole < 3600) return format("%lld min %02lld s", whole / 60, whole % 60);
  return format("%lld h %02lld min", whole / 3600, whole / 60 % 60);
}

std::string table_head(const SweepState& state) {
  std::string out;
  for (const Axis& axis : state.grid.axes()) out += cell(axis.key, axis_width(axis));
  for (const TableColumn& column : table_of(state)) out += cell(column.head, column.width + 1);
  return out;
}

std::string table_row(const SweepState& state, std::size_t point) {
  std::string out;
  const std::vector<std::size_t> position = state.grid.position(point);
  for (std::size_t i = 0; i < position.size(); ++i) {
    const Axis& axis = state.grid.axes()[i];
    out += cell(axis.texts[position[i]], axis_width(axis));
  }
  const PointState& at = state.points[point];
  for (const TableColumn& column : table_of(state)) out += cell(column.text(at), column.width + 1);
  if (at.stop == StopReason::targets) out += "  (targets reached)";
  if (at.stop == StopReason::max_time) out += "  (time is up)";
  if (!at.ledger().ok) out += "  (power ledger off)";
  return out;
}

std::string progress_line(const SweepState& state, const Progress& progress) {
  std::string out = format("%zu/%zu points", progress.points_done, progress.num_points);
  if (progress.trials_run > 0 && progress.seconds > 0) {
    const double rate = static_cast<double>(progress.trials_run) / progress.seconds;
    out += format(rate < 100 ? ", %.1f trials/s" : ", %.0f trials/s", rate);
    out += ", " + duration_text(static_cast<double>(progress.trials_left_at_most) / rate) + " left";
  }
  if (progress.point < state.points.size()) {
    const std::string label = state.grid.label(progress.point);
    out += (label.empty() ? "" : ", " + label) +
           format(": %lld trials", static_cast<long long>(state.points[progress.point].total.num_trials));
  }
  return out;
}

void SweepTerminal::start(const SweepState& state) {
  for (Screen& screen : screens_) {
    *screen.out << table_head(state) << '\n';
    for (std::size_t i = 0; i < state.points.size(); ++i)
      if (state.points[i].finished() && state.points[i].total.num_trials > 0)
        *screen.out << table_row(state, i) << '\n';
    screen.out->flush();
  }
}

void SweepTerminal::point(const SweepState& state, std::size_t point) {
  if (screens_.empty() || state.points[point].total.num_trials == 0) return;
  clear();
  const std::string row = table_row(state, point);
  for (Screen& screen : screens_) *screen.out << row << std::endl;
}

void SweepTerminal::progress(const SweepState& state, const Progress& progress) {
  for (Screen& screen : screens_) this->progress(screen, state, progress);
}

void SweepTerminal::progress(Screen& screen, const SweepState& state, const Progress& progress) {
  if (progress.seconds < screen.next_s) return;
  // The first plain line waits: a short run needs none.
  const bool silent = !screen.is_terminal && screen.next_s == 0;
  screen.next_s = progress.seconds + (screen.is_terminal ? 0.1 : 30);
  if (silent) return;
  if (!screen.is_terminal) {
    *screen.out << progress_line(state, progress) << std::endl;
    return;
  }
  // Cut at 100 columns, so that the line never wraps on a terminal of ordinary width; then erase what stood beyond.
  *screen.out << '\r' << progress_line(state, progress).substr(0, 100) << "\x1b[K" << std::flush;
  screen.line_shown = true;
}

void SweepTerminal::clear() {
  for (Screen& screen : screens_) clear(screen);
}

void SweepTerminal::clear(Screen& screen) {
  if (screen.line_shown) *screen.out << "\r\x1b[K" << std::flush;
  screen.line_shown = false;
}

}  // namespace semlink
