// SPDX-License-Identifier: Apache-2.0
// What happens to pods and nodes under kubelet, with the real datapath: nothing is left, nothing is opened, and a DEL that can do
// nothing more succeeds.
#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "endpoints/host_interface_name.h"
#include "node.h"

namespace namegate::test {
namespace {

std::string host_name(const std::string& id) { return endpoints::host_interface_name(id, "eth0"); }

bool reaches_node(const TestNetns& pod) { return pod.run("ping -c 1 -W 1 192.0.2.9").status == 0; }

// An address of the node that pods can send to.
class NodeAddress {
  public:
    NodeAddress() { must_run("ip address add 192.0.2.9/32 dev lo"); }
    ~NodeAddress() { run_command("ip address del 192.0.2.9/32 dev lo"); }
    NodeAddress(const NodeAddress&) = delete;
    NodeAddress& operator=(const NodeAddress&) = delete;
    NodeAddress(NodeAddress&&) = delete;
    NodeAddress& operator=(NodeAddress&&) = delete;
};

TEST_CASE("50 ADDs and 50 DELs at once", "[C11]") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    constexpr std::size_t kPods = 50;
    std::vector<std::unique_ptr<TestNetns>> pods;
    std::vector<CommandOutput> outputs(kPods);
    for (std::size_t i = 0; i < kPods; ++i) {
        pods.push_back(std::make_unique<TestNetns>());
    }
    const auto at_once = [&](const std::string& command) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < kPods; ++i) {
            threads.emplace_back([&, i] { outputs[i] = node.cni(command, "p" + std::to_string(i), pods[i]->path()); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        for (const CommandOutput& output : outputs) {
            INFO(output.text);
            CHECK(output.status == 0);
        }
    };
    at_once("ADD");
    // A plugin that found the daemon too busy programmed its endpoint itself; the daemon learns of it a tick later.
    CHECK(eventually([&] { return node.must_ask("endpoints").size() == kPods; }));
    for (const api::Json& endpoint : node.must_ask("endpoints")) {
        CHECK(endpoint["mode"] == "enforced");
    }
    at_once("DEL");
    CHECK(node.traces() == "");
    // The same for removed endpoints.
    CHECK(eventually([&] { return node.must_ask("endpoints").empty(); }));
}

TEST_CASE("DEL in every order in which runtimes call it", "[C2][C56]") {
    DaemonNode node;
    CHECK(node.cni("DEL", "never", "").status == 0);
    CHECK(node.cni("DEL", "never", "/run/netns/not-there").status == 0);
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(node.cni("DEL", "one", "").status == 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
    CHECK(node.traces() == "");
    // The namespace was removed first, and the kernel removed the interfaces with it.
    TestNetns gone;
    REQUIRE(node.cni("ADD", "two", gone.path()).status == 0);
    const std::string path = gone.path();
    gone.remove();
    REQUIRE(eventually([] { return run_command("ip link show " + host_name("two")).status != 0; }));
    CHECK(node.cni("DEL", "two", path).status == 0);
    CHECK(node.traces() == "");
}

TEST_CASE("as soon as a DEL returns, its pod's address, names and namespace are free for others") {
    const NodeAddress address;
    DaemonNode node;
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    if (with_daemon) {
        node.start();
    }
    // A network with space for one pod.
    node.write(node.folder() + "/small.conf", R"({"cniVersion":"1.0.0","name":"small","type":"namegate","config":")" + node.config_path() +
                                                  R"(","ipam":{"type":"host-local","subnet":"10.89.0.0/30","dataDir":")" + node.folder() +
                                                  R"(/ipam"}})");
    const auto call = [&](const std::string& command, const std::string& id, const std::string& netns) {
        const CommandOutput output =
            run_command("CNI_COMMAND=" + command + " CNI_CONTAINERID=" + id + " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns +
                        " " NAMEGATE_PLUGIN " < " + node.folder() + "/small.conf");
        INFO(command << " " << id << output.text);
        CHECK(output.status == 0);
    };
    const TestNetns stays;
    for (unsigned round = 0; round < 10; ++round) {
        // Another container's, with the same address; the same container's, in the same namespace; and one whose namespace is
        // removed at once.
        for (const char* id : {"one", "two", "two"}) {
            call("ADD", id, stays.path());
            CHECK(reaches_node(stays));
            call("DEL", id, stays.path());
            CHECK(stays.run("ip link show eth0").status != 0);
            CHECK(node.traces() == "");
        }
        TestNetns goes;
        call("ADD", "three", goes.path());
        CHECK(reaches_node(goes));
        call("DEL", "three", goes.path());
        goes.remove();
    }
}

TEST_CASE("a host interface renamed by hand stays enforced, and its DEL removes it; one deleted by hand is cleared", "[C40][C56]") {
    const NodeAddress address;
    DaemonNode node;
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    CHECK(reaches_node(pod));
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    must_run("ip link set " + host_name("one") + " down && ip link set " + host_name("one") +
             " name byhand up && ip route add 10.88.0.2 dev byhand");
    // A daemon that starts now reads everything again.
    node.start();
    CHECK(node.mode_of("one") == "enforced");
    CHECK_FALSE(reaches_node(pod));
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
    CHECK(run_command("ip link show byhand").status != 0);
    CHECK(node.traces() == "");

    const TestNetns other;
    REQUIRE(node.cni("ADD", "two", other.path()).status == 0);
    must_run("ip link del " + host_name("two"));
    CHECK(node.cni("DEL", "two", other.path()).status == 0);
    CHECK(node.traces() == "");
}

TEST_CASE("a reboot clears the memory and not the leases; DEL releases them and the next ADD works", "[C34][C53]") {
    DaemonNode node;
    TestNetns before;
    REQUIRE(node.cni("ADD", "old", before.path()).status == 0);
    before.remove();
    REQUIRE(eventually([] { return run_command("ip link show " + host_name("old")).status != 0; }));
    must_run("rm -rf " + node.folder() + "/run/* " + node.bpffs());
    // The plugin mounts the first bpffs of this boot.
    REQUIRE(::umount("/sys/fs/bpf") == 0);
    const TestNetns after;
    const CommandOutput added = node.cni("ADD", "new", after.path());
    INFO(added.text);
    CHECK(added.status == 0);
    CHECK_FALSE(node.pins().empty());
    CHECK(node.cni("DEL", "old", "").status == 0);
    CHECK(node.cni("DEL", "new", after.path()).status == 0);
    CHECK(node.traces() == "");
}

TEST_CASE("a full or read-only state folder: ADD says so and leaves nothing, DEL is not blocked, and ADD works again afterwards", "[C54]") {
    DaemonNode node;
    const std::string run = node.folder() + "/run";
    must_run("mkdir -p " + run + " && mount -t tmpfs -o size=256k tmpfs " + run);
    const TestNetns pod;
    const TestNetns other;
    REQUIRE(node.cni("ADD", "kept", pod.path()).status == 0);
    const std::string before = node.traces();
    const bool full = GENERATE(true, false);
    INFO(full);
    run_command(full ? "cat /dev/zero > " + run + "/filler" : "mount -o remount,ro " + run);
    const CommandOutput added = node.cni("ADD", "more", other.path());
    INFO(added.text);
    CHECK(added.status != 0);
    CHECK(added.text.find(full ? "No space left" : "Read-only") != std::string::npos);
    CHECK(node.cni("DEL", "more", other.path()).status == 0);
    CHECK(node.traces() == before);
    CHECK(node.cni("DEL", "kept", pod.path()).status == 0);
    CHECK(run_command("ip link show " + host_name("kept")).status != 0);
    run_command(full ? "rm " + run + "/filler" : "mount -o remount,rw " + run);
    CHECK(node.cni("ADD", "more", other.path()).status == 0);
    CHECK(node.cni("DEL", "more", other.path()).status == 0);
    CHECK(node.cni("DEL", "kept", pod.path()).status == 0);
    CHECK(node.traces() == "");
    must_run("umount " + run);
}

TEST_CASE("a late DEL does not touch an interface number that now belongs to another pod", "[C57]") {
    const NodeAddress address;
    DaemonNode node;
    TestNetns first;
    REQUIRE(node.cni("ADD", "late", first.path()).status == 0);
    const std::string index = must_run("cat /sys/class/net/" + host_name("late") + "/ifindex | tr -d '\\n'");
    first.remove();
    REQUIRE(eventually([] { return run_command("ip link show " + host_name("late")).status != 0; }));

    const TestNetns second;
    must_run("ip link add byhand index " + index + " type veth peer name eth0 netns " + second.name() +
             " && ip link set byhand up && ip route add 10.99.0.2 dev byhand");
    second.must("ip address add 10.99.0.2/24 dev eth0");
    second.must("ip link set eth0 up");
    second.must("ip route add default dev eth0");
    must_run("echo 1 > /proc/sys/net/ipv4/conf/byhand/proxy_arp");
    node.write(node.folder() + "/chained.conf", R"({"cniVersion":"1.0.0","name":"chain","type":"namegate","config":")" +
                                                    node.config_path() +
                                                    R"(","prevResult":{"cniVersion":"1.0.0","ips":[{"address":"10.99.0.2/24"}]}})");
    const auto chained = [&](const std::string& command) {
        return run_command("CNI_COMMAND=" + command + " CNI_CONTAINERID=next CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" +
                           second.path() + " " NAMEGATE_PLUGIN " < " + node.folder() + "/chained.conf");
    };
    const CommandOutput added = chained("ADD");
    INFO(added.text);
    REQUIRE(added.status == 0);
    CHECK(reaches_node(second));
    CHECK(node.cni("DEL", "late", "").status == 0);
    CHECK(reaches_node(second));
    CHECK(chained("DEL").status == 0);
    CHECK_FALSE(reaches_node(second));
    must_run("ip link del byhand");
    CHECK(node.cni("DEL", "late", "").status == 0);
    CHECK(node.traces() == "");
}

}  // namespace
}  // namespace namegate::test
