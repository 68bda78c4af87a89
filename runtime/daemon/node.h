// SPDX-License-Identifier: Apache-2.0
//
// What the daemon does besides waiting for events: it drives a NodeRuntime for all endpoints, keeps the name cache, cleans up, and
// remembers what to warn of. Owns all of it. One thread. What fails is logged once, shown by `status`, and tried again by the
// next tick; nothing here ends the daemon once open() has succeeded.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "daemon/dns/refused_addresses.h"
#include "daemon/upkeep/cache_saver.h"
#include "daemon/upkeep/health.h"
#include "daemon/upkeep/policy_collector.h"
#include "daemon/upkeep/sweeper.h"
#include "daemon/warnings/warnings.h"
#include "dns/name_cache.h"
#include "node/node_runtime.h"

namespace namegate::daemon {

using node::RecordMap;

class Node {
  public:
    // Adopts what is pinned, and loads what is not. Takes nothing from a running endpoint.
    static Result<std::unique_ptr<Node>> open(const config::Config& config, const Clock& clock);
    ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;

    // What the plugin asks for: the endpoint was admitted and has no addresses yet; has these, which its record gets (none: those that
    // the record has); is gone.
    Result<> prepare(const std::string& container_id, const std::string& ifname);
    Result<> program(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses);
    void forget(std::uint32_t endpoint);
    // What a provider of labels answered, into the endpoint's record. kNotFound: the endpoint is gone.
    Result<> set_labels(const std::string& container_id, const std::string& ifname, std::string_view provider,
                        const endpoints::Labels& labels);

    // Reads the policy folders; when what is in force changed, programs every endpoint that it affects.
    void reload_policies();
    // Reads the trusted servers again; writes them to the kernel if they changed.
    void refresh_servers();
    // Records against interfaces and kernel.
    void reconcile();
    // With the next tick: a plugin was not served, and programmed its endpoint itself.
    void reconcile_soon() { due_.reconcile = true; }
    // What is due every second: expired addresses and names, policies nobody uses, and what failed before.
    void tick();
    // Starts saving the name cache, in the background; the next ticks tell how it went.
    void save_cache();
    // Saves it before it returns: for the end.
    void save_cache_now();

    // These names were looked up by the endpoint at a trusted server.
    void note_lookup(std::uint32_t endpoint, const std::vector<std::string>& names);
    // So many addresses came into the endpoint's map.
    void note_learnt(std::uint32_t endpoint, std::size_t addresses) { sweeper_.note_learnt(endpoint, addresses); }

    const config::Config& config() const { return config_; }
    const Clock& clock() const { return clock_; }
    std::uint64_t started_boot_ns() const { return started_boot_ns_; }
    const node::NodeRuntime& runtime() const { return *runtime_; }
    datapath::Datapath& datapath() const { return runtime_->datapath(); }
    const RecordMap& records() const { return runtime_->records(); }
    node::Programmer& programmer() { return runtime_->programmer(); }
    const node::Programmer& programmer() const { return runtime_->programmer(); }
    dns::NameCache& cache() { return cache_; }
    const dns::NameCache& cache() const { return cache_; }
    RefusedAddresses& refused() { return refused_; }
    const Warnings& warnings() const { return warnings_; }
    Health& health() { return health_; }

  private:
    Node(const config::Config& config, const Clock& clock);
    Result<node::NodeLock> lock_node() const;
    void log_refused_files();
    void log_folder_problems();
    // Programs the endpoints that it affects, and those that are not as they should be.
    void program_affected(const policy::AffectedEndpoints& affected);
    Result<> program_affected(const node::NodeLock& lock, const policy::AffectedEndpoints& affected);
    Result<> report_failures(const node::ProgramSummary& summary);
    Result<> reconcile(const node::NodeLock& lock);
    void forget_state(std::uint32_t endpoint);
    void sweep();
    void sweep_links();
    std::string cache_scope() const;

    // What the next tick has to do.
    struct Due {
        bool program = false;  // the last attempt did not get through
        bool no_room = false;  // for some of it, as long as unused policies have theirs
        bool reload = false;   // another process was reading the policies
        bool reconcile = false;
        bool links = true;  // perhaps some pins lead to interfaces that are going
    };

    config::Config config_;
    const Clock& clock_;
    dns::NameCache cache_;
    std::unique_ptr<node::NodeRuntime> runtime_;
    std::unique_ptr<PolicyCollector> collector_;
    RefusedAddresses refused_;
    CacheSaver saver_;
    Sweeper sweeper_;
    Warnings warnings_;
    Health health_;
    Due due_;
    std::vector<node::FolderProblem> logged_problems_;
    std::uint64_t logged_revision_ = 0;  // of the files whose problems were logged
    std::uint64_t started_boot_ns_ = 0;
    std::string boot_id_;
};

}  // namespace namegate::daemon
