// SPDX-License-Identifier: Apache-2.0
//
// What the page keeps of connections, within its limits, and how it writes them; and the headers that keep the page alone.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "api/protocol.h"
#include "base/printable.h"
#include "daemon/json_text.h"
#include "daemon/page/connection_json.h"
#include "daemon/page/connections.h"
#include "daemon/page/page_content.h"
#include "daemon/page/page_service.h"

using namespace namegate;
using namespace namegate::daemon;
using Catch::Contains;

namespace {

ConnectionKey allowed(const std::string& name, std::uint16_t port = 443) {
    ConnectionKey key;
    key.protocol = 6;
    key.port = port;
    key.name = name;
    key.rule = "default.allow[1]";
    return key;
}

ConnectionKey lookup(const std::string& name) {
    ConnectionKey key;
    key.seen = Seen::kLookedUp;
    key.name = name;
    return key;
}

std::vector<std::string> names_after(const Connections& connections, std::uint64_t number, std::size_t most = 100) {
    std::vector<std::string> out;
    for (const Connection* one : connections.changed_after(number, most)) {
        out.push_back(one->key.name);
    }
    return out;
}

IpAddress address(const std::string& text) { return *IpAddress::parse(text); }

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a connection that is seen again is counted, with its latest addresses") {
    Connections connections;
    Connection* made = connections.note(7, allowed("a.example"), {address("192.0.2.1")}, "t1");
    REQUIRE(made != nullptr);
    for (int i = 2; i <= 12; ++i) {
        CHECK(connections.note(7, allowed("a.example"), {address("192.0.2." + std::to_string(i))}, "t" + std::to_string(i)) == nullptr);
    }
    CHECK(connections.note(7, allowed("a.example"), {address("192.0.2.9")}, "t13") == nullptr);
    CHECK(connections.size() == 1);
    CHECK(made->count == 13);
    CHECK(made->first_time == "t1");
    CHECK(made->last_time == "t13");
    REQUIRE(made->addresses.size() == kAddressesOfConnection);
    CHECK(made->addresses[0] == address("192.0.2.9"));
    CHECK(made->addresses[1] == address("192.0.2.12"));
}

TEST_CASE("a lookup gives way to a connection to its name, and does not come back while there is one") {
    Connections connections;
    REQUIRE(connections.note(7, lookup("a.example"), {}, "t1") != nullptr);
    REQUIRE(connections.note(8, lookup("a.example"), {}, "t1") != nullptr);
    const std::uint64_t before = connections.number();
    REQUIRE(connections.note(7, allowed("a.example"), {}, "t2") != nullptr);
    CHECK(connections.size() == 2);
    CHECK(connections.removed_after(before).value().size() == 1);
    CHECK(connections.note(7, lookup("a.example"), {}, "t3") == nullptr);
    CHECK(connections.size() == 2);
    CHECK(connections.forgotten() == 0);
    connections.forget(7);
    CHECK(connections.note(7, lookup("a.example"), {}, "t4") != nullptr);
}

TEST_CASE("at its own limit an endpoint loses the connection that was seen longest ago") {
    Connections connections(3, 100);
    connections.note(8, allowed("other.example"), {}, "t0");
    for (const char* name : {"a", "b", "c"}) {
        connections.note(7, allowed(name), {}, "t1");
    }
    connections.note(7, allowed("a"), {}, "t2");
    connections.note(7, allowed("d"), {}, "t3");
    CHECK(names_after(connections, 0) == Names{"other.example", "c", "a", "d"});
    CHECK(connections.forgotten() == 1);
}

TEST_CASE("at the limit of all, the endpoint with the most connections loses one") {
    Connections connections(100, 5);
    connections.note(8, allowed("old.example"), {}, "t0");
    for (const char* name : {"a", "b", "c", "d"}) {
        connections.note(7, allowed(name), {}, "t1");
    }
    connections.note(9, allowed("new.example"), {}, "t2");
    CHECK(names_after(connections, 0) == Names{"old.example", "b", "c", "d", "new.example"});
    CHECK(connections.size() == 5);
    CHECK(connections.forgotten() == 1);
}

TEST_CASE("a reader gets what changed since its number, in pieces that lose nothing") {
    Connections connections;
    for (std::uint16_t port = 1; port <= 10; ++port) {
        connections.note(port % 3U, allowed("n" + std::to_string(port), port), {}, "t");
    }
    Names read;
    for (std::uint64_t number = 0;;) {
        const auto piece = connections.changed_after(number, 4);
        if (piece.empty()) {
            break;
        }
        CHECK(piece.size() <= 4);
        for (const Connection* one : piece) {
            read.push_back(one->key.name);
        }
        number = piece.back()->changed;
    }
    CHECK(read == Names{"n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9", "n10"});
    const std::uint64_t before = connections.number();
    CHECK(names_after(connections, before).empty());
    connections.note(2, allowed("n2", 2), {}, "t");
    CHECK(names_after(connections, before) == Names{"n2"});
}

