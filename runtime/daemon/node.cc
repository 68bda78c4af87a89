// SPDX-License-Identifier: Apache-2.0
#include "daemon/node.h"

#include <malloc.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/grace_period.h"
#include "base/log.h"
#include "daemon/events/enrich.h"
#include "datapath/attach.h"
#include "datapath/slots.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;
using node::NodeLock;

constexpr unsigned kBusyLockMs = 2'000;  // for an operation that must be done now
constexpr unsigned kIdleLockMs = 1;      // for one that can wait for the next tick
constexpr std::uint32_t kSpareSlots = 4;

}  // namespace

Node::Node(const config::Config& config, const Clock& clock)
    : config_(config), clock_(clock), cache_(clock, dns::NameCacheLimits{}), sweeper_(clock), warnings_(clock) {}

Result<std::unique_ptr<Node>> Node::open(const config::Config& config, const Clock& clock) {
    NG_TRY(make_directories(config.state_dir, 0755));
    NG_TRY(make_directories(config.cache_dir, 0700));
    std::unique_ptr<Node> node(new Node(config, clock));
    {
        NG_ASSIGN(const NodeLock lock, NodeLock::acquire(config, NodeLock::kPatientMs));
        NG_ASSIGN(node->runtime_, node::NodeRuntime::open(lock, node->config_, clock, {&node->cache_, true, true}));
        const datapath::Datapath& datapath = node->datapath();
        log::info(datapath.fresh() ? "datapath loaded" : "datapath adopted", {log::kv("pins", datapath.folder())});
        node->collector_ = std::make_unique<PolicyCollector>(node->datapath(), clock, config.lock_path());
        node->health_.report("programs", datapath.replaced());
        NG_TRY(node->runtime_->apply_settings(lock));
        node->health_.report("endpoints", node->reconcile(lock));
    }
    node->started_boot_ns_ = clock.boot_ns();
    node->boot_id_ = read_file("/proc/sys/kernel/random/boot_id", 128).value_or("unknown");
    const auto names = node->cache_.load(config.name_cache_path(), node->cache_scope());
    if (!names) {
        log::info("starting with an empty name cache", {log::kv("why", names.error().message())});
    } else {
        log::info("name cache loaded", {log::kv("names", *names)});
    }
    node->reload_policies();
    // Gives the memory that decoding and compiling used back to the system.
    ::malloc_trim(0);
    return node;
}

Result<NodeLock> Node::lock_node() const { return NodeLock::acquire(config_, kBusyLockMs); }

std::string Node::cache_scope() const { return boot_id_ + "/" + std::to_string(datapath().seed()); }

void Node::log_refused_files() {
    if (runtime_->policies().revision() == logged_revision_) {
        return;
    }
    logged_revision_ = runtime_->policies().revision();
    for (const policy::FileStatus& file : runtime_->policies().refused()) {
        for (const policy::Problem& problem : file.problems) {
            log::warning(policy::is_object_path(file.path) ? "policy of the API server refused" : "policy file refused",
                         {log::kv("problem", policy::to_string(problem)), log::kv("in_force", policy::to_string(file.in_force))});
            observe(EventKind::kPolicyRefused, std::nullopt, {policy::to_string(problem), file.path});
        }
    }
}

void Node::log_folder_problems() {
    if (runtime_->folder_problems() != logged_problems_) {
        logged_problems_ = runtime_->folder_problems();
        node::log_problems(logged_problems_);
    }
}

void Node::reload_policies(const policy::ChangedFiles& changed) {
    const std::uint64_t begin = clock_.boot_ns();
    const auto change = runtime_->read_policies(due_.reload ? policy::ChangedFiles::any() : changed, due_.program);
    due_.reload = !change;
    health_.report("reading policies", change ? ok() : Result<>(change.error()));
    if (!change) {
        return;
    }
    health_.report("kept policies", runtime_->policies_kept());
    log_folder_problems();
    log_refused_files();
    if (!*change) {
        return;
    }
    const std::string& unknown = programmer().unknown();
    health_.report("policies", unknown.empty() ? ok() : Result<>(Error(Code::kTryAgain, unknown)));
    log::info("policies in force",
              {log::kv("files", runtime_->policies().file_count()), log::kv("policies", programmer().snapshot().policy_count())});
    observe(EventKind::kPolicies, std::nullopt,
            {std::to_string(programmer().snapshot().policy_count()) + " policies of " + std::to_string(runtime_->policies().file_count()) +
                 " files are in force",
             ""});
    program_affected((*change)->affected);
    if (!due_.program) {
        note_end(Timing::kPolicies, begin);
    }
}

void Node::program_affected(const policy::AffectedEndpoints& affected) {
    const auto lock = lock_node();
    // A policy that does not compile would fail again, so it is only reported for its endpoints. An endpoint that failed for another
    // reason is marked, and the next attempt programs it alone.
    const Result<> result = lock ? program_affected(*lock, affected) : Result<>(lock.error());
    due_.program = !result;
    if (!lock) {
        // It is not recorded which endpoints are affected, so the next attempt programs all.
        programmer().mark_all_outdated();
    }
    health_.report(kProgramming, result);
}

