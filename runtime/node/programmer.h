// SPDX-License-Identifier: Apache-2.0
//
// From a snapshot and endpoint records to what the kernel enforces: labels, selection, compiling, install,
// fill from the name cache (D14), flip; an interface that is an older build's yet comes over then. An endpoint whose
// policy cannot be compiled keeps what is in force for it; a new one stays closed. Remembers what it programmed, for the
// tools. One thread.
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
    datapath::EndpointPolicies policies;  // what was written of them
    bool current = false;
    std::string error;            // why the newest policy is not in force; empty: it is
    bool labels_unknown = false;  // because of labels that nobody knows (S8)
};

struct ProgramSummary {
    std::size_t programmed = 0;
    bool nearly_full = false;  // much room in the kernel is taken, perhaps by policies that nobody uses any more
    std::vector<std::pair<endpoints::Record, Error>> failed;
};

class Programmer {
  public:
    // `cache` may be null: then nothing is filled. All outlive the programmer.
    Programmer(datapath::Datapath& datapath, const config::Config& config, const Clock& clock, const labels::ProviderSet& providers,
               const dns::NameCache* cache)
        : datapath_(datapath), config_(config), clock_(clock), providers_(providers), cache_(cache) {}

    // `unknown`: what the snapshot lacks, since nobody knows it any more; empty: nothing. Until it is whole, an endpoint that is
    // enforced keeps what is in force for it, and one that is closed stays so, with kTryAgain. One that is open may be programmed:
    // whatever comes allows less.
    void use_snapshot(std::shared_ptr<const policy::Snapshot> snapshot, std::string unknown = {}) {
        snapshot_ = std::move(snapshot);
        unknown_ = std::move(unknown);
        ++revision_;
    }
    const std::string& unknown() const { return unknown_; }
    const policy::Snapshot& snapshot() const { return *snapshot_; }
    std::shared_ptr<const policy::Snapshot> snapshot_ref() const { return snapshot_; }

    // For an endpoint whose addresses are not known yet: compiles and installs what program() will put in force, so that
    // little is left to do then. It stays closed. One that is not closed any more is left as it is.
    Result<> prepare(const NodeLock& lock, const endpoints::Record& record, const std::vector<endpoints::Record>& all);
    // Does it matter to anybody's policy which other endpoints there are? Else `all` is not looked at by prepare() and program().
    bool looks_at_endpoints() const;
    // `all` are the node's endpoints, for rules that select some (S7).
    Result<> program(const NodeLock& lock, const endpoints::Record& record, const std::vector<endpoints::Record>& all);
    // Those that the change affects, no others. Whose addresses are still missing is programmed with them.
    ProgramSummary program_affected(const NodeLock& lock, const std::vector<endpoints::Record>& all,
                                    const policy::AffectedEndpoints& affected);
    // Those, and every other that this object does not find as it programmed it.
    ProgramSummary bring_up_to_date(const NodeLock& lock, const std::vector<endpoints::Record>& all,
                                    const policy::AffectedEndpoints& affected);
    void forget(std::uint32_t endpoint) {
        programmed_.erase(endpoint);
        ++revision_;
    }
    // Everything that was programmed counts as outdated: bring_up_to_date() programs it again.
    void mark_all_outdated() {
        for (auto& entry : programmed_) {
            entry.second.current = false;
        }
    }

    // A configuration is written beside the active one, where a program that began before the flip may still read: between
    // two flips of an endpoint it has to be over. Best called when nothing waits, else the next flip waits; cheap when
    // nothing was flipped.
    // An error says that it may not be over: then nothing may be flipped.
    Result<> wait_for_readers();
    // The same, when something waits: at the price of an interrupt to each CPU.
    Result<> wait_for_readers_now();

    // Other endpoints whose rules look at this one, which comes or goes.
    policy::AffectedEndpoints affected_by(const endpoints::Record& record) const;

    // Opens what a learnt answer reaches for the domain patterns in force of this endpoint.
    struct Opening {
        IpAddress address;
        std::string name;
        std::uint64_t expiry_boot_ns = 0;
        IpAddress server;
        std::uint16_t server_port = 0;
    };
    // Returns how many entries were written. One that does not fit keeps none of the others out.
    Result<std::size_t> open_addresses(const endpoints::Record& record, const std::vector<Opening>& openings);

    // What would be in force if the staged policies were; null: none selects the endpoint in this direction.
    Result<CompiledRef> preview(const endpoints::Record& record, const std::vector<endpoints::Record>& all,
                                policy::Direction direction) const;

    // Another one whenever preview() may say something else than before.
    std::uint64_t revision() const { return revision_; }

    // Did the last prepare() or program() fail because nobody knows the labels that policies ask for, and not for another reason that
    // is kTryAgain too?
    bool labels_unknown() const { return labels_unknown_; }

    Result<policy::EndpointView> view_of(const endpoints::Record& record) const;
    const Programmed* find(std::uint32_t endpoint) const;

  private:
    struct Pass {
        explicit Pass(datapath::Datapath& datapath) : counters(datapath) {}
        std::vector<policy::EndpointView> views;
        std::map<std::uint32_t, std::size_t> view_of;           // by endpoint id
        std::map<policy::EndpointFacts, CompiledRef> compiled;  // those with the same facts share the work
        std::optional<datapath::PolicyWriter> writer;           // once something is written
        datapath::CounterRoom counters;
        Result<> settled = ok();  // before the first flip; an error: nothing may be flipped
    };
    Pass start_pass(const std::vector<endpoints::Record>& all) const;
    // For one endpoint alone.
    Pass start_pass(const endpoints::Record& record, const std::vector<endpoints::Record>& all) const;
    Result<std::size_t> view_in(Pass& pass, const endpoints::Record& record) const;
    template <typename Wanted>
    ProgramSummary program_some(const std::vector<endpoints::Record>& all, const Wanted& wanted);
    bool is_affected(const Pass& pass, const endpoints::Record& record, const policy::AffectedEndpoints& affected) const;
    bool is_as_programmed(const endpoints::Record& record) const;
    bool is_gone(const endpoints::Record& record) const;
    void begin_flips(Pass& pass);
    Result<> program_in(Pass& pass, const endpoints::Record& record);
    Result<> check_known(const endpoints::Record& record) const;
    Result<> put_in_force(Pass& pass, const endpoints::Record& record, Programmed& state);
    // Compiled and installed, but in force for nobody yet. `before`: what is likely to be there already.
    Result<Programmed> make_ready(Pass& pass, const endpoints::Record& record, const Programmed& before);
    Result<datapath::PolicyId> install(Pass& pass, const CompiledRef& compiled, const CompiledRef& before, datapath::PolicyId id_before);
    Result<CompiledRef> compile(Pass& pass, const policy::EndpointView& view, policy::Direction direction);
    Result<CompiledRef> compile_known(Pass& pass, const policy::EndpointView& view, policy::Direction direction) const;
    Result<> fill(const endpoints::Record& record, const policy::CompiledPolicy& policy);

    datapath::Datapath& datapath_;
    const config::Config& config_;
    const Clock& clock_;
    const labels::ProviderSet& providers_;
    const dns::NameCache* cache_;
    std::shared_ptr<const policy::Snapshot> snapshot_ = std::make_shared<const policy::Snapshot>();
    std::string unknown_ = "the policies have not been read yet";
    std::map<std::uint32_t, Programmed> programmed_;
    std::uint64_t revision_ = 1;
    bool flipped_ = false;  // since wait_for_readers()
    bool labels_unknown_ = false;
};

}  // namespace namegate::node
