// SPDX-License-Identifier: Apache-2.0
#include "provoke.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "config/config.h"
#include "datapath/endpoint_writer.h"
#include "endpoints/record_store.h"
#include "held_kinds.h"
#include "node/node_lock.h"
#include "node/settings.h"
#include "offload_frame.h"
#include "support/eventually.h"

namespace namegate::test {

namespace {

constexpr std::uint16_t kPodPort = 20'000;
constexpr unsigned kLostQueries = 6'000;    // the limit is NG_PENDING_SETS * NG_PENDING_WAYS
constexpr unsigned kLostResponses = 1'000;  // of 1 KB each
constexpr unsigned kQueriesAtOnce = 50;
constexpr unsigned kLostFlows = 15'000;
constexpr Milliseconds kSilent{2'300};  // after which the programs hold nothing for the daemon

template <typename T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
    return std::move(result).value();
}

std::string policies() {
    std::string names = "api.example.com";
    for (unsigned i = 0; i <= NG_LEARNT_PATTERNS; ++i) {
        names += ", n" + std::to_string(i) + ".full.example.com";
    }
    return std::string(kHeldPolicy) + "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: more}\nspec:\n" +
           "  types: [Egress]\n  egress:\n" +                                                                                       //
           "  - {action: Allow, destination: {domains: [" + names + ", big.example.com, twice.example.com, own.example.com]}}\n" +  //
           "  - {action: Allow, protocol: UDP, destination: {nets: [" + Stage::kPeer + "/32]}}\n";
}

constexpr const char* kCutPolicy =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: cut}\nspec:\n  types: [Egress]\n  egress:\n"
    "  - {action: Allow, protocol: TCP, destination: {nets: [198.18.0.77/32]}}\n";

// Answers "twice" twice, "silent" never, "big" with 1 KB, and what else held_kinds.h describes.
std::optional<std::vector<WorldReply>> answer(const WorldQuestion& question) {
    if (question.name == "silent.example.com") {
        return std::vector<WorldReply>{};
    }
    if (question.name == "twice.example.com" || question.name == "big.example.com") {
        DnsMessage message = DnsMessage::response(question.name, question.type);
        message.id(question.id);
        const bool big = question.name.front() == 'b';
        for (unsigned i = 1; i <= (big ? 60U : 1U); ++i) {
            message.a(question.name, "198.18.60." + std::to_string(i));
        }
        const WorldReply reply{AnswerFrom::kServer, message.build(), 0};
        return big ? std::vector<WorldReply>{reply} : std::vector<WorldReply>{reply, reply};
    }
    return answer_held(question);
}

Bytes query_frame(const Stage& stage, const std::string& name, unsigned number) {
    const Bytes query = DnsMessage::query(name, kTypeA).id(static_cast<std::uint16_t>(number * 7)).build();
    const auto port = static_cast<std::uint16_t>(kPodPort + number);
    return stage.pod.frame().ip(stage.pod.v4, kServer4).udp(port, 53).payload(query).build();
}

std::string fresh(char kind) { return held_name(kind, World::take_indexes(1)); }

void look_up_held_name(const Stage& stage, char kind) {
    run_inside(stage.pod.pod->netns, [&] {
        if (!look_up_held({fresh(kind), kTypeA, kServer4}, kind)) {
            throw std::runtime_error(std::string("no response of kind ") + kind);
        }
    });
}

Packet to_peer(const Stage& stage, const std::string& source) {
    return stage.pod.frame().ip(source, Stage::kPeer).udp(kPodPort, kUdpPort).payload("provoked");
}

}  // namespace

Stage::Stage(const std::string& settings)
    : site("flowLog: {path: " + flow_log +
           ", events: [denied, cut, dropped, limit, dns-refused, flow, flow-ended, flow-named, dns]}\nmetricsAddress: 127.0.0.1:9464\n" +
           "dnsNeverOpens: [10.66.0.0/16]\n" + settings),
      pod((site.node.write_policy("policies.yaml", policies()), site.node.start_daemon(), site.node), "a", "a") {
    site.world.set_script(answer);
    site.world.set_name("api.example.com", {"198.18.0.1"});
    site.world.set_name("evil.example.com", {"198.18.0.66"});
    site.world.set_name("own.example.com", {"10.66.0.1"});
    for (unsigned i = 0; i <= NG_LEARNT_PATTERNS; ++i) {
        site.world.set_name("n" + std::to_string(i) + ".full.example.com", {"198.18.50.1"});
    }
}

void allow_one(Stage& stage) { static_cast<void>(reaches(*stage.pod.pod, "api.example.com")); }

void deny_one(Stage& stage) { static_cast<void>(reaches(*stage.pod.pod, "evil.example.com", kDenied)); }

