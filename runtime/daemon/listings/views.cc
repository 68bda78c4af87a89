// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/views.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "api/explain.h"
#include "base/utc_text.h"
#include "daemon/counters/counters.h"
#include "daemon/listings/degraded.h"
#include "daemon/listings/staged_view.h"
#include "daemon/warnings/reverse_path.h"
#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/map.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

using api::Json;
using endpoints::Record;
using endpoints::texts;
using policy::Direction;

constexpr std::size_t kMaxNamedInterfaces = 8;  // in one warning
constexpr std::array<const char*, 3> kModes = {"closed", "enforced", "open"};

// Notes about files whose last good content is in force for the endpoint, because their present content was refused.
Json view_notes(const Node& node, const node::Programmed* state) {
    std::set<std::string> files;
    for (const node::CompiledRef& compiled : {state == nullptr ? nullptr : state->egress, state == nullptr ? nullptr : state->ingress}) {
        for (std::size_t i = 0; compiled != nullptr && i < compiled->rules.size(); ++i) {
            files.insert(compiled->rules[i].origin.file);
        }
    }
    Json notes = Json::array();
    for (const policy::FileStatus& file : node.runtime().policies().refused()) {
        if (files.count(file.path) != 0) {
            notes.push_back(file.path + ": its last good content is in force, since " + utc_text(file.since) +
                            (file.problems.empty() ? "" : ": " + policy::to_string(file.problems.front())));
        }
    }
    return notes;
}

Json view_files(const Node& node) {
    Json files = Json::array();
    for (const policy::FileStatus& file : node.runtime().policies().files()) {
        Json problems = Json::array();
        for (const policy::Problem& problem : file.problems) {
            problems.push_back(policy::to_string(problem));
        }
        files.push_back({{"path", file.path},
                         {"loaded", file.loaded},
                         {"inForce", policy::to_string(file.in_force)},
                         {"since", utc_text(file.since)},
                         {"resources", file.resources},
                         {"problems", std::move(problems)}});
    }
    return files;
}

// {name: value}; the programs' counters only where they are not zero.
void add_counters(Json& out, const std::vector<CounterValue>& counters, bool zeros) {
    for (const CounterValue& counter : counters) {
        if (zeros || counter.value != 0) {
            out[std::string(counter.info->name)] = counter.value;
        }
    }
}

Result<Json> view_direction(Node& node, const Record& record, Direction direction) {
    const node::Programmed* state = node.programmer().find(record.id);
    const node::CompiledRef compiled = state == nullptr ? nullptr : state->compiled(direction);
    NG_ASSIGN(const auto active, datapath::active_config(node.datapath(), record.slot));
    const bool is_its_own = active && active->endpoint == record.id;
    // A policy that another process programmed is enforced too, but its rules are not known here.
    const bool pinned = is_its_own && active->direction[static_cast<std::size_t>(direction)].policy != 0;
    Json out = {{"enforced", compiled != nullptr || pinned}};
    Json rules = Json::array();
    if (compiled != nullptr) {
        std::vector<ng_counter> counters;
        if (is_its_own) {
            NG_ASSIGN(counters, datapath::read_counters(node.datapath(), active->direction[static_cast<std::size_t>(direction)]));
        }
        for (std::size_t i = 0; i < compiled->rules.size(); ++i) {
            Json rule = api::rule_json(compiled->rules[i], i);
            rule["packets"] = i < counters.size() ? counters[i].packets : 0;
            rule["flows"] = i < counters.size() ? counters[i].flows : 0;
            rules.push_back(std::move(rule));
        }
    }
    out["rules"] = std::move(rules);
    NG_ASSIGN(out["staged"], view_staged(node, record, direction));
    return out;
}

// Pattern text -> rules of the egress policy that have the pattern.
std::map<std::string, std::string> rules_by_pattern(const node::Programmed* state) {
    std::map<std::string, std::string> out;
    if (state == nullptr || !state->egress) {
        return out;
    }
    const policy::CompiledPolicy& compiled = *state->egress;
    for (const policy::PatternEntry& entry : compiled.patterns) {
        std::string& text = out[std::string(entry.pattern.text())];
        const policy::Bitmap& bitmap = compiled.bitmaps[entry.bitmap];
        for (std::size_t rule = 0; rule < compiled.rules.size(); ++rule) {
            if (policy::has_rule(bitmap, rule)) {
                text += (text.empty() ? "" : ", ") + policy::short_name(compiled.rules[rule].origin);
            }
        }
    }
    return out;
}

Result<std::map<IpAddress, std::uint64_t>> live_flows(Node& node, std::uint32_t slot) {
    NG_ASSIGN(const ng_clock now, datapath::read_clock(node.datapath()));
    NG_ASSIGN(const auto flows, datapath::read_flows(node.datapath(), slot));
    std::map<IpAddress, std::uint64_t> counts;
    for (const datapath::FlowEntry& flow : flows) {
        if (datapath::flow_is_live(flow, now.jiffies, node.datapath().hz())) {
            ++counts[flow.remote];
        }
    }
    return counts;
}

