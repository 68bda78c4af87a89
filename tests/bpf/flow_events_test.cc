// SPDX-License-Identifier: Apache-2.0
//
// What the programs count and report of flows: the packets and bytes of both directions, when a flow begins, and how it ends.
#include <arpa/inet.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <optional>

#include "datapath/events.h"
#include "datapath/flows.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kRemote = "192.0.2.1";
constexpr std::size_t kHeaders4 = 40;  // IPv4 and TCP without options

struct Report {
    ng_event event{};
    std::optional<ng_flow_end> end;
};

class Reports {
  public:
    explicit Reports(Scene& scene, std::uint32_t wanted = NG_WANT_BEGUN | NG_WANT_ENDED) {
        reader_ = must(datapath::EventReader::create_for_flows(
            scene.datapath(), [this](const ng_event& event, std::span<const std::uint8_t> payload) { add(event, payload); }));
        must(datapath::set_wanted(scene.datapath(), wanted));
        read();
    }
    // Those since the last call.
    std::vector<Report> read() {
        while (must(reader_->consume()) > 0) {
        }
        return std::exchange(reports_, {});
    }
    // The only one since the last call.
    ng_flow_end ended(std::uint32_t how) {
        const std::vector<Report> reports = read();
        REQUIRE(reports.size() == 1);
        REQUIRE(reports[0].end);
        CHECK(reports[0].event.kind == NG_EVENT_ENDED);
        CHECK(reports[0].end->end == how);
        return *reports[0].end;
    }

  private:
    void add(const ng_event& event, std::span<const std::uint8_t> payload) {
        Report report{event, std::nullopt};
        if (event.kind == NG_EVENT_ENDED) {
            REQUIRE(payload.size() == sizeof(ng_flow_end));
            report.end.emplace();
            std::memcpy(&*report.end, payload.data(), payload.size());
        }
        reports_.push_back(report);
    }

    std::unique_ptr<datapath::EventReader> reader_;
    std::vector<Report> reports_;
};

std::string allow_port(unsigned port, std::string_view protocol = "TCP") {
    return egress_policy(
        {"{action: Allow, protocol: " + std::string(protocol) + ", destination: {ports: [" + std::to_string(port) + "]}}"});
}

void run_connection(Scene& scene) {
    REQUIRE(scene.egress(tcp_out(kRemote, 443)).passed());
    REQUIRE(scene.ingress(tcp_in(kRemote, 443, kSyn | kAck)).passed());
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).passed());
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kFin | kAck)).passed());
    REQUIRE(scene.ingress(tcp_in(kRemote, 443, kFin | kAck)).passed());
}

}  // namespace

TEST_CASE("a connection is reported when it begins, and when the ACK of its last FIN has passed") {
    Scene scene;
    scene.apply(allow_port(443));
    Reports reports(scene);
    run_connection(scene);
    const std::vector<Report> begun = reports.read();
    REQUIRE(begun.size() == 1);
    CHECK(begun[0].event.kind == NG_EVENT_FLOW);
    CHECK(begun[0].event.endpoint == scene.identity().endpoint);
    CHECK(datapath::to_address(begun[0].event.remote).to_string() == kRemote);
    CHECK(ntohs(begun[0].event.be_remote_port) == 443);
    CHECK(begun[0].event.direction == NG_EGRESS);
    CHECK(begun[0].event.rule == 0);

    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).passed());
    const ng_flow_end end = reports.ended(NG_ENDED_CLOSED);
    CHECK(end.packets[NG_EGRESS] == 4);
    CHECK(end.packets[NG_INGRESS] == 2);
    CHECK(end.bytes[NG_EGRESS] == 4 * kHeaders4);
    CHECK(end.bytes[NG_INGRESS] == 2 * kHeaders4);
    CHECK(end.started_ns <= must(datapath::read_clock(scene.datapath())).boot_ns);
    CHECK(end.started_ns > 0);

    // Late packets of it pass and are not reported again.
    REQUIRE(scene.ingress(tcp_in(kRemote, 443, kFin | kAck)).passed());
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).passed());
    CHECK(reports.read().empty());
}