TEST_CASE("a reader that has missed too many removals has to begin again") {
    Connections connections(1, 100);
    const auto replace = [&connections](std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) {
            connections.note(7, allowed("n" + std::to_string(connections.number())), {}, "t");
        }
    };
    replace(10);
    const std::uint64_t before = connections.number();
    replace(5);
    CHECK(connections.removed_after(before).value().size() == 5);
    replace(kRememberedRemovals);
    CHECK_FALSE(connections.removed_after(before));
    CHECK(connections.removed_after(connections.number()).value().empty());
}

TEST_CASE("an endpoint that is gone takes its connections along") {
    Connections connections;
    connections.note(7, allowed("a"), {}, "t");
    connections.note(7, lookup("b"), {}, "t");
    connections.note(8, allowed("a"), {}, "t");
    const std::uint64_t before = connections.number();
    connections.forget(7);
    connections.forget(99);
    CHECK(connections.size() == 1);
    CHECK(connections.removed_after(before).value().size() == 2);
}

TEST_CASE("connections are written with each rule once, and any text stays text") {
    Connections connections;
    const std::string evil = "</script>\"\\\x01\xff\xc3\xa9";
    for (const char* name : {"a.example", "b.example"}) {
        Connection* made = connections.note(7, allowed(name), {address("192.0.2.1")}, "t1");
        made->rule = {"default", "NetworkPolicy", "x", 1, "Allow TCP", "/etc/" + evil, 16};
    }
    ConnectionKey denied = allowed(evil);
    denied.seen = Seen::kDenied;
    denied.ingress = true;
    denied.rule = "";
    denied.reason = "closed";
    connections.note(7, denied, {}, "t2");
    const ConnectionLists lists = write_connections(connections.changed_after(0, 10));
    const api::Json edges = api::Json::parse("[" + lists.edges + "]");
    const api::Json rules = api::Json::parse("[" + lists.rules + "]");
    REQUIRE(edges.size() == 3);
    REQUIRE(rules.size() == 1);
    CHECK(rules[0]["rule"] == "default.allow[1]");
    CHECK(rules[0]["line"] == 16);
    CHECK(edges[0]["rule"] == 0);
    CHECK(edges[1]["rule"] == 0);
    CHECK(edges[0]["verdict"] == "allowed");
    CHECK(edges[0]["protocol"] == "TCP");
    CHECK(edges[0]["addresses"] == api::Json{"192.0.2.1"});
    CHECK_FALSE(edges[2].contains("rule"));
    CHECK(edges[2]["reason"] == "closed");
    CHECK(edges[2]["direction"] == "ingress");
    CHECK(edges[2]["name"] == "</script>\"\\\x01\\xff\xc3\xa9");
    CHECK(is_utf8(lists.edges));
}

TEST_CASE("a reply of the largest size is written in a few milliseconds") {
    Connections connections;
    for (std::uint32_t pod = 0; pod < 250; ++pod) {
        for (std::uint32_t i = 0; i < 40; ++i) {
            const std::string name = "service-" + std::to_string((pod * 20 + i) % 5000) + ".some-domain.example.com";
            Connection* made =
                connections.note(pod, allowed(name), {address("192.0.2.1"), address("2001:db8::1")}, "2026-11-29T18:31:02.114Z");
            made->rule = {"default", "NetworkPolicy", "default.allow", 1, "Allow to domains", "/etc/namegate/policies.d/x.yaml", 16};
        }
    }
    REQUIRE(connections.size() == 10'000);
    double longest_ms = 1e9;
    std::size_t bytes = 0;
    for (int round = 0; round < 20; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        bytes = write_connections(connections.changed_after(0, kConnectionsPerReply)).edges.size();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        longest_ms = std::min(longest_ms, took.count());
    }
    std::printf("%zu of 10,000 connections, %zu bytes: %.2f ms\n", kConnectionsPerReply, bytes, longest_ms);
    CHECK(bytes < std::size_t{1} << 20U);
    CHECK(longest_ms < 50);  // released: about 2; the sanitizers take many times as long
}

TEST_CASE("the page runs its own script and style, and nothing else") {
    const HttpResponse page = page_response();
    CHECK(page.status == kHttpOk);
    CHECK(page.content_type == "text/html; charset=utf-8");
    CHECK(page.body == page_html());
    const auto policy =
        std::find_if(page.headers.begin(), page.headers.end(), [](const auto& one) { return one.first == "Content-Security-Policy"; });
    REQUIRE(policy != page.headers.end());
    CHECK_THAT(policy->second, Contains("default-src 'none'; script-src '" + std::string(page_script_hash()) + "'"));
    CHECK_THAT(policy->second, Contains("style-src '" + std::string(page_style_hash()) + "'"));
    CHECK_THAT(policy->second, Contains("connect-src 'self'") && Contains("frame-ancestors 'none'") && !Contains("unsafe"));
    for (const char* outside : {"http://", "https://", "src=", "@import", "url("}) {
        INFO(outside);
        const std::size_t at = page_html().find(outside);
        // The namespace of SVG is a name; nothing is read from it.
        CHECK((at == std::string_view::npos || page_html().substr(at, 19) == "http://www.w3.org/2"));
    }
}
