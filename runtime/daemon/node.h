// SPDX-License-Identifier: Apache-2.0
//
// What the daemon does apart from waiting for events: it drives a NodeRuntime for all endpoints, keeps the name cache, cleans up
// and collects warnings. Owns all of it. One thread. An error is logged once, shown by `status`, and the work is repeated by the
// next tick; after open() has succeeded, no error ends the daemon.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "daemon/dns/names_without_room.h"
#include "daemon/dns/refused_addresses.h"
#include "daemon/events/event.h"
#include "daemon/events/name_history.h"
#include "daemon/events/shown_names.h"
#include "daemon/flow_log/flow_log_counts.h"
#include "daemon/labels/api_server_state.h"
#include "daemon/timing.h"
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
    // The subject of `health()` for endpoints that could not be programmed.
    static constexpr const char* kProgramming = "programming";

    // Adopts pinned objects and loads missing ones. Does not change what is enforced for a running endpoint.
    static Result<std::unique_ptr<Node>> open(const config::Config& config, const Clock& clock);
    ~Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;

    // Requests of the plugin.
    //
    // The endpoint was admitted and has no addresses yet.
    Result<> prepare(const std::string& container_id, const std::string& ifname);
    // The endpoint has these addresses; they are written to its record. Empty: it has those in its record.
    Result<> program(const std::string& container_id, const std::string& ifname, const std::vector<IpAddress>& addresses);
    // The endpoint was removed.
    void forget(std::uint32_t endpoint);

    // Writes what a provider returned to the endpoint's record. kNotFound: the endpoint is gone.
    Result<> set_description(const std::string& container_id, const std::string& ifname, std::string_view provider,
                             const endpoints::Description& description);

    // Reads the policy folders. If the snapshot changed, programs every endpoint that the change affects.
    void reload_policies(const policy::ChangedFiles& changed = policy::ChangedFiles::any());
    // The policies of the API server. After a change call reload_policies().
    node::ObjectSources& policy_objects() { return runtime_->policy_objects(); }
    // Objects of the API server changed in these namespaces. Puts the labels in force on the endpoints concerned.
    void follow_labels(const std::set<std::string>& name_spaces);
    // Services, endpoints of Services or pods of other nodes changed at the API server.
    void follow_services();
    // How many endpoints were programmed because Services or pods of other nodes changed.
    std::uint64_t reselected() const { return reselected_; }
    // How many endpoints were programmed because labels changed at the API server.
    std::uint64_t relabelled() const { return relabelled_; }
    // What the watch of the API server reports; nothing: none is configured.
    std::optional<ApiServerState>& api_server() { return api_server_; }
    const std::optional<ApiServerState>& api_server() const { return api_server_; }
    // Reads the trusted servers and the cluster's domain again; writes them to the kernel if they changed.
    void refresh_servers();
    // Compares the endpoint records with the interfaces and the kernel's maps, and corrects differences.
    void reconcile();
    // Reconciles with the next tick: a plugin that was not served may have programmed its endpoint itself.
    void reconcile_soon() { due_.reconcile = true; }
    // Work of every second: removes expired addresses and names and unused policies, and repeats what failed before.
    void tick();
    // Starts to save the name cache in the background. A later tick reports the result.
    void save_cache();
    // Saves it before returning: for the end of the daemon.
    void save_cache_now();

    // Called with each event of the node: endpoints that come and go, policies in force and refused. Empty: nobody is interested.
    void set_observer(std::function<void(NodeEvent)> observer) { observer_ = std::move(observer); }
    // Called with the time that work took. Empty: it is not needed.
    void set_timing_observer(TimingObserver observer) { timing_observer_ = std::move(observer); }
    // The work that began at this time ends now.
    void note_end(Timing what, std::uint64_t begin_boot_ns) const;

    // The endpoint looked up these names at a trusted server.
    void note_lookup(std::uint32_t endpoint, const std::vector<std::string>& names);
    // This number of addresses was added to the endpoint's map.
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
    NamesWithoutRoom& names_without_room() { return names_without_room_; }
    const NamesWithoutRoom& names_without_room() const { return names_without_room_; }
    NameHistory& name_history() { return name_history_; }
    const NameHistory& name_history() const { return name_history_; }
    ShownNames& shown_names() { return shown_names_; }
    const ShownNames& shown_names() const { return shown_names_; }
    // Of the flow log, which counts here.
    FlowLogCounts& flow_log_counts() { return flow_log_counts_; }
    Warnings& warnings() { return warnings_; }
    const Warnings& warnings() const { return warnings_; }
    Health& health() { return health_; }
    const Health& health() const { return health_; }

  private:
    Node(const config::Config& config, const Clock& clock);
    Result<node::NodeLock> lock_node() const;
    void log_refused_files();
    void log_folder_problems();
    // Programs the affected endpoints, and those whose state in the kernel is not as programmed.
    void program_affected(const policy::AffectedEndpoints& affected);
    Result<> program_affected(const node::NodeLock& lock, const policy::AffectedEndpoints& affected);
    Result<> follow_labels(const node::NodeLock& lock);
    // After endpoints were programmed because of the API server.
    Result<> conclude_followed(const node::NodeLock& lock, const node::ProgramSummary& summary);
    Result<> report_failures(const node::ProgramSummary& summary);
    Result<> reconcile(const node::NodeLock& lock);
    void forget_state(std::uint32_t endpoint);
    void sweep();
    void sweep_links();
    std::string cache_scope() const;
    void observe(EventKind kind, std::optional<EventEndpoint> endpoint, EventText text) const;

    // Work for the next tick.
    struct Due {
        bool program = false;  // the last attempt failed
        bool no_room = false;  // it failed for some endpoints because a map is full, perhaps of unused policies
        bool reload = false;   // another process was reading the policies: read them again
        bool reconcile = false;
        bool labels = false;    // the node lock was busy when labels changed, or an endpoint could not be programmed
        bool services = false;  // likewise for Services
        bool links = true;      // some pinned links may belong to interfaces that are being removed
    };

    config::Config config_;
    const Clock& clock_;
    dns::NameCache cache_;
    std::unique_ptr<node::NodeRuntime> runtime_;
    std::unique_ptr<PolicyCollector> collector_;
    RefusedAddresses refused_;
    NamesWithoutRoom names_without_room_;
    NameHistory name_history_;
    ShownNames shown_names_;
    FlowLogCounts flow_log_counts_;
    std::optional<ApiServerState> api_server_;
    std::uint64_t relabelled_ = 0;
    std::uint64_t reselected_ = 0;
    CacheSaver saver_;
    Sweeper sweeper_;
    Warnings warnings_;
    Health health_;
    Due due_;
    std::vector<node::FolderProblem> logged_problems_;
    std::uint64_t logged_revision_ = 0;  // of the policies whose refused files were logged
    std::uint64_t started_boot_ns_ = 0;
    std::string boot_id_;
    std::function<void(NodeEvent)> observer_;
    TimingObserver timing_observer_;
};

}  // namespace namegate::daemon
