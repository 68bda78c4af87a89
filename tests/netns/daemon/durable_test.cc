// SPDX-License-Identifier: Apache-2.0
// Losing knowledge never opens: the last good content of a policy is in force over restarts, reboots and upgrades, with a daemon and
// without one; and where it is lost, what is pinned stays.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "node.h"

namespace namegate::test {
namespace {

class Durable {
  public:
    // A pod under one policy that denies everything.
    Durable() {
        node.write(policy(), deny_policy("deny"));
        node.start();
        add("pod", pod);
    }
    ~Durable() {
        for (const std::string& name : added_) {
            node.cni("DEL", name, "");
        }
    }
    Durable(const Durable&) = delete;
    Durable& operator=(const Durable&) = delete;
    Durable(Durable&&) = delete;
    Durable& operator=(Durable&&) = delete;

    std::string policy() const { return node.policies() + "/a.yaml"; }
    std::string kept() const { return node.folder() + "/var/policies"; }
    CommandOutput try_add(const std::string& name, const TestNetns& netns) { return node.cni("ADD", name, netns.path()); }
    void add(const std::string& name, const TestNetns& netns) {
        const CommandOutput output = try_add(name, netns);
        if (output.status != 0) {
            throw std::runtime_error(output.text + node.log());
        }
        added_.push_back(name);
    }
    void restart() {
        node.stop(SIGKILL);
        node.start();
    }
    std::string in_force() const { return node.must_ask("status")["files"][0]["inForce"].get<std::string>(); }
    bool break_policy() const {
        node.write(policy(), "spec: [");
        return eventually([this] { return in_force() == "last good"; });
    }

    DaemonNode node;
    TestNetns pod;

