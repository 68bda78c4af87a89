// SPDX-License-Identifier: Apache-2.0
//
// The state of namegate on a node. Owns the policies in force, the records of the endpoints, the trusted DNS servers, and the
// datapath, which it programs from them. The daemon keeps one for its event loop; the plugin creates one per call when no daemon
// does the work. One thread. Blocks on disk and kernel. Errors are returned, not logged.
//
// Functions that change records or the kernel need the node lock. Losing knowledge never opens: an endpoint whose policy cannot be
// compiled or is unknown keeps what is in force (node/programmer.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/cluster_domain.h"
#include "config/config.h"
#include "config/dns_servers.h"
#include "datapath/loader.h"
#include "dns/name_cache.h"
#include "endpoints/record_store.h"
#include "kubernetes/known/knowledge.h"
#include "labels/provider_set.h"
#include "node/admission.h"
#include "node/node_lock.h"
#include "node/policy_folders.h"
#include "node/programmer.h"
#include "policy/documents/document_ledger.h"
#include "policy/model/affected_endpoints.h"
#include "policy/model/domain_pattern.h"

namespace namegate::node {

using RecordMap = std::map<std::uint32_t, endpoints::Record>;  // by endpoint id

struct NodeOptions {
    const dns::NameCache* names = nullptr;  // fills the maps of a new policy (D14); null: they start empty
    bool take_over = true;                  // take over the endpoints of older builds
    bool watch = false;                     // this process watches the API server, if one is configured
};

// What read_policies() has changed.
struct PolicyChange {
    std::shared_ptr<const policy::Snapshot> before;  // `affected` refers to it
    policy::AffectedEndpoints affected;
};

class NodeRuntime {
  public:
    // Opens what is pinned and loads what is missing. Running endpoints stay enforced.
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

    // Trusted servers and the other settings of the kernel programs.
    //
    // Reads the sources that name the servers and the cluster's domain. Returns true if what they name differs from what is in force.
    bool read_servers();
    Result<> apply_settings(const NodeLock& lock);
    const std::vector<config::NamedServer>& trusted_servers() const { return servers_; }          // those in force for all endpoints
    const std::vector<policy::DomainPattern>& always_allowed() const { return always_allowed_; }  // D20, those in force
    const std::vector<std::string>& server_problems() const { return server_problems_; }
    const std::vector<std::string>& server_warnings() const { return dns_servers_.warnings(); }
    std::vector<std::string> server_files() const;  // of the servers and of the cluster's domain
    // The servers that this endpoint trusts: includes its own servers if the configuration says so.
    std::vector<dns::TrustedServer> servers_of(const endpoints::Record& record) const;
    // Whether this endpoint trusts this port of this address.
    bool trusts(const endpoints::Record& record, const IpAddress& server, std::uint16_t port = dns::kDefaultDnsPort) const;

    // Policies.
    //
    // Reads what has changed in the folders since they were read last. nullopt: policies and gaps are as before; with `always` the
    // change is returned even then. kTryAgain: another process is reading, and nothing was read.
    Result<std::optional<PolicyChange>> read_policies(const policy::ChangedFiles& changed = policy::ChangedFiles::any(),
                                                      bool always = false);
    const policy::DocumentLedger& policies() const { return policies_; }
    // The policies of the API server. Whoever watches it changes them, and then calls read_policies().
    ObjectSources& policy_objects() { return policy_objects_; }
    const ObjectSources& policy_objects() const { return policy_objects_; }
    const std::vector<FolderProblem>& folder_problems() const { return read_.problems; }
    const Result<>& policies_kept() const { return read_.kept; }

