// SPDX-License-Identifier: Apache-2.0
//
// One endpoint under real policy files, in the real programs: YAML through the policy compiler and the datapath's writers into the
// maps, packets through BPF_PROG_TEST_RUN. Everything is in a separate network namespace and BPF file system. The endpoint is on the
// loopback interface, the only one that test runs need.
#pragma once

#include <sched.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "datapath/address.h"
#include "datapath/clock.h"
#include "datapath/endpoint_writer.h"
#include "datapath/learnt.h"
#include "datapath/loader.h"
#include "datapath/map.h"
#include "datapath/policy_writer.h"
#include "datapath/reader.h"
#include "datapath/settings.h"
#include "datapath/slots.h"
#include "policy/compiler/compile.h"
#include "policy/documents/policy_store.h"
#include "support/bpffs.h"
#include "support/compile_view.h"
#include "support/dns_message.h"
#include "support/install.h"
#include "support/packet.h"
#include "support/prog_run.h"
#include "support/scene_datapath.h"

namespace namegate::test {

template <typename T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
    return std::move(result).value();
}

inline constexpr std::uint32_t kLoopback = 1;
inline constexpr std::uint32_t kUplink = 7;  // the interface that received forwarded packets; need not exist
inline constexpr const char* kPod4 = "10.88.0.2";
inline constexpr const char* kPod6 = "fd00:88::2";
inline constexpr const char* kDns4 = "192.0.2.53";
inline constexpr const char* kDns6 = "2001:db8::53";

// Moves the calling process into a new network namespace, once, before anything is loaded.
inline void own_network() {
    static const bool done = [] {
        require_root();
        if (::unshare(CLONE_NEWNET) != 0) {
            throw std::runtime_error("unshare(CLONE_NEWNET) failed");
        }
        return true;
    }();
    static_cast<void>(done);
}