  private:
    std::vector<std::string> added_;
};

TEST_CASE("a file edited into an error stays in force over kill -9, for new pods too, with and without a daemon") {
    Durable durable;
    REQUIRE(durable.break_policy());
    durable.restart();
    CHECK(durable.node.mode_of("pod") == "enforced");
    CHECK(durable.in_force() == "last good");
    const api::Json file = durable.node.must_ask("status")["files"][0];
    CHECK(file["since"].get<std::string>().size() == 20);
    CHECK(file["problems"].size() == 1);
    CHECK(durable.node.must_ask("policies", {{"endpoint", "default/pod"}})["notes"].dump().find("last good") != std::string::npos);
    const TestNetns second;
    durable.add("second", second);
    CHECK(durable.node.mode_of("second") == "enforced");
    durable.node.stop(SIGKILL);
    const TestNetns third;
    durable.add("third", third);
    durable.node.start();
    CHECK(durable.node.mode_of("third") == "enforced");
    CHECK(durable.node.mode_of("pod") == "enforced");
    REQUIRE(::unlink(durable.policy().c_str()) == 0);
    CHECK(durable.node.becomes("pod", "open"));
}

TEST_CASE("a folder that is missing when the daemon starts, or is not mounted, stays in force") {
    Durable durable;
    const std::string folder = durable.node.policies();
    const bool mounted = GENERATE(false, true);
    if (mounted) {
        durable.node.stop(SIGKILL);
        must_run("rm " + folder + "/a.yaml && mount -t tmpfs none " + folder);
        durable.node.write(durable.policy(), deny_policy("deny"));
        durable.node.start();
        REQUIRE(durable.node.mode_of("pod") == "enforced");
        durable.node.stop(SIGKILL);
        must_run("umount " + folder);
    } else {
        durable.node.stop(SIGKILL);
        must_run("mv " + folder + " " + folder + ".away");
    }
    durable.node.start();
    CHECK(durable.node.mode_of("pod") == "enforced");
    CHECK(durable.in_force() == "last good");
    CHECK(durable.node.must_ask("status")["healthy"] == false);
    const TestNetns second;
    durable.add("second", second);
    CHECK(durable.node.mode_of("second") == "enforced");
    must_run("mkdir -p " + folder);
    durable.node.write(folder + "/b.yaml", "# nothing\n");
    CHECK(durable.node.becomes("pod", "open"));
}

TEST_CASE("kept policies outlive a reboot") {
    Durable durable;
    REQUIRE(durable.break_policy());
    durable.node.stop(SIGKILL);
    REQUIRE(durable.node.cni("DEL", "pod", durable.pod.path()).status == 0);
    must_run("rm -rf " + durable.node.bpffs() + " " + durable.node.folder() + "/run");
    const TestNetns first;
    durable.add("first", first);  // before the daemon runs
    durable.node.start();
    CHECK(durable.node.mode_of("first") == "enforced");
}

TEST_CASE("where kept policies are lost, or never existed, what is pinned stays, and no new pod starts") {
    Durable durable;
    REQUIRE(durable.break_policy());
    durable.node.stop(SIGKILL);
    SECTION("an upgrade from a build that kept nothing") { must_run("rm -rf " + durable.kept()); }
    SECTION("the index is damaged") { must_run("printf x >> " + durable.kept() + "/index"); }
    SECTION("a copy is damaged") { must_run("for i in " + durable.kept() + "/*-*; do printf x >> $i; done"); }
    SECTION("a copy is gone") { must_run("rm " + durable.kept() + "/*-*"); }
    const TestNetns second;
    const CommandOutput without = durable.try_add("second", second);
    CHECK(without.status != 0);
    CHECK(without.text.find("\"code\": 11") + without.text.find("\"code\":11") != 2 * std::string::npos);
    CHECK(without.text.find(durable.policy()) != std::string::npos);
    durable.node.start();
    CHECK(durable.node.mode_of("pod") == "enforced");
    CHECK(durable.in_force() == "unknown");
    CHECK(durable.node.must_ask("status")["degraded"].dump().find("not all policies are known") != std::string::npos);
    // Its labels are known.
    CHECK(durable.node.must_ask("status")["warnings"].dump().find("labels of") == std::string::npos);
    CHECK(durable.node.must_ask("policies", {{"endpoint", "default/pod"}})["egress"]["enforced"] == true);
    CHECK(durable.try_add("second", second).text.find(durable.policy()) != std::string::npos);
    durable.restart();
    // Another policy must not replace the lost one.
    durable.node.write(durable.node.policies() + "/b.yaml", deny_policy("other"));
    CHECK(eventually([&] { return durable.node.must_ask("status")["files"].size() == 2; }));
    CHECK(durable.node.mode_of("pod") == "enforced");
    REQUIRE(::unlink((durable.node.policies() + "/b.yaml").c_str()) == 0);
    CHECK(eventually([&] { return durable.node.must_ask("status")["files"].size() == 1; }));
    CHECK(durable.node.mode_of("pod") == "enforced");
    durable.node.write(durable.policy(), deny_policy("mended"));
    CHECK(eventually([&] { return durable.node.must_ask("status")["healthy"] == true; }));
    durable.add("second", second);
    CHECK(durable.node.mode_of("second") == "enforced");
}

TEST_CASE("an upgrade from a build that kept nothing, with good files, has no effect") {
    Durable durable;
    durable.node.stop(SIGKILL);
    must_run("rm -rf " + durable.kept());
    durable.node.start();
    CHECK(durable.node.mode_of("pod") == "enforced");
    CHECK(durable.node.must_ask("status")["healthy"] == true);
    REQUIRE(durable.break_policy());
    durable.restart();
    CHECK(durable.node.mode_of("pod") == "enforced");
}

TEST_CASE("a daemon that is killed at any moment of keeping leaves what was good") {
    Durable durable;
    for (int i = 0; i < 8; ++i) {
        for (int file = 0; file < 20; ++file) {
            durable.node.write(durable.node.policies() + "/x" + std::to_string(file) + ".yaml",
                               deny_policy("x" + std::to_string(file)) + "# " + std::to_string(i) + "\n");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2 + i * 3));
        durable.node.stop(SIGKILL);
        durable.node.write(durable.policy(), "spec: [");
        must_run("rm -f " + durable.node.policies() + "/x*");
        durable.node.start();
        INFO(durable.node.log());
        CHECK(durable.node.mode_of("pod") == "enforced");
        CHECK(durable.in_force() == "last good");
    }
}

}  // namespace
}  // namespace namegate::test
