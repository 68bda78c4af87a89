// SPDX-License-Identifier: Apache-2.0
// Allowed flows as `monitor --flows` and the flow log show them, from the programs' own counts.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/client.h"
#include "site.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;

namespace {

using nlohmann::json;

// The events of flows, read in a thread until none came for a while.
class FlowStream {
  public:
    explicit FlowStream(const Site& site) : socket_(site.node.folder() + "/state/namegated.sock"), thread_([this] { follow(); }) {}
    ~FlowStream() {
        stop_ = true;
        thread_.join();
    }
    FlowStream(const FlowStream&) = delete;
    FlowStream& operator=(const FlowStream&) = delete;
    FlowStream(FlowStream&&) = delete;
    FlowStream& operator=(FlowStream&&) = delete;

    // The first event of this kind to this port, or null.
    json find(const std::string& kind, int port) {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(events_.begin(), events_.end(),
                                        [&](const json& event) { return event["kind"] == kind && event.value("remotePort", 0) == port; });
        return found == events_.end() ? json() : *found;
    }

  private:
    void follow() {
        constexpr unsigned kTimeoutMs = 10'000;
        static_cast<void>(
            api::follow_daemon(socket_, {"monitor", {{"endpoint", "default/a"}, {"flows", true}}}, kTimeoutMs, [this](const json& event) {
                if (!event.is_null()) {
                    const std::lock_guard lock(mutex_);
                    events_.push_back(event);
                }
                return !stop_;
            }));
    }

    std::string socket_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::vector<json> events_;
    std::thread thread_;
};

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
    FlowStream stream(site);
    json begun;
    json ended;
    REQUIRE(eventually([&] {
        static_cast<void>(reaches(*pod, "api.weather.com"));
        begun = stream.find("flow", kTcpPort);
        ended = stream.find("flow-ended", kTcpPort);
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