    // Endpoints, in the order of their life.
    //
    const RecordMap& records() const { return records_; }
    std::vector<endpoints::Record> all_records() const;
    // For a process that has not called reconcile(): reads the records of all endpoints from disk. kIfRulesSelectEndpoints: only if the
    // rules depend on other endpoints; otherwise reads none.
    enum class Load { kIfRulesSelectEndpoints, kAll };
    Result<> load_records(Load which = Load::kIfRulesSelectEndpoints);
    // The first step of the plugin: adds the endpoint, closed, with a record. First removes an endpoint with the same ids that
    // an earlier ADD left.
    Result<> admit(const NodeLock& lock, endpoints::Record& record);
    // For an endpoint without addresses: prepares what its policy needs. It stays closed.
    Result<> prepare(const NodeLock& lock, const endpoints::Record& record);
    // Puts the endpoint's policy into force. On failure this object forgets the endpoint, because the plugin removes it or
    // tries itself. After an error that is temporary it writes the record, for the process that tries next.
    Result<> program(const NodeLock& lock, const endpoints::Record& record);
    // The other endpoints whose rules may select this one, which was added or removed.
    policy::AffectedEndpoints affected_by(const endpoints::Record& record) const { return programmer_.affected_by(record); }
    ProgramSummary program_affected(const NodeLock& lock, const policy::AffectedEndpoints& affected);
    // Programs the affected endpoints, and each other one whose policy in the kernel is outdated or was not written by this
    // process.
    ProgramSummary bring_up_to_date(const NodeLock& lock, const policy::AffectedEndpoints& affected);
    // After the API server's objects changed: stores what changed in the records, and programs the endpoints concerned.
    Result<ProgramSummary> follow_labels(const NodeLock& lock);
    // After Services, their endpoints or pods of other nodes changed: programs the endpoints concerned.
    ProgramSummary follow_services(const NodeLock& lock);
    // What is known of the API server; null: none is configured.
    const std::shared_ptr<kubernetes::Knowledge>& api_server() const { return api_server_; }
    // Sets `ready` for endpoints that were programmed outside of their ADD, and writes their records.
    Result<> mark_programmed(const NodeLock& lock);
    // Writes what a provider said to the record. kNotFound: the endpoint is gone.
    Result<> set_description(const NodeLock& lock, const std::string& container_id, const std::string& ifname, std::string_view provider,
                             const endpoints::Description& description);
    const labels::ProviderSet& label_providers() const { return providers_; }
    // The record of the endpoint that the plugin names: the one in memory if it is still current, or else the one on
    // disk.
    Result<endpoints::Record> current_record(const std::string& container_id, const std::string& ifname) const;
    // To be called when the record is removed from disk. Returns the record if it was known.
    std::optional<endpoints::Record> forget(std::uint32_t endpoint);

    // Reconciles records, interfaces and kernel. Returns what was corrected, and the endpoints that do not exist any more.
    struct Reconciliation {
        std::vector<std::string> repairs;
        std::vector<std::uint32_t> gone;
    };
    Result<Reconciliation> reconcile(const NodeLock& lock);
    // Removes older builds when all their endpoints are taken over. kTryAgain names the interfaces that are not.
    Result<> finish_handover(const NodeLock& lock);
    // Whether this process has to take over endpoints of an older build.
    bool must_take_over() const { return datapath_->options().take_over && !datapath_->older().empty(); }

  private:
    NodeRuntime(const config::Config& config, const Clock& clock, std::unique_ptr<datapath::Datapath> datapath, const NodeOptions& options);
    labels::ProviderSettings label_settings() const;
    void put_record(const endpoints::Record& record);
    Result<> mark_ready(endpoints::Record& record);
    // The servers of the configuration and of the files, and those that are Services.
    std::vector<config::NamedServer> named_servers();
    bool is_on_disk(const endpoints::Record& record) const;

    const config::Config& config_;
    std::unique_ptr<datapath::Datapath> datapath_;
    endpoints::RecordStore store_;
    policy::DocumentLedger policies_;
    ObjectSources policy_objects_;
    FoldersRead read_;  // the outcome of the last read
    std::shared_ptr<kubernetes::Knowledge> api_server_;
    labels::ProviderSet providers_;
    Programmer programmer_;
    RecordMap records_;
    config::DnsServers dns_servers_;
    config::ClusterDomain cluster_domain_;
    std::vector<config::NamedServer> servers_;
    std::vector<std::string> server_problems_;  // until the servers are read again
    std::vector<policy::DomainPattern> always_allowed_;
    std::uint64_t generation_ = 0;  // of the programmer's snapshot
};

}  // namespace namegate::node
