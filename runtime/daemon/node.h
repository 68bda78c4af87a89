// SPDX-License-Identifier: Apache-2.0
//
// Everything that the daemon knows and does, without the event loop: policies, endpoints, name cache, the
// datapath. Owns them all. One thread. What fails is logged once, remembered for `status`, and tried again
// by the next tick; nothing here ends the daemon once open() succeeded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "config/dns_servers.h"
#include "daemon/dns/refused_addresses.h"
#include "daemon/upkeep/cache_saver.h"
#include "daemon/upkeep/policy_collector.h"
#include "daemon/warnings/warnings.h"
#include "datapath/loader.h"
#include "dns/name_cache.h"
#include "endpoints/record_store.h"
#include "node/policy_folders.h"
#include "node/programmer.h"
#include "policy/documents/document_ledger.h"

namespace namegate::daemon {

using RecordMap = std::map<std::uint32_t, endpoints::Record>;  // by endpoint id

class Node {
  public:
    // Adopts what is pinned, loads what is not; drops nothing of a running endpoint.
    static Result<std::unique_ptr<Node>> open(const config::Config& config, const Clock& clock);
    ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;

    // Reads the policy folders; when what is in force changed, programs every endpoint that it concerns.
    void reload_policies();
    // For the plugin: the endpoint was admitted and has no addresses yet; has these, which its record gets (none: those that
    // stand there); is gone.
    Result<> prepare(const std::string& container_id, const std::string& ifname);
    Result<> program(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses);
    void forget(std::uint32_t endpoint);
    // As it is on disk.
    Result<endpoints::Record> read_record(const std::string& container_id, const std::string& ifname) const {
        return store_.read(container_id, ifname);
    }
    // What containerd says of an endpoint, into its record. kNotFound when the endpoint is gone meanwhile.
    Result<> set_containerd_labels(const std::string& container_id, const std::string& ifname, const endpoints::Labels& labels);

    // Trusted servers, read again; into the kernel if they changed.
    void refresh_servers();
    // Records against interfaces and kernel.
    void reconcile();
    // With the next tick: a plugin was not served, and programmed its endpoint itself.
    void reconcile_soon() { reconcile_due_ = true; }
    // What is due every second: expired addresses and names, policies nobody uses, and what failed before.
    void tick();
    // So many addresses came into the endpoint's map.
    void note_learnt(std::uint32_t endpoint, std::size_t addresses) { learnt_since_sweep_[endpoint] += addresses; }
    // Starts saving the name cache, in the background; the next ticks tell how it went.
    void save_cache();
    // Saves it before it returns: for the end.
    void save_cache_now();

    const config::Config& config() const { return config_; }
    const Clock& clock() const { return clock_; }
    std::uint64_t started_boot_ns() const { return started_boot_ns_; }
    datapath::Datapath& datapath() { return *datapath_; }
    const policy::DocumentLedger& policies() const { return policies_; }
    // Those in force for all endpoints.
    const std::vector<config::NamedServer>& trusted_servers() const { return servers_; }
    // What changes them.
    std::vector<std::string> server_files() const { return dns_servers_.files(); }
    // Those that count for this endpoint: with its own, where the configuration says so.
    std::vector<dns::TrustedServer> servers_of(const endpoints::Record& record) const;
    // Is its port 53 one of these?
    bool trusts(const endpoints::Record& record, const IpAddress& server) const;
    const std::vector<node::FolderProblem>& folder_problems() const { return folder_problems_; }
    const RecordMap& records() const { return records_; }
    std::vector<endpoints::Record> all_records() const;
    node::Programmer& programmer() { return *programmer_; }
    const node::Programmer& programmer() const { return *programmer_; }
    dns::NameCache& cache() { return cache_; }
    RefusedAddresses& refused() { return refused_; }
    const dns::NameCache& cache() const { return cache_; }
    const Warnings& warnings() const { return warnings_; }
    // These names were looked up by the endpoint at a trusted server.
    void note_lookup(std::uint32_t endpoint, const std::vector<std::string>& names);
    // Why the daemon is not healthy, by subject; empty: it is.
    const std::map<std::string, std::string>& troubles() const { return troubles_; }
    void set_trouble(const std::string& subject, const Result<>& result);

  private:
    Node(const config::Config& config, const Clock& clock, std::unique_ptr<datapath::Datapath> datapath);
    void log_files() const;
    bool is_on_disk(const endpoints::Record& record) const;
    Result<> mark_ready(endpoints::Record& record);
    // Programs the endpoints that it concerns, and those that are not as they should be.
    void program_concerned(const policy::Concern& concern);
    Result<> program_concerned_locked(const policy::Concern& concern);
    Result<> reconcile_locked();
    // Of an endpoint that the plugin speaks of: the one that is known, if it is this one still, else that on the disk.
    Result<endpoints::Record> current_record(const std::string& container_id, const std::string& ifname) const;
    // A container that is added anew has a new endpoint.
    void take_record(const endpoints::Record& record);
    Result<> program_one_locked(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses);
    std::set<std::uint32_t> due_for_sweep();
    Result<> sweep_one(const endpoints::Record& record);
    void sweep();
    void sweep_links();
    std::string cache_scope() const;

    config::Config config_;
    const Clock& clock_;
    std::unique_ptr<datapath::Datapath> datapath_;
    endpoints::RecordStore store_;
    policy::DocumentLedger policies_;
    std::vector<node::FolderProblem> folder_problems_;
    dns::NameCache cache_;
    RefusedAddresses refused_;
    CacheSaver saver_;
    PolicyCollector collector_;
    std::unique_ptr<node::Programmer> programmer_;
    Warnings warnings_;
    RecordMap records_;
    std::map<std::string, std::string> troubles_;
    config::DnsServers dns_servers_;
    std::vector<config::NamedServer> servers_;
    std::uint64_t logged_revision_ = 0;  // of the files whose problems were logged
    std::uint64_t generation_ = 0;       // of the snapshot that was programmed
    bool program_due_ = false;           // the last attempt did not get through
    bool no_room_ = false;               // for some of it, as long as unused policies have theirs
    bool reload_due_ = false;            // another process was reading the policies
    bool reconcile_due_ = false;
    bool links_due_ = true;         // perhaps some pins lead to interfaces that are going
    std::uint32_t sweep_next_ = 0;  // endpoint id at which the next sweep starts
    std::map<std::uint32_t, std::size_t> learnt_since_sweep_;
    std::uint64_t started_boot_ns_ = 0;
    std::string boot_id_;
};

}  // namespace namegate::daemon
