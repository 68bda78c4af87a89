// SPDX-License-Identifier: Apache-2.0
//
// Makes the kernel enforce a snapshot. For each endpoint it finds the labels, selects and compiles the policies, installs them,
// opens addresses from the name cache (D14), and flips. It then takes over an interface that an older build enforces. Owns what it
// remembers of each programmed endpoint. One thread. An endpoint whose policy cannot be compiled keeps what is in force for it; a
// new endpoint stays closed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "datapath/endpoint_writer.h"
#include "datapath/loader.h"
#include "datapath/policy_writer.h"
#include "dns/name_cache.h"
#include "endpoints/record.h"
#include "labels/provider_set.h"
#include "node/cluster_view.h"
#include "node/node_lock.h"
#include "policy/compiler/compile.h"
#include "policy/model/affected_endpoints.h"
#include "policy/model/endpoint_facts.h"

namespace namegate::node {

using CompiledRef = std::shared_ptr<const policy::CompiledPolicy>;

// What is in force for an endpoint, as far as this process programmed it.
struct Programmed {
    CompiledRef egress;  // null: no policy selects it in this direction
    CompiledRef ingress;
    datapath::EndpointPolicies policies;  // what was written to the kernel
    std::uint64_t since_boot_ns = 0;      // when they came in force; 0: they are only prepared
    bool current = false;
    std::string error;            // why the newest policy is not in force; empty if it is
    bool labels_unknown = false;  // the error is caused by unknown labels (S8)

    const CompiledRef& compiled(policy::Direction direction) const { return direction == policy::Direction::kEgress ? egress : ingress; }
};

struct ProgramSummary {
    std::size_t programmed = 0;
    bool nearly_full = false;  // PolicyWriter::nearly_full(): garbage collection is due
    std::vector<std::pair<endpoints::Record, Error>> failed;
};

class Programmer {
  public:
    // `cache` may be null: then nothing is filled. `known`: of the API server; null: nothing. All arguments must outlive the programmer.
    Programmer(datapath::Datapath& datapath, const config::Config& config, const Clock& clock, const labels::ProviderSet& providers,
               const dns::NameCache* cache, std::shared_ptr<const kubernetes::Knowledge> known)
        : datapath_(datapath), config_(config), clock_(clock), providers_(providers), cache_(cache), cluster_(std::move(known), config) {}

    // `unknown` describes the policies that the snapshot lacks because they are unknown; empty: none. While there are some,
    // programming an enforced or closed endpoint changes nothing and fails with kTryAgain. An open endpoint is programmed,
    // because no policy allows more.
    void use_snapshot(std::shared_ptr<const policy::Snapshot> snapshot, std::string unknown = {}) {
        snapshot_ = std::move(snapshot);
        unknown_ = std::move(unknown);
        ++revision_;
    }
    const std::string& unknown() const { return unknown_; }
    const policy::Snapshot& snapshot() const { return *snapshot_; }
    std::shared_ptr<const policy::Snapshot> snapshot_ref() const { return snapshot_; }

    // For an endpoint whose addresses are not known yet: compiles and installs what program() will put into force. The
    // endpoint stays closed. Does nothing if the endpoint is not closed any more.
    Result<> prepare(const NodeLock& lock, const endpoints::Record& record, const std::vector<endpoints::Record>& all);
    // Whether any policy depends on which other endpoints exist. If not, prepare() and program() ignore `all`.
    bool rules_select_endpoints() const;
    // kLabelsUnknown: policies ask for unknown labels (S8). `all` are the endpoints of the node, for rules that select endpoints (S7).
    Result<> program(const NodeLock& lock, const endpoints::Record& record, const std::vector<endpoints::Record>& all);
    // Programs only the affected endpoints. An endpoint without addresses is skipped; program() does it later.
    ProgramSummary program_affected(const NodeLock& lock, const std::vector<endpoints::Record>& all,
                                    const policy::AffectedEndpoints& affected);
    // Programs the affected endpoints, and each other one whose policy in the kernel is outdated or was not written by this
    // object.
    ProgramSummary bring_up_to_date(const NodeLock& lock, const std::vector<endpoints::Record>& all,
                                    const policy::AffectedEndpoints& affected);
    // After labels changed: programs the endpoints whose own labels did, and those whose rules select by them, if their policies differ
    // from those in force. All others are not touched.
    ProgramSummary program_relabelled(const NodeLock& lock, const std::vector<endpoints::Record>& all);
    // After pods of other nodes, Services or their endpoints changed: programs the endpoints whose policies now differ from those in force.
    ProgramSummary program_for_services(const NodeLock& lock, const std::vector<endpoints::Record>& all);
    void forget(std::uint32_t endpoint) {
        programmed_.erase(endpoint);
        facts_.erase(endpoint);
        ++revision_;
    }
    // Marks everything as outdated, so that bring_up_to_date() programs it again.
    void mark_all_outdated() {
        for (auto& entry : programmed_) {
            entry.second.current = false;
        }
    }

