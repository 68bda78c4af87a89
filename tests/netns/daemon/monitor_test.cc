// SPDX-License-Identifier: Apache-2.0
// Events in the kernel are sent to clients as they happen; a slow client affects only itself.

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/client.h"
#include "daemon/loop/event_loop.h"
#include "daemon/socket/socket_server.h"
#include "node.h"

namespace namegate::test {
namespace {

using api::Json;

std::string rules(const std::string& list) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: rules}\n"
           "spec: {selector: all(), types: [Egress], egress: [" +
           list + "]}\n";
}

// Reads events on a separate thread until the daemon exits.
class Follower {
  public:
    Follower(const std::string& socket, const Json& arguments)
        : thread_([this, socket, arguments] {
              const auto followed = api::follow_daemon(socket, {"monitor", arguments}, 5000, [this](const Json& event) {
                  const std::lock_guard<std::mutex> guard(mutex_);
                  if (!event.is_null()) {
                      events_.push_back(event);
                  }
                  return true;
              });
              const std::lock_guard<std::mutex> guard(mutex_);
              error_ = followed ? Code::kInternal : followed.error().code();
          }) {}
    ~Follower() { thread_.join(); }
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    Follower(Follower&&) = delete;
    Follower& operator=(Follower&&) = delete;

    std::vector<Json> of_kind(const std::string& kind) const {
        const std::lock_guard<std::mutex> guard(mutex_);
        std::vector<Json> out;
        for (const Json& event : events_) {
            if (event["kind"] == kind) {
                out.push_back(event);
            }
        }
        return out;
    }
    std::size_t count() const {
        const std::lock_guard<std::mutex> guard(mutex_);
        return events_.size();
    }

  private:
    mutable std::mutex mutex_;
    std::vector<Json> events_;
    Code error_ = Code::kInternal;
    std::thread thread_;
};

void send(const TestNetns& pod, const std::string& to) { pod.run("bash -c 'echo x > /dev/udp/" + to + "'"); }

TEST_CASE("denied and logged packets are sent as they happen, to the clients that asked for them") {
    DaemonNode node;
    const TestNetns pod;
    const TestNetns other;
    node.write(node.policies() + "/a.yaml",
               rules("{action: Log, protocol: UDP, destination: {ports: [7]}}, {action: Allow, destination: {nets: [192.0.2.1/32]}}"));
    node.start();
    REQUIRE(node.cni("ADD", "pod", pod.path()).status == 0);
    REQUIRE(node.cni("ADD", "other", other.path()).status == 0);
    {
        const Follower all(node.socket(), Json::object());
        const Follower denied(node.socket(), {{"denied", true}, {"endpoint", "default/pod"}});
        const Follower dns(node.socket(), {{"dns", true}});
        REQUIRE(eventually([&] {
            send(pod, "192.0.2.9/9");
            send(pod, "192.0.2.1/7");
            send(other, "192.0.2.9/11");
            return all.of_kind("denied").size() > 1 && !all.of_kind("logged").empty() && !denied.of_kind("denied").empty();
        }));
        const Json event = denied.of_kind("denied").front();
        INFO(event.dump());
        CHECK(event["endpoint"] == "default/pod");
        CHECK(event["remote"] == "192.0.2.9");
        CHECK(event["remotePort"] == 9);
        CHECK(event["protocol"] == "UDP");
        CHECK(event["direction"] == "egress");
        CHECK(event["rule"] == "end of tier default: Deny");
        CHECK(event["time"].get<std::string>().find("T") == 10);
        const Json logged = all.of_kind("logged").front();
        CHECK(logged["rule"] == "rules[0]");
        CHECK(logged["remotePort"] == 7);
        for (const Json& one : denied.of_kind("denied")) {
            CHECK(one["endpoint"] == "default/pod");
        }
        CHECK(denied.of_kind("logged").empty());
        CHECK(dns.count() == 0);
        node.stop(SIGTERM);
    }
    node.start();
    CHECK(node.cni("DEL", "pod", pod.path()).status == 0);
    CHECK(node.cni("DEL", "other", other.path()).status == 0);
}

// The last event of a packet that was sent to this port, and of another one now; null: none arrived.
Json event_of(const Follower& all, const TestNetns& pod, int port) {
    send(pod, "192.0.2.9/" + std::to_string(port));
    Json found;
    for (const char* kind : {"denied", "logged"}) {
        for (const Json& event : all.of_kind(kind)) {
            found = event["remotePort"] == port ? event : found;
        }
    }
    return found;
}

std::string staged(const std::string& selector, const std::string& list) {
    return "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: stage}\n"
           "spec: {order: 1, selector: \"" +
           selector + "\", types: [Egress], egress: [" + list + "]}\n";
}

