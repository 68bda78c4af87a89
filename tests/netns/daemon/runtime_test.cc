// SPDX-License-Identifier: Apache-2.0
// The other calls of container runtimes besides ADD and DEL, and the order in which they delete pods of one name, with the real
// datapath.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "endpoints/host_interface_name.h"
#include "node.h"

namespace namegate::test {
namespace {

using nlohmann::json;

// STATUS as containerd calls it, with everything else in the environment empty.
CommandOutput status(const DaemonNode& node) {
    node.write(node.folder() + "/status.conf",
               json{{"cniVersion", "1.1.0"}, {"name", "net"}, {"type", "namegate"}, {"config", node.config_path()}}.dump());
    return run_command("CNI_COMMAND=STATUS CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME= CNI_ARGS= CNI_PATH=/usr/lib/cni " NAMEGATE_PLUGIN " < " +
                       node.folder() + "/status.conf");
}

unsigned code_of(const CommandOutput& output) {
    const json reply = json::parse(output.text, nullptr, false);
    return reply.is_object() ? reply.value("code", 0U) : 0;
}

CommandOutput check(const DaemonNode& node, const std::string& container, const std::string& netns, const CommandOutput& added) {
    json config = json::parse(must_run("cat " + node.folder() + "/net-" + container + ".conf"));
    config["prevResult"] = json::parse(added.text.substr(added.text.find('{')));
    node.write(node.folder() + "/check.conf", config.dump());
    return run_command("CNI_COMMAND=CHECK CNI_CONTAINERID=" + container + " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns +
                       " " NAMEGATE_PLUGIN " < " + node.folder() + "/check.conf");
}

TEST_CASE("STATUS does not wait, and distinguishes whether pods can start from whether running ones are enforced", "[C7][C19]") {
    DaemonNode node;
    CHECK(status(node).status == 0);  // before the first pod
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "one", pod.path()).status == 0);
    {
        const auto held = FileLock::acquire(node.folder() + "/run/lock", 1000);
        REQUIRE(held);
        const auto before = std::chrono::steady_clock::now();
        for (int i = 0; i < 10; ++i) {
            CHECK(status(node).status == 0);
        }
        CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
    }
    must_run("rm -rf " + node.bpffs());
    CHECK(code_of(status(node)) == 51);
    node.write(node.config_path() + ".good", must_run("cat " + node.config_path()));
    node.write(node.config_path(), "policyDir: []\n");
    CHECK(code_of(status(node)) == 50);
    must_run("mv " + node.config_path() + ".good " + node.config_path());
    node.start();
    CHECK(status(node).status == 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("CHECK finds programs that were removed from a pod's interface, and a starting daemon attaches them again", "[C15]") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    const TestNetns pod;
    const CommandOutput added = node.cni("ADD", "one", pod.path());
    INFO(added.text);
    REQUIRE(added.status == 0);
    CHECK(check(node, "one", pod.path(), added).status == 0);
    must_run("rm " + node.bpffs() + "/v*/links/*");
    const CommandOutput damaged = check(node, "one", pod.path(), added);
    CHECK(code_of(damaged) == 102);
    CHECK_THAT(damaged.text, Catch::Contains("the programs are missing on"));
    node.start();
    CHECK(check(node, "one", pod.path(), added).status == 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
}

TEST_CASE("the late DEL of a pod's old sandbox removes nothing of its successor", "[C41]") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    if (with_daemon) {
        node.start();
    }
    const TestNetns before;
    const TestNetns after;
    REQUIRE(node.cni("ADD", "old", before.path(), "web").status == 0);
    const CommandOutput added = node.cni("ADD", "new", after.path(), "web");
    INFO(added.text);
    REQUIRE(added.status == 0);
    for (const std::string& netns : {before.path(), std::string(), std::string()}) {
        CHECK(node.cni("DEL", "old", netns, "web").status == 0);
        CHECK(run_command("ip link show " + endpoints::host_interface_name("old", "eth0")).status != 0);
        CHECK(check(node, "new", after.path(), added).status == 0);
    }
    CHECK(node.cni("DEL", "new", after.path(), "web").status == 0);
}

}  // namespace
}  // namespace namegate::test
