// SPDX-License-Identifier: Apache-2.0
#include "node/endpoint_service.h"
#include "node/datapath_options.h"

#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "api/client.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "datapath/attach.h"
#include "datapath/map.h"
#include "datapath/policy_collection.h"
#include "endpoints/host_interface_name.h"
#include "endpoints/label_sources.h"
#include "node/containerd_labels.h"
#include "node/handover.h"
#include "node/lifecycle.h"
#include "node/policy_folders.h"
#include "node/programmer.h"

namespace namegate::node {

namespace {

using endpoints::Record;

constexpr unsigned kPrepareTimeoutMs = 100;
constexpr unsigned kProgramTimeoutMs = 3'000;
constexpr unsigned kForgetTimeoutMs = 1'000;
constexpr std::chrono::milliseconds kLastTry{1'000};

Result<FileLock> lock_node(const config::Config& config) {
    return FileLock::acquire(config.lock_path(), kLockTimeoutMs).with_context("the node lock");
}

// A daemon that runs may be an older build's, and goes on with what is pinned until its successor starts.
Result<std::unique_ptr<datapath::Datapath>> open_datapath(const config::Config& config) {
    datapath::DatapathOptions options = datapath_options(config);
    options.take_over = !api::daemon_listens(config.socket_path());
    NG_ASSIGN(std::unique_ptr<datapath::Datapath> datapath, datapath::Datapath::open(options));
    if (!datapath->replaced()) {
        log::warning("another build's programs stay in force", {log::kv("error", datapath->replaced().error().message())});
    }
    return datapath;
}

// Endpoints of an older build come over with their policies; whoever finds them there does it for all.
bool takes_over(const datapath::Datapath& datapath) { return datapath.options().take_over && !datapath.older().empty(); }

void log_failures(const ProgramSummary& summary) {
    for (const auto& failure : summary.failed) {
        log::warning("endpoint keeps its policy",
                     {log::kv("interface", failure.first.host_ifname), log::kv("error", failure.second.message())});
    }
}

api::Json ids(const std::string& container_id, const std::string& ifname) { return {{"container", container_id}, {"interface", ifname}}; }

// Without pins there is nothing of ours in the kernel, and nothing to load for a DEL.
bool is_loaded(const config::Config& config) {
    return ::access((config.bpffs_dir + "/v" + std::to_string(NG_ABI_VERSION)).c_str(), F_OK) == 0;
}

// The maps of another build's programs are not ours to write. What stands in them of this endpoint opens nothing without
// its interface, and goes with them or with the next reconciliation of that build's daemon.
Result<> remove_from_another(const config::Config& config, const endpoints::RecordStore& store, const Record& record) {
    NG_ASSIGN(const auto others, datapath::OtherSet::list(config.bpffs_dir));
    // An interface that its own plugin removes in a moment stays enforced until then.
    const bool stays = record.mode == endpoints::kModeChained && ::if_nametoindex(record.host_ifname.c_str()) != 0;
    for (const datapath::OtherSet& set : others) {
        NG_TRY(stays ? ok() : set.unpin(record.host_ifname));
    }
    return store.remove(record.container_id, record.ifname);
}

// Of one that cannot be read.
Record guess_record(const std::string& container_id, const std::string& ifname) {
    Record record;
    record.container_id = container_id;
    record.ifname = ifname;
    record.host_ifname = endpoints::host_interface_name(container_id, ifname);
    return record;
}

bool belongs_to_another(const Error& error) { return error.code() == Code::kTryAgain || error.code() == Code::kUnsupported; }

bool daemon_is_absent(const Error& error) { return error.code() == Code::kNotFound && error.sys_errno() != 0; }

}  // namespace

// All that programming in this process needs. The node lock is held while it is used.
struct EndpointService::Embedded {
    Embedded(std::unique_ptr<datapath::Datapath> opened, const config::Config& the_config, const Clock& clock)
        : config(the_config),
          datapath(std::move(opened)),
          store(config.records_dir()),
          policies(make_ledger(config, clock)),
          programmer(*datapath, config, clock, nullptr) {}