    // Waits for a grace period if anything was flipped since the last wait. A new configuration is written over the one
    // before the last flip, which a program that began before that flip may still read. So a grace period must pass between
    // two flips of an endpoint. Best called when no work is waiting; otherwise the next flip waits. After an error the grace
    // period may not be over, and nothing may be flipped.
    Result<> wait_for_readers();
    // The same, expedited, for when work is waiting: costs an interrupt on each CPU.
    Result<> wait_for_readers_now();

    // The other endpoints whose rules may select this one, which is added or removed.
    policy::AffectedEndpoints affected_by(const endpoints::Record& record) const;

    // An address from a response, to be opened for those patterns in force that match the name.
    struct Opening {
        IpAddress address;
        std::string name;
        std::uint64_t expiry_boot_ns = 0;
        IpAddress server;
        std::uint16_t server_port = 0;
    };
    // Returns the number of entries written. An entry that does not fit does not prevent the others.
    Result<std::size_t> open_addresses(const NodeLock& lock, const endpoints::Record& record, const std::vector<Opening>& openings);

    // What would be in force if the staged policies were enforced; null: none selects the endpoint in this direction.
    Result<CompiledRef> preview(const endpoints::Record& record, const std::vector<endpoints::Record>& all,
                                policy::Direction direction) const;

    // Changes whenever the result of preview() may change.
    std::uint64_t revision() const { return revision_ + cluster_.revision(); }

    Result<policy::EndpointView> view_of(const endpoints::Record& record) const;
    const std::vector<policy::EndpointView>& peers() const { return cluster_.peers(*snapshot_); }
    const policy::ClusterServices& services() const { return cluster_.services(); }
    const Programmed* find(std::uint32_t endpoint) const;

  private:
    struct Pass {
        explicit Pass(datapath::Datapath& datapath) : counters(datapath) {}
        std::vector<policy::EndpointView> views;
        std::map<std::uint32_t, std::size_t> view_of;           // by endpoint id
        std::map<policy::EndpointFacts, CompiledRef> compiled;  // endpoints with the same facts share the work
        std::optional<datapath::PolicyWriter> writer;           // opened at the first write
        datapath::CounterRoom counters;
        Result<> settled = ok();  // the wait before the first flip; after an error nothing may be flipped
    };
    Pass start_pass(const std::vector<endpoints::Record>& all) const;
    // For one endpoint alone.
    Pass start_pass(const endpoints::Record& record, const std::vector<endpoints::Record>& all) const;
    Result<std::size_t> view_in(Pass& pass, const endpoints::Record& record) const;
    template <typename Wanted>
    ProgramSummary program_some(const std::vector<endpoints::Record>& all, const Wanted& wanted);
    bool is_affected(const Pass& pass, const endpoints::Record& record, const policy::AffectedEndpoints& affected) const;
    bool is_as_programmed(const endpoints::Record& record) const;
    // Whether the policies in force are those that its labels now select.
    bool is_up_to_date(Pass& pass, const endpoints::Record& record) const;
    // Takes what it says for people from the newest compilation, whose content is the same.
    void renew_texts(Pass& pass, const endpoints::Record& record);
    policy::EndpointFacts all_facts_of(const policy::EndpointView& view) const;
    bool is_gone(const endpoints::Record& record) const;
    void begin_flips(Pass& pass);
    Result<> program_in(Pass& pass, const endpoints::Record& record);
    Result<> check_known(const endpoints::Record& record) const;
    Result<> put_in_force(Pass& pass, const endpoints::Record& record, Programmed& state);
    // Compiles and installs, but puts nothing into force yet. `before` is what was made ready last: its policies are found faster
    // if they are still installed.
    Result<Programmed> make_ready(Pass& pass, const endpoints::Record& record, const Programmed& before);
    Result<datapath::PolicyId> install(Pass& pass, const CompiledRef& compiled, const CompiledRef& before, datapath::PolicyId id_before);
    Result<CompiledRef> compile(Pass& pass, const policy::EndpointView& view, policy::Direction direction) const;
    Result<> fill(const endpoints::Record& record, const policy::CompiledPolicy& policy);

    datapath::Datapath& datapath_;
    const config::Config& config_;
    const Clock& clock_;
    const labels::ProviderSet& providers_;
    const dns::NameCache* cache_;
    mutable ClusterView cluster_;
    std::shared_ptr<const policy::Snapshot> snapshot_ = std::make_shared<const policy::Snapshot>();
    std::string unknown_ = "the policies have not been read yet";
    std::map<std::uint32_t, Programmed> programmed_;
    std::map<std::uint32_t, policy::EndpointFacts> facts_;  // of each endpoint after the last change of labels, or when it was programmed
    std::uint64_t revision_ = 1;
    bool flipped_ = false;  // since the last wait_for_readers()
};

}  // namespace namegate::node
