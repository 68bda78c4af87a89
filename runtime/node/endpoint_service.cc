// SPDX-License-Identifier: Apache-2.0
#include "node/endpoint_service.h"

#include <net/if.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include "api/client.h"
#include "api/commands.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "datapath/attach.h"
#include "datapath/policy_collection.h"
#include "endpoints/host_interface_name.h"
#include "node/admission.h"
#include "node/handover.h"
#include "node/settings.h"

namespace namegate::node {

namespace {

using endpoints::Record;

constexpr unsigned kPrepareTimeoutMs = 100;
constexpr unsigned kProgramTimeoutMs = 3'000;
constexpr unsigned kForgetTimeoutMs = 1'000;
constexpr std::chrono::milliseconds kLastTry{1'000};

void log_failures(const ProgramSummary& summary) {
    for (const auto& failure : summary.failed) {
        log::warning("the endpoint keeps its former policy",
                     {log::kv("interface", failure.first.host_ifname), log::kv("error", failure.second.message())});
    }
}

// This build must not write the maps of another build, so the endpoint's entries stay there. Without the interface they open
// nothing. They are removed together with those maps, or when a daemon of that build reconciles.
Result<> remove_from_other_build(const config::Config& config, const endpoints::RecordStore& store, const Record& record) {
    NG_ASSIGN(const auto others, datapath::OtherBuild::list(config.bpffs_dir));
    // An interface that another plugin is about to remove stays enforced until then.
    const bool stays = record.chained && ::if_nametoindex(record.host_ifname.c_str()) != 0;
    for (const datapath::OtherBuild& build : others) {
        NG_TRY(stays ? ok() : build.unpin(record.host_ifname));
    }
    return store.remove(record.container_id, record.ifname);
}

// For an endpoint whose record file cannot be read: the members that follow from the ids.
Record guess_record(const std::string& container_id, const std::string& ifname) {
    Record record;
    record.container_id = container_id;
    record.ifname = ifname;
    record.host_ifname = endpoints::host_interface_name(container_id, ifname);
    return record;
}

void log_problems(const NodeRuntime& runtime) {
    if (!runtime.policies_kept()) {
        log::warning("the last good content of policy files cannot be stored",
                     {log::kv("error", runtime.policies_kept().error().message())});
    }
    log_problems(runtime.folder_problems());
    for (const policy::FileStatus& file : runtime.policies().refused()) {
        log::warning("policy file refused",
                     {log::kv("file", file.path),
                      log::kv("error", file.problems.empty() ? std::string("unreadable") : policy::to_string(file.problems.front()))});
    }
}

// Takes over all endpoints of an older build and puts their policies into force.
void take_over_others(const NodeLock& lock, NodeRuntime& runtime) {
    const auto work = [&]() -> Result<> {
        NG_TRY(runtime.reconcile(lock));
        log_failures(runtime.program_affected(lock, policy::AffectedEndpoints::all()));
        return runtime.finish_handover(lock);
    };
    if (const auto result = work(); !result) {
        log::warning("taking over from an older build failed", {log::kv("error", result.error().message())});
    }
}

// As Datapath::open() reports it without take_over.
bool is_of_other_build(const Error& error) { return error.code() == Code::kTryAgain || error.code() == Code::kUnsupported; }

// A kNotFound in the daemon's reply has no errno.
bool daemon_is_absent(const Error& error) { return error.code() == Code::kNotFound && error.sys_errno() != 0; }

}  // namespace

// A running daemon may be of an older build and needs its programs until its successor starts, so they are not replaced.
Result<std::unique_ptr<NodeRuntime>> EndpointService::open_runtime(const NodeLock& lock) const {
    NodeOptions options;
    options.take_over = !api::daemon_listens(config_.socket_path());
    NG_ASSIGN(std::unique_ptr<NodeRuntime> runtime, NodeRuntime::open(lock, config_, clock_, options));
    if (!runtime->datapath().replaced()) {
        log::warning("the programs of another build stay in force", {log::kv("error", runtime->datapath().replaced().error().message())});
    }
    return runtime;
}

Result<std::unique_ptr<EndpointService>> EndpointService::create(const config::Config& config, Clock& clock) {
    NG_TRY(make_directories(config.state_dir, 0755));
    return std::unique_ptr<EndpointService>(new EndpointService(config, clock));
}

Result<> EndpointService::admit(Record& record) {
    bool by_daemon = false;
    {
        NG_ASSIGN(const NodeLock lock, lock_node());
        NG_ASSIGN(std::unique_ptr<NodeRuntime> runtime, open_runtime(lock));
        NG_TRY(runtime->admit(lock, record));
        by_daemon = !runtime->datapath().options().take_over;
        if (record.addresses.empty() && !by_daemon) {
            prepare_here(lock, std::move(runtime), record);
        }
    }
    // Does not wait for the reply: the daemon does what is missing when it programs the endpoint.
    if (record.addresses.empty() && by_daemon) {
        static_cast<void>(api::SentRequest::send(
            config_.socket_path(), api::encode_call(api::PrepareRequest{record.container_id, record.ifname}), kPrepareTimeoutMs));
    }
    return ok();
}

// Runs while the address plugin works. Errors are ignored: they recur and are reported when the endpoint is programmed.
void EndpointService::prepare_here(const NodeLock& lock, std::unique_ptr<NodeRuntime> runtime, const Record& record) {
    if (runtime->must_take_over() || !runtime->apply_settings(lock) || !runtime->read_policies()) {
        return;
    }
    if (runtime->load_records()) {
        static_cast<void>(runtime->prepare(lock, record));
    }
    runtime_ = std::move(runtime);
}

// Reads the record again, because id and slot have changed if the datapath was lost meanwhile. Keeps addresses and descriptions, which
// are not on disk yet.
Result<> EndpointService::refresh(Record& record) const {
    NG_ASSIGN(Record current, endpoints::RecordStore(config_.records_dir()).read(record.container_id, record.ifname));
    current.addresses = std::move(record.addresses);
    for (auto& [provider, description] : record.described) {
        current.described[provider] = std::move(description);
    }
    record = std::move(current);
    return ok();
}

Result<bool> EndpointService::ensure_runtime(const NodeLock& lock) {
    const bool prepared = runtime_ && runtime_->datapath().is_current();
    if (!prepared) {
        runtime_.reset();
        NG_ASSIGN(runtime_, open_runtime(lock));
        NG_TRY(runtime_->apply_settings(lock));
    }
    NG_TRY(runtime_->read_policies());
    log_problems(*runtime_);
    return prepared;
}

Result<> EndpointService::program_here(Record& record) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    NG_ASSIGN(const bool prepared, ensure_runtime(lock));
    NG_TRY(prepared ? ok() : refresh(record));
    NG_TRY(runtime_->load_records());
    // Garbage collection scans all tables, so the plugin does it only when there is no space, and leaves the rest to the
    // daemon.
    Result<> programmed = runtime_->program(lock, record);
    if (!programmed && programmed.error().code() == Code::kExhausted) {
        NG_TRY(datapath::collect_with_lock_held(runtime_->datapath(), {}));
        programmed = runtime_->program(lock, record);
    }
    NG_TRY(programmed);
    record.ready = true;
    if (runtime_->must_take_over()) {
        take_over_others(lock, *runtime_);
        return ok();
    }
    if (const policy::AffectedEndpoints affected = runtime_->affected_by(record); !affected.none()) {
        log_failures(runtime_->program_affected(lock, affected));
    }
    return ok();
}

Result<api::SentRequest> EndpointService::ask_to_program(const Record& record) const {
    // The daemon may have to wait for providers of labels first, for this time each. Only the daemon asks the API server.
    const unsigned providers =
        (providers_.next_to_ask(record) != nullptr ? 1U : 0U) + (record.kubernetes && config_.uses_api_server() ? 1U : 0U);
    const unsigned wait_ms = providers * config_.label_timeout_seconds * 1'000;
    const api::ProgramRequest request{record.container_id, record.ifname, record.addresses};
    return api::SentRequest::send(config_.socket_path(), api::encode_call(request), kProgramTimeoutMs + wait_ms);
}

std::optional<Result<>> EndpointService::program_by_daemon(Record& record) {
    if (!api::daemon_listens(config_.socket_path())) {
        return std::nullopt;
    }
    auto sent = ask_to_program(record);
    const auto reply = sent ? sent->reply() : Result<api::Json>(sent.error());
    if (!reply && daemon_is_absent(reply.error())) {
        return std::nullopt;
    }
    record.ready = reply.has_value();
    return reply ? ok() : Result<>(reply.error());
}

bool EndpointService::lacks_labels(const Record& record, const Result<>& programmed) const {
    return !programmed && programmed.error().code() == Code::kLabelsUnknown && providers_.next_to_ask(record) != nullptr;
}

Result<> EndpointService::fetch_labels(Record& record, std::chrono::milliseconds timeout, const std::function<bool()>& give_up) {
    labels::Provider& provider = *providers_.next_to_ask(record);
    NG_ASSIGN(auto description, labels::ask_and_wait(provider, record, timeout, give_up));
    if (description) {
        record.described[std::string(provider.name())] = std::move(*description);
    }
    return ok();
}

Result<> EndpointService::program_without_daemon(Record& record, const Error& absent) {
    Result<> here = program_here(record);
    if (!lacks_labels(record, here)) {
        return here;
    }
    std::optional<Result<>> by_daemon;
    const auto daemon_starts = [&] { return (by_daemon = program_by_daemon(record)).has_value(); };
    const Result<> fetched = fetch_labels(record, std::chrono::seconds(config_.label_timeout_seconds), daemon_starts);
    // A daemon that started meanwhile programs the endpoint instead, because it remembers what it has programmed.
    if (by_daemon || daemon_starts()) {
        return *by_daemon;
    }
    if (!fetched) {
        return Error(fetched.error().code(), "the labels of the pod are not known: " + fetched.error().message() +
                                                 "; the plugin asked because there is no daemon: " + absent.message());
    }
    return program_here(record);
}

Result<> EndpointService::program_instead_of_daemon(Record& record, const Error& reason) {
    const Result<> here = program_here(record);
    if (!lacks_labels(record, here)) {
        return here || !here.error().is_temporary() ? here : Result<>(reason);
    }
    // The daemon had the time to fetch labels, but may have spent it on other work. So the plugin asks once more, briefly.
    return fetch_labels(record, kLastTry, [] { return false; }) ? program_here(record) : Result<>(reason);
}

Result<> EndpointService::program(Record& record, const std::function<Result<>()>& meanwhile) {
    auto sent = ask_to_program(record);
    const Result<> done = meanwhile();
    const auto reply = sent ? sent->reply() : Result<api::Json>(sent.error());
    NG_TRY(done);
    if (reply) {
        record.ready = true;
        return ok();
    }
    if (daemon_is_absent(reply.error())) {
        return program_without_daemon(record, reply.error());
    }
    log::warning("the daemon did not program the endpoint, so the plugin does it", {log::kv("error", reply.error().message())});
    return api::daemon_listens(config_.socket_path()) ? program_instead_of_daemon(record, reply.error())
                                                      : program_without_daemon(record, reply.error());
}

Result<> EndpointService::add(Record& record) {
    NG_TRY(admit(record));
    UndoStack undo;
    undo.push([this, &record] {
        if (const auto removed = remove(record.container_id, record.ifname); !removed) {
            log::warning("cannot undo a failed ADD", {log::kv("step", "endpoint"), log::kv("error", removed.error().message())});
        }
    });
    NG_TRY(program(record, [] { return ok(); }));
    undo.dismiss();
    return ok();
}

Result<> EndpointService::remove_here(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    const endpoints::RecordStore store(config_.records_dir());
    const auto record = store.read(container_id, ifname);
    const bool unknown = !record && record.error().code() == Code::kNotFound;
    if (unknown) {
        // An ADD that died may have left the temporary file of a record, and a slot without a record.
        NG_TRY(store.remove(container_id, ifname));
        // Nothing to remove from the kernel: the programs need not be loaded for this.
        if (!datapath::Datapath::is_loaded(config_.bpffs_dir)) {
            return ok();
        }
    }
    datapath::DatapathOptions options = datapath_options(config_);
    options.take_over = false;
    auto opened = datapath::Datapath::open(options);
    if (!opened && is_of_other_build(opened.error())) {
        return unknown ? ok() : remove_from_other_build(config_, store, record ? *record : guess_record(container_id, ifname));
    }
    NG_ASSIGN(const std::unique_ptr<datapath::Datapath> datapath, std::move(opened));
    if (unknown) {
        return release_leftovers(lock, *datapath, store);
    }
    if (record) {
        NG_TRY(remove_endpoint(lock, *datapath, store, *record));
        // An earlier chained DEL had to leave these pins.
        NG_TRY(datapath::remove_severed_links(*datapath));
        return ok();
    }
    // The record cannot be read, so its slot is unknown: the next reconciliation releases it. The links are known from the ids.
    log::warning("an endpoint record cannot be read", {log::kv("container", container_id), log::kv("error", record.error().message())});
    NG_TRY(datapath::detach(*datapath, endpoints::host_interface_name(container_id, ifname), 0));
    return store.remove(container_id, ifname);
}

// Other endpoints' rules may select the removed endpoint, and its address may go to another endpoint.
Result<> EndpointService::reprogram_others(const std::optional<Record>& gone) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    NG_TRY(ensure_runtime(lock));
    if (runtime_->must_take_over()) {
        take_over_others(lock, *runtime_);
        return ok();
    }
    const policy::AffectedEndpoints affected = gone ? runtime_->affected_by(*gone) : policy::AffectedEndpoints::all();
    if (affected.none()) {
        return ok();
    }
    NG_TRY(runtime_->load_records(NodeRuntime::Load::kAll));
    const ProgramSummary summary = runtime_->program_affected(lock, affected);
    return summary.failed.empty() ? ok() : Result<>(summary.failed.front().second);
}