Result<> Node::program_affected(const NodeLock& lock, const policy::AffectedEndpoints& affected) {
    const node::ProgramSummary summary = runtime_->bring_up_to_date(lock, affected);
    collector_->note_garbage();
    if (summary.nearly_full) {
        collector_->collect_now();
    }
    Result<> result = report_failures(summary);
    NG_TRY(runtime_->mark_programmed(lock));
    health_.report("upgrade", runtime_->finish_handover(lock));
    return result;
}

// Returns an error if another attempt may succeed for some of the endpoints that failed.
Result<> Node::report_failures(const node::ProgramSummary& summary) {
    std::string last;
    bool retry = false;
    due_.no_room = false;
    for (const auto& [record, error] : summary.failed) {
        // Unknown policies stay unknown until a file changes, and are reported once for all endpoints.
        if (!programmer().unknown().empty() && error.message() == programmer().unknown()) {
            continue;
        }
        log::error("endpoint keeps its last policy", {log::kv("interface", record.host_ifname), log::kv("error", error.message())});
        retry = retry || error.is_temporary() || error.code() == Code::kIo;
        due_.no_room = due_.no_room || error.code() == Code::kExhausted;
        last = error.message();
    }
    return retry ? Result<>(Error(Code::kTryAgain, last)) : ok();
}

Result<> Node::prepare(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    NG_ASSIGN(const Record record, runtime_->store().read(container_id, ifname));
    Result<> prepared = runtime_->prepare(lock, record);
    warnings_.note_programmed(record, prepared);
    collector_->note_garbage();
    return prepared;
}

Result<> Node::program(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses) {
    const auto lock = lock_node();
    if (!lock) {
        reconcile_soon();
        return lock.error();
    }
    // Without addresses in the request, the record on disk has them, and perhaps new labels.
    NG_ASSIGN(Record record,
              addresses.empty() ? runtime_->store().read(container_id, ifname) : runtime_->current_record(container_id, ifname));
    if (!addresses.empty()) {
        record.addresses = addresses;
    }
    const Result<> programmed = runtime_->program(*lock, record);
    warnings_.note_programmed(record, programmed);
    collector_->note_garbage();
    NG_TRY(programmed);
    health_.report("upgrade", runtime_->finish_handover(*lock));
    log::info("endpoint programmed", {log::kv("endpoint", record.id), log::kv("interface", record.host_ifname),
                                      log::kv("pod", record.pod_namespace + "/" + record.pod_name)});
    observe(EventKind::kEndpointAdded, event_endpoint(record), {"its policy is in force", ""});
    if (const policy::AffectedEndpoints affected = runtime_->affected_by(record); !affected.none()) {
        health_.report(kProgramming, program_affected(*lock, affected));
    }
    return ok();
}

Result<> Node::set_description(const std::string& container_id, const std::string& ifname, std::string_view provider,
                               const endpoints::Description& description) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    return runtime_->set_description(lock, container_id, ifname, provider, description);
}

void Node::follow_labels(const std::set<std::string>& name_spaces) {
    const bool concerns_none = std::none_of(records().begin(), records().end(),
                                            [&](const auto& entry) { return name_spaces.count(entry.second.pod_namespace) != 0; });
    if (concerns_none && !due_.labels) {
        return;
    }
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const NodeLock lock, lock_node());
        return follow_labels(lock);
    };
    const Result<> result = work();
    due_.labels = !result;
    health_.report("labels of the API server", result);
}

Result<> Node::follow_labels(const NodeLock& lock) {
    NG_ASSIGN(const node::ProgramSummary summary, runtime_->follow_labels(lock));
    if (summary.programmed + summary.failed.size() == 0) {
        return ok();
    }
    relabelled_ += summary.programmed;
    log::info("labels changed", {log::kv("endpoints", summary.programmed)});
    return conclude_followed(lock, summary);
}

void Node::follow_services() {
    refresh_servers();
    if (policy::AffectedEndpoints::of_cluster(programmer().snapshot()).none()) {
        due_.services = false;
        return;
    }
    // The node lock was busy a moment ago. Labels come first, with the next tick.
    if (due_.labels) {
        due_.services = true;
        return;
    }
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const NodeLock lock, lock_node());
        const node::ProgramSummary summary = runtime_->follow_services(lock);
        if (summary.programmed + summary.failed.size() == 0) {
            return ok();
        }
        reselected_ += summary.programmed;
        log::info("Services or pods of other nodes changed", {log::kv("endpoints", summary.programmed)});
        return conclude_followed(lock, summary);
    };
    const Result<> result = work();
    due_.services = !result;
    health_.report("Services of the API server", result);
}

Result<> Node::conclude_followed(const NodeLock& lock, const node::ProgramSummary& summary) {
    collector_->note_garbage();
    if (summary.nearly_full) {
        collector_->collect_now();
    }
    if (const Result<> failed = report_failures(summary); !failed) {
        due_.program = true;  // of those that failed
        health_.report(kProgramming, failed);
    }
    return runtime_->mark_programmed(lock);
}

