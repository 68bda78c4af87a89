// SPDX-License-Identifier: Apache-2.0
//
// What namegate knows of a node and does to it: the policies that are in force, the records of the endpoints, the trusted DNS
// servers, and the datapath, which it programs from them. Owns them all. The daemon keeps one and drives it from its event loop;
// the plugin makes one for a call, when no daemon does the work. One thread. Blocks on disk and kernel. Errors are returned,
// not logged.
//
// Functions that change records or the kernel take the node lock. Losing knowledge never opens: an endpoint whose policy
// cannot be compiled, or is not known, keeps what is in force (node/programmer.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "config/dns_servers.h"
#include "datapath/loader.h"
#include "dns/name_cache.h"
#include "endpoints/record_store.h"
#include "labels/provider_set.h"
#include "node/admission.h"
#include "node/node_lock.h"
#include "node/policy_folders.h"
#include "node/programmer.h"
#include "policy/documents/document_ledger.h"
#include "policy/model/affected_endpoints.h"

namespace namegate::node {

using RecordMap = std::map<std::uint32_t, endpoints::Record>;  // by endpoint id

struct NodeOptions {
    const dns::NameCache* names = nullptr;  // fills the maps of a new policy (D14); none: they start empty
    bool take_over = true;                  // endpoints of an older build
};

// The policies were read, and something is in force now that was not before, or is not known any more.
struct PolicyChange {
    std::shared_ptr<const policy::Snapshot> before;  // `affected` refers to it
    policy::AffectedEndpoints affected;
};

class NodeRuntime {
  public:
    // Adopts what is pinned, and loads what is not. Takes nothing from a running endpoint.
    static Result<std::unique_ptr<NodeRuntime>> open(const NodeLock& lock, const config::Config& config, const Clock& clock,
                                                     const NodeOptions& options);
    ~NodeRuntime() = default;
    NodeRuntime(const NodeRuntime&) = delete;
    NodeRuntime& operator=(const NodeRuntime&) = delete;
    NodeRuntime(NodeRuntime&&) = delete;
    NodeRuntime& operator=(NodeRuntime&&) = delete;

    const config::Config& config() const { return config_; }
    datapath::Datapath& datapath() const { return *datapath_; }
    const endpoints::RecordStore& store() const { return store_; }
    Programmer& programmer() { return programmer_; }
    const Programmer& programmer() const { return programmer_; }

    // Trusted servers and the other settings that the kernel holds.
    //
    // Reads what names the servers. True: they are other servers than those in force.
    bool read_servers();
    Result<> apply_settings(const NodeLock& lock);
    const std::vector<config::NamedServer>& trusted_servers() const { return servers_; }  // those in force for all endpoints
    const std::vector<std::string>& server_problems() const { return dns_servers_.problems(); }
    std::vector<std::string> server_files() const { return dns_servers_.files(); }
    // Those that count for this endpoint: with its own, where the configuration says so.
    std::vector<dns::TrustedServer> servers_of(const endpoints::Record& record) const;
    // Is port 53 of this address one of them?
    bool trusts(const endpoints::Record& record, const IpAddress& server) const;

    // Policies.
    //
    // Reads the folders. Nothing: what is in force is as it was, unless `always`. kTryAgain: another process is reading.
    Result<std::optional<PolicyChange>> read_policies(bool always = false);
    const policy::DocumentLedger& policies() const { return policies_; }
    const std::vector<FolderProblem>& folder_problems() const { return read_.problems; }
    const Result<>& policies_kept() const { return read_.kept; }

    // Endpoints, in the order of their life.
    //
    const RecordMap& records() const { return records_; }
    std::vector<endpoints::Record> all_records() const;
    // For a process that did not reconcile: reads the records of all endpoints from the disk, or none when no rule looks at other
    // endpoints.
    enum class Load { kIfRulesLook, kAll };
    Result<> load_records(Load which = Load::kIfRulesLook);
    // The plugin's first step: closed, with a record. An endpoint of these names that was left behind is removed.
    Result<> admit(const NodeLock& lock, endpoints::Record& record);
    // Its addresses are not known yet: what its policy needs is made while they are waited for. It stays closed.
    Result<> prepare(const NodeLock& lock, const endpoints::Record& record);
    // Its policy comes in force. On failure the endpoint is forgotten, since the plugin removes it; when something is still to come
    // (kTryAgain) its record is written first, for the process that tries next.
    Result<> program(const NodeLock& lock, const endpoints::Record& record);
    // The other endpoints whose rules look at this one, which came or went.
    policy::AffectedEndpoints affected_by(const endpoints::Record& record) const { return programmer_.affected_by(record); }
    ProgramSummary program_affected(const NodeLock& lock, const policy::AffectedEndpoints& affected);
    // Those, and every other that is not as this process programmed it.
    ProgramSummary bring_up_to_date(const NodeLock& lock, const policy::AffectedEndpoints& affected);
    // Marks endpoints ready that were programmed without their ADD, and writes their records.
    Result<> mark_programmed(const NodeLock& lock);
    // What a provider of labels answered, into the record. kNotFound: the endpoint is gone.
    Result<> set_labels(const NodeLock& lock, const std::string& container_id, const std::string& ifname, std::string_view provider,
                        const endpoints::Labels& labels);
    const labels::ProviderSet& label_providers() const { return providers_; }
    // The record of an endpoint that the plugin speaks of: the one that is known, if it is still this one, else that on the disk.
    Result<endpoints::Record> current_record(const std::string& container_id, const std::string& ifname) const;
    // Its record is gone from the disk. Returns it, if it was known.
    std::optional<endpoints::Record> forget(std::uint32_t endpoint);

    // Records, interfaces and kernel are compared, and brought back together. Returns what was put right, and which endpoints
    // are gone.
    struct Reconciliation {
        std::vector<std::string> repairs;
        std::vector<std::uint32_t> gone;
    };
    Result<Reconciliation> reconcile(const NodeLock& lock);
    // Has everything of an older build come over? kTryAgain tells which interfaces have not.
    Result<> finish_handover(const NodeLock& lock);
    // Are there endpoints of an older build that this process is to take over?
    bool must_take_over() const { return datapath_->options().take_over && !datapath_->older().empty(); }

  private:
    NodeRuntime(const config::Config& config, const Clock& clock, std::unique_ptr<datapath::Datapath> datapath, const NodeOptions& options);
    labels::ProviderSettings label_settings() const;
    void put_record(const endpoints::Record& record);
    Result<> mark_ready(endpoints::Record& record);
    bool is_on_disk(const endpoints::Record& record) const;

    const config::Config& config_;
    std::unique_ptr<datapath::Datapath> datapath_;
    endpoints::RecordStore store_;
    policy::DocumentLedger policies_;
    FoldersRead read_;  // how the last reading went
    labels::ProviderSet providers_;
    Programmer programmer_;
    RecordMap records_;
    config::DnsServers dns_servers_;
    std::vector<config::NamedServer> servers_;
    std::uint64_t generation_ = 0;  // of the snapshot that the programmer has
};

}  // namespace namegate::node