Result<> EndpointService::remove(const std::string& container_id, const std::string& ifname) {
    const endpoints::RecordStore store(config_.records_dir());
    const auto record = store.read(container_id, ifname);
    NG_TRY(remove_here(container_id, ifname));
    if (!record && record.error().code() == Code::kNotFound) {
        return ok();
    }
    api::ForgetRequest request;
    if (record) {
        request.endpoint = record->id;
    }
    if (!api::ask_daemon(config_.socket_path(), api::encode_call(request), kForgetTimeoutMs)) {
        if (const auto done = reprogram_others(record ? std::optional<Record>(*record) : std::nullopt); !done) {
            log::warning("the policies of other endpoints were not updated", {log::kv("error", done.error().message())});
        }
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
    NG_ASSIGN(const auto others, datapath::OtherBuild::list(config_.bpffs_dir));
    for (const datapath::OtherBuild& build : others) {
        if (build.is_newer() && !listing.records.empty()) {
            return Error(Code::kUnsupported, "a newer build of namegate (layout version " + std::to_string(build.version()) +
                                                 ") enforces the pods of this node: install it again");
        }
    }
    if (!listing.records.empty() && others.empty() && !datapath::Datapath::is_loaded(config_.bpffs_dir)) {
        return Error(Code::kNotFound, "the pins under " + config_.bpffs_dir + " are missing, but there are " +
                                          std::to_string(listing.records.size()) + " pods: their policies are not enforced");
    }
    return ok();
}

Result<> EndpointService::check(const std::string& container_id, const std::string& ifname) {
    NG_ASSIGN(const NodeLock lock, lock_node());
    const endpoints::RecordStore store(config_.records_dir());
    NG_ASSIGN(const Record record, store.read(container_id, ifname));
    NG_ASSIGN(const auto others, datapath::OtherBuild::list(config_.bpffs_dir));
    NG_ASSIGN(const datapath::OtherBuild* other, enforced_by(others, record));
    if (other != nullptr) {
        return ok();  // enforced by another build until it is taken over
    }
    NG_ASSIGN(const std::unique_ptr<NodeRuntime> runtime, open_runtime(lock));
    datapath::Datapath& datapath = runtime->datapath();
    NG_ASSIGN(const bool attached, datapath::is_attached(datapath, record.host_ifname, record.host_ifindex));
    if (!attached) {
        return Error(Code::kNotFound, "the programs are missing on " + record.host_ifname);
    }
    NG_ASSIGN(const bool bound, is_bound(datapath, record));
    if (!bound) {
        return Error(Code::kNotFound, record.host_ifname + " is not bound to its endpoint");
    }
    NG_ASSIGN(const auto active, datapath::active_config(datapath, record.slot));
    if (!active || active->endpoint != record.id || active->mode == NG_MODE_CLOSED) {
        return Error(Code::kNotFound, "no policy is in force for " + record.host_ifname + ": it is closed");
    }
    return ok();
}

}  // namespace namegate::node
