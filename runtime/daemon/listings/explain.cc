// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/explain.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/listed.h"
#include "daemon/listings/views.h"
#include "datapath/clock.h"
#include "datapath/reader.h"
#include "datapath/untrusted.h"
#include "dns/public_resolvers.h"
#include "policy/model/protocol.h"

namespace namegate::daemon {

namespace {

using api::ExplainTarget;
using endpoints::Record;
using policy::Direction;

constexpr std::size_t kMaxExplainedAddresses = 64;

using Opened = std::map<IpAddress, std::vector<std::string>>;

// The patterns that open each address now, as in the programs' map.
Result<Opened> opened_addresses(Node& node, const Record& record) {
    NG_ASSIGN(const auto learnt, datapath::read_learnt(node.datapath(), record.slot));
    const std::uint32_t now = datapath::tick_of(node.clock().boot_ns());
    Opened out;
    for (const datapath::LearntEntry& entry : learnt) {
        for (std::size_t i = 0; i < entry.value.count && i < NG_LEARNT_PATTERNS; ++i) {
            if (!datapath::tick_after(entry.value.expiry[i], now)) {
                continue;
            }
            NG_ASSIGN(std::string text, datapath::read_pattern_text(node.datapath(), entry.value.pattern[i]));
            if (!text.empty()) {
                out[entry.address].push_back(std::move(text));
            }
        }
    }
    return out;
}

ExplainTarget target_of(const IpAddress& address, std::vector<std::string> names, const Opened& opened) {
    ExplainTarget target;
    target.address = address;
    target.names = std::move(names);
    target.looked_up = target.names;  // they may have expired in the kernel's map
    if (const auto found = opened.find(address); found != opened.end()) {
        target.patterns = found->second;
    }
    return target;
}

// The addresses that the name recently led this endpoint to.
Result<std::vector<ExplainTarget>> targets_of(Node& node, const Record& record, const std::string& name, const Opened& opened) {
    NG_ASSIGN(const policy::DomainPattern exact, policy::DomainPattern::parse(name));
    std::vector<ExplainTarget> out;
    node.cache().for_each_match(record.id, exact, [&](const dns::Reached& reached) {
        if (out.size() < kMaxExplainedAddresses) {
            out.push_back(target_of(reached.address, reached.names, opened));
        }
    });
    return out;
}

// For a name that is not in the name cache (yet): the addresses that the pattern of exactly this name opens.
std::vector<ExplainTarget> targets_by_pattern(const std::string& name, const Opened& opened) {
    std::vector<ExplainTarget> out;
    for (const auto& [address, patterns] : opened) {
        if (out.size() < kMaxExplainedAddresses && std::find(patterns.begin(), patterns.end(), name) != patterns.end()) {
            out.push_back(target_of(address, {name}, opened));
        }
    }
    return out;
}

bool family_matches(const ExplainTarget& target, std::uint8_t protocol) {
    return protocol == policy::kProtocolIcmp ? target.address->is_v4() : protocol != policy::kProtocolIcmp6 || !target.address->is_v4();
}

// Adds a note for each target that no name opens (D17), and for each other such address to which the name led.
void add_never_opened(Node& node, const Record& record, api::ExplainFacts& facts) {
    const auto note = [&facts](const std::string& address, const std::string& entry) {
        facts.notes.push_back("no name opens " + address + ": dnsNeverOpens has " + entry + "; a rule with nets can allow it");
    };
    std::set<std::string> known;
    for (const ExplainTarget& target : facts.targets) {
        const std::string* entry = target.address ? node.config().never_opens.refuses(*target.address) : nullptr;
        if (entry != nullptr && known.insert(target.address->to_string()).second) {
            note(target.address->to_string(), *entry);
        }
    }
    for (const RefusedAddress& refused : node.refused().of(record.id, node.clock().boot_ns())) {
        if (refused.name == facts.destination.name && known.insert(refused.address).second) {
            note(refused.address, refused.entry);
        }
    }
}

// Whether the endpoint may ask for the name (D19, D20), apart from the chains that it waits for.
bool may_ask(const Node& node, const node::Programmed& state, const std::string& name) {
    const auto matches = [&name](const policy::PatternEntry& entry) { return entry.pattern.matches(name); };
    if (!state.egress || std::any_of(state.egress->patterns.begin(), state.egress->patterns.end(), matches)) {
        return true;
    }
    const std::vector<policy::DomainPattern>& always = node.runtime().always_allowed();
    return std::any_of(always.begin(), always.end(), [&name](const policy::DomainPattern& one) {
        const auto below = policy::DomainPattern::parse("*." + std::string(one.text()));
        return one.matches(name) || (below && below->matches(name));
    });
}

// Adds a note if the destination is the address of a Service: which one, and where its endpoints are.
void add_service(const Node& node, api::ExplainFacts& facts) {
    constexpr std::size_t kShownEndpoints = 4;
    for (const policy::ServiceView& service : node.programmer().services().services) {
        const auto& addresses = service.addresses;
        if (!facts.destination.address || std::find(addresses.begin(), addresses.end(), *facts.destination.address) == addresses.end()) {
            continue;
        }
        for (const policy::ServicePortView& port : service.ports) {
            if (port.protocol != facts.destination.protocol || port.port != facts.destination.port) {
                continue;
            }
            const std::string endpoints = listed(port.endpoints, kShownEndpoints, [](const policy::ServiceEndpoint& one) {
                return (one.pod.empty() ? "" : one.pod + " at ") + one.address.with_port(one.port);
            });
            facts.notes.push_back("this is Service " + service.name_space + "/" + service.name + ", " +
                                  (port.endpoints.empty() ? "which has no ready endpoint: no rule that selects pods matches it"
                                                          : "whose ready endpoints are " + endpoints));
        }
    }
}

// Adds a note if the endpoint gets no response for the name.
void add_refused_query(const Node& node, const Record& record, api::ExplainFacts& facts) {
    const node::Programmed* state = node.programmer().find(record.id);
    const std::string& name = facts.destination.name;
    if (state == nullptr || state->policies.dns != policy::DnsQueries::kAllowed || name.empty() || may_ask(node, *state, name)) {
        return;
    }
    facts.notes.push_back("a DNS query for " + name + " is refused: the endpoint may only ask for names that its policy allows");
}

}  // namespace

Result<EndpointExplainer> EndpointExplainer::create(Node& node, const Record& record, Direction direction) {
    EndpointExplainer out(node, record);
    out.facts_.endpoint = display_name(record);
    out.facts_.direction = direction;
    NG_ASSIGN(out.facts_.mode, mode_of(node, record));
    if (direction == Direction::kEgress) {
        NG_TRY(out.read_egress());
    } else {
        out.facts_.notes.emplace_back("packets from the node itself are always allowed");
    }
    out.read_policies();
    return out;
}

Result<> EndpointExplainer::read_egress() {
    NG_ASSIGN(opened_, opened_addresses(node_, record_));
    facts_.trusted = node_.runtime().servers_of(record_);
    facts_.without_room = node_.names_without_room().of(record_.id, node_.clock().boot_ns());
    facts_.address_limit = node_.config().learnt_per_endpoint;
    NG_ASSIGN(const auto untrusted, datapath::read_untrusted(node_.datapath(), record_.id));
    for (const datapath::UntrustedServer& one : untrusted) {
        if (!node_.runtime().trusts(record_, one.server)) {
            facts_.untrusted.push_back(one.server);
        }
    }
    return ok();
}

void EndpointExplainer::read_policies() {
    if (const node::Programmed* state = node_.programmer().find(record_.id); state != nullptr) {
        compiled_ = state->compiled(facts_.direction);
        if (!state->error.empty()) {
            facts_.notes.push_back("the newest policy is not in force: " + state->error);
        }
    }
    auto preview = node_.programmer().preview(record_, node_.runtime().all_records(), facts_.direction);
    if (preview) {
        preview_ = std::move(preview).value();
    } else {
        facts_.notes.push_back("the staged policies could not be compiled: " + preview.error().message());
    }
    facts_.compiled = compiled_.get();
    facts_.preview = preview_.get();
}

Result<> EndpointExplainer::add_targets(api::ExplainFacts& facts) {
    if (facts.destination.address) {
        if (!names_) {
            names_ = node_.cache().names_by_address(record_.id);
        }
        const auto names = names_->find(*facts.destination.address);
        facts.targets.push_back(
            target_of(*facts.destination.address, names == names_->end() ? std::vector<std::string>() : names->second, opened_));
        return ok();
    }
    NG_ASSIGN(std::vector<ExplainTarget> targets, targets_of(node_, record_, facts.destination.name, opened_));
    if (targets.empty()) {
        targets = targets_by_pattern(facts.destination.name, opened_);
    }
    for (ExplainTarget& target : targets) {
        if (family_matches(target, facts.destination.protocol)) {
            facts.targets.push_back(std::move(target));
        }
    }
    if (facts.targets.empty()) {
        facts.notes.push_back("the endpoint did not look up " + facts.destination.name +
                              " recently at a trusted DNS server; this is what a response without aliases would open");
    }
    return ok();
}

Result<api::ExplainReply> EndpointExplainer::explain(const policy::Destination& destination) {
    NG_TRY(api::check_direction(destination, facts_.direction));
    api::ExplainFacts facts = facts_;
    facts.destination = destination;
    if (facts.direction == Direction::kEgress) {
        facts.notes.clear();
        NG_TRY(add_targets(facts));
        add_never_opened(node_, record_, facts);
        add_refused_query(node_, record_, facts);
        add_service(node_, facts);
        if (const std::string encrypted =
                destination.address ? dns::encrypted_dns(*destination.address, destination.protocol, destination.port) : "";
            !encrypted.empty()) {
            facts.notes.push_back("this is " + encrypted + ": names that are looked up there open nothing");
        }
        facts.notes.insert(facts.notes.end(), facts_.notes.begin(), facts_.notes.end());
    }
    return api::explain(facts);
}

Result<api::ExplainReply> view_explanation(Node& node, const Record& record, const policy::Destination& destination, Direction direction) {
    NG_TRY(api::check_direction(destination, direction));
    NG_ASSIGN(EndpointExplainer explainer, EndpointExplainer::create(node, record, direction));
    return explainer.explain(destination);
}

}  // namespace namegate::daemon