void Node::forget_state(std::uint32_t endpoint) {
    observe(EventKind::kEndpointRemoved, event_endpoint(records(), endpoint), {"the endpoint is gone", ""});
    cache_.forget(endpoint);
    refused_.forget(endpoint);
    names_without_room_.forget(endpoint);
    name_history_.forget(endpoint);
    shown_names_.forget(endpoint);
    sweeper_.forget(endpoint);
}

void Node::observe(EventKind kind, std::optional<EventEndpoint> endpoint, EventText text) const {
    if (observer_) {
        observer_({kind, std::move(endpoint), std::move(text)});
    }
}

void Node::note_end(Timing what, std::uint64_t begin_boot_ns) const {
    const std::uint64_t now = clock_.boot_ns();
    if (timing_observer_ && now >= begin_boot_ns) {
        timing_observer_(what, now - begin_boot_ns);
    }
}

void Node::forget(std::uint32_t endpoint) {
    forget_state(endpoint);
    due_.links = true;
    collector_->note_garbage();
    if (const auto gone = runtime_->forget(endpoint); gone) {
        program_affected(runtime_->affected_by(*gone));
    }
}

void Node::note_lookup(std::uint32_t endpoint, const std::vector<std::string>& names) {
    if (const node::Programmed* state = programmer().find(endpoint); state != nullptr && state->egress) {
        warnings_.lookups().note(*state->egress, names);
    }
}

void Node::refresh_servers() {
    const bool changed = runtime_->read_servers();
    const auto& problems = runtime_->server_problems();
    health_.report("files with DNS servers", problems.empty() ? ok() : Result<>(Error(Code::kIo, problems.front())));
    if (!changed) {
        return;
    }
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const NodeLock lock, lock_node());
        return runtime_->apply_settings(lock);
    };
    const Result<> result = work();
    health_.report("trusted servers", result);
    if (result) {
        log::info("trusted servers, or the names that are always allowed, changed",
                  {log::kv("servers", runtime_->trusted_servers().size()), log::kv("names", runtime_->always_allowed().size())});
    }
}

Result<> Node::reconcile(const NodeLock& lock) {
    NG_ASSIGN(const node::NodeRuntime::Reconciliation outcome, runtime_->reconcile(lock));
    for (const std::string& repair : outcome.repairs) {
        log::warning("reconciled", {log::kv("what", repair)});
    }
    for (const std::uint32_t endpoint : outcome.gone) {
        forget_state(endpoint);
    }
    // Pods wait for the node lock that is held here. This also restores the setting that a killed plugin left changed.
    const ShortGracePeriods short_grace_periods(config_.grace_path());
    return datapath::ensure_spare_slots(datapath(), kSpareSlots);
}

void Node::reconcile() {
    const auto work = [this]() -> Result<> {
        NG_ASSIGN(const NodeLock lock, lock_node());
        NG_TRY(reconcile(lock));
        return program_affected(lock, {});
    };
    const Result<> result = work();
    due_.reconcile = !result;
    health_.report("endpoints", result);
}

void Node::sweep() {
    if (const auto lock = NodeLock::acquire(config_, kIdleLockMs); lock) {
        health_.report("expiry", sweeper_.sweep(*lock, *runtime_));
    }
}

// A chained DEL leaves the programs on an interface that another plugin of the chain removes a moment later.
void Node::sweep_links() {
    if (!due_.links) {
        return;
    }
    const auto lock = NodeLock::acquire(config_, kIdleLockMs);
    if (!lock) {
        return;
    }
    std::set<std::string> alive;
    for (const auto& entry : records()) {
        alive.insert(entry.second.host_ifname);
    }
    const auto work = [&]() -> Result<> {
        NG_TRY(datapath::remove_severed_links(datapath()));
        NG_ASSIGN(const std::vector<datapath::PinnedLink> links, datapath::list_links(datapath()));
        due_.links = std::any_of(links.begin(), links.end(), [&alive](const auto& link) { return alive.count(link.ifname) == 0; });
        return ok();
    };
    health_.report("links", work());
}

void Node::tick() {
    health_.report("waiting for programs", programmer().wait_for_readers());
    cache_.expire();
    if (const auto saved = saver_.poll(); saved) {
        health_.report("name cache file", *saved);
    }
    sweep();
    if (const auto collected = collector_->tick(); collected) {
        health_.report("unused policies", *collected ? ok() : Result<>(collected->error()));
        due_.program = due_.program || (due_.no_room && *collected && **collected);
    }
    sweep_links();
    if (due_.reconcile) {
        reconcile();
    }
    if (due_.reload) {
        reload_policies();
    }
    if (due_.labels) {
        follow_labels({});
    }
    if (due_.services) {
        follow_services();
    }
    if (due_.program) {
        program_affected({});
    }
    warnings_.tick(*this);
}

void Node::save_cache() {
    if (const auto started = saver_.start(cache_, config_.name_cache_path(), cache_scope()); !started) {
        health_.report("name cache file", started);
    }
}

void Node::save_cache_now() {
    static_cast<void>(saver_.wait());  // the child must not overwrite the newer file
    health_.report("name cache file", cache_.save(config_.name_cache_path(), cache_scope()));
}

}  // namespace namegate::daemon
