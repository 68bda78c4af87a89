// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/compile_services.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "policy/compiler/match_lookup.h"
#include "policy/model/own_side.h"

namespace namegate::policy {
namespace {

enum class Need { kNone, kSelected, kExcluded, kNamed };

Need need_of(const NumberedRule& numbered) {
    if (numbered.rule == nullptr) {
        return Need::kNone;
    }
    const EntityRule& entity = remote_of(*numbered.rule, Direction::kEgress);
    if (entity.service) {
        return Need::kNamed;
    }
    if (selects_by_labels(entity)) {
        return Need::kSelected;
    }
    return entity.not_selector ? Need::kExcluded : Need::kNone;
}

// A rule as it is numbered: one number, or several if it has named ports.
struct Group {
    std::size_t begin = 0;
    std::size_t end = 0;
    Need need = Need::kNone;
};

// An address and port of a Service.
using Target = std::tuple<IpAddress, std::uint8_t, std::uint16_t>;

// What is behind it. Several Services can have the same external address.
struct Behind {
    std::string service;
    std::vector<const ServiceEndpoint*> endpoints;
    bool has_unknown = false;
};

std::map<Target, Behind> targets_of(const std::vector<ServiceView>& services) {
    std::map<Target, Behind> out;
    for (const ServiceView& service : services) {
        for (const IpAddress& address : service.addresses) {
            for (const ServicePortView& port : service.ports) {
                Behind& behind = out[{address, port.protocol, port.port}];
                behind.service = service.name_space + "/" + service.name;
                behind.has_unknown = behind.has_unknown || service.has_unknown_endpoints;
                for (const ServiceEndpoint& endpoint : port.endpoints) {
                    if (endpoint.address.is_v4() == address.is_v4()) {
                        behind.endpoints.push_back(&endpoint);
                    }
                }
            }
        }
    }
    return out;
}

// How a rule matches what is behind an address and port.
struct Matched {
    std::size_t inside = 0;
    const ServiceEndpoint* outside = nullptr;  // the first one
};

std::string text_of(const ServiceEndpoint& endpoint) {
    const std::string address = endpoint.address.with_port(endpoint.port);
    return endpoint.pod.empty() ? address : endpoint.pod + " (" + address + ")";
}

// The addresses and ports as parts: either one for each set of ports, or one for each port.
std::vector<ServicePart> parts_of(const std::set<Target>& targets) {
    std::map<IpAddress, std::vector<std::pair<std::uint8_t, std::uint16_t>>> ports_of;
    std::map<std::pair<std::uint8_t, std::uint16_t>, std::vector<IpAddress>> by_port;
    for (const auto& [address, protocol, port] : targets) {
        ports_of[address].emplace_back(protocol, port);
        by_port[{protocol, port}].push_back(address);
    }
    std::map<std::vector<std::pair<std::uint8_t, std::uint16_t>>, std::vector<IpAddress>> by_ports;
    for (const auto& [address, ports] : ports_of) {
        by_ports[ports].push_back(address);
    }
    std::vector<ServicePart> out;
    if (by_ports.size() <= by_port.size()) {
        for (const auto& [ports, addresses] : by_ports) {
            out.push_back({addresses, ports});
        }
    } else {
        for (const auto& [port, addresses] : by_port) {
            out.push_back({addresses, {port}});
        }
    }
    return out;
}

ServicePart all_ports_of(const std::set<Target>& targets) {
    ServicePart out;
    for (const Target& target : targets) {
        if (out.addresses.empty() || out.addresses.back() != std::get<IpAddress>(target)) {
            out.addresses.push_back(std::get<IpAddress>(target));
        }
    }
    return out;
}

class ServiceCompiler {
  public:
    ServiceCompiler(std::vector<NumberedRule>& rules, const MatchTables& tables, const ClusterServices& services)
        : rules_(rules), lookup_(tables.cidrs, tables.ports), bitmaps_(tables.bitmaps), services_(services), room_(room_for(rules)) {
        for (std::size_t i = 0; i < rules.size();) {
            Group group{i, i + 1, need_of(rules[i])};
            while (group.end < rules.size() && rules[i].rule != nullptr && rules[group.end].rule == rules[i].rule) {
                ++group.end;
            }
            i = group.end;
            groups_.push_back(group);
        }
    }

