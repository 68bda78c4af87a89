// SPDX-License-Identifier: Apache-2.0
//
// How long a query waited, as the programs report it with its response: in the event, and in the frame that is held.
#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <thread>

#include "datapath/events.h"
#include "datapath/flows.h"
#include "datapath/held.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kWait{30};

Bytes query_frame(std::uint16_t port, std::string_view name = "example.com") {
    return from_pod(kDns4).udp(port, 53).payload(DnsMessage::query(name).build()).build();
}
Bytes response_frame(std::uint16_t port, unsigned addresses = 1, std::string_view name = "example.com") {
    DnsMessage message = DnsMessage::response(name);
    for (unsigned i = 0; i < addresses; ++i) {
        message.a(name, "203.0.113." + std::to_string(i + 1));
    }
    return to_pod(kDns4).udp(53, port).payload(message.build()).build();
}

struct Waits {
    explicit Waits(bool wanted = true) {
        scene.apply(domain_policy("example.com"));
        reader = must(datapath::EventReader::create(scene.datapath(),
                                                    [this](const ng_event& event, std::span<const std::uint8_t>) { last = event; }));
        want(wanted);
    }
    void want(bool wanted) { must(datapath::set_wanted(scene.datapath(), wanted ? NG_WANT_WAITS : 0)); }
    void ask(std::uint16_t port) {
        sent = Clock::now();
        REQUIRE(scene.egress(query_frame(port)).passed());
    }
    // The event of the response to that query.
    ng_event answer(std::uint16_t port) {
        last = {};
        REQUIRE(scene.ingress(response_frame(port)).passed());
        must(reader->consume());
        REQUIRE(last.kind == NG_EVENT_ANSWER);
        return last;
    }

    Scene scene;
    std::unique_ptr<datapath::EventReader> reader;
    ng_event last{};
    Clock::time_point sent;
};

std::uint64_t ns_of(std::uint32_t waited) { return std::uint64_t{waited} << NG_WAIT_SHIFT; }
std::uint64_t ns_of(Clock::duration time) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
}
// The time that the pod waited is a little shorter than what the test sees from before the query to after the response.
void check_between(std::uint32_t waited, Milliseconds least, Clock::time_point sent) {
    CHECK(ns_of(waited) >= ns_of(least));
    CHECK(ns_of(waited) <= ns_of(Clock::now() - sent) + (1U << NG_WAIT_SHIFT) * 3);
}

}  // namespace

TEST_CASE("a response carries how long its own query waited") {
    Waits waits;
    waits.ask(40000);
    const auto first = waits.sent;
    std::this_thread::sleep_for(kWait);
    waits.ask(40001);
    check_between(waits.answer(40001).waited, Milliseconds(0), waits.sent);
    check_between(waits.answer(40000).waited, kWait, first);
    CHECK(waits.last.waited > 0);
}

TEST_CASE("a repeated query has waited since the first time, and one that was answered begins anew") {
    Waits waits;
    waits.ask(40000);
    const auto first = waits.sent;
    std::this_thread::sleep_for(kWait);
    waits.ask(40000);
    check_between(waits.answer(40000).waited, kWait, first);
    waits.answer(40000);
    waits.ask(40000);
    const std::uint32_t again = waits.answer(40000).waited;
    CHECK(again > 0);
    check_between(again, Milliseconds(0), waits.sent);
}

TEST_CASE("nothing is measured while nobody wants it, nor for a query from that time") {
    Waits waits(false);
    waits.ask(40000);
    CHECK(waits.answer(40000).waited == 0);
    waits.ask(40000);
    waits.want(true);
    CHECK(waits.answer(40000).waited == 0);
    waits.ask(40000);
    waits.want(false);
    CHECK(waits.answer(40000).waited == 0);
}

TEST_CASE("a query that an earlier build recorded has no wait, whatever it counted in its entry") {
    Waits waits;
    waits.ask(40000);
    const Fd pending = must(waits.scene.datapath().inner_map(datapath::MapId::kPending, waits.scene.identity().slot));
    for (std::uint32_t i = 0; i < NG_PENDING_SETS; ++i) {
        auto set = must(datapath::map_lookup<ng_pending_set>(pending.get(), i)).value_or(ng_pending_set{});
        for (ng_pending& query : set.way) {
            query.taken = query.question != 0 ? 1 : query.taken;
        }
        must(datapath::map_update(pending.get(), i, set));
    }
    const std::uint64_t up = must(datapath::read_clock(waits.scene.datapath())).boot_ns;
    if (up > std::uint64_t{2 * NG_PENDING_SECONDS} * 1'000'000'000) {  // else 1 is a recent moment
        CHECK(waits.answer(40000).waited == 0);
    }
}

TEST_CASE("a held response carries the wait of its query until it was held") {
    Waits waits;
    std::optional<ng_held> held;
    const auto reader =
        must(datapath::HeldReader::create(waits.scene.datapath(), [&held](const ng_held& header, std::span<const std::uint8_t>) {
            held = header;
            return datapath::FrameIs::kDone;
        }));
    must(reader->beat(datapath::tick_of(must(datapath::read_clock(waits.scene.datapath())).boot_ns)));
    waits.ask(40000);
    std::this_thread::sleep_for(kWait);
    REQUIRE(waits.scene.ingress(response_frame(40000, NG_DNS_MAX_ANSWERS + 1)).held());
    must(reader->drain());
    REQUIRE(held);
    CHECK(held->waits == 1);
    check_between(held->waited, kWait, waits.sent);
}
