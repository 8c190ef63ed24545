#include <semlink/codecs/gates/mac_budget.h>

#include <semlink/codecs/gates/predicted_gain.h>

namespace semlink {

bool MacBudget::open(const GateQuery& query) const { return fits_budget(query, mac_budget_); }

void MacBudgetPlugin::declare(Keys& keys) { declare_mac_budget(keys, section_, mac_budget_); }

std::unique_ptr<const GatePolicy> MacBudgetPlugin::make() const {
  if (!mac_budget_)
    throw Error(ErrorCode::bad_scenario,
                section_ + ".mac_budget = none: expected a number of MACs with policy mac_budget");
  return std::make_unique<MacBudget>(*mac_budget_);
}

}  // namespace semlink