    Result<std::vector<PartlyMatched>> run() {
        NG_TRY(check_known());
        matched_.resize(groups_.size());
        denied_.resize(groups_.size());
        excluded_.resize(groups_.size());
        for (const auto& [target, behind] : targets_of(services_.services)) {
            judge(target, behind);
        }
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            if (groups_[i].need == Need::kNamed) {
                NG_TRY(match_named(i));
            }
        }
        insert_parts();
        NG_TRY(check_limits(rules_));
        return std::move(partly_);
    }

  private:
    static std::size_t room_for(const std::vector<NumberedRule>& rules) {
        return rules.size() < kMaxCompiledRules ? kMaxCompiledRules - rules.size() : 0;
    }
    RuleAction action_of(const Group& group) const { return rules_[group.begin].compiled.action; }

    // An error if what is not known could be what a rule takes away.
    Result<> check_known() const {
        for (const Group& group : groups_) {
            const bool takes_away = group.need == Need::kExcluded ? action_of(group) != RuleAction::kDeny
                                                                  : group.need != Need::kNone && (action_of(group) == RuleAction::kDeny ||
                                                                                                  action_of(group) == RuleAction::kPass);
            if (takes_away && group.need == Need::kNamed && !services_.has_source) {
                return Error(
                    Code::kLabelsUnknown,
                    where(rules_[group.begin]) + " names a Service, and the API server is not a label source: see kubernetes.kubeconfig");
            }
            if (takes_away && !services_.is_complete) {
                return Error(Code::kLabelsUnknown, where(rules_[group.begin]) +
                                                       " may concern pods or Services that the API server has not shown to this node yet");
            }
        }
        return ok();
    }

    bool has_group(const Bitmap& bits, const Group& group) const {
        for (std::size_t i = group.begin; i < group.end; ++i) {
            if (has_rule(bits, i)) {
                return true;
            }
        }
        return false;
    }

