// SPDX-License-Identifier: Apache-2.0
// namegate after another plugin: it adopts the interface.
#include <catch2/catch.hpp>

#include "cni_call.h"
#include "endpoints/record.h"

using namespace namegate;
using namespace namegate::test;

namespace {

nlohmann::json bridge_config() {
    return {{"cniVersion", "1.0.0"}, {"name", "testnet"}, {"type", "bridge"},
            {"bridge", "br-test"},   {"isGateway", true}, {"ipam", {{"type", "host-local"}, {"ranges", {{{{"subnet", "10.33.0.0/24"}}}}}}}};
}

}  // namespace

TEST_CASE("a veth that bridge made is found through the kernel and adopted", "[C4][C14][C35]") {
    const CniCaller bridge("/usr/lib/cni/bridge");
    CniCaller cni;
    const TestNetns pod;
    const CniReply made = bridge.call_with(bridge_config(), "ADD", "b1", pod.path());
    REQUIRE(made.status == 0);
    cni.config["prevResult"] = made.output;
    const CniReply added = cni.call("ADD", "b1", pod.path());
    INFO(added.output.dump() << added.errors);
    REQUIRE(added.status == 0);
    CHECK(added.output == made.output);
    const auto record = endpoints::record_from_json(must_run("cat " + cni.state() + "/endpoint-b1-eth0.json"));
    REQUIRE(record);
    CHECK(record->chained);
    // The bridge comes first in prevResult, the veth second.
    CHECK(record->host_ifname == made.output["interfaces"][1]["name"]);
    CHECK(record->addresses.at(0).to_string() + "/24" == made.output["ips"][0]["address"]);
    CHECK(cni.call("CHECK", "b1", pod.path()).status == 0);

    cni.set_fault("remove");
    CHECK(cni.call("DEL", "b1", pod.path()).status == 0);
    cni.clear_fault("remove");
    cni.config.erase("prevResult");
    CHECK(cni.call("DEL", "b1", "").status == 0);
    CHECK(run_command("ls " + cni.state() + " | grep endpoint").text.empty());
    CHECK(run_command("ip link show " + record->host_ifname).status == 0);
    CHECK(bridge.call_with(bridge_config(), "DEL", "b1", pod.path()).status == 0);
    must_run("ip link del br-test");
}

TEST_CASE("GC of a chained plugin clears its own endpoints and leaves the interfaces to their plugin") {
    const CniCaller bridge("/usr/lib/cni/bridge");
    CniCaller cni;
    cni.config["cniVersion"] = "1.1.0";
    const TestNetns one;
    const TestNetns two;
    for (const auto& [id, pod] : {std::pair{"c1", &one}, std::pair{"c2", &two}}) {
        const CniReply made = bridge.call_with(bridge_config(), "ADD", id, pod->path());
        REQUIRE(made.status == 0);
        nlohmann::json config = cni.config;
        config["prevResult"] = made.output;
        REQUIRE(cni.call_with(config, "ADD", id, pod->path()).status == 0);
    }
    CHECK(cni.call("GC", "", "", "").status == 0);
    nlohmann::json config = cni.config;
    config["cni.dev/valid-attachments"] = {{{"containerID", "c1"}, {"ifname", "eth0"}}};
    config["name"] = "othernet";
    CHECK(cni.call_with(config, "GC", "", "", "").status == 0);
    CHECK(must_run("ls " + cni.state() + " | grep -c json") == "2\n");
    config["name"] = cni.config["name"];
    CHECK(cni.call_with(config, "GC", "", "", "").status == 0);
    CHECK(must_run("cd " + cni.state() + " && ls *.json") == "endpoint-c1-eth0.json\n");
    CHECK(two.run("ip link show eth0").status == 0);
    CHECK(cni.call("DEL", "c1", one.path()).status == 0);
    for (const auto& [id, pod] : {std::pair{"c1", &one}, std::pair{"c2", &two}}) {
        CHECK(bridge.call_with(bridge_config(), "DEL", id, pod->path()).status == 0);
    }
    must_run("ip link del br-test");
}

TEST_CASE("an interface that cannot be adopted is refused with the reason", "[C36]") {
    CniCaller cni;
    cni.config["prevResult"] = {{"cniVersion", "1.0.0"}};
    const TestNetns pod;
    pod.must("ip link add eth0 type bridge");
    CniReply reply = cni.call("ADD", "d1", pod.path());
    CHECK(reply.code() == 101);
    CHECK_THAT(reply.message(), Catch::Contains("is a bridge device, not a veth"));
    CHECK(cni.call("ADD", "d1", pod.path(), "eth7").status != 0);

    // Both sides elsewhere: an index that happens to exist on the host must not be trusted.
    const TestNetns third;
    pod.must("ip link add eth1 type veth peer name x0 netns " + third.name());
    reply = cni.call("ADD", "d1", pod.path(), "eth1");
    CHECK(reply.code() == 101);
    CHECK_THAT(reply.message(), Catch::Contains("a network namespace other than the host's"));
    cni.use_host_local(true, false);
    reply = cni.call("ADD", "d1", pod.path(), "eth2");
    CHECK(reply.code() == 7);
    CHECK_THAT(reply.message(), Catch::Contains("chained and has ipam"));
}

