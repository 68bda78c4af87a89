// SPDX-License-Identifier: Apache-2.0
// Allowed flows as `monitor --flows` and the flow log show them, from the programs' own counts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "event_stream.h"
#include "site.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using nlohmann::json;

// The first event of this kind to this port, or null.
json find(EventStream& stream, const std::string& kind, int port) {
    const std::vector<json> found =
        stream.events([&](const json& event) { return event["kind"] == kind && event.value("remotePort", 0) == port; });
    return found.empty() ? json() : found.front();
}

std::vector<json> lines_of(const std::string& path) {
    std::ifstream in(path);
    std::vector<json> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(json::parse(line));
    }
    return out;
}

}  // namespace

TEST_CASE("monitor --flows and the flow log show an allowed flow when it begins and ends, with its name, rule and counts") {
    const TempDir logs;
    const std::string log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + log + ", events: [flow-ended]}\n");
    site.world.set_name("api.weather.com", {"198.18.0.1"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    EventStream stream(site, {{"endpoint", "default/a"}, {"flows", true}});
    json begun;
    json ended;
    REQUIRE(eventually([&] {
        static_cast<void>(reaches(*pod, "api.weather.com"));
        begun = find(stream, "flow", kTcpPort);
        ended = find(stream, "flow-ended", kTcpPort);
        return !begun.is_null() && !ended.is_null();
    }));
    INFO(begun.dump(1) << ended.dump(1));
    CHECK(begun["remote"] == "198.18.0.1");
    CHECK(begun["names"] == json::array({"api.weather.com"}));
    CHECK(begun["direction"] == "egress");
    CHECK_FALSE(begun["rule"].get<std::string>().empty());
    CHECK(ended["names"] == begun["names"]);
    CHECK(ended["rule"] == begun["rule"]);
    CHECK((ended["end"] == "closed" || ended["end"] == "reset"));
    // A SYN, its ACK and a FIN or RST at least, each with an IP and a TCP header.
    CHECK(ended["packetsSent"].get<unsigned>() >= 3);
    CHECK(ended["bytesSent"].get<unsigned>() >= ended["packetsSent"].get<unsigned>() * 40);
    CHECK(ended["packetsReceived"].get<unsigned>() >= 1);
    CHECK(ended["bytesReceived"].get<unsigned>() >= ended["packetsReceived"].get<unsigned>() * 40);

    REQUIRE(eventually([&] { return !lines_of(log).empty(); }));
    const json line = lines_of(log).front();
    INFO(line.dump(1));
    CHECK(line.dump().find("api.weather.com") != std::string::npos);
    CHECK(line.dump().find("198.18.0.1") != std::string::npos);
}