void cut_one(Stage& stage) {
    stage.site.node.write_policy("cut.yaml", kCutPolicy);
    Fd tcp;
    const auto connects = [&] {
        tcp = socket_inside(stage.pod.pod->netns, AF_INET, SOCK_STREAM);
        return connect_to(tcp, *IpAddress::parse(Stage::kPeer), kTcpPort, kDenied).connected;
    };
    if (!eventually(connects)) {
        throw std::runtime_error("the policy that allows the connection has no effect");
    }
    stage.site.node.remove_policy("cut.yaml");
    if (!eventually([&] { return !echoes(tcp, "still there?", kDenied); })) {
        throw std::runtime_error("the connection is not cut");
    }
}

void close_endpoint(Stage& stage) {
    const auto config = must(config::load_config(stage.site.node.folder() + "/namegate.yaml"));
    const auto datapath = must(datapath::Datapath::open(node::datapath_options(config)));
    const auto record = must(endpoints::RecordStore(config.records_dir()).read(stage.pod.pod->id, "eth0"));
    const auto lock = must(node::NodeLock::acquire(config, node::NodeLock::kPatientMs));
    const Result<> closed = datapath::write_closed(*datapath, {record.id, record.slot, record.addresses, stage.pod.mac, false});
    if (!closed) {
        throw std::runtime_error(closed.error().message());
    }
    stage.pod.wire.send(to_peer(stage, stage.pod.v4).build());
}

void forge_source(Stage& stage) { stage.pod.wire.send(to_peer(stage, "10.88.99.99").build()); }

void send_malformed(Stage& stage) { stage.pod.wire.send(to_peer(stage, stage.pod.v4).truncate(kLinkBytes + 12).build()); }

void send_not_ip(Stage& stage) { stage.pod.wire.send(stage.pod.frame().ether_type(0x88cc).payload("an LLDP frame").build()); }

void send_late_fragment(Stage& stage) {
    stage.pod.wire.send(stage.pod.frame().ip(stage.pod.v4, Stage::kPeer).fragment(77, 800, false).protocol(17).payload("the end").build());
}

void look_up(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "api.example.com")); }

void lose_queries(Stage& stage) {
    for (unsigned i = 0; i < kLostQueries; ++i) {
        stage.pod.wire.send(query_frame(stage, "silent.example.com", i));
    }
}

void answer_twice(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "twice.example.com")); }

void hold_one(Stage& stage) { look_up_held_name(stage, 'm'); }

void stop_holding(Stage& stage) {
    Pause pause(stage.site.node);
    std::this_thread::sleep_for(kSilent);
    look_up_held_name(stage, 'm');
}

void fill_share(Stage& stage) {
    Pause pause(stage.site.node);
    fill_held(stage.pod, kPodPort);
    look_up_held_name(stage, 'm');  // a datagram, which passes
}

void fill_patterns(Stage& stage) {
    for (unsigned i = 0; i <= NG_LEARNT_PATTERNS; ++i) {
        static_cast<void>(resolve(*stage.pod.pod, "n" + std::to_string(i) + ".full.example.com"));
    }
}

void open_never(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "own.example.com")); }

void lose_responses(Stage& stage) {
    Pause pause(stage.site.node);
    const std::uint64_t asked = stage.site.world.questions();
    // Not faster than the server responds: the oldest pending queries are evicted, and a response to one of them is no event.
    for (unsigned i = 0; i < kLostResponses; ++i) {
        stage.pod.wire.send(query_frame(stage, "big.example.com", i));
        if ((i + 1) % kQueriesAtOnce == 0 || i + 1 == kLostResponses) {
            static_cast<void>(eventually([&] { return stage.site.world.questions() > asked + i; }, Milliseconds(1'000)));
        }
    }
    std::this_thread::sleep_for(kSettled);
}

void lose_flows(Stage& stage) {
    Pause pause(stage.site.node);
    for (unsigned i = 0; i < kLostFlows; ++i) {
        const auto port = static_cast<std::uint16_t>(kPodPort + i);
        stage.pod.wire.send(stage.pod.frame().ip(stage.pod.v4, Stage::kPeer).udp(port, 9).payload("new").build());
    }
}

void leave_checksum(Stage& stage) {
    constexpr std::uint16_t kTransport = 34;
    send_with(stage.pod.pod->netns, "eth0", to_peer(stage, stage.pod.v4).build(), sum_at(kTransport, 2));  // over a port
}

void ask_refused_name(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "stranger.test")); }

void ask_refused_type(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "api.example.com", kTypeTxt)); }

void ask_two_questions(Stage& stage) {
    const Bytes query = DnsMessage::query("api.example.com").question("stranger.test").build();
    stage.pod.wire.send(stage.pod.frame().ip(stage.pod.v4, kServer4).udp(kPodPort, 53).payload(query).build());
}

void ask_many_names(Stage& stage) { fill_patterns(stage); }

}  // namespace namegate::test
