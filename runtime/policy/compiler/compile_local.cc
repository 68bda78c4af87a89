// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_local.h"

#include <algorithm>
#include <optional>

#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

bool any_contains(const std::vector<IpPrefix>& nets, const IpAddress& address) {
    return std::any_of(nets.begin(), nets.end(), [&](const IpPrefix& net) { return net.contains(address); });
}

class LocalSide {
  public:
    LocalSide(Resolver& resolver, const Policy& policy, const EntityRule& entity, RuleAction action)
        : resolver_(resolver), policy_(policy), entity_(entity), action_(action) {}

    // Without an address, because it is not known yet: labels decide, and no net matches.
    bool matches(const std::optional<IpAddress>& address) {
        if (!entity_.nets.empty() && !(address && any_contains(entity_.nets, *address))) {
            return false;
        }
        if (address && any_contains(entity_.not_nets, *address)) {
            return false;
        }
        if (selects_by_labels(entity_) && !resolver_.is_self_selected(policy_, entity_, action_) &&
            !has_address(resolver_.selected(policy_, entity_, action_), address)) {
            return false;
        }
        return !entity_.not_selector || !(resolver_.is_self_excluded(policy_, entity_, action_) ||
                                          has_address(resolver_.excluded(policy_, entity_, action_), address));
    }

  private:
    bool has_address(const Members& members, const std::optional<IpAddress>& address) const {
        if (!address) {
            return false;
        }
        const auto is_of_endpoint = [&](std::size_t index) {
            const std::vector<IpAddress>& addresses = resolver_.endpoint(index).addresses;
            return std::find(addresses.begin(), addresses.end(), *address) != addresses.end();
        };
        const auto is_in_set = [&](std::size_t index) { return any_contains(resolver_.set(index).nets, *address); };
        return std::any_of(members.endpoints.begin(), members.endpoints.end(), is_of_endpoint) ||
               std::any_of(members.sets.begin(), members.sets.end(), is_in_set);
    }

    Resolver& resolver_;
    const Policy& policy_;
    const EntityRule& entity_;
    RuleAction action_;
};

// All addresses of the endpoint in a family must give the same result, because the kernel program does not check which one
// a packet uses.
Result<bool> decide(LocalSide& side, const std::vector<IpAddress>& addresses, bool v4, const NumberedRule& rule) {
    if (addresses.empty()) {
        return side.matches(std::nullopt);
    }
    std::optional<bool> decided;
    for (const IpAddress& address : addresses) {
        if (address.is_v4() != v4) {
            continue;
        }
        const bool matches = side.matches(address);
        if (decided && *decided != matches) {
            return Error(Code::kUnsupported, "not supported yet: " + where(rule) + " matches some of the endpoint's IPv" +
                                                 (v4 ? "4" : "6") + " addresses and not others; match by selector instead of nets");
        }
        decided = matches;
    }
    return decided.value_or(false);
}

}  // namespace

Result<> decide_local_sides(std::vector<NumberedRule>& rules, Resolver& resolver) {
    for (NumberedRule& numbered : rules) {
        if (numbered.rule == nullptr) {
            continue;
        }
        const Rule& rule = *numbered.rule;
        numbered.v4 = rule.ip_version.value_or(4) == 4 && rule.protocol != kProtocolIcmp6;
        numbered.v6 = rule.ip_version.value_or(6) == 6 && rule.protocol != kProtocolIcmp;
        const EntityRule& own = local_of(rule, resolver.self().direction);
        // The same condition decides whether the facts have addresses.
        if (!depends_on_address(own)) {
            continue;
        }
        LocalSide side(resolver, *numbered.policy, own, rule.action);
        const std::vector<IpAddress>& addresses = resolver.self().addresses;
        NG_ASSIGN(const bool v4, decide(side, addresses, true, numbered));
        NG_ASSIGN(const bool v6, decide(side, addresses, false, numbered));
        numbered.v4 = numbered.v4 && v4;
        numbered.v6 = numbered.v6 && v6;
    }
    return ok();
}

}  // namespace namegate::policy
