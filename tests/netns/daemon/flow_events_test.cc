// SPDX-License-Identifier: Apache-2.0
// Events of flows: who wants them, and what becomes of what the programs report.

#include <arpa/inet.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <vector>

#include "base/clock.h"
#include "daemon/events/event_pipeline.h"
#include "datapath/address.h"
#include "node.h"

namespace namegate::test {
namespace {

using daemon::Event;
using daemon::EventInterest;
using daemon::EventKind;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

class Sink final : public daemon::EventSink {
  public:
    bool wants(EventKind kind) const override { return kinds.contains(kind); }
    void take(const Event& event) override { events.push_back(event); }

    std::set<EventKind> kinds;
    std::vector<Event> events;
};

TEST_CASE("the programs need to report flows only while a sink wants them") {
    DaemonNode files;
    const SystemClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    daemon::EventPipeline pipeline(*node);
    std::vector<EventInterest> told;
    pipeline.set_interest_observer([&told](EventInterest now) { told.push_back(now); });
    CHECK(told == std::vector{EventInterest{}});
    Sink sink;
    sink.kinds = {EventKind::kDenied, EventKind::kPolicies};
    pipeline.add_sink(sink);
    CHECK(told.size() == 1);
    sink.kinds = {EventKind::kFlow};
    pipeline.wishes_changed();
    CHECK(told.back() == EventInterest{true, false, false});
    sink.kinds = {EventKind::kFlow, EventKind::kFlowEnded};
    pipeline.wishes_changed();
    pipeline.wishes_changed();
    CHECK(told.back() == EventInterest{true, true, false});
    CHECK(told.size() == 3);
    sink.kinds = {EventKind::kDns};
    pipeline.wishes_changed();
    CHECK(told.back() == EventInterest{false, false, true});
    pipeline.remove_sink(sink);
    CHECK(told.back() == EventInterest{});
    // The metrics need latencies whether or not a sink wants the events.
    pipeline.set_latency_observer([](daemon::ResponsePath /*path*/, std::uint64_t /*ns*/) {});
    CHECK(told.back() == EventInterest{false, false, true});
    pipeline.set_latency_observer({});
    CHECK(told.back() == EventInterest{});

    // A flow log is such a sink.
    const auto settings = must(read_file(files.config_path(), 65536));
    files.write(files.config_path(), settings + "flowLog: {path: " + files.folder() + "/log/flows.jsonl}\n");
    const auto other = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    const daemon::EventPipeline logging(*other);
    CHECK(logging.interest() == EventInterest{false, true, false});
}

TEST_CASE("what the programs report of a flow becomes an event with the names, the times and the counts of both sides") {
    DaemonNode files;
    const SystemClock clock;
    const auto node = must(daemon::Node::open(must(config::load_config(files.config_path())), clock));
    daemon::EventPipeline pipeline(*node);
    Sink sink;
    sink.kinds = {EventKind::kFlow, EventKind::kFlowEnded};
    pipeline.add_sink(sink);
    const IpAddress remote = *IpAddress::parse("192.0.2.1");
    for (const char* name : {"a.test", "b.test"}) {
        dns::Learning learning;
        learning.chain_names = {name};
        learning.addresses.push_back({remote, 60, 0, 1, false});
        node->name_history().note(7, learning);
    }
    ng_event raw{};
    raw.kind = NG_EVENT_FLOW;
    raw.boot_ns = clock.boot_ns();
    raw.endpoint = 7;
    raw.remote = datapath::to_ng_addr(remote);
    raw.be_remote_port = htons(443);
    raw.be_local_port = htons(50000);
    raw.protocol = 6;
    pipeline.report(raw, {});
    const ng_flow_end end{{10, 20}, {1000, 2000}, raw.boot_ns - 3 * kSecondNs, NG_ENDED_RESET, 0};
    std::vector<std::uint8_t> payload(sizeof(end));
    std::memcpy(payload.data(), &end, sizeof(end));
    raw.kind = NG_EVENT_ENDED;
    pipeline.report(raw, payload);
    pipeline.report(raw, std::span(payload).first(8));  // cut off
    REQUIRE(sink.events.size() == 3);
    const Event& begun = sink.events[0];
    CHECK(begun.kind == EventKind::kFlow);
    REQUIRE(begun.packet() != nullptr);
    CHECK(begun.flow() == nullptr);
    CHECK(begun.packet()->names == std::vector<std::string>{"a.test", "b.test"});
    CHECK(begun.packet()->remote_port == 443);
    const Event& ended = sink.events[1];
    REQUIRE(ended.flow() != nullptr);
    CHECK(ended.packet() == &ended.flow()->packet);
    CHECK(ended.packet()->remote == remote);
    CHECK(ended.flow()->duration_ns == 3 * kSecondNs);
    CHECK(ended.flow()->packets_sent == 10);
    CHECK(ended.flow()->bytes_sent == 1000);
    CHECK(ended.flow()->packets_received == 20);
    CHECK(ended.flow()->bytes_received == 2000);
    CHECK(ended.flow()->ending == daemon::FlowEnding::kReset);
    CHECK(ended.flow()->started < ended.time);
    CHECK(sink.events[2].kind == EventKind::kFlowEnded);
    CHECK(sink.events[2].flow() == nullptr);
    CHECK(sink.events[2].packet() != nullptr);
    CHECK(pipeline.history().events().empty());
}

}  // namespace
}  // namespace namegate::test