std::uint64_t seconds_left(std::uint64_t expiry_boot_ns, std::uint64_t now) {
    return expiry_boot_ns <= now ? 0 : (expiry_boot_ns - now + 999'999'999) / 1'000'000'000;
}

// Adds the addresses that names led to but that no name opens.
void add_refused(Node& node, const Record& record, Json& out) {
    const std::uint64_t now = node.clock().boot_ns();
    for (const RefusedAddress& refused : node.refused().of(record.id, now)) {
        out.push_back({{"address", refused.address},
                       {"names", {refused.name}},
                       {"patterns", Json::array()},
                       {"rule", Json::array()},
                       {"server", ""},
                       {"ttlSeconds", seconds_left(refused.expiry_boot_ns, now)},
                       {"liveFlows", 0},
                       {"neverOpens", refused.entry}});
    }
}

}  // namespace

// Conditions that an administrator should know although namegate itself is healthy.
Json view_warnings(Node& node) {
    Json warnings = Json::array();
    if (node.config().unknown_labels_absent) {
        warnings.push_back("unknownLabels: Absent is set: a pod is open until the labels that policies ask for are known");
    }
    const auto is_ours = [&](const std::string& name) {
        return std::any_of(node.records().begin(), node.records().end(),
                           [&](const auto& entry) { return entry.second.host_ifname == name; });
    };
    const auto open = interfaces_without_reverse_path_filter(kReversePathSettings, is_ours);
    if (!open) {
        warnings.push_back("reverse path filter: " + open.error().message());
    } else if (!open->empty()) {
        std::string names;
        for (std::size_t i = 0; i < open->size() && i < kMaxNamedInterfaces; ++i) {
            names += (i == 0 ? "" : ", ") + open->at(i);
        }
        names += open->size() > kMaxNamedInterfaces ? ", ..." : "";
        warnings.push_back("no strict reverse path filter on " + names +
                           ": a host behind it can send with a pod's address as source; a strict filter drops what comes from an interface "
                           "through which the node does not reach the source (docs/limits.md, \"Forged sources\")");
    }
    if (node.config().metrics_address && !node.config().metrics_address->is_local()) {
        warnings.push_back("metricsAddress is " + node.config().metrics_address->to_string() +
                           ": the metrics, which name pods, can be read by whoever reaches this address");
    }
    const std::vector<std::string>& of_servers = node.runtime().server_warnings();
    for (std::size_t i = 0; i < of_servers.size() && i < kShownWarnings; ++i) {
        warnings.push_back(of_servers[i]);
    }
    for (std::string& line : node.warnings().lines(node)) {
        warnings.push_back(std::move(line));
    }
    return warnings;
}

Result<std::string> mode_of(Node& node, const Record& record) {
    NG_ASSIGN(const auto active, datapath::active_config(node.datapath(), record.slot));
    if (!active || active->endpoint != record.id || active->mode >= kModes.size()) {
        return std::string("closed");
    }
    return std::string(kModes[active->mode]);
}

Result<Json> view_status(Node& node, const Learner& learner) {
    std::map<std::string, std::size_t> modes = {{"enforced", 0}, {"open", 0}, {"closed", 0}};
    for (const auto& entry : node.records()) {
        NG_ASSIGN(const std::string mode, mode_of(node, entry.second));
        ++modes[mode];
    }
    Json servers = Json::array();
    Json named = Json::array();
    for (const config::NamedServer& server : node.runtime().trusted_servers()) {
        servers.push_back(server.server.to_string());
        named.push_back({{"server", server.server.to_string()}, {"namedBy", server.named_by}});
    }
    Json degraded = Json::array();
    for (Degradation& one : degradations(node)) {
        degraded.push_back(std::move(one.text));
    }
    Json counters = Json::object();
    NG_ASSIGN(const auto own, read_daemon_counters(node, learner));
    add_counters(counters, own, true);
    NG_ASSIGN(const auto of_programs, read_program_counters(node));
    add_counters(counters, of_programs, false);
    return Json{{"healthy", degraded.empty()},
                {"version", NAMEGATE_VERSION},
                {"pid", ::getpid()},
                {"uptimeSeconds", (node.clock().boot_ns() - node.started_boot_ns()) / 1'000'000'000},
                {"pins", node.datapath().folder()},
                {"folders", node::watched_folders(node.config())},
                {"files", view_files(node)},
                {"endpoints", {{"enforced", modes["enforced"]}, {"open", modes["open"]}, {"closed", modes["closed"]}}},
                {"counters", std::move(counters)},
                {"trustedServers", std::move(servers)},
                {"trustedServersNamedBy", std::move(named)},
                {"degraded", std::move(degraded)},
                {"warnings", view_warnings(node)}};
}

Result<Json> view_endpoint(Node& node, const Record& record) {
    NG_ASSIGN(const std::string mode, mode_of(node, record));
    NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), record.slot));
    Json labels = Json::object();
    Json policies = Json::array();
    if (const auto view = node.programmer().view_of(record); view) {
        labels = policy::effective_labels(*view, node.programmer().snapshot());
        for (const policy::SelectedPolicy& selected : policy::selected_policies(node.programmer().snapshot(), *view)) {
            policies.push_back(selected.name + (selected.unknown ? " (unknown)" : selected.staged ? " (staged)" : ""));
        }
    }
    Json counters = Json::object();
    add_counters(counters, values_of(stats), false);
    const node::Programmed* state = node.programmer().find(record.id);
    return Json{{"id", record.id},
                {"endpoint", display_name(record)},
                {"containerId", record.container_id},
                {"containerInterface", record.ifname},
                {"interface", record.host_ifname},
                {"network", record.network},
                {"attached", record.chained ? "chained" : "first"},
                {"addresses", texts(record.addresses)},
                {"labels", std::move(labels)},
                {"annotations", record.annotations},
                {"dnsServers", texts(record.dns_servers)},
                {"mode", mode},
                {"policies", std::move(policies)},
                {"error", state == nullptr ? std::string() : state->error},
                {"counters", std::move(counters)}};
}