TEST_CASE("the verdict of the staged policies is sent beside the real one, as they are now") {
    DaemonNode node;
    const TestNetns pod;
    node.write(
        node.policies() + "/a.yaml",
        rules("{action: Log, protocol: UDP, destination: {ports: [71]}}, {action: Allow, protocol: UDP, destination: {ports: [71]}}"));
    node.start();
    REQUIRE(node.cni("ADD", "pod", pod.path()).status == 0);
    {
        const Follower all(node.socket(), Json::object());
        const auto stage = [&](const std::string& selector, const std::string& list) {
            node.write(node.policies() + "/stage.yaml", staged(selector, list));
        };
        const auto becomes = [&](int port, const Json& verdict) {
            Json event;
            const bool so = eventually([&] {
                event = event_of(all, pod, port);
                return event.is_object() && event.value("staged", Json()) == verdict;
            });
            INFO(port << ": " << event.dump());
            CHECK(so);
            return event;
        };
        const Json by_tier{{"allowed", false}, {"rule", "end of tier default: Deny"}, {"byStaged", false}};
        becomes(61, nullptr);

        stage("all()",
              "{action: Allow, protocol: UDP, destination: {ports: [62]}}, {action: Deny, protocol: UDP, destination: {ports: [71]}}");
        CHECK(becomes(62, {{"allowed", true}, {"rule", "stage[0]"}, {"byStaged", true}})["kind"] == "denied");
        becomes(63, by_tier);
        CHECK(becomes(71, {{"allowed", false}, {"rule", "stage[1]"}, {"byStaged", true}})["kind"] == "logged");

        // Another edit, the same endpoint.
        stage("all()", "{action: Allow, protocol: UDP, destination: {ports: [63], nets: [192.0.2.0/24]}}");
        becomes(63, {{"allowed", true}, {"rule", "stage[0]"}, {"byStaged", true}});
        becomes(62, by_tier);

        stage("all()", "{action: Allow, protocol: ICMP, icmp: {type: 8}}");
        becomes(63, by_tier);
        Json icmp;
        CHECK(eventually([&] {
            pod.run("ping -c 1 -W 1 192.0.2.9");
            for (const Json& event : all.of_kind("denied")) {
                icmp = event["protocol"] == "ICMP" ? event : icmp;
            }
            return icmp.is_object();
        }));
        CHECK(icmp["staged"] == Json{{"error", "the rules match the ICMP type, which events do not have"}});

        stage("projectcalico.org/namespace == 'elsewhere'", "{action: Allow}");
        becomes(62, nullptr);
        node.stop(SIGTERM);
    }
    node.start();
    CHECK(node.cni("DEL", "pod", pod.path()).status == 0);
}

TEST_CASE("monitor's arguments are checked, and streams are counted") {
    DaemonNode node;
    node.start();
    CHECK(node.ask("monitor", {{"denied", 1}}).error().code() == Code::kInvalidInput);
    CHECK(node.ask("monitor", {{"endpoint", "none"}}).error().code() == Code::kNotFound);
    CHECK(node.ask("monitor"));
}

// Both ends in this process: a client that does not read, and one that does.
TEST_CASE("a slow client loses events, is told how many, and delays no other") {
    const TempDir directory;
    const auto created = daemon::EventLoop::create();
    REQUIRE(created);
    daemon::EventLoop& loop = **created;
    {
        using Reply = std::optional<Result<daemon::SocketServer::Reply>>;
        const auto handler = [](const api::Request&, daemon::SocketServer::Ticket) -> Reply {
            return daemon::SocketServer::Reply{Json::object(), daemon::EventStream{}};
        };
        auto server = daemon::SocketServer::create(loop, directory.path() + "/socket", handler);
        REQUIRE(server);
        std::uint64_t seen = 0;
        std::uint64_t lost = 0;
        const daemon::Event event;
        const Json view{{"kind", "denied"}, {"text", std::string(1000, 'x')}};
        std::thread reader;
        std::atomic<bool> read{false};
        reader = std::thread([&] {
            static_cast<void>(api::follow_daemon(directory.path() + "/socket", {"monitor", Json::object()}, 20000, [&](const Json& one) {
                while (!read) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                }
                if (one.is_null()) {
                    return true;
                }
                if (one["kind"] == "lost") {
                    lost += one["count"].get<std::uint64_t>();
                } else {
                    ++seen;
                }
                return one["kind"] != "last";
            }));
        });
        const auto turn = [&loop] { static_cast<void>(loop.run_once(1000)); };
        while (!(*server)->has_streams()) {
            static_cast<void>(loop.run_once(100'000));
        }
        constexpr std::uint64_t kEvents = 5000;
        for (std::uint64_t i = 0; i < kEvents; ++i) {
            (*server)->publish(event, view);
        }
        read = true;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (lost + seen < kEvents && std::chrono::steady_clock::now() < deadline) {
            turn();
        }
        (*server)->publish(event, {{"kind", "last"}});
        for (int i = 0; i < 200; ++i) {
            turn();
        }
        server->reset();
        reader.join();
        CHECK(lost > 0);
        CHECK(seen > daemon::kMaxStreamBacklog / 2000);
        CHECK(seen + lost == kEvents + 1);
    }
}

}  // namespace
}  // namespace namegate::test
