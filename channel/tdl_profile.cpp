#include <semlink/channel/tdl_profile.h>

#include <algorithm>
#include <cmath>
#include <span>

#include <semlink/core/error.h>

namespace semlink {
namespace {

struct Row {
  double delay;  // of the delay spread, or in ns
  double power_db;
  bool direct = false;
};

// 3GPP TR 38.901, table 7.7.2-1: delays in units of the RMS delay spread, powers in dB.
constexpr Row kTdlA[] = {
    {0, -13.4},      {0.3819, 0},     {0.4025, -2.2},  {0.5868, -4},    {0.461, -6},     {0.5375, -8.2},
    {0.6708, -9.9},  {0.575, -10.5},  {0.7618, -7.5},  {1.5375, -15.9}, {1.8978, -6.6},  {2.2242, -16.7},
    {2.1718, -12.4}, {2.4942, -15.2}, {2.5119, -10.8}, {3.0582, -11.3}, {4.081, -12.7},  {4.4579, -16.2},
    {4.5695, -18.3}, {4.7966, -18.9}, {5.0066, -16.6}, {5.3043, -19.9}, {9.6586, -29.7},
};

// 3GPP TR 38.901, table 7.7.2-2: delays in units of the RMS delay spread, powers in dB.
constexpr Row kTdlB[] = {
    {0, 0},         {0.1072, -2.2},  {0.2155, -4},    {0.2095, -3.2}, {0.287, -9.8},   {0.2986, -1.2},
    {0.3752, -3.4}, {0.5055, -5.2},  {0.3681, -7.6},  {0.3697, -3},   {0.57, -8.9},    {0.5283, -9},
    {1.1021, -4.8}, {1.2756, -5.7},  {1.5474, -7.5},  {1.7842, -1.9}, {2.0169, -7.6},  {2.8294, -12.2},
    {3.0219, -9.8}, {3.6187, -11.4}, {4.1067, -14.9}, {4.279, -9.2},  {4.7834, -11.3},
};

// 3GPP TR 38.901, table 7.7.2-3: delays in units of the RMS delay spread, powers in dB.
constexpr Row kTdlC[] = {
    {0, -4.4},       {0.2099, -1.2},  {0.2219, -3.5}, {0.2329, -5.2},  {0.2176, -2.5},  {0.6366, 0},
    {0.6448, -2.2},  {0.656, -3.9},   {0.6584, -7.4}, {0.7935, -7.1},  {0.8213, -10.7}, {0.9336, -11.1},
    {1.2285, -5.1},  {1.3083, -6.8},  {2.1704, -8.7}, {2.7105, -13.2}, {4.2589, -13.9}, {4.6003, -13.9},
    {5.4902, -15.8}, {5.6077, -17.1}, {6.3065, -16},  {6.6374, -15.7}, {7.0427, -21.6}, {8.6523, -22.8},
};

// 3GPP TR 38.901, table 7.7.2-4: delays in units of the RMS delay spread, powers in dB.
constexpr Row kTdlD[] = {
    {0, -0.2, true}, {0, -13.5},     {0.035, -18.8}, {0.612, -21},   {1.363, -22.8}, {1.405, -17.9}, {1.804, -20.1},
    {2.596, -21.9},  {1.775, -22.9}, {4.042, -27.8}, {7.937, -23.6}, {9.424, -24.8}, {9.708, -30},   {12.525, -27.7},
};

// 3GPP TR 38.901, table 7.7.2-5: delays in units of the RMS delay spread, powers in dB.
constexpr Row kTdlE[] = {
    {0, -0.03, true}, {0, -22.03},     {0.5133, -15.8}, {0.544, -18.1},   {0.563, -19.8},
    {0.544, -22.9},   {0.7112, -22.4}, {1.9092, -18.6}, {1.9293, -20.8},  {1.9589, -22.6},
    {2.6426, -22.3},  {3.7136, -25.6}, {5.4524, -20.2}, {12.0034, -29.8}, {20.6519, -29.2},
};

// 3GPP TS 38.104, table G.2.1.1-2: delays in ns, powers in dB.
constexpr Row kTdlA30[] = {
    {0, -15.5},  {10, 0},     {15, -5.1}, {20, -5.1},   {25, -9.6},   {50, -8.2},
    {65, -13.1}, {75, -11.5}, {105, -11}, {135, -16.2}, {150, -16.6}, {290, -26.2},
};

// 3GPP TS 38.104, table G.2.1.1-3: delays in ns, powers in dB.
constexpr Row kTdlB100[] = {
    {0, 0},     {10, -2.2},  {20, -0.6},  {30, -0.6},  {35, -0.3},  {45, -1.2},
    {55, -5.9}, {120, -2.2}, {170, -0.8}, {245, -6.3}, {330, -7.5}, {480, -7.1},
};

// 3GPP TS 38.104, table G.2.1.1-4: delays in ns, powers in dB.
constexpr Row kTdlC300[] = {
    {0, -6.9}, {65, 0},     {70, -7.7},  {190, -2.5}, {195, -2.4},   {200, -9.9},
    {240, -8}, {325, -6.6}, {520, -7.1}, {1045, -13}, {1510, -14.2}, {2595, -16},
};

struct Profile {
  const char* name;
  std::span<const Row> rows;
  bool scalable;
};

const Profile kProfiles[] = {{"tdl_a", kTdlA, true},       {"tdl_b", kTdlB, true},      {"tdl_c", kTdlC, true},
                             {"tdl_d", kTdlD, true},       {"tdl_e", kTdlE, true},      {"tdla30", kTdlA30, false},
                             {"tdlb100", kTdlB100, false}, {"tdlc300", kTdlC300, false}};

const Profile& find(const std::string& name) {
  for (const Profile& profile : kProfiles)
    if (profile.name == name) return profile;
  throw Error(ErrorCode::bad_argument,
              "delay profile " + name + ": expected tdl_a to tdl_e, tdla30, tdlb100 or tdlc300");
}

}  // namespace

const std::vector<std::string>& tdl_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Profile& profile : kProfiles) out.emplace_back(profile.name);
    return out;
  }();
  return names;
}

bool tdl_is_scalable(const std::string& name) { return find(name).scalable; }

std::vector<DelayTap> tdl_taps(const std::string& name, double delay_spread_s) {
  if (!(delay_spread_s >= 0 && std::isfinite(delay_spread_s)))
    throw Error(ErrorCode::bad_argument,
                "delay spread = " + std::to_string(delay_spread_s) + " s: expected a finite number from 0 up");
  const Profile& profile = find(name);
  const double unit_s = profile.scalable ? delay_spread_s : 1e-9;
  std::vector<DelayTap> taps;
  double total = 0;
  for (const Row& row : profile.rows) {
    taps.push_back({row.delay * unit_s, std::pow(10.0, row.power_db / 10), row.direct});
    total += taps.back().power;
  }
  for (DelayTap& tap : taps) tap.power /= total;
  return taps;
}

double rms_delay_spread(const std::vector<DelayTap>& taps) {
  double power = 0, mean = 0, square = 0;
  for (const DelayTap& tap : taps) {
    power += tap.power;
    mean += tap.power * tap.delay_s;
    square += tap.power * tap.delay_s * tap.delay_s;
  }
  return std::sqrt(std::max(0.0, square / power - mean * mean / (power * power)));
}

}  // namespace semlink