Result<Json> view_rules(Node& node, const Record& record) {
    NG_ASSIGN(const std::string mode, mode_of(node, record));
    NG_ASSIGN(Json egress, view_direction(node, record, Direction::kEgress));
    NG_ASSIGN(Json ingress, view_direction(node, record, Direction::kIngress));
    const node::Programmed* state = node.programmer().find(record.id);
    return Json{{"endpoint", display_name(record)},
                {"mode", mode},
                {"error", state == nullptr ? std::string() : state->error},
                {"notes", view_notes(node, state)},
                {"egress", std::move(egress)},
                {"ingress", std::move(ingress)}};
}

Result<Json> view_addresses(Node& node, const Record& record) {
    NG_ASSIGN(const auto learnt, datapath::read_learnt(node.datapath(), record.slot));
    NG_ASSIGN(const auto flows, live_flows(node, record.slot));
    const auto names = node.cache().names_by_address(record.id);
    const auto rules = rules_by_pattern(node.programmer().find(record.id));
    const std::uint32_t now = datapath::tick_of(node.clock().boot_ns());
    Json out = Json::array();
    for (const datapath::LearntEntry& entry : learnt) {
        const ng_learnt& value = entry.value;
        Json patterns = Json::array();
        std::set<std::string> opened;
        std::int64_t ttl = 0;
        for (std::size_t i = 0; i < value.count && i < NG_LEARNT_PATTERNS; ++i) {
            NG_ASSIGN(const std::string text, datapath::read_pattern_text(node.datapath(), value.pattern[i]));
            // A pattern that is no longer in any policy opens nothing.
            if (text.empty()) {
                continue;
            }
            patterns.push_back(text);
            ttl = std::max(ttl, datapath::ticks_to_ms(datapath::ticks_between(now, value.expiry[i])) / 1000);
            if (const auto rule = rules.find(text); rule != rules.end()) {
                opened.insert(rule->second);
            }
        }
        const auto known = names.find(entry.address);
        const auto live = flows.find(entry.address);
        const IpAddress server = datapath::to_address(value.server);
        const bool from_cache = server == IpAddress();
        out.push_back({{"address", entry.address.to_string()},
                       {"names", known == names.end() ? std::vector<std::string>() : known->second},
                       {"patterns", std::move(patterns)},
                       {"rule", opened},
                       {"server", from_cache ? "name cache" : server.with_port(ntohs(value.be_server_port))},
                       {"ttlSeconds", static_cast<std::uint64_t>(ttl)},
                       {"liveFlows", live == flows.end() ? 0 : live->second}});
    }
    add_refused(node, record, out);
    return out;
}

Json view_names(Node& node, const Record& record) {
    const std::uint64_t now = node.clock().boot_ns();
    Json names = Json::array();
    for (const dns::NameEntry& entry : node.cache().entries(record.id)) {
        Json addresses = Json::array();
        std::uint64_t ttl = 0;
        for (const dns::NameEntry::Address& address : entry.addresses) {
            addresses.push_back(address.address.to_string());
            ttl = std::max(ttl, seconds_left(address.expiry_boot_ns, now));
        }
        for (const dns::NameEntry::Link& link : entry.links) {
            addresses.push_back("-> " + link.target);
            ttl = std::max(ttl, seconds_left(link.expiry_boot_ns, now));
        }
        names.push_back(
            {{"endpoint", display_name(record)}, {"name", entry.name}, {"addresses", std::move(addresses)}, {"ttlSeconds", ttl}});
    }
    return names;
}

}  // namespace namegate::daemon