    Result<> apply_settings() const { return node::apply_settings(*datapath, config, config::DnsServers(config).read()); }
    // Those that changed since the last time.
    Result<> read_policies() {
        NG_ASSIGN(read, load_policy_folders(policies, config));
        programmer.use_snapshot(policies.snapshot(), gaps_text(policies));
        return ok();
    }
    void log_problems() const;
    // The node's other endpoints; none when no rule looks at them.
    Result<std::vector<Record>> others_of(const Record& record) const;
    // The record of the endpoint at hand is programmed by its caller, whom it matters to most.
    void take_over_others();

    const config::Config& config;
    std::unique_ptr<datapath::Datapath> datapath;
    endpoints::RecordStore store;
    policy::DocumentLedger policies;
    FoldersRead read;
    Programmer programmer;
};

void EndpointService::Embedded::log_problems() const {
    if (!read.kept) {
        log::warning("policies are not kept", {log::kv("error", read.kept.error().message())});
    }
    for (const FolderProblem& problem : read.problems) {
        log::warning("policy folder not read", {log::kv("folder", problem.folder), log::kv("error", problem.why)});
    }
    for (const policy::FileStatus& file : policies.refused()) {
        log::warning("policy file refused",
                     {log::kv("file", file.path),
                      log::kv("error", file.problems.empty() ? std::string("unreadable") : policy::to_string(file.problems.front()))});
    }
}

Result<std::vector<Record>> EndpointService::Embedded::others_of(const Record& record) const {
    if (!programmer.looks_at_endpoints()) {
        return std::vector<Record>();
    }
    NG_ASSIGN(endpoints::RecordListing listing, store.list());
    std::erase_if(listing.records, [&record](const Record& one) { return one.id == record.id; });
    return std::move(listing.records);
}

void EndpointService::Embedded::take_over_others() {
    const auto work = [this]() -> Result<> {
        NG_ASSIGN(const Reconciled outcome, reconcile(*datapath, store));
        log_failures(programmer.program_concerned(outcome.records, policy::Concern::everybody()));
        return finish_handover(*datapath);
    };
    if (const auto result = work(); !result) {
        log::warning("taking over from an older build", {log::kv("error", result.error().message())});
    }
}

EndpointService::EndpointService(const config::Config& config, Clock& clock) : config_(config), clock_(clock) {}
EndpointService::~EndpointService() = default;

Result<std::unique_ptr<EndpointService>> EndpointService::create(const config::Config& config, Clock& clock) {
    NG_TRY(make_directories(config.state_dir, 0755));
    return std::unique_ptr<EndpointService>(new EndpointService(config, clock));
}

Result<> EndpointService::admit(Record& record) {
    bool by_daemon = false;
    {
        NG_ASSIGN(const FileLock lock, lock_node(config_));
        NG_ASSIGN(std::unique_ptr<datapath::Datapath> datapath, open_datapath(config_));
        NG_TRY(admit_locked(*datapath, record));
        by_daemon = !datapath->options().take_over;
        if (record.addresses.empty() && !by_daemon) {
            prepare_here(std::move(datapath), record);
        }
    }
    // Its answer is not waited for: whatever the daemon has not prepared by then, it does when it programs.
    if (record.addresses.empty() && by_daemon) {
        static_cast<void>(
            api::Question::send(config_.socket_path(), {"prepare", ids(record.container_id, record.ifname)}, kPrepareTimeoutMs));
    }
    return ok();
}

Result<> EndpointService::admit_locked(datapath::Datapath& datapath, Record& record) {
    const endpoints::RecordStore store(config_.records_dir());
    if (datapath.fresh() || takes_over(datapath)) {
        NG_TRY(apply_settings(datapath, config_, config::DnsServers(config_).read()));
        NG_TRY(reconcile(datapath, store));
    }
    // Left by an ADD that was never followed by its DEL.
    if (const auto stale = store.read(record.container_id, record.ifname); stale) {
        NG_TRY(evict_endpoint(datapath, store, *stale));
    }
    return admit_endpoint(datapath, store, record);
}

// While its addresses are waited for. What fails here fails again, and is told, when the endpoint is programmed.
void EndpointService::prepare_here(std::unique_ptr<datapath::Datapath> datapath, const Record& record) {
    if (takes_over(*datapath)) {
        return;
    }
    auto embedded = std::make_unique<Embedded>(std::move(datapath), config_, clock_);
    if (!embedded->apply_settings() || !embedded->read_policies()) {
        return;
    }
    if (const auto others = embedded->others_of(record); others) {
        static_cast<void>(embedded->programmer.prepare(record, *others));
    }
    embedded_ = std::move(embedded);
}

// With its addresses and labels, which the disk does not know yet. Its numbers are others if the datapath was lost meanwhile.
Result<> EndpointService::refresh(Record& record) const {
    NG_ASSIGN(Record current, endpoints::RecordStore(config_.records_dir()).read(record.container_id, record.ifname));
    current.addresses = std::move(record.addresses);
    if (record.containerd_labels) {
        current.containerd_labels = std::move(record.containerd_labels);
    }
    record = std::move(current);
    return ok();
}

// What was prepared, which is told, unless the pins are others since.
Result<bool> EndpointService::open_embedded() {
    const bool prepared = embedded_ && embedded_->datapath->is_current();
    if (!prepared) {
        embedded_.reset();
        NG_ASSIGN(std::unique_ptr<datapath::Datapath> datapath, open_datapath(config_));
        embedded_ = std::make_unique<Embedded>(std::move(datapath), config_, clock_);
        NG_TRY(embedded_->apply_settings());
    }
    NG_TRY(embedded_->read_policies());
    embedded_->log_problems();
    return prepared;
}

Result<> EndpointService::program_here(Record& record) {
    NG_ASSIGN(const FileLock lock, lock_node(config_));
    NG_ASSIGN(const bool prepared, open_embedded());
    NG_TRY(prepared ? ok() : refresh(record));
    NG_ASSIGN(std::vector<Record> others, embedded_->others_of(record));
    others.push_back(record);
    Programmer& programmer = embedded_->programmer;
    // Compiled policies that nobody uses any more are found by looking through all tables, which only the daemon has the
    // time for. One like them needs no room.
    Result<> programmed = programmer.program(record, others);
    if (!programmed && programmed.error().code() == Code::kExhausted) {
        NG_TRY(datapath::remove_unused_policies(*embedded_->datapath, {}));
        programmed = programmer.program(record, others);
    }
    NG_TRY(programmed);
    record.ready = true;
    NG_TRY(embedded_->store.write(record));
    if (takes_over(*embedded_->datapath)) {
        embedded_->take_over_others();
        return ok();
    }
    if (const policy::Concern concern = programmer.concern_of(record); !concern.nobody()) {
        log_failures(programmer.program_concerned(others, concern));
    }
    return ok();
}

Result<api::Question> EndpointService::ask_to_program(const Record& record) const {
    // The daemon may have to wait for containerd first.
    const unsigned wait_ms = config_.asks_containerd_for(record.kubernetes) ? config_.label_timeout_seconds * 1'000 : 0;
    api::Json arguments = ids(record.container_id, record.ifname);
    for (const IpAddress& address : record.addresses) {
        arguments["addresses"].push_back(address.to_string());
    }
    return api::Question::send(config_.socket_path(), {"program", arguments}, kProgramTimeoutMs + wait_ms);
}

// Nothing: there is no daemon.
std::optional<Result<>> EndpointService::have_programmed(Record& record) {
    if (!api::daemon_listens(config_.socket_path())) {
        return std::nullopt;
    }
    auto question = ask_to_program(record);
    const auto answer = question ? question->answer() : Result<api::Json>(question.error());
    if (!answer && daemon_is_absent(answer.error())) {
        return std::nullopt;
    }
    record.ready = answer.has_value();
    return answer ? ok() : Result<>(answer.error());
}

bool EndpointService::lacks_labels(const Record& record, const Result<>& programmed) const {
    // Where policies are missing, labels would not help.
    const bool no_policies = embedded_ && !embedded_->programmer.unknown().empty();
    return !programmed && programmed.error().code() == Code::kTryAgain && !no_policies && !record.containerd_labels &&
           config_.asks_containerd_for(record.kubernetes);
}

// `absent` says so. The daemon may be on its way up: then it is the daemon's to go on.
Result<> EndpointService::program_without_daemon(Record& record, const Error& absent) {
    Result<> here = program_here(record);
    if (!lacks_labels(record, here)) {
        return here;
    }
    std::optional<Result<>> by_daemon;
    const auto comes_up = [&] { return (by_daemon = have_programmed(record)).has_value(); };
    const auto labels = fetch_containerd_labels(config_, record, std::chrono::seconds(config_.label_timeout_seconds), comes_up);
    // One that came up meanwhile keeps what it programs in its memory, so it had better be the one.
    if (by_daemon || comes_up()) {
        return *by_daemon;
    }
    if (!labels) {
        return Error(labels.error().code(), "the labels of the pod are not known: " + labels.error().message() +
                                                "; asked by the plugin, because " + absent.message());
    }
    record.containerd_labels = **labels;
    return program_here(record);
}

// It listens, but could not do it, for the reason given.
Result<> EndpointService::program_instead_of_daemon(Record& record, const Error& reason) {
    const Result<> here = program_here(record);
    if (!lacks_labels(record, here)) {
        return here || here.error().code() != Code::kTryAgain ? here : Result<>(reason);
    }
    // The time for them is over, but it may be the daemon that used it up.
    const auto labels = fetch_containerd_labels(config_, record, kLastTry, [] { return false; });
    if (!labels) {
        return reason;
    }
    record.containerd_labels = **labels;
    return program_here(record);
}

Result<> EndpointService::program(Record& record, const std::function<Result<>()>& meanwhile) {
    auto question = ask_to_program(record);
    const Result<> done = meanwhile();
    const auto answer = question ? question->answer() : Result<api::Json>(question.error());
    NG_TRY(done);
    if (answer) {
        record.ready = true;
        return ok();
    }
    if (daemon_is_absent(answer.error())) {
        return program_without_daemon(record, answer.error());
    }
    log::warning("the daemon did not program the endpoint, so the plugin does", {log::kv("error", answer.error().message())});
    return api::daemon_listens(config_.socket_path()) ? program_instead_of_daemon(record, answer.error())
                                                      : program_without_daemon(record, answer.error());
}

Result<> EndpointService::add(Record& record) {
    NG_TRY(admit(record));
    UndoStack undo;
    undo.push([this, &record] {
        if (const auto removed = remove(record.container_id, record.ifname); !removed) {
            log::warning("undoing a failed ADD", {log::kv("step", "endpoint"), log::kv("error", removed.error().message())});
        }
    });
    NG_TRY(program(record, [] { return ok(); }));
    undo.dismiss();
    return ok();
}

Result<> EndpointService::remove_here(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const FileLock lock, lock_node(config_));
    const endpoints::RecordStore store(config_.records_dir());
    const auto record = store.read(container_id, ifname);
    const bool unknown = !record && record.error().code() == Code::kNotFound;
    if (unknown) {
        // An ADD may have died early: with the record half written, and a slot taken that nobody speaks for.
        NG_TRY(store.remove(container_id, ifname));
        if (!is_loaded(config_)) {
            return ok();
        }
    }
    datapath::DatapathOptions options = datapath_options(config_);
    options.take_over = false;
    auto opened = datapath::Datapath::open(options);
    if (!opened && belongs_to_another(opened.error())) {
        return unknown ? ok() : remove_from_another(config_, store, record ? *record : guess_record(container_id, ifname));
    }
    NG_ASSIGN(const std::unique_ptr<datapath::Datapath> datapath, std::move(opened));
    if (unknown) {
        return release_leftovers(*datapath, store);
    }
    if (record) {
        NG_TRY(evict_endpoint(*datapath, store, *record));
        // What an earlier chained DEL had to leave.
        NG_TRY(datapath::remove_severed_links(*datapath));
        return ok();
    }
    // The record cannot be read. Its links follow from the ids; its slot is found by the next reconciliation.
    log::warning("an endpoint record cannot be read", {log::kv("container", container_id), log::kv("error", record.error().message())});
    NG_TRY(datapath::detach(*datapath, endpoints::host_interface_name(container_id, ifname), 0));
    return store.remove(container_id, ifname);
}

// The other endpoints' rules may name the one that is gone, and its address goes to somebody else.
void EndpointService::reprogram_others(const std::optional<Record>& gone) {
    const auto work = [this, &gone]() -> Result<> {
        NG_ASSIGN(const FileLock lock, lock_node(config_));
        NG_TRY(open_embedded());
        NG_ASSIGN(const endpoints::RecordListing listing, embedded_->store.list());
        if (takes_over(*embedded_->datapath)) {
            embedded_->take_over_others();
            return ok();
        }
        Programmer& programmer = embedded_->programmer;
        const policy::Concern concern = gone ? programmer.concern_of(*gone) : policy::Concern::everybody();
        if (!listing.records.empty() && !concern.nobody()) {
            const ProgramSummary summary = programmer.program_concerned(listing.records, concern);
            if (!summary.failed.empty()) {
                return summary.failed.front().second;
            }
        }
        return ok();
    };
    if (const auto result = work(); !result) {
        log::warning("policies were not brought up to date", {log::kv("error", result.error().message())});
    }
}

Result<> EndpointService::remove(const std::string& container_id, const std::string& ifname) {
    const endpoints::RecordStore store(config_.records_dir());
    const auto record = store.read(container_id, ifname);
    NG_TRY(remove_here(container_id, ifname));
    if (!record && record.error().code() == Code::kNotFound) {
        return ok();
    }
    const api::Json arguments = record ? api::Json{{"endpoint", record->id}} : api::Json::object();
    if (!api::ask_daemon(config_.socket_path(), {"forget", arguments}, kForgetTimeoutMs)) {
        reprogram_others(record ? std::optional<Record>(*record) : std::nullopt);
    }
    return ok();
}

Result<std::vector<Attachment>> EndpointService::attachments(const std::string& network) {
    const endpoints::RecordStore store(config_.records_dir());
    NG_ASSIGN(const endpoints::RecordListing listing, store.list());
    std::vector<Attachment> out;
    for (const Record& record : listing.records) {
        if (record.network == network) {
            out.push_back({record.container_id, record.ifname});
        }
    }
    return out;
}

Result<> EndpointService::status() {
    if (::access(config_.state_dir.c_str(), W_OK) != 0) {
        return sys_error("writing to " + config_.state_dir, errno);
    }
    const endpoints::RecordStore store(config_.records_dir());
    NG_ASSIGN(const endpoints::RecordListing listing, store.list());
    NG_ASSIGN(const auto others, datapath::OtherSet::list(config_.bpffs_dir));
    for (const datapath::OtherSet& set : others) {
        if (set.is_newer() && !listing.records.empty()) {
            return Error(Code::kUnsupported, "a newer build of namegate (layout version " + std::to_string(set.version()) +
                                                 ") enforces the pods of this node: install it again");
        }
    }
    if (!listing.records.empty() && others.empty() && !is_loaded(config_)) {
        return Error(Code::kNotFound, "the pins under " + config_.bpffs_dir + " are gone while there are " +
                                          std::to_string(listing.records.size()) + " pods: their policies are not enforced");
    }
    return ok();
}

Result<> EndpointService::check(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const FileLock lock, lock_node(config_));
    const endpoints::RecordStore store(config_.records_dir());
    NG_ASSIGN(const Record record, store.read(container_id, ifname));
    NG_ASSIGN(const auto others, datapath::OtherSet::list(config_.bpffs_dir));
    NG_ASSIGN(const datapath::OtherSet* other, enforced_by(others, record));
    if (other != nullptr) {
        return ok();  // as before, until it is taken over
    }
    NG_ASSIGN(const std::unique_ptr<datapath::Datapath> datapath, open_datapath(config_));
    NG_ASSIGN(const bool attached, datapath::is_attached(*datapath, record.host_ifname, record.host_ifindex));
    if (!attached) {
        return Error(Code::kNotFound, "the programs are gone from " + record.host_ifname);
    }
    NG_ASSIGN(const int map, datapath->map(datapath::MapId::kIfaces));
    NG_ASSIGN(const auto bound, datapath::map_lookup<ng_iface>(map, record.host_ifindex));
    if (!bound || bound->endpoint != record.id || bound->slot != record.slot) {
        return Error(Code::kNotFound, record.host_ifname + " is not bound to its endpoint");
    }
    NG_ASSIGN(const auto active, datapath::active_config(*datapath, record.slot));
    if (!active || active->endpoint != record.id || active->mode == NG_MODE_CLOSED) {
        return Error(Code::kNotFound, "no policy is in force for " + record.host_ifname + ": it is closed");
    }
    return ok();
}

}  // namespace namegate::node