TEST_CASE("a RST, a new connection in its place and a changed policy end a flow") {
    Scene scene;
    scene.apply(allow_port(443));
    Reports reports(scene, NG_WANT_ENDED);
    REQUIRE(scene.connects(kRemote));
    REQUIRE(scene.ingress(tcp_in(kRemote, 443, kRst)).passed());
    CHECK(reports.ended(NG_ENDED_RESET).packets[NG_INGRESS] == 1);

    REQUIRE(scene.connects(kRemote));
    CHECK(reports.read().empty());  // in the place of one whose end was reported
    REQUIRE(scene.connects(kRemote));
    CHECK(reports.ended(NG_ENDED_REPLACED).packets[NG_EGRESS] == 1);

    scene.apply(allow_port(80));
    CHECK_FALSE(scene.connects(kRemote));  // a SYN that is denied does not end the flow
    CHECK(reports.read().empty());
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).dropped());
    CHECK(reports.ended(NG_ENDED_CUT).packets[NG_EGRESS] == 2);
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).dropped());
    CHECK(reports.read().empty());
}

TEST_CASE("an idle flow is found by the search, once") {
    Scene scene;
    scene.apply(allow_port(443, "UDP"));
    Reports reports(scene, NG_WANT_ENDED);
    for (const std::uint16_t local : {std::uint16_t{50000}, std::uint16_t{50001}}) {
        REQUIRE(scene.egress(udp_out(kRemote, 443, local)).passed());
    }
    REQUIRE(scene.ingress(udp_in(kRemote, 443, 50000)).passed());
    must(datapath::report_idle_flows(scene.datapath(), scene.identity().slot));
    CHECK(reports.read().empty());
    const auto flows = scene.flows();
    const auto first = std::find_if(flows.begin(), flows.end(), [](const auto& flow) { return ntohs(flow.key.be_local_port) == 50000; });
    REQUIRE(first != flows.end());
    scene.make_idle(*first, NG_IDLE_OTHER + 1);
    must(datapath::report_idle_flows(scene.datapath(), scene.identity().slot));
    const ng_flow_end end = reports.ended(NG_ENDED_IDLE);
    CHECK(end.packets[NG_EGRESS] == 1);
    CHECK(end.packets[NG_INGRESS] == 1);
    must(datapath::report_idle_flows(scene.datapath(), scene.identity().slot));
    CHECK(reports.read().empty());
    // The next packet begins a flow of its own.
    REQUIRE(scene.egress(udp_out(kRemote, 443, 50000)).passed());
    CHECK(reports.read().empty());
    for (const auto& flow : scene.flows()) {
        CHECK(flow.value.totals.packets[NG_EGRESS] == 1);
        CHECK(flow.value.totals.packets[NG_INGRESS] == 0);
    }
}

TEST_CASE("flows are counted but not reported while nobody wants to read them") {
    Scene scene;
    scene.apply(allow_port(443));
    Reports reports(scene, 0);
    run_connection(scene);
    REQUIRE(scene.egress(tcp_out(kRemote, 443, kAck)).passed());
    CHECK(reports.read().empty());
    CHECK(scene.flows()[0].value.totals.packets[NG_EGRESS] == 4);
    CHECK(scene.count(NG_R_FLOW_EVENT_LOST) == 0);
}

TEST_CASE("a connection that the node began has no rule") {
    Scene scene;
    scene.apply(ingress_policy({}));
    Reports reports(scene, NG_WANT_BEGUN);
    if (scene.node_sends(tcp_in(kRemote, 40000, kSyn, 80)).passed()) {
        const std::vector<Report> begun = reports.read();
        REQUIRE(begun.size() == 1);
        CHECK(begun[0].event.rule == NG_NO_RULE);
        CHECK(begun[0].event.direction == NG_INGRESS);
    } else {
        CHECK(reports.read().empty());  // a test run has no socket of the node
    }
}

TEST_CASE("flows that find no room are counted, and leave room for those of others") {
    Scene scene;
    scene.apply(allow_port(443));
    Reports reports(scene);
    constexpr unsigned kFlows = 40'000;
    const std::uint32_t greedy = scene.identity().endpoint;
    for (unsigned i = 0; i < kFlows; ++i) {
        REQUIRE(scene.connects(kRemote, 443, static_cast<std::uint16_t>(1024 + i % 60'000)));
    }
    const std::uint64_t lost = scene.count(NG_R_FLOW_EVENT_LOST);
    CHECK(lost > 0);
    scene.replace_endpoint();
    scene.apply(allow_port(443));
    REQUIRE(scene.connects(kRemote));
    CHECK(scene.count(NG_R_FLOW_EVENT_LOST) == 0);
    std::map<std::uint32_t, std::uint64_t> of;
    for (const Report& report : reports.read()) {
        ++of[report.event.endpoint];
    }
    CHECK(of[greedy] + lost == kFlows);
    CHECK(of[scene.identity().endpoint] == 1);
}
