// SPDX-License-Identifier: Apache-2.0
#include "node/programmer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/grace_period.h"
#include "base/log.h"
#include "datapath/attach.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/learnt.h"
#include "datapath/pattern_id.h"
#include "datapath/program_wait.h"
#include "labels/registry.h"
#include "node/admission.h"
#include "policy/model/selection.h"

namespace namegate::node {

namespace {

using endpoints::Record;
using policy::Direction;

// Rounds up to the end of the tick, so that nothing expires early.
std::uint32_t expiry_tick(std::uint64_t boot_ns) { return datapath::tick_of(boot_ns) + 1; }

}  // namespace

Result<policy::EndpointView> Programmer::view_of(const Record& record) const {
    policy::EndpointView view;
    view.name_space = record.pod_namespace;
    view.pod = record.pod_name;
    view.is_kubernetes = record.kubernetes;
    view.addresses = record.addresses;
    NG_ASSIGN(labels::Resolved resolved, providers_.resolve(record));
    view.use_pod_document = std::find(resolved.sources.begin(), resolved.sources.end(), labels::kFiles) != resolved.sources.end();
    view.account_known = resolved.service_account.has_value();
    view.service_account = resolved.service_account.value_or(record.service_account);
    view.labels = std::move(resolved.labels);
    view.ports = std::move(resolved.ports);
    view.labels_known = resolved.known;
    view.labels_missing = std::move(resolved.missing);
    view.objects_missing = providers_.why_objects_unknown();
    view.unknown_is_absent = config_.unknown_labels_absent;
    view.namespace_labels = providers_.namespace_labels(record, snapshot_->find_namespace(view.name_space) != nullptr);
    if (const std::string account = policy::service_account_of(view, *snapshot_); !account.empty()) {
        const bool has_document = snapshot_->find_service_account(view.name_space, account) != nullptr;
        view.account_labels = providers_.account_labels(record, account, has_document);
    }
    view.gaps = policy::label_gaps(view, *snapshot_);
    view.effective = std::make_shared<const policy::Labels>(policy::effective_labels(view, *snapshot_));
    return view;
}

Programmer::Pass Programmer::start_pass(const std::vector<Record>& all) const {
    Pass pass(datapath_);
    for (const Record& record : all) {
        if (auto view = view_of(record); view) {
            pass.view_of[record.id] = pass.views.size();
            pass.views.push_back(std::move(view).value());
        }
    }
    if (rules_select_endpoints()) {
        const std::vector<policy::EndpointView>& peers = cluster_.peers(*snapshot_);
        pass.views.insert(pass.views.end(), peers.begin(), peers.end());
    }
    return pass;
}

bool Programmer::rules_select_endpoints() const { return policy::rules_select_endpoints(*snapshot_); }

Programmer::Pass Programmer::start_pass(const Record& record, const std::vector<Record>& all) const {
    return rules_select_endpoints() ? start_pass(all) : start_pass({record});
}

// Returns the index of the endpoint's view, and adds the view if it is missing.
Result<std::size_t> Programmer::view_in(Pass& pass, const Record& record) const {
    if (const auto known = pass.view_of.find(record.id); known != pass.view_of.end()) {
        return known->second;
    }
    NG_ASSIGN(policy::EndpointView view, view_of(record));
    pass.views.push_back(std::move(view));
    pass.view_of[record.id] = pass.views.size() - 1;
    return pass.views.size() - 1;
}

Result<CompiledRef> Programmer::compile(Pass& pass, const policy::EndpointView& view, Direction direction) const {
    policy::EndpointFacts facts = policy::facts_of(*snapshot_, view, direction);
    NG_ASSIGN(const bool selected, policy::selects(*snapshot_, facts, view));
    if (!selected) {
        return CompiledRef();
    }
    if (const auto known = pass.compiled.find(facts); known != pass.compiled.end()) {
        return known->second;
    }
    NG_ASSIGN(policy::CompiledPolicy compiled, policy::compile(*snapshot_, facts, pass.views, config_.tls_names, cluster_.services()));
    CompiledRef shared = std::make_shared<const policy::CompiledPolicy>(std::move(compiled));
    pass.compiled.emplace(std::move(facts), shared);
    return shared;
}

Result<> Programmer::fill(const Record& record, const policy::CompiledPolicy& policy) {
    if (cache_ == nullptr) {
        return ok();
    }
    NG_ASSIGN(datapath::LearntWriter learnt, datapath::LearntWriter::open(datapath_, record.slot));
    const std::uint32_t now = datapath::tick_of(clock_.boot_ns());
    std::size_t refused = 0;
    // One budget for all patterns: the content of one pod's responses must not delay the policies of others.
    dns::StepBudget budget(dns::kMaxMatchSteps);
    for (const policy::PatternEntry& entry : policy.patterns) {
        const std::uint64_t id = datapath::pattern_id(datapath_.seed(), entry.pattern);
        cache_->for_each_match(record.id, entry.pattern, budget, [&](const dns::Reached& reached) {
            if (!budget.try_spend()) {
                ++refused;
                return;
            }
            if (config_.never_opens.refuses(reached.address) != nullptr) {
                return;
            }
            datapath::LearntFill fill;
            fill.address = reached.address;
            fill.pattern = id;
            fill.expiry = expiry_tick(reached.expiry_boot_ns);
            refused += learnt.insert(fill, now) ? 0U : 1U;
        });
    }
    // An address is left out when the map is full or the budget is spent. It stays denied, and the new policy comes into force
    // without it.
    if (refused > 0 || budget.cut()) {
        log::warning("addresses in the name cache were not opened", {log::kv("interface", record.host_ifname), log::kv("count", refused)});
    }
    return ok();
}

Result<datapath::PolicyId> Programmer::install(Pass& pass, const CompiledRef& compiled, const CompiledRef& before,
                                               datapath::PolicyId id_before) {
    if (!compiled) {
        return datapath::PolicyId{0};
    }
    // Ids are never reused, so the policy installed under this id is the same one. This avoids a search of the catalogue.
    if (before && before->content_hash == compiled->content_hash && datapath::installed_policy(datapath_, id_before)) {
        return id_before;
    }
    if (!pass.writer) {
        NG_ASSIGN(datapath::PolicyWriter writer, datapath::PolicyWriter::open(datapath_));
        pass.writer.emplace(std::move(writer));
    }
    return pass.writer->install(*compiled, before.get());
}

Result<Programmed> Programmer::make_ready(Pass& pass, const Record& record, const Programmed& before) {
    NG_ASSIGN(const std::size_t own, view_in(pass, record));
    const policy::EndpointView& view = pass.views[own];
    Programmed ready;
    NG_ASSIGN(ready.egress, compile(pass, view, Direction::kEgress));
    NG_ASSIGN(ready.ingress, compile(pass, view, Direction::kIngress));
    ready.policies.reject = config_.reject_denied;
    ready.policies.keep_flows = config_.keep_flows;
    // An endpoint that no egress policy selects is open, and asks what it likes.
    if (ready.egress) {
        ready.policies.dns = ready.egress->dns.under(config_.dns_queries.queries);
    }
    if (config_.dns_servers.pod) {
        ready.policies.dns_servers = record.dns_servers;
    }
    NG_ASSIGN(ready.policies.egress, install(pass, ready.egress, before.egress, before.policies.egress));
    NG_ASSIGN(ready.policies.ingress, install(pass, ready.ingress, before.ingress, before.policies.ingress));
    return ready;
}

// While policies are unknown, only an open endpoint may change: for any other, the policy in force may be one of them.
Result<> Programmer::check_known(const Record& record) const {
    if (unknown_.empty()) {
        return ok();
    }
    NG_ASSIGN(const auto active, datapath::active_config(datapath_, record.slot));
    const bool open = active && active->endpoint == record.id && active->mode == NG_MODE_OPEN;
    return open ? ok() : Result<>(Error(Code::kTryAgain, unknown_));
}

Result<> Programmer::put_in_force(Pass& pass, const Record& record, Programmed& state) {
    NG_TRY(check_known(record));
    NG_ASSIGN(Programmed ready, make_ready(pass, record, state));
    if (ready.egress && !ready.egress->patterns.empty()) {
        NG_ASSIGN(const auto active, datapath::active_config(datapath_, record.slot));
        const bool unchanged = active && active->mode == NG_MODE_ENFORCED && active->direction[NG_EGRESS].policy == ready.policies.egress;
        if (!unchanged) {
            NG_TRY(fill(record, *ready.egress));
        }
    }
    NG_TRY(datapath::write_policies(datapath_, identity_of(record), ready.policies, pass.counters));
    NG_TRY(datapath::take_over(datapath_, record.host_ifname, record.host_ifindex, record.slot));
    ready.since_boot_ns = clock_.boot_ns();
    state = std::move(ready);
    return ok();
}

Result<> Programmer::prepare(const NodeLock& /*lock*/, const Record& record, const std::vector<Record>& all) {
    NG_ASSIGN(const auto active, datapath::active_config(datapath_, record.slot));
    if (!active || active->endpoint != record.id || active->mode != NG_MODE_CLOSED) {
        return ok();
    }
    NG_TRY(check_known(record));
    Pass pass = start_pass(record, all);
    // Waits for earlier flips now, so that program() need not. No program reads this endpoint's configuration yet.
    NG_TRY(wait_for_readers_now());
    NG_ASSIGN(Programmed ready, make_ready(pass, record, Programmed()));
    NG_TRY(datapath::write_prepared(datapath_, identity_of(record), ready.policies, pass.counters));
    programmed_[record.id] = std::move(ready);
    return ok();
}

Result<> Programmer::wait_for_readers() {
    if (flipped_) {
        NG_TRY(datapath::wait_for_programs());
        flipped_ = false;
    }
    return ok();
}

Result<> Programmer::wait_for_readers_now() {
    if (!flipped_) {
        return ok();
    }
    const ShortGracePeriods short_grace_periods(config_.grace_path());
    return wait_for_readers();
}

void Programmer::begin_flips(Pass& pass) {
    pass.settled = wait_for_readers_now();
    flipped_ = true;
}

Result<> Programmer::program_in(Pass& pass, const Record& record) {
    Programmed& state = programmed_[record.id];
    Result<> result = pass.settled ? put_in_force(pass, record, state) : pass.settled;
    // Later facts are left to program_relabelled(): endpoints whose rules select this one depend on the difference.
    if (const auto own = pass.view_of.find(record.id); own != pass.view_of.end() && facts_.count(record.id) == 0) {
        facts_.emplace(record.id, all_facts_of(pass.views[own->second]));
    }
    state.current = static_cast<bool>(result);
    state.error = result ? std::string() : result.error().message();
    state.labels_unknown = !result && result.error().code() == Code::kLabelsUnknown;
    return result;
}

// A DEL may finish before it is reported here; the slot is then free or belongs to another endpoint.
bool Programmer::is_gone(const Record& record) const {
    const auto active = datapath::active_config(datapath_, record.slot);
    return active && (!*active || (*active)->endpoint != record.id);
}

Result<> Programmer::program(const NodeLock& /*lock*/, const Record& record, const std::vector<Record>& all) {
    if (is_gone(record)) {
        return Error(Code::kNotFound, "endpoint " + std::to_string(record.id) + " is gone");
    }
    ++revision_;
    Pass pass = start_pass(record, all);
    begin_flips(pass);
    return program_in(pass, record);
}

template <typename Wanted>
ProgramSummary Programmer::program_some(const std::vector<Record>& all, const Wanted& wanted) {
    ++revision_;
    Pass pass = start_pass(all);
    ProgramSummary summary;
    for (const Record& record : all) {
        if (record.addresses.empty() || is_gone(record) || !wanted(pass, record)) {
            continue;
        }
        if (summary.programmed + summary.failed.size() == 0) {
            begin_flips(pass);
        }
        if (const auto result = program_in(pass, record); !result) {
            summary.failed.emplace_back(record, result.error());
        } else {
            ++summary.programmed;
        }
    }
    summary.nearly_full = pass.writer && pass.writer->nearly_full();
    return summary;
}

ProgramSummary Programmer::program_affected(const NodeLock& /*lock*/, const std::vector<Record>& all,
                                            const policy::AffectedEndpoints& affected) {
    return program_some(all, [&](const Pass& pass, const Record& record) { return is_affected(pass, record, affected); });
}

ProgramSummary Programmer::bring_up_to_date(const NodeLock& /*lock*/, const std::vector<Record>& all,
                                            const policy::AffectedEndpoints& affected) {
    return program_some(
        all, [&](const Pass& pass, const Record& record) { return is_affected(pass, record, affected) || !is_as_programmed(record); });
}

ProgramSummary Programmer::program_relabelled(const NodeLock& /*lock*/, const std::vector<Record>& all) {
    std::set<std::uint32_t> changed;
    policy::AffectedEndpoints reaching;
    const Pass now = start_pass(all);
    for (const Record& record : all) {
        const auto own = now.view_of.find(record.id);
        const auto before = facts_.find(record.id);
        policy::EndpointFacts facts = own == now.view_of.end() ? policy::EndpointFacts() : all_facts_of(now.views[own->second]);
        if (before != facts_.end() && before->second == facts) {
            continue;
        }
        if (before != facts_.end()) {
            reaching.add(policy::AffectedEndpoints::of_endpoint(*snapshot_, before->second));
        }
        reaching.add(policy::AffectedEndpoints::of_endpoint(*snapshot_, facts));
        changed.insert(record.id);
        facts_[record.id] = std::move(facts);
    }
    if (changed.empty()) {
        return {};
    }
    return program_some(all, [&](Pass& pass, const Record& record) {
        return (changed.count(record.id) != 0 || is_affected(pass, record, reaching)) && !is_up_to_date(pass, record);
    });
}

ProgramSummary Programmer::program_for_services(const NodeLock& /*lock*/, const std::vector<Record>& all) {
    const policy::AffectedEndpoints affected = policy::AffectedEndpoints::of_cluster(*snapshot_);
    if (affected.none()) {
        return {};
    }
    return program_some(all, [&](Pass& pass, const Record& record) {
        if (!is_affected(pass, record, affected)) {
            return false;
        }
        if (!is_up_to_date(pass, record)) {
            return true;
        }
        renew_texts(pass, record);
        return false;
    });
}

void Programmer::renew_texts(Pass& pass, const Record& record) {
    const auto own = pass.view_of.find(record.id);
    const auto state = programmed_.find(record.id);
    if (own == pass.view_of.end() || state == programmed_.end()) {
        return;
    }
    if (auto egress = compile(pass, pass.views[own->second], Direction::kEgress); egress) {
        state->second.egress = std::move(egress).value();
    }
}

bool Programmer::is_up_to_date(Pass& pass, const Record& record) const {
    const auto own = pass.view_of.find(record.id);
    if (own == pass.view_of.end() || !is_as_programmed(record)) {
        return false;
    }
    const auto is_same = [&](Direction direction) {
        const auto compiled = compile(pass, pass.views[own->second], direction);
        if (!compiled) {
            return false;
        }
        const Programmed& state = *find(record.id);
        const CompiledRef& before = state.compiled(direction);
        if (!*compiled || !before) {
            return !*compiled && !before;
        }
        // The DNS queries that it allows are not part of the content.
        return (*compiled)->content_hash == before->content_hash &&
               (direction == Direction::kIngress || (*compiled)->dns.under(config_.dns_queries.queries) == state.policies.dns);
    };
    return is_same(Direction::kEgress) && is_same(Direction::kIngress);
}

// With the ports, which are facts of an endpoint only if rules name them.
policy::EndpointFacts Programmer::all_facts_of(const policy::EndpointView& view) const {
    policy::EndpointFacts facts = policy::facts_of(*snapshot_, view, Direction::kEgress);
    facts.ports = policy::ports_of(view, *snapshot_);
    facts.addresses.clear();
    return facts;
}

bool Programmer::is_affected(const Pass& pass, const Record& record, const policy::AffectedEndpoints& affected) const {
    const auto known = pass.view_of.find(record.id);
    // An endpoint without a view has unknown labels, which may have been known before, so it counts as affected.
    return known == pass.view_of.end() || affected.includes(policy::facts_of(*snapshot_, pass.views[known->second], Direction::kEgress));
}

// Compares with the kernel. If reading fails, the endpoint is programmed again, which reports the error.
bool Programmer::is_as_programmed(const Record& record) const {
    const Programmed* state = find(record.id);
    if (state == nullptr || !state->current) {
        return false;
    }
    const auto active = datapath::active_config(datapath_, record.slot);
    return active && *active && (*active)->endpoint == record.id && (*active)->mode != NG_MODE_CLOSED &&
           (*active)->direction[NG_EGRESS].policy == state->policies.egress &&
           (*active)->direction[NG_INGRESS].policy == state->policies.ingress;
}

policy::AffectedEndpoints Programmer::affected_by(const Record& record) const {
    const auto view = view_of(record);
    return view ? policy::AffectedEndpoints::of_endpoint(*snapshot_, policy::facts_of(*snapshot_, *view, Direction::kEgress))
                : policy::AffectedEndpoints();
}

Result<std::size_t> Programmer::open_addresses(const NodeLock& /*lock*/, const Record& record, const std::vector<Opening>& openings) {
    const Programmed* state = find(record.id);
    if (state == nullptr || !state->egress) {
        return std::size_t{0};
    }
    NG_ASSIGN(datapath::LearntWriter learnt, datapath::LearntWriter::open(datapath_, record.slot));
    const std::uint32_t now = datapath::tick_of(clock_.boot_ns());
    std::map<std::string_view, std::vector<std::uint64_t>> patterns;  // of each name
    std::size_t opened = 0;
    Result<> result = ok();
    for (const Opening& opening : openings) {
        if (config_.never_opens.refuses(opening.address) != nullptr) {
            continue;
        }
        const auto placed = patterns.try_emplace(opening.name);
        if (placed.second) {
            for (const policy::PatternEntry& entry : state->egress->patterns) {
                if (entry.pattern.matches(opening.name)) {
                    placed.first->second.push_back(datapath::pattern_id(datapath_.seed(), entry.pattern));
                }
            }
        }
        for (const std::uint64_t pattern : placed.first->second) {
            const datapath::LearntFill fill{opening.address, pattern, expiry_tick(opening.expiry_boot_ns), opening.server,
                                            opening.server_port};
            if (auto written = learnt.insert(fill, now); written) {
                ++opened;
            } else if (result) {
                result = written;
            }
        }
    }
    return result ? Result<std::size_t>(opened) : Result<std::size_t>(result.error());
}

Result<CompiledRef> Programmer::preview(const Record& record, const std::vector<Record>& all, Direction direction) const {
    NG_ASSIGN(const policy::EndpointView view, view_of(record));
    const policy::EndpointFacts facts = policy::facts_of(*snapshot_, view, direction, true);
    if (!policy::has_preview(*snapshot_, facts)) {
        return CompiledRef();
    }
    NG_TRY(policy::selects(*snapshot_, facts, view));
    Pass pass = start_pass(all);
    NG_TRY(view_in(pass, record));
    NG_ASSIGN(policy::CompiledPolicy compiled, policy::compile(*snapshot_, facts, pass.views, config_.tls_names, cluster_.services()));
    return std::make_shared<const policy::CompiledPolicy>(std::move(compiled));
}

const Programmed* Programmer::find(std::uint32_t endpoint) const {
    const auto found = programmed_.find(endpoint);
    return found == programmed_.end() ? nullptr : &found->second;
}

}  // namespace namegate::node