TEST_CASE("an unusual result of another plugin is passed on unchanged", "[C14]") {
    CniCaller cni;
    const TestNetns pod;
    must_run("ip link add odd0 type veth peer name eth0 netns " + pod.name() + " && ip link set odd0 up");
    pod.must("ip address add 10.44.0.2/32 dev eth0");
    pod.must("ip link set eth0 up");
    // Calico names no interface of the pod; others count from -1, or have unknown members.
    const nlohmann::json odd[] = {
        {{"cniVersion", "1.0.0"}, {"ips", {{{"version", "4"}, {"address", "10.44.0.2/32"}}}}, {"interfaces", {{{"name", "odd0"}}}}},
        {{"cniVersion", "1.0.0"}, {"ips", {{{"address", "10.44.0.2"}, {"interface", -1}}}}, {"routes", nullptr}, {"dns", nullptr}},
        {{"cniVersion", "1.0.0"},
         {"ips", {{{"address", "10.44.0.2/32"}}}},
         {"interfaces", {{{"name", "x"}, {"rings", {1, 2}}}}},
         {"more", {{"of", "it"}}}},
    };
    for (const nlohmann::json& previous : odd) {
        cni.config["prevResult"] = previous;
        const CniReply added = cni.call("ADD", "e1", pod.path());
        INFO(added.output.dump());
        CHECK(added.status == 0);
        CHECK(added.output == previous);
        CHECK(cni.call("DEL", "e1", pod.path()).status == 0);
    }
    must_run("ip link del odd0");
}

TEST_CASE("the addresses on the pod's interface are not trusted: those in prevResult count", "[C63]") {
    const CniCaller bridge("/usr/lib/cni/bridge");
    CniCaller cni;
    const TestNetns pod;
    const CniReply made = bridge.call_with(bridge_config(), "ADD", "p1", pod.path());
    REQUIRE(made.status == 0);
    // As a process in the pod could do.
    pod.must("ip address add 10.33.0.99/24 dev eth0");
    pod.must("ip address add fd33::99/64 dev eth0 nodad");
    cni.config["prevResult"] = made.output;
    REQUIRE(cni.call("ADD", "p1", pod.path()).status == 0);
    const auto record = endpoints::record_from_json(must_run("cat " + cni.state() + "/endpoint-p1-eth0.json"));
    REQUIRE(record);
    REQUIRE(record->addresses.size() == 1);
    CHECK(record->addresses[0].to_string() + "/24" == made.output["ips"][0]["address"]);
    CHECK(cni.call("DEL", "p1", pod.path()).status == 0);

    pod.must("ip link set eth0 address 02:00:00:00:00:99");
    CniReply reply = cni.call("ADD", "p1", pod.path());
    CHECK(reply.code() == 7);
    CHECK_THAT(reply.message(), Catch::Contains("eth0 has the hardware address 02:00:00:00:00:99, but prevResult says "));
    // Many plugins name no hardware address.
    for (nlohmann::json& interface : cni.config["prevResult"]["interfaces"]) {
        interface.erase("mac");
    }
    CHECK(cni.call("ADD", "p1", pod.path()).status == 0);
    CHECK(cni.call("DEL", "p1", pod.path()).status == 0);

    for (const nlohmann::json& ips :
         {nlohmann::json(), nlohmann::json::array(), nlohmann::json({{{"address", "10.33.0.1/24"}, {"interface", 0}}})}) {
        cni.config["prevResult"]["ips"] = ips;
        reply = cni.call("ADD", "p1", pod.path());
        INFO(ips.dump());
        CHECK(reply.code() == 7);
        CHECK_THAT(reply.message(), Catch::Contains("prevResult has no address of interface eth0"));
    }
    CHECK(run_command("ls " + cni.state() + " | grep endpoint").text.empty());
    CHECK(bridge.call_with(bridge_config(), "DEL", "p1", pod.path()).status == 0);
    must_run("ip link del br-test");
}

TEST_CASE("interfaces that are not a veth are named by their kind", "[C36]") {
    CniCaller cni;
    cni.config["prevResult"] = {{"cniVersion", "1.0.0"}};
    const TestNetns pod;
    must_run("ip link add under0 type bridge && ip link set under0 up");
    const std::pair<const char*, const char*> kinds[] = {{"macvlan", "ip link add made0 link under0 type macvlan"},
                                                         {"tun", "ip tuntap add made0 mode tap"},
                                                         {"ifb", "ip link add made0 type ifb"}};
    for (const auto& [kind, command] : kinds) {
        INFO(kind);
        must_run(std::string(command) + " && ip link set made0 netns " + pod.name() + " name eth0");
        const CniReply added = cni.call("ADD", "e2", pod.path());
        CHECK(added.code() == 101);
        CHECK_THAT(added.message(), Catch::Contains(std::string("eth0 is a ") + kind + " device, not a veth"));
        // DEL of the chain still succeeds.
        CHECK(cni.call("DEL", "e2", pod.path()).status == 0);
        pod.must("ip link del eth0");
    }
    must_run("ip link del under0");
}
