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
#include "daemon/listings/other_pods.h"
#include "daemon/listings/staged_view.h"
#include "daemon/warnings/partly_matched.h"
#include "daemon/warnings/reverse_path.h"
#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/map.h"
#include "datapath/reader.h"

namespace namegate::daemon {

namespace {

using api::NumberMap;
using api::Texts;
using endpoints::Record;
using endpoints::texts;
using policy::Direction;

constexpr std::size_t kMaxNamedInterfaces = 8;  // in one warning
constexpr const char* kEnforced = "enforced";
constexpr const char* kOpen = "open";
constexpr std::array<const char*, 3> kModes = {"closed", kEnforced, kOpen};

// Notes about files whose last good content is in force for the endpoint, because their present content was refused.
Texts view_notes(const Node& node, const node::Programmed* state) {
    std::set<std::string> files;
    for (const node::CompiledRef& compiled : {state == nullptr ? nullptr : state->egress, state == nullptr ? nullptr : state->ingress}) {
        for (std::size_t i = 0; compiled != nullptr && i < compiled->rules.size(); ++i) {
            files.insert(compiled->rules[i].origin.file);
        }
    }
    Texts notes;
    for (const policy::FileStatus& file : node.runtime().policies().refused()) {
        if (files.count(file.path) != 0) {
            notes.push_back(file.path + ": its last good content is in force, since " + utc_text(file.since) +
                            (file.problems.empty() ? "" : ": " + policy::to_string(file.problems.front())));
        }
    }
    return notes;
}

std::vector<api::FileItem> view_files(const Node& node) {
    std::vector<api::FileItem> files;
    for (const policy::FileStatus& file : node.runtime().policies().files()) {
        Texts problems;
        for (const policy::Problem& problem : file.problems) {
            problems.push_back(policy::to_string(problem));
        }
        files.push_back({file.path, file.loaded, std::string(policy::to_string(file.in_force)), utc_text(file.since), file.resources,
                         std::move(problems)});
    }
    return files;
}

// Without `zeros`, only those that are not 0.
void add_counters(NumberMap& out, const std::vector<CounterValue>& counters, bool zeros) {
    for (const CounterValue& counter : counters) {
        if (zeros || counter.value != 0) {
            out.entries.emplace_back(counter.info->name, counter.value);
        }
    }
}

Result<api::DirectionRules> view_direction(Node& node, const Record& record, Direction direction) {
    const node::Programmed* state = node.programmer().find(record.id);
    const node::CompiledRef compiled = state == nullptr ? nullptr : state->compiled(direction);
    NG_ASSIGN(const auto active, datapath::active_config(node.datapath(), record.slot));
    const bool is_its_own = active && active->endpoint == record.id;
    // A policy that another process programmed is enforced too, but its rules are not known here.
    const bool pinned = is_its_own && active->direction[static_cast<std::size_t>(direction)].policy != 0;
    api::DirectionRules out;
    out.enforced = compiled != nullptr || pinned;
    if (compiled != nullptr) {
        std::vector<ng_counter> counters;
        if (is_its_own) {
            NG_ASSIGN(counters, datapath::read_counters(node.datapath(), active->direction[static_cast<std::size_t>(direction)]));
        }
        for (std::size_t i = 0; i < compiled->rules.size(); ++i) {
            const ng_counter counter = i < counters.size() ? counters[i] : ng_counter{};
            out.rules.push_back({api::rule_item(compiled->rules[i], i), counter.packets, counter.flows});
        }
    }
    NG_ASSIGN(out.staged, view_staged(node, record, direction));
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
void add_refused(Node& node, const Record& record, api::AddressesReply& out) {
    const std::uint64_t now = node.clock().boot_ns();
    for (const RefusedAddress& refused : node.refused().of(record.id, now)) {
        api::AddressItem& item = out.emplace_back();
        item.address = refused.address;
        item.names = {refused.name};
        item.ttl_seconds = seconds_left(refused.expiry_boot_ns, now);
        item.never_opens = refused.entry;
    }
}

std::optional<api::ApiServerItem> api_server_item(const Node& node) {
    const std::optional<ApiServerState>& state = node.api_server();
    if (!state) {
        return std::nullopt;
    }
    const OtherPods others = count_other_pods(node);
    return api::ApiServerItem{state->server,           state->connected,    utc_text(state->since_seconds),
                              state->last_error,       state->pods,         state->namespaces,
                              state->service_accounts, state->refused,      state->last_refused,
                              others.host_network,     others.other_network};
}

api::TextMap annotations_of(const Node& node, const Record& record) {
    auto resolved = node.runtime().label_providers().resolve(record);
    if (resolved) {
        return std::move(resolved->annotations);
    }
    const endpoints::Description* of_add = record.description_of(endpoints::kCniArgsProvider);
    return of_add == nullptr ? api::TextMap() : of_add->annotations;
}

}  // namespace

// Conditions that an administrator should know although namegate itself is healthy.
Texts view_warnings(Node& node) {
    Texts warnings;
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
    for (std::string& line : partly_matched_lines(node)) {
        warnings.push_back(std::move(line));
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

Result<api::StatusReply> view_status(Node& node, const Learner& learner) {
    api::StatusReply out;
    out.version = NAMEGATE_VERSION;
    out.pid = ::getpid();
    out.uptime_seconds = (node.clock().boot_ns() - node.started_boot_ns()) / 1'000'000'000;
    out.pins = node.datapath().folder();
    out.folders = node::watched_folders(node.config());
    out.files = view_files(node);
    for (const auto& entry : node.records()) {
        NG_ASSIGN(const std::string mode, mode_of(node, entry.second));
        ++(mode == kEnforced ? out.endpoints.enforced : mode == kOpen ? out.endpoints.open : out.endpoints.closed);
    }
    NG_ASSIGN(const auto own, read_daemon_counters(node, learner));
    add_counters(out.counters, own, true);
    NG_ASSIGN(const auto of_programs, read_program_counters(node));
    add_counters(out.counters, of_programs, false);
    for (const config::NamedServer& server : node.runtime().trusted_servers()) {
        out.trusted_servers.push_back(server.server.to_string());
        out.trusted_servers_named_by.push_back({server.server.to_string(), server.named_by});
    }
    for (Degradation& one : degradations(node)) {
        out.degraded.push_back(std::move(one.text));
    }
    out.healthy = out.degraded.empty();
    out.warnings = view_warnings(node);
    out.api_server = api_server_item(node);
    return out;
}

Result<api::EndpointItem> view_endpoint(Node& node, const Record& record) {
    NG_ASSIGN(const datapath::Stats stats, datapath::read_stats(node.datapath(), record.slot));
    const node::Programmed* state = node.programmer().find(record.id);
    api::EndpointItem out;
    out.id = record.id;
    out.endpoint = display_name(record);
    out.container_id = record.container_id;
    out.container_interface = record.ifname;
    out.interface = record.host_ifname;
    out.network = record.network;
    out.attached = record.chained ? "chained" : "first";
    out.addresses = texts(record.addresses);
    out.annotations = annotations_of(node, record);
    out.dns_servers = texts(record.dns_servers);
    NG_ASSIGN(out.mode, mode_of(node, record));
    if (const auto view = node.programmer().view_of(record); view) {
        out.labels = policy::effective_labels(*view, node.programmer().snapshot());
        for (const policy::SelectedPolicy& selected : policy::selected_policies(node.programmer().snapshot(), *view)) {
            out.policies.push_back(selected.name + (selected.unknown ? " (unknown)" : selected.staged ? " (staged)" : ""));
        }
    }
    out.error = state == nullptr ? std::string() : state->error;
    add_counters(out.counters, values_of(stats), false);
    return out;
}

Result<api::RulesReply> view_rules(Node& node, const Record& record) {
    const node::Programmed* state = node.programmer().find(record.id);
    api::RulesReply out;
    out.endpoint = display_name(record);
    NG_ASSIGN(out.mode, mode_of(node, record));
    out.error = state == nullptr ? std::string() : state->error;
    out.notes = view_notes(node, state);
    NG_ASSIGN(out.egress, view_direction(node, record, Direction::kEgress));
    NG_ASSIGN(out.ingress, view_direction(node, record, Direction::kIngress));
    if (state != nullptr) {
        out.dns_queries = policy::to_string(state->policies.dns);
    }
    return out;
}

Result<api::AddressesReply> view_addresses(Node& node, const Record& record) {
    NG_ASSIGN(const auto learnt, datapath::read_learnt(node.datapath(), record.slot));
    NG_ASSIGN(const auto flows, live_flows(node, record.slot));
    const auto names = node.cache().names_by_address(record.id);
    const auto rules = rules_by_pattern(node.programmer().find(record.id));
    const std::uint32_t now = datapath::tick_of(node.clock().boot_ns());
    api::AddressesReply out;
    out.reserve(learnt.size());
    for (const datapath::LearntEntry& entry : learnt) {
        const ng_learnt& value = entry.value;
        Texts patterns;
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
        out.push_back({entry.address.to_string(), known == names.end() ? Texts() : known->second, std::move(patterns),
                       Texts(opened.begin(), opened.end()), from_cache ? "name cache" : server.with_port(ntohs(value.be_server_port)),
                       static_cast<std::uint64_t>(ttl), live == flows.end() ? 0 : live->second});
        if (Texts shown = node.shown_names().of_address(record.id, entry.address); !shown.empty()) {
            out.back().shown_names = std::move(shown);
        }
    }
    add_refused(node, record, out);
    return out;
}

api::NamesReply view_names(Node& node, const Record& record) {
    const std::uint64_t now = node.clock().boot_ns();
    api::NamesReply names;
    for (const dns::NameEntry& entry : node.cache().entries(record.id)) {
        Texts addresses;
        std::uint64_t ttl = 0;
        for (const dns::NameEntry::Address& address : entry.addresses) {
            addresses.push_back(address.address.to_string());
            ttl = std::max(ttl, seconds_left(address.expiry_boot_ns, now));
        }
        for (const dns::NameEntry::Link& link : entry.links) {
            addresses.push_back("-> " + link.target);
            ttl = std::max(ttl, seconds_left(link.expiry_boot_ns, now));
        }
        names.push_back({display_name(record), entry.name, std::move(addresses), ttl});
    }
    return names;
}

}  // namespace namegate::daemon
