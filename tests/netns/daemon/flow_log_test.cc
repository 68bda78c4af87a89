// SPDX-License-Identifier: Apache-2.0
// The flow log of a running daemon, and on a real disk that is full: a tmpfs of 64 KiB.

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "api/protocol.h"
#include "base/clock.h"
#include "base/file.h"
#include "daemon/flow_log/flow_log.h"
#include "node.h"

namespace namegate::test {
namespace {

using api::Json;
using daemon::Event;
using daemon::EventKind;

constexpr const char* kDeny =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: none}\nspec: {selector: all(), types: [Egress]}\n";

class SmallDisk {
  public:
    SmallDisk() {
        must_run("mkdir -p " + path());
        if (::mount("tmpfs", path().c_str(), "tmpfs", 0, "size=64k,mode=0755") != 0) {
            fail_with_errno("mount");
        }
    }
    ~SmallDisk() { ::umount2(path().c_str(), MNT_DETACH); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    SmallDisk(SmallDisk&&) = delete;
    SmallDisk& operator=(SmallDisk&&) = delete;

    std::string path() const { return dir_.path() + "/small"; }
    std::string file() const { return path() + "/flows.jsonl"; }
    void grow() const { must_run("mount -o remount,size=64m " + path()); }

  private:
    TempDir dir_;
};

std::vector<Json> lines_of(const std::string& path) {
    std::vector<Json> out;
    std::istringstream in(read_file(path, 64U << 20U).value_or(""));
    for (std::string line; std::getline(in, line);) {
        out.push_back(Json::parse(line, nullptr, false));
    }
    return out;
}

bool any_action(const std::vector<Json>& lines, const std::string& action) {
    return std::any_of(lines.begin(), lines.end(), [&](const Json& line) { return line.is_object() && line["event"]["action"] == action; });
}

bool all_whole(const std::vector<Json>& lines) {
    return std::all_of(lines.begin(), lines.end(), [](const Json& line) { return line.is_object(); });
}

std::uint64_t counter(const DaemonNode& node, const std::string& name) {
    return node.must_ask("status")["counters"][name].get<std::uint64_t>();
}

}  // namespace

TEST_CASE("the daemon writes denials to the flow log, survives a full disk, and begins a new file after a rename") {
    DaemonNode node;
    const SmallDisk disk;
    const TestNetns pod;
    const auto settings = must(read_file(node.config_path(), 65536));
    node.write(node.config_path(), settings + "flowLog: {path: " + disk.file() + ", events: [denied, daemon-started, endpoint-added]}\n");
    node.write(node.policies() + "/a.yaml", kDeny);
    node.start();
    REQUIRE(node.cni("ADD", "pod", pod.path()).status == 0);
    const auto send = [&pod] { pod.run("bash -c 'for i in {1..20}; do echo x > /dev/udp/192.0.2.9/9; done'"); };
    REQUIRE(eventually([&] {
        send();
        return any_action(lines_of(disk.file()), "denied");
    }));
    const std::vector<Json> first = lines_of(disk.file());
    CHECK(any_action(first, "daemon-started"));
    CHECK(any_action(first, "endpoint-added"));
    const Json denied = first.back();
    INFO(denied.dump());
    CHECK(denied["destination"]["ip"] == "192.0.2.9");
    CHECK(denied["destination"]["port"] == 9);
    CHECK(denied["network"]["transport"] == "udp");
    CHECK(denied["source"]["ip"].get<std::string>().starts_with("10.88."));
    CHECK(denied["orchestrator"]["namespace"] == "default");
    CHECK(denied["namegate"]["endpoint"]["name"] == "default/pod");
    CHECK(counter(node, "flow_log_lines") >= first.size());

    must_run("mv " + disk.file() + " " + node.folder() + "/old");
    REQUIRE(eventually([&] {
        send();
        return any_action(lines_of(disk.file()), "denied");
    }));

    const std::uint64_t lost = counter(node, "flow_log_lost");
    REQUIRE(eventually(
        [&] {
            send();
            return node.must_ask("status")["healthy"] == false;
        },
        std::chrono::seconds(60)));
    CHECK(node.must_ask("status")["degraded"].dump().find("flow log: ") != std::string::npos);
    CHECK(node.must_ask("status")["degraded"].dump().find("No space left on device") != std::string::npos);
    CHECK(node.becomes("pod", "enforced"));
    disk.grow();
    REQUIRE(eventually([&] { return node.must_ask("status")["healthy"] == true; }));
    CHECK(all_whole(lines_of(disk.file())));
    CHECK(counter(node, "flow_log_lost") == lost);
    CHECK(node.cni("DEL", "pod", pod.path()).status == 0);
    node.stop(SIGTERM);
}

TEST_CASE("on a disk of 64 KiB the log counts what it loses, and says so when there is room again") {
    const SmallDisk disk;
    const SystemClock clock;
    daemon::FlowLogCounts counts;
    daemon::FlowLog log({{disk.file(), 100'000'000, 2, 0}, {EventKind::kDenied}, "node"}, daemon::system_log_disk(), clock, counts,
                        [](std::uint32_t) { return std::nullopt; });
    Event event;
    event.time = "2026-01-02T03:04:05.678Z";
    event.endpoint = daemon::EventEndpoint{7, "default/pod", "default", "pod", "ng0"};
    event.detail = daemon::EventPacket{false, 6, *IpAddress::parse("192.0.2.1"), 443, 50000, "default", "default.allow[1]", {"evil.test"}};
    std::uint64_t taken = 0;
    for (; counts.lost < 100; ++taken) {
        log.take(event);
    }
    CHECK_FALSE(log.state());
    CHECK(read_file(disk.file(), 1U << 20U)->size() == 64UL * 1024);
    disk.grow();
    log.finish();
    CHECK(log.state());
    const std::vector<Json> lines = lines_of(disk.file());
    CHECK(all_whole(lines));
    REQUIRE(lines.size() == taken - 100 + 1);
    CHECK(lines.back()["namegate"]["lost"] == 100);
    CHECK(counts.lines == lines.size());
}

}  // namespace namegate::test
