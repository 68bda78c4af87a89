// SPDX-License-Identifier: Apache-2.0
#include "daemon/node.h"

#include <malloc.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/grace_period.h"
#include "base/log.h"
#include "control/handover.h"
#include "control/lifecycle.h"
#include "datapath/attach.h"
#include "datapath/clock.h"
#include "datapath/learnt.h"
#include "datapath/slots.h"

namespace namegate::daemon {

namespace {

using endpoints::Record;

constexpr unsigned kBusyLockMs = 2'000;      // of an operation that must be done now
constexpr unsigned kSweepLockMs = 1;         // of one that can wait for the next tick
constexpr std::size_t kSweepEndpoints = 16;  // a tick, so that no tick takes long
constexpr std::size_t kSweepPart = 8;        // of its limit: who learnt more since is swept before its turn
constexpr std::uint64_t kSweepGraceSeconds = 60;
constexpr std::uint32_t kSpareSlots = 4;

}  // namespace

Node::Node(const control::Config& config, const Clock& clock, std::unique_ptr<datapath::Datapath> datapath)
    : config_(config),
      clock_(clock),
      datapath_(std::move(datapath)),
      store_(config.records_dir()),
      policies_(control::make_ledger(config_, clock_)),
      cache_(clock, dns::NameCacheLimits{}),
      collector_(*datapath_, clock_, config_.lock_path()),
      programmer_(std::make_unique<control::Programmer>(*datapath_, config_, clock_, &cache_)),
      warnings_(clock_),
      dns_servers_(config) {}

Result<std::unique_ptr<Node>> Node::open(const control::Config& config, const Clock& clock) {
    NG_TRY(make_directories(config.state_dir, 0755));
    NG_TRY(make_directories(config.cache_dir, 0700));
    std::unique_ptr<Node> node;
    {
        NG_ASSIGN(const FileLock lock, FileLock::acquire(config.lock_path(), control::kLockTimeoutMs).with_context("the node lock"));
        NG_ASSIGN(std::unique_ptr<datapath::Datapath> datapath, datapath::Datapath::open(config.datapath_options()));
        log::info(datapath->fresh() ? "datapath loaded" : "datapath adopted", {log::kv("pins", datapath->folder())});
        const Result<> replaced = datapath->replaced();
        node = std::unique_ptr<Node>(new Node(config, clock, std::move(datapath)));
        node->set_trouble("programs", replaced);
        node->servers_ = node->dns_servers_.read();
        NG_TRY(control::apply_settings(*node->datapath_, config, node->servers_));
        node->set_trouble("endpoints", node->reconcile_locked());
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
    // What decoding and compiling took for a moment is not needed again.
    ::malloc_trim(0);
    return node;
}

std::string Node::cache_scope() const { return boot_id_ + "/" + std::to_string(datapath_->seed()); }

void Node::set_trouble(const std::string& subject, const Result<>& result) {
    if (result) {
        if (troubles_.erase(subject) > 0) {
            log::info("recovered", {log::kv("subject", subject)});
        }
        return;
    }
    std::string& known = troubles_[subject];
    if (known != result.error().message()) {
        known = result.error().message();
        log::error("degraded", {log::kv("subject", subject), log::kv("error", known)});
    }
}

std::vector<Record> Node::all_records() const {
    std::vector<Record> all;
    for (const auto& entry : records_) {
        all.push_back(entry.second);
    }
    return all;
}

void Node::log_files() const {
    for (const policy::FileStatus& file : policies_.refused()) {
        for (const policy::Problem& problem : file.problems) {
            log::warning("policy file refused",
                         {log::kv("problem", policy::to_string(problem)), log::kv("in_force", policy::to_string(file.in_force))});
        }
    }
}

void Node::reload_policies() {
    auto read = control::load_policy_folders(policies_, config_);
    reload_due_ = !read;
    set_trouble("reading policies", read ? ok() : Result<>(read.error()));
    if (!read) {
        return;
    }
    set_trouble("kept policies", read->kept);
    if (read->problems != folder_problems_) {
        for (const control::FolderProblem& problem : read->problems) {
            log::warning("policy folder not read", {log::kv("folder", problem.folder), log::kv("error", problem.why)});
        }
    }
    folder_problems_ = std::move(read->problems);
    if (policies_.revision() != logged_revision_) {
        logged_revision_ = policies_.revision();
        log_files();
    }
    const auto snapshot = policies_.snapshot();
    const std::string unknown = control::gaps_text(policies_);
    const bool known_before = programmer_->unknown().empty();
    if (snapshot->generation() == generation_ && unknown == programmer_->unknown() && !program_due_) {
        return;
    }
    const auto before = programmer_->snapshot_ref();
    generation_ = snapshot->generation();
    programmer_->use_snapshot(snapshot, unknown);
    set_trouble("policies", unknown.empty() ? ok() : Result<>(Error(Code::kTryAgain, unknown)));
    log::info("policies in force", {log::kv("files", policies_.file_count()), log::kv("policies", snapshot->policy_count())});
    // Whoever was left as he was meanwhile is brought up to date.
    program_concerned(known_before && unknown.empty() ? policy::Concern::of_change(*before, *snapshot) : policy::Concern::everybody());
}

void Node::program_concerned(const policy::Concern& concern) {
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const FileLock lock, FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock"));
        return program_concerned_locked(concern);
    };
    const Result<> result = work();
    // A policy that does not compile is told by its endpoints, and does not get better by itself. An endpoint that was
    // not reached keeps the policies of before, which the next attempt could not tell from those of now.
    program_due_ = !result;
    if (!result) {
        programmer_->distrust();
    }
    set_trouble("programming", result);
}

Result<> Node::program_concerned_locked(const policy::Concern& concern) {
    const control::ProgramSummary summary = programmer_->bring_up_to_date(all_records(), concern);
    collector_.note_garbage();
    if (summary.crowded) {
        collector_.hurry();
    }
    std::string failures;
    bool retry = false;
    no_room_ = false;
    for (const auto& failure : summary.failed) {
        // What is not known stays so until a file changes, and is told for all endpoints together.
        if (!programmer_->unknown().empty() && failure.second.message() == programmer_->unknown()) {
            continue;
        }
        log::error("endpoint keeps its last policy",
                   {log::kv("interface", failure.first.host_ifname), log::kv("error", failure.second.message())});
        retry = retry || failure.second.code() == Code::kTryAgain || failure.second.code() == Code::kIo;
        no_room_ = no_room_ || failure.second.code() == Code::kExhausted;
        failures = failure.second.message();
    }
    for (auto& entry : records_) {
        const control::Programmed* state = programmer_->find(entry.first);
        // Not one that only is prepared, nor one whose DEL has come meanwhile: that record must not come back.
        if (!entry.second.ready && !entry.second.addresses.empty() && state != nullptr && state->error.empty() &&
            is_on_disk(entry.second)) {
            NG_TRY(mark_ready(entry.second));
        }
    }
    set_trouble("upgrade", control::finish_handover(*datapath_));
    return retry ? Result<>(Error(Code::kTryAgain, failures)) : ok();
}

bool Node::is_on_disk(const Record& record) const {
    const auto stored = store_.read(record.container_id, record.ifname);
    return stored && stored->id == record.id;
}

Result<> Node::mark_ready(Record& record) {
    record.ready = true;
    return store_.write(record);
}

Result<Record> Node::current_record(const std::string& container_id, const std::string& ifname) const {
    const auto known = std::find_if(records_.begin(), records_.end(), [&](const RecordMap::value_type& entry) {
        return entry.second.container_id == container_id && entry.second.ifname == ifname && !entry.second.ready;
    });
    if (known != records_.end()) {
        const auto active = datapath::active_config(*datapath_, known->second.slot);
        if (active && *active && (*active)->endpoint == known->first) {
            return known->second;
        }
    }
    return store_.read(container_id, ifname);
}

void Node::take_record(const Record& record) {
    for (auto entry = records_.begin(); entry != records_.end();) {
        const bool same = entry->second.container_id == record.container_id && entry->second.ifname == record.ifname;
        entry = same && entry->first != record.id ? records_.erase(entry) : std::next(entry);
    }
    records_[record.id] = record;
}

Result<> Node::prepare(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const FileLock lock, FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock"));
    NG_ASSIGN(const Record record, store_.read(container_id, ifname));
    take_record(record);
    Result<> prepared = programmer_->prepare(record, all_records());
    warnings_.note_programmed(record, prepared, programmer_->labels_unknown());
    collector_.note_garbage();
    return prepared;
}

Result<> Node::program(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses) {
    const auto lock = FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock");
    if (!lock) {
        reconcile_soon();
        return lock.error();
    }
    return program_one_locked(container_id, ifname, addresses);
}

Result<> Node::program_one_locked(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses) {
    // Without addresses its record is asked for: they were written into it, or labels.
    NG_ASSIGN(Record record, addresses.empty() ? store_.read(container_id, ifname) : current_record(container_id, ifname));
    if (!addresses.empty()) {
        record.addresses = addresses;
    }
    take_record(record);
    Result<> programmed = programmer_->program(record, all_records());
    warnings_.note_programmed(record, programmed, programmer_->labels_unknown());
    collector_.note_garbage();
    if (!programmed) {
        // The plugin undoes a new endpoint.
        records_.erase(record.id);
        programmer_->forget(record.id);
        if (programmed.error().code() == Code::kTryAgain) {
            NG_TRY(store_.write(record));  // for who comes with what is missing, and knows no addresses
        }
        return programmed;
    }
    NG_TRY(mark_ready(records_[record.id]));
    set_trouble("upgrade", control::finish_handover(*datapath_));
    log::info("endpoint programmed", {log::kv("endpoint", record.id), log::kv("interface", record.host_ifname),
                                      log::kv("pod", record.pod_namespace + "/" + record.pod_name)});
    if (const policy::Concern concern = programmer_->concern_of(record); !concern.nobody()) {
        set_trouble("programming", program_concerned_locked(concern));
    }
    return ok();
}

Result<> Node::set_containerd_labels(const std::string& container_id, const std::string& ifname, const endpoints::Labels& labels) {
    NG_ASSIGN(const FileLock lock, FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock"));
    NG_ASSIGN(Record record, store_.read(container_id, ifname));
    record.containerd_labels = labels;
    return store_.write(record);
}

void Node::forget(std::uint32_t endpoint) {
    cache_.forget(endpoint);
    refused_.forget(endpoint);
    programmer_->forget(endpoint);
    learnt_since_sweep_.erase(endpoint);
    links_due_ = true;
    collector_.note_garbage();
    const auto gone = records_.extract(endpoint);
    if (!gone.empty()) {
        program_concerned(programmer_->concern_of(gone.mapped()));
    }
}

void Node::note_lookup(std::uint32_t endpoint, const std::vector<std::string>& names) {
    if (const control::Programmed* state = programmer_->find(endpoint); state != nullptr && state->egress) {
        warnings_.lookups().note(*state->egress, names);
    }
}

std::vector<dns::TrustedServer> Node::servers_of(const Record& record) const {
    std::vector<dns::TrustedServer> out;
    for (const control::NamedServer& named : servers_) {
        out.push_back(named.server);
    }
    if (config_.dns_servers.pod) {
        for (const IpAddress& own : record.dns_servers) {
            out.push_back({IpPrefix(own, own.bits()), dns::kDefaultDnsPort});
        }
    }
    return out;
}

bool Node::trusts(const Record& record, const IpAddress& server) const {
    const std::vector<dns::TrustedServer> servers = servers_of(record);
    return std::any_of(servers.begin(), servers.end(),
                       [&server](const dns::TrustedServer& one) { return one.contains(server, dns::kDefaultDnsPort); });
}

void Node::refresh_servers() {
    const std::vector<control::NamedServer>& servers = dns_servers_.read();
    const auto& problems = dns_servers_.problems();
    set_trouble("files with DNS servers", problems.empty() ? ok() : Result<>(Error(Code::kIo, problems.front())));
    if (servers == servers_) {
        return;
    }
    const auto work = [&]() -> Result<> {
        NG_ASSIGN(const FileLock lock, FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock"));
        return control::apply_settings(*datapath_, config_, servers);
    };
    const Result<> result = work();
    set_trouble("trusted servers", result);
    if (result) {
        servers_ = servers;
        log::info("trusted servers changed", {log::kv("count", servers.size())});
    }
}

Result<> Node::reconcile_locked() {
    NG_ASSIGN(const control::Reconciled outcome, control::reconcile(*datapath_, store_));
    for (const std::string& repair : outcome.repairs) {
        log::warning("reconciled", {log::kv("what", repair)});
    }
    RecordMap records;
    for (const Record& record : outcome.records) {
        records[record.id] = record;
    }
    for (const auto& entry : records_) {
        if (records.count(entry.first) == 0) {
            cache_.forget(entry.first);
            refused_.forget(entry.first);
            programmer_->forget(entry.first);
            learnt_since_sweep_.erase(entry.first);
        }
    }
    records_ = std::move(records);
    // The node lock is held, and pods wait for it. This also sets back what a plugin left that was killed.
    const ShortGracePeriods hurry(config_.grace_path());
    return datapath::ensure_spare_slots(*datapath_, kSpareSlots);
}

void Node::reconcile() {
    const auto work = [this]() -> Result<> {
        NG_ASSIGN(const FileLock lock, FileLock::acquire(config_.lock_path(), kBusyLockMs).with_context("the node lock"));
        NG_TRY(reconcile_locked());
        return program_concerned_locked({});
    };
    const Result<> result = work();
    reconcile_due_ = !result;
    set_trouble("endpoints", result);
}

// Whose map fills quickly comes before its turn: at least every second, else among many endpoints it could be full of
// what has expired.
std::set<std::uint32_t> Node::due_for_sweep() {
    std::set<std::uint32_t> due;
    for (const auto& [endpoint, learnt] : learnt_since_sweep_) {
        if (due.size() < kSweepEndpoints && learnt >= config_.learnt_per_endpoint / kSweepPart && records_.count(endpoint) != 0) {
            due.insert(endpoint);
        }
    }
    auto next = records_.lower_bound(sweep_next_);
    for (std::size_t i = std::min(kSweepEndpoints, records_.size()); i > 0; --i) {
        next = next == records_.end() ? records_.begin() : next;
        due.insert(next++->first);
    }
    sweep_next_ = next == records_.end() ? 0 : next->first;
    return due;
}

Result<> Node::sweep_one(const Record& record) {
    learnt_since_sweep_.erase(record.id);
    const auto config = datapath::active_config(*datapath_, record.slot);
    // The slot may have gone to another endpoint while nobody told us.
    if (!config || !*config || (*config)->endpoint != record.id) {
        return ok();
    }
    const std::uint32_t now = datapath::tick_of(clock_.boot_ns());
    const auto swept = datapath::sweep_learnt(*datapath_, record.slot, now, datapath::ticks_in(kSweepGraceSeconds),
                                              [this](const IpAddress& address) { return config_.never_opens.refuses(address) != nullptr; });
    return swept ? ok() : Result<>(swept.error());
}

void Node::sweep() {
    const auto lock = FileLock::acquire(config_.lock_path(), kSweepLockMs);
    if (!lock) {
        return;
    }
    Result<> result = ok();
    for (const std::uint32_t endpoint : due_for_sweep()) {
        if (const auto swept = sweep_one(records_.at(endpoint)); !swept) {
            result = swept;
        }
    }
    set_trouble("expiry", result);
}

// A chained DEL leaves the programs on an interface that its own plugin removes a moment later.
void Node::sweep_links() {
    if (!links_due_) {
        return;
    }
    const auto lock = FileLock::acquire(config_.lock_path(), kSweepLockMs);
    if (!lock) {
        return;
    }
    std::set<std::string> alive;
    for (const auto& entry : records_) {
        alive.insert(entry.second.host_ifname);
    }
    const auto work = [&]() -> Result<> {
        NG_TRY(datapath::remove_severed_links(*datapath_));
        NG_ASSIGN(const std::vector<datapath::PinnedLink> links, datapath::list_links(*datapath_));
        links_due_ = std::any_of(links.begin(), links.end(), [&alive](const auto& link) { return alive.count(link.ifname) == 0; });
        return ok();
    };
    set_trouble("links", work());
}

void Node::tick() {
    set_trouble("waiting for programs", programmer_->settle());
    cache_.expire();
    if (const auto saved = saver_.poll(); saved) {
        set_trouble("name cache file", *saved);
    }
    sweep();
    if (const auto collected = collector_.tick(); collected) {
        set_trouble("unused policies", *collected ? ok() : Result<>(collected->error()));
        program_due_ = program_due_ || (no_room_ && *collected && **collected);
    }
    sweep_links();
    if (reconcile_due_) {
        reconcile();
    }
    if (reload_due_) {
        reload_policies();
    }
    if (program_due_) {
        program_concerned({});
    }
    warnings_.tick(*this);
}

void Node::save_cache() {
    if (const auto started = saver_.start(cache_, config_.name_cache_path(), cache_scope()); !started) {
        set_trouble("name cache file", started);
    }
}

void Node::save_cache_now() {
    static_cast<void>(saver_.wait());  // so that the older picture is not the last to be written
    set_trouble("name cache file", cache_.save(config_.name_cache_path(), cache_scope()));
}

}  // namespace namegate::daemon