class Scene {
  public:
    explicit Scene(policy::EndpointView view = weather_pod()) : view_(std::move(view)) {
        own_network();
        shares_ = scenes()++ == 0;
        begin(shares_ ? SceneDatapath::take() : SceneDatapath::load({}));
    }
    // With a separate datapath.
    Scene(policy::EndpointView view, const datapath::DatapathOptions& options) : view_(std::move(view)) {
        own_network();
        ++scenes();
        begin(SceneDatapath::load(options));
    }
    ~Scene() {
        if (shares_) {
            SceneDatapath::give_back(std::move(loaded_));
        }
        --scenes();
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;
    Scene(Scene&&) = delete;
    Scene& operator=(Scene&&) = delete;

    static policy::EndpointView weather_pod() {
        policy::EndpointView view;
        view.name_space = "default";
        view.pod = "weather";
        view.labels = {{"app", "weather-app"}};
        view.is_kubernetes = true;
        view.labels_known = true;
        view.addresses = {*IpAddress::parse(kPod4), *IpAddress::parse(kPod6)};
        return view;
    }

    // Puts the content in force; an empty one leaves the endpoint open. Throws when a document is refused. `behaviour` says what
    // happens to denied packets and flows; its policies are not used.
    void apply(std::string_view yaml, datapath::EndpointPolicies behaviour = {}) {
        store_.set_file("policy.yaml", yaml);
        const std::vector<policy::FileStatus> files = store_.files();
        for (const policy::Problem& problem : files.front().problems) {
            throw std::runtime_error(policy::to_string(problem));
        }
        datapath::EndpointPolicies policies = behaviour;
        policies.egress = install(policy::Direction::kEgress);
        policies.ingress = install(policy::Direction::kIngress);
        must(write_policies(datapath(), identity_, policies));
    }

    RunResult egress(const Bytes& frame, int repeat = 1) { return run(datapath::ProgramId::kPodEgress, frame, repeat); }
    RunResult ingress(const Bytes& frame, int repeat = 1) { return run(datapath::ProgramId::kPodIngress, frame, repeat); }
    // From the node itself to the pod.
    RunResult node_sends(const Bytes& frame) { return run(datapath::ProgramId::kPodIngress, frame, 1, 0); }
    RunResult run(datapath::ProgramId program, const Bytes& frame, int repeat, std::uint32_t from = kUplink, std::uint32_t mark = 0) {
        return run_program(must(datapath().program(program)), frame, kLoopback, repeat, from, mark);
    }

    // The pod sends a query; the response arrives. Returns whether the response passed.
    bool resolve(const Bytes& question, const Bytes& answer, std::uint16_t port = 40000, bool v6 = false) {
        const char* pod = v6 ? kPod6 : kPod4;
        const char* server = v6 ? kDns6 : kDns4;
        const bool asked = egress(Packet().ethernet().ip(pod, server).udp(port, 53).payload(question).build()).passed();
        return asked && deliver(answer, port, v6);
    }
    bool deliver(const Bytes& answer, std::uint16_t port = 40000, bool v6 = false) {
        const char* pod = v6 ? kPod6 : kPod4;
        const char* server = v6 ? kDns6 : kDns4;
        return ingress(Packet().ethernet(kHostMac, kPodMac).ip(server, pod).udp(53, port).payload(answer).build()).passed();
    }
    // A name with addresses, looked up in the plain way.
    bool resolve(std::string_view name, std::initializer_list<const char*> addresses) {
        DnsMessage answer = DnsMessage::response(name);
        for (const char* address : addresses) {
            answer.ttl(60).a(name, address);
        }
        return resolve(DnsMessage::query(name).build(), answer.build());
    }

    // The first packet of a connection from the pod.
    bool connects(std::string_view address, std::uint16_t port = 443, std::uint16_t from = 50000) {
        const char* pod = IpAddress::parse(address)->is_v4() ? kPod4 : kPod6;
        return egress(Packet().ethernet().ip(pod, address).tcp(from, port).build()).passed();
    }

    std::vector<std::string> learnt() {
        std::vector<std::string> out;
        for (const auto& entry : must(datapath::read_learnt(datapath(), identity_.slot))) {
            out.push_back(entry.address.to_string());
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    // The entry of the programs for an address or flow, to read or change; throws when there is none.
    ng_learnt learnt_entry(std::string_view address) {
        const Fd inner = must(datapath().inner_map(datapath::MapId::kLearnt, identity_.slot));
        return must(datapath::map_lookup<ng_learnt>(inner.get(), datapath::to_ng_addr(*IpAddress::parse(address)))).value();
    }
    // Ends the lifetime of every pattern that opened the address, as if its TTL had passed.
    void expire(std::string_view address) {
        ng_learnt entry = learnt_entry(address);
        const std::uint32_t past = datapath::tick_of(must(datapath::read_clock(datapath())).boot_ns) - 1;
        std::fill(std::begin(entry.expiry), std::end(entry.expiry), past);
        const Fd inner = must(datapath().inner_map(datapath::MapId::kLearnt, identity_.slot));
        must(datapath::map_update(inner.get(), datapath::to_ng_addr(*IpAddress::parse(address)), entry));
    }
    std::vector<datapath::FlowEntry> flows() { return must(datapath::read_flows(datapath(), identity_.slot)); }
    // As if no packet of the flow had been seen for this long.
    void make_idle(const datapath::FlowEntry& flow, std::uint32_t seconds) {
        ng_flow value = flow.value;
        value.last_seen = static_cast<std::uint32_t>(must(datapath::read_clock(datapath())).jiffies) - seconds * datapath().hz();
        const Fd inner = must(datapath().inner_map(datapath::MapId::kFlows, identity_.slot));
        must(datapath::map_update(inner.get(), flow.key, value));
    }
    // As if its last packet had been seen by a CPU whose clock is this much ahead.
    void make_later(const datapath::FlowEntry& flow, std::uint32_t jiffies) {
        ng_flow value = flow.value;
        value.last_seen = static_cast<std::uint32_t>(must(datapath::read_clock(datapath())).jiffies) + jiffies;
        const Fd inner = must(datapath().inner_map(datapath::MapId::kFlows, identity_.slot));
        must(datapath::map_update(inner.get(), flow.key, value));
    }
    // As if the pending queries had been sent this many ticks later, or with a negative number earlier.
    void shift_questions(std::int32_t ticks) {
        const Fd inner = must(datapath().inner_map(datapath::MapId::kPending, identity_.slot));
        for (auto& [index, set] : must(datapath::map_entries<std::uint32_t, ng_pending_set>(inner.get()))) {
            for (ng_pending& note : set.way) {
                note.asked += note.question != 0 ? static_cast<std::uint32_t>(ticks) : 0U;
            }
            must(datapath::map_update(inner.get(), index, set));
        }
    }
    // Gives the interface to another endpoint, which is closed until apply().
    void replace_endpoint() {
        identity_.endpoint = must(datapath().next_endpoint_id());
        identity_.slot = must(datapath::acquire_slot(datapath(), identity_.endpoint));
        must(datapath::write_closed(datapath(), identity_));
        must(datapath::bind_interface(datapath(), kLoopback, identity_));
    }
    void set_ttl(const datapath::TtlSettings& ttl) { must(datapath::set_ttl(datapath(), ttl)); }

    std::uint64_t count(ng_reason reason) { return must(datapath::read_stats(datapath(), identity_.slot))[reason]; }

    datapath::Datapath& datapath() { return loaded_->datapath(); }
    const datapath::EndpointIdentity& identity() const { return identity_; }

  private:
    // The number of scenes. When two exist at a time, the second has a separate datapath.
    static int& scenes() {
        static int living = 0;
        return living;
    }

    void begin(Result<std::unique_ptr<SceneDatapath>> loaded) {
        loaded_ = must(std::move(loaded));
        must(datapath::set_trusted(datapath(), {{*IpPrefix::parse(kDns4), 53}, {*IpPrefix::parse(kDns6), 53}}));
        set_ttl({0, 2, 86400});
        identity_.endpoint = must(datapath().next_endpoint_id());
        identity_.slot = must(datapath::acquire_slot(datapath(), identity_.endpoint));
        identity_.addresses = view_.addresses;
        identity_.mac = kPodMac;
        must(datapath::write_closed(datapath(), identity_));
        must(datapath::bind_interface(datapath(), kLoopback, identity_));
    }

    datapath::PolicyId install(policy::Direction direction) {
        const auto snapshot = store_.snapshot();
        if (!must(policy::test::selects_view(*snapshot, view_, direction))) {
            return 0;
        }
        return must(install_policy(datapath(), must(policy::test::compile_view(*snapshot, view_, direction))));
    }

    policy::EndpointView view_;
    std::unique_ptr<SceneDatapath> loaded_;
    bool shares_ = false;
    datapath::EndpointIdentity identity_;
    policy::PolicyStore store_;
};

}  // namespace namegate::test