    // The rules that match a packet to the endpoint itself.
    Bitmap rules_for(const ServiceEndpoint& endpoint, std::uint8_t protocol) {
        Bitmap out = bitmaps_[lookup_.address(endpoint.address)];
        const Bitmap& port = bitmaps_[lookup_.port(protocol, endpoint.port)];
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] &= port[i];
        }
        return out;
    }

    void judge(const Target& target, const Behind& behind) {
        std::vector<Matched> found(groups_.size());
        for (const ServiceEndpoint* endpoint : behind.endpoints) {
            const Bitmap bits = rules_for(*endpoint, std::get<1>(target));
            for (std::size_t i = 0; i < groups_.size(); ++i) {
                if (has_group(bits, groups_[i])) {
                    ++found[i].inside;
                } else if (found[i].outside == nullptr) {
                    found[i].outside = endpoint;
                }
            }
        }
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            if (groups_[i].need == Need::kSelected || groups_[i].need == Need::kExcluded) {
                conclude(i, target, behind, found[i]);
            }
        }
    }

    void conclude(std::size_t number, const Target& target, const Behind& behind, const Matched& found) {
        const Group& group = groups_[number];
        const bool all = !behind.has_unknown && found.inside > 0 && found.inside == behind.endpoints.size();
        const bool any = found.inside > 0 || behind.has_unknown;
        if (action_of(group) == RuleAction::kDeny) {
            // What a Deny rule excludes is not narrowed: its address stays denied.
            if (any && group.need == Need::kSelected) {
                matched_[number].insert(target);
            }
            return;
        }
        if (all) {
            matched_[number].insert(target);
        } else if (group.need == Need::kSelected && found.inside > 0) {
            add_partly(group, target, behind, found);
        }
        if (!all && action_of(group) == RuleAction::kPass && any) {
            denied_[number].insert(target);
        }
        if (!all && group.need == Need::kExcluded) {
            excluded_[number].insert(std::get<IpAddress>(target));
        }
    }

    void add_partly(const Group& group, const Target& target, const Behind& behind, const Matched& found) {
        if (partly_.size() == kMaxPartlyMatched) {
            return;
        }
        const RuleOrigin& origin = rules_[group.begin].compiled.origin;
        PartlyMatched out;
        out.policy_kind = origin.policy_kind;
        out.policy_name = origin.policy_name;
        out.rule_index = origin.rule_index;
        out.service = behind.service;
        std::tie(out.address, out.protocol, out.port) = target;
        out.outside = found.outside == nullptr ? "one that cannot be read" : text_of(*found.outside);
        out.endpoints = behind.endpoints.size() + (behind.has_unknown ? 1 : 0);
        out.outside_count = out.endpoints - found.inside;
        partly_.push_back(std::move(out));
    }

    Result<> match_named(std::size_t number) {
        const NumberedRule& numbered = rules_[groups_[number].begin];
        const ServiceMatch& wanted = *remote_of(*numbered.rule, Direction::kEgress).service;
        const std::string& name_space = wanted.name_space.empty() ? numbered.policy->name_space : wanted.name_space;
        const auto found = std::find_if(services_.services.begin(), services_.services.end(),
                                        [&](const ServiceView& one) { return one.name_space == name_space && one.name == wanted.name; });
        if (found == services_.services.end()) {
            return ok();
        }
        if (found->has_unknown_endpoints &&
            (numbered.compiled.action == RuleAction::kDeny || numbered.compiled.action == RuleAction::kPass)) {
            return Error(Code::kLabelsUnknown, where(numbered) + " concerns the Service " + name_space + "/" + wanted.name +
                                                   ", which has endpoints that cannot be read");
        }
        for (const ServicePortView& port : found->ports) {
            for (const IpAddress& address : found->addresses) {
                matched_[number].insert({address, port.protocol, port.port});
            }
            for (const ServiceEndpoint& endpoint : port.endpoints) {
                matched_[number].insert({endpoint.address, port.protocol, endpoint.port});
            }
        }
        return ok();
    }

    void insert_parts() {
        std::vector<NumberedRule> out;
        std::vector<std::size_t> moved(rules_.size());
        for (std::size_t i = 0; i < groups_.size(); ++i) {
            const Group& group = groups_[i];
            const NumberedRule base = rules_[group.begin];
            for (std::size_t rule = group.begin; rule < group.end; ++rule) {
                moved[rule] = out.size();
                rules_[rule].excluded_services.assign(excluded_[i].begin(), excluded_[i].end());
                out.push_back(std::move(rules_[rule]));
            }
            add_parts(base, matched_[i], base.compiled.action, " (its Services)", out);
            add_parts(base, denied_[i], RuleAction::kDeny, " (Services that it matches in part)", out);
        }
        for (NumberedRule& rule : out) {
            if (rule.compiled.action == RuleAction::kPass) {
                rule.compiled.next = static_cast<std::uint16_t>(moved[rule.compiled.next]);
            }
        }
        rules_ = std::move(out);
    }

    void add_parts(const NumberedRule& base, const std::set<Target>& targets, RuleAction action, const char* what,
                   std::vector<NumberedRule>& out) {
        if (targets.empty()) {
            return;
        }
        std::vector<ServicePart> parts = parts_of(targets);
        if (const std::size_t limit = std::min(room_, kMaxServiceParts); parts.size() > limit) {
            if (action == RuleAction::kDeny || action == RuleAction::kPass) {
                action = RuleAction::kDeny;
                parts = {all_ports_of(targets)};
            } else {
                parts.resize(limit);
            }
        }
        room_ -= std::min(room_, parts.size());
        for (ServicePart& part : parts) {
            NumberedRule rule = base;
            rule.compiled.action = action;
            rule.compiled.origin.text += what;
            rule.part.reset();
            rule.excluded_services.clear();
            rule.services = std::move(part);
            out.push_back(std::move(rule));
        }
    }

    std::vector<NumberedRule>& rules_;
    MatchLookup lookup_;
    const std::vector<Bitmap>& bitmaps_;
    const ClusterServices& services_;
    std::size_t room_;  // for further compiled rules
    std::vector<Group> groups_;
    // Of each group:
    std::vector<std::set<Target>> matched_;
    std::vector<std::set<Target>> denied_;
    std::vector<std::set<IpAddress>> excluded_;
    std::vector<PartlyMatched> partly_;
};

}  // namespace

bool concerns_services(const std::vector<NumberedRule>& rules, Direction direction) {
    return direction == Direction::kEgress &&
           std::any_of(rules.begin(), rules.end(), [](const NumberedRule& rule) { return need_of(rule) != Need::kNone; });
}

Result<std::vector<PartlyMatched>> add_service_parts(std::vector<NumberedRule>& rules, const MatchTables& tables,
                                                     const ClusterServices& services) {
    return ServiceCompiler(rules, tables, services).run();
}

std::string PartlyMatched::text() const {
    return "it matches Service " + service + " in part: " + std::to_string(outside_count) + " of " + std::to_string(endpoints) +
           " endpoints " + (outside_count == 1 ? "is" : "are") + " outside of the rule, such as " + outside;
}

}  // namespace namegate::policy
