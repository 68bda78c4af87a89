// SPDX-License-Identifier: Apache-2.0
// The daemon starts and stops; what is enforced stays.
#include <catch2/catch.hpp>
#include <string>

#include "datapath/map.h"
#include "endpoints/record_store.h"
#include "node.h"
#include "node/admission.h"
#include "node/settings.h"

namespace namegate::test {
namespace {

TEST_CASE("an endpoint made without a daemon is enforced, then adopted and updated by the daemon", "[C59]") {
    DaemonNode node;
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    const CommandOutput added = node.cni("ADD", "one", pod.path());
    INFO(added.text);
    REQUIRE(added.status == 0);
    const std::string pins = node.pins();
    node.start();
    CHECK(node.mode_of("one") == "enforced");
    CHECK(node.must_ask("status")["healthy"] == true);

    REQUIRE(node.stop(SIGKILL) == 128 + SIGKILL);
    CHECK(node.pins() == pins);
    REQUIRE(::unlink((node.policies() + "/a.yaml").c_str()) == 0);
    node.start();
    CHECK(node.mode_of("one") == "open");
    CHECK(node.pins() == pins);

    CHECK(node.stop(SIGTERM) == 0);
    CHECK(node.pins() == pins);
    CHECK(::access(node.socket().c_str(), F_OK) != 0);
    CHECK(node.cni("DEL", "one", pod.path()).status == 0);
    CHECK(node.pins().empty());
    CHECK(run_command("ls " + node.folder() + "/run/endpoints").text.empty());
}

TEST_CASE("an endpoint whose interface is gone is cleared at start") {
    DaemonNode node;
    TestNetns pod;
    REQUIRE(node.cni("ADD", "gone", pod.path()).status == 0);
    pod.remove();
    REQUIRE(eventually([] { return run_command("ip -br link show type veth").text.find("ng") == std::string::npos; }));
    node.start();
    CHECK(node.must_ask("endpoints").empty());
    CHECK(node.pins().empty());
    CHECK(node.cni("DEL", "gone", "").status == 0);
}

TEST_CASE("lost pins are made again: endpoints are closed first and then programmed") {
    DaemonNode node;
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    REQUIRE(node.cni("ADD", "lost", pod.path()).status == 0);
    must_run("rm -rf " + node.bpffs());
    node.start();
    CHECK(node.mode_of("lost") == "enforced");
    CHECK_FALSE(node.pins().empty());
    CHECK(node.cni("CHECK", "lost", pod.path()).status != 0);  // no prevResult; still no crash
    CHECK(node.cni("DEL", "lost", pod.path()).status == 0);
    CHECK(eventually([&] { return node.must_ask("endpoints").empty(); }));
}

TEST_CASE("pins that disappear while the daemon runs are made again, and the daemon goes on with them") {
    DaemonNode node;
    const TestNetns pod;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    REQUIRE(node.cni("ADD", "lost", pod.path()).status == 0);
    must_run("rm -rf " + node.bpffs());
    CHECK(eventually([&] { return node.ask("status") && !node.pins().empty() && node.mode_of("lost") == "enforced"; },
                     std::chrono::seconds(30)));
    REQUIRE(::unlink((node.policies() + "/a.yaml").c_str()) == 0);
    CHECK(node.becomes("lost", "open"));
    CHECK(node.alive());
    CHECK(node.log().find("starting again") != std::string::npos);
    CHECK(node.cni("DEL", "lost", pod.path()).status == 0);
    CHECK(node.pins().empty());
}

TEST_CASE("a record whose endpoint cannot be admitted again is kept for the next attempt") {
    DaemonNode node;
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "kept", pod.path()).status == 0);
    const auto config = config::load_config(node.config_path());
    REQUIRE(config);
    const endpoints::RecordStore store(config->records_dir());
    const auto before = store.read("kept", "eth0");
    REQUIRE(before);
    must_run("rm -rf " + node.bpffs());
    const auto datapath = datapath::Datapath::open(node::datapath_options(*config));
    REQUIRE(datapath);
    const auto slots = (*datapath)->map(datapath::MapId::kSlots);
    REQUIRE(slots);
    for (std::uint32_t slot = 0; slot < NG_MAX_SLOTS; ++slot) {
        REQUIRE(datapath::map_update(*slots, slot, ng_slot_state{NG_SLOT_USED, 1'000'000 + slot}));
    }
    const auto reconcile = [&] {
        const auto lock = node::NodeLock::acquire(*config, node::NodeLock::kPatientMs);
        REQUIRE(lock);
        return node::reconcile(*lock, **datapath, store);
    };
    const auto failed = reconcile();
    REQUIRE(failed);
    CHECK(failed->records.empty());
    CHECK(store.read("kept", "eth0").value_or(endpoints::Record{}) == *before);
    // The slots without a record were taken back, so now there is space.
    const auto repaired = reconcile();
    REQUIRE(repaired);
    REQUIRE(repaired->records.size() == 1);
    CHECK(repaired->records.front().container_id == "kept");
    CHECK(node.cni("DEL", "kept", pod.path()).status == 0);
}

TEST_CASE("restarts leave nothing behind") {
    DaemonNode node;
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "kept", pod.path()).status == 0);
    node.start();
    const std::string all = must_run("find " + node.bpffs() + " | sort");
    for (int i = 0; i < 10; ++i) {
        node.stop(i % 2 == 0 ? SIGKILL : SIGTERM);
        node.start();
        CHECK(node.mode_of("kept") == "open");
    }
    CHECK(must_run("find " + node.bpffs() + " | sort") == all);
    CHECK(node.cni("DEL", "kept", pod.path()).status == 0);
}

TEST_CASE("a second daemon does not take over") {
    DaemonNode node;
    node.start();
    const CommandOutput second = run_command(NAMEGATED " --config " + node.config_path());
    CHECK(second.status == 1);
    CHECK(second.text.find("another daemon") != std::string::npos);
    CHECK(node.ask("status"));
}

TEST_CASE("a configuration with an error keeps the daemon from starting, and the message has the place") {
    DaemonNode node;
    node.write(node.config_path(), "policyDir: [/x]\n");
    const CommandOutput output = run_command(NAMEGATED " --config " + node.config_path());
    CHECK(output.status == 2);
    CHECK(output.text.find(":1:1: error: policyDir") != std::string::npos);
    CHECK(run_command(NAMEGATED " --help").status == 0);
    CHECK(run_command(NAMEGATED " --version").status == 0);
    CHECK(run_command(NAMEGATED " --nonsense").status == 2);
}

}  // namespace
}  // namespace namegate::test
