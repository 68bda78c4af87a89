// SPDX-License-Identifier: Apache-2.0
// namegate as the first plugin: it makes the pod's network.
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "cni_call.h"
#include "endpoints/host_interface_name.h"
#include "endpoints/record.h"

using namespace namegate;
using namespace namegate::test;

namespace {

std::string address_of(const nlohmann::json& result, std::size_t index) {
    const std::string cidr = result["ips"][index]["address"];
    return cidr.substr(0, cidr.find('/'));
}

void check_ping(const TestNetns& pod, const std::string& address) {
    const CommandOutput there = run_command("ping -c 1 -W 1 " + address);
    CHECK_THAT(there.text, Catch::Contains("1 received"));
    const CommandOutput back =
        pod.run("ping -c 1 -W 1 " + std::string(address.find(':') == std::string::npos ? "192.0.2.1" : "2001:db8::1"));
    CHECK_THAT(back.text, Catch::Contains("1 received"));
}

}  // namespace

TEST_CASE("a pod's network in every family and version, and nothing left after DEL", "[C2][C15][C21]") {
    struct Row {
        bool v4, v6;
        const char* version;
    };
    const Row rows[] = {{true, false, "0.3.1"}, {false, true, "0.4.0"}, {true, true, "1.0.0"}};
    for (const Row& row : rows) {
        INFO(row.version);
        CniCaller cni;
        cni.config["cniVersion"] = row.version;
        cni.use_host_local(row.v4, row.v6);
        const TestNetns pod;
        const std::string before = cni.node_state();
        const CniReply added = cni.call("ADD", "c1", pod.path());
        INFO(added.output.dump() << added.errors);
        REQUIRE(added.status == 0);
        CHECK(added.output["cniVersion"] == row.version);
        CHECK(added.output["interfaces"][1]["sandbox"] == pod.path());
        CHECK(added.output["interfaces"][0]["name"] == endpoints::host_interface_name("c1", "eth0"));
        CHECK(added.output["ips"].size() == (row.v4 && row.v6 ? 2 : 1));
        // The first packet has to arrive: there is no retry here.
        for (std::size_t i = 0; i < added.output["ips"].size(); ++i) {
            check_ping(pod, address_of(added.output, i));
            CHECK_THAT(added.output["ips"][i]["address"].get<std::string>(), Catch::EndsWith(row.v4 && i == 0 ? "/32" : "/128"));
        }
        if (std::string(row.version) != "0.3.1") {
            nlohmann::json config = cni.config;
            config["prevResult"] = added.output;
            const CniReply checked = cni.call_with(config, "CHECK", "c1", pod.path());
            INFO(checked.output.dump() << checked.errors);
            CHECK(checked.status == 0);
        }
        CHECK(cni.call("DEL", "c1", pod.path()).status == 0);
        CHECK(cni.node_state() == before);
        CHECK(pod.run("ip link show eth0").status != 0);
        CHECK(cni.call("DEL", "c1", pod.path()).status == 0);
    }
}

TEST_CASE("MTU, routes and neighbours are as designed", "[C40][C61]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    cni.config["mtu"] = 1420;
    const TestNetns pod;
    REQUIRE(cni.call("ADD", "c2", pod.path()).status == 0);
    const std::string host = endpoints::host_interface_name("c2", "eth0");
    CHECK_THAT(pod.must("ip link show eth0"), Catch::Contains("mtu 1420"));
    CHECK_THAT(must_run("ip link show " + host), Catch::Contains("mtu 1420") && Catch::Contains("alias namegate testnet c2 eth0"));
    CHECK_THAT(pod.must("ip route"), Catch::Contains("default via 169.254.1.1 dev eth0"));
    CHECK_THAT(pod.must("ip -6 route"), Catch::Contains("default via fe80::1 dev eth0"));
    CHECK_THAT(pod.must("ip neigh"), Catch::Contains("169.254.1.1 dev eth0 lladdr 0a:6e:67:00:00:01 PERMANENT"));
    CHECK_THAT(pod.must("ip -6 address show eth0 scope global"), Catch::Contains("/128") && !Catch::Contains("tentative"));
    CHECK(must_run("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding") == "1\n1\n");
    CHECK(cni.call("DEL", "c2", pod.path()).status == 0);
}

TEST_CASE("the endpoint is programmed while its host side is still down") {
    CniCaller cni;
    cni.use_host_local(true, false);
    cni.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;K8S_POD_UID=u";
    cni.config["args"] = {{"cni", {{"labels", {{{"key", "app"}, {"value", "web"}}}}}}};
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "c3", pod.path());
    REQUIRE(added.status == 0);
    const std::string flags = must_run("cat " + cni.state() + "/endpoint-c3-eth0");
    CHECK((std::stoul(flags, nullptr, 16) & 1U) == 0);  // IFF_UP
    const auto record = endpoints::record_from_json(must_run("cat " + cni.state() + "/endpoint-c3-eth0.json"));
    REQUIRE(record);
    CHECK(record->pod_namespace == "shop");
    CHECK(record->pod_name == "web-0");
    CHECK(record->kubernetes);
    REQUIRE(record->labels_of("cni-args") != nullptr);
    CHECK(record->labels_of("cni-args")->at("app") == "web");
    CHECK(record->addresses.size() == 1);
    CHECK(record->host_ifindex != 0);
    CHECK_FALSE(record->chained);
    CHECK(record->network == "testnet");
    CHECK(cni.call("DEL", "c3", "").status == 0);
}

TEST_CASE("DEL works from the ids alone: netns gone, never added, half of ADD's traces removed by hand", "[C2][C62]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    cni.config["ipMasq"] = true;
    const std::string before = cni.node_state();
    TestNetns pod;
    const CniReply added = cni.call("ADD", "c4", pod.path());
    INFO(added.output.dump() << added.errors);
    REQUIRE(added.status == 0);
    CHECK_THAT(cni.node_state(), Catch::Contains("ng"));
    pod.remove();
    CHECK(cni.call("DEL", "c4", pod.path()).status == 0);
    CHECK(cni.call("DEL", "c4", "").status == 0);
    CHECK(cni.node_state() == before);
    CHECK(run_command("nft list table inet namegate | grep -c pod-").text == "0\n");
    CHECK(cni.call("DEL", "never-added", "").status == 0);

    const TestNetns other;
    REQUIRE(cni.call("ADD", "c5", other.path()).status == 0);
    must_run("ip link del " + endpoints::host_interface_name("c5", "eth0"));
    CHECK(cni.call("DEL", "c5", other.path()).status == 0);
    CHECK(cni.node_state() == before);
}

TEST_CASE("masquerade hides the pod's address from the world, not from its own network") {
    CniCaller cni;
    cni.use_host_local(true, false);
    cni.config["ipMasq"] = true;
    const TestNetns pod;
    const TestNetns world;
    must_run("ip link add world0 type veth peer name w0 netns " + world.name() +
             " && ip address add 198.51.100.1/24 dev world0 && ip link set world0 up");
    world.must("sh -c 'ip address add 198.51.100.2/24 dev w0 && ip link set w0 up'");
    // The world has no route to pods, so only a translated packet gets a reply.
    CniCaller plain;
    plain.use_host_local(true, false);
    REQUIRE(plain.call("ADD", "p1", pod.path()).status == 0);
    CHECK_THAT(pod.run("ping -c 1 -W 1 198.51.100.2").text, Catch::Contains("0 received"));
    REQUIRE(plain.call("DEL", "p1", pod.path()).status == 0);
    const CniReply added = cni.call("ADD", "c6", pod.path());
    REQUIRE(added.status == 0);
    CHECK_THAT(pod.run("ping -c 1 -W 2 198.51.100.2").text, Catch::Contains("1 received"));
    nlohmann::json config = cni.config;
    config["prevResult"] = added.output;
    CHECK(cni.call_with(config, "CHECK", "c6", pod.path()).status == 0);
    CHECK(cni.call("DEL", "c6", pod.path()).status == 0);
    must_run("ip link del world0");
}

TEST_CASE("many ADDs at once") {
    CniCaller cni;
    cni.use_host_local(true, true);
    cni.config["ipMasq"] = true;
    const std::string before = cni.node_state();
    constexpr std::size_t kPods = 12;
    std::vector<std::unique_ptr<TestNetns>> pods;
    std::vector<CniReply> replies(kPods);
    for (std::size_t i = 0; i < kPods; ++i) {
        pods.push_back(std::make_unique<TestNetns>());
    }
    const auto at_once = [&](const std::string& command) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < kPods; ++i) {
            threads.emplace_back([&, i] { replies[i] = cni.call(command, "m" + std::to_string(i), pods[i]->path()); });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    };
    at_once("ADD");
    for (std::size_t i = 0; i < kPods; ++i) {
        INFO(replies[i].output.dump() << replies[i].errors);
        REQUIRE(replies[i].status == 0);
        check_ping(*pods[i], address_of(replies[i].output, 0));
    }
    at_once("DEL");
    for (const CniReply& reply : replies) {
        INFO(reply.output.dump() << reply.errors);
        CHECK(reply.status == 0);
    }
    CHECK(cni.node_state() == before);
}

TEST_CASE("GC removes what the runtime no longer knows, and only of its own network", "[C17][C19]") {
    CniCaller cni;
    const std::string ipam = cni.state() + "/bin/test-ipam";
    must_run("mkdir -p " + cni.state() + "/bin");
    std::ofstream(ipam) << "#!/bin/sh\n[ $CNI_COMMAND != ADD ] || echo "
                           "'{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.'${CNI_CONTAINERID#g}'/24\"}]}'\n"
                           "echo $CNI_COMMAND $CNI_CONTAINERID >> "
                        << cni.state() << "/ipam-calls\n";
    must_run("chmod +x " + ipam);
    cni.config["cniVersion"] = "1.1.0";
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns one;
    const TestNetns two;
    const TestNetns three;
    REQUIRE(cni.call("ADD", "g1", one.path()).status == 0);
    REQUIRE(cni.call("ADD", "g2", two.path()).status == 0);
    nlohmann::json other = cni.config;
    other["name"] = "othernet";
    REQUIRE(cni.call_with(other, "ADD", "g3", three.path()).status == 0);
    CHECK(cni.call("STATUS", "", "", "").status == 0);
    // Without a list nothing is known, so nothing is removed.
    CHECK(cni.call("GC", "", "", "").status == 0);
    const auto exists = [](const std::string& id) {
        return run_command("ip link show " + endpoints::host_interface_name(id, "eth0")).status == 0;
    };
    CHECK((exists("g1") && exists("g2") && exists("g3")));
    nlohmann::json config = cni.config;
    config["cni.dev/valid-attachments"] = {{{"containerID", "g1"}, {"ifname", "eth0"}}};
    CHECK(cni.call_with(config, "GC", "", "", "").status == 0);
    CHECK(exists("g1"));
    CHECK_FALSE(exists("g2"));
    CHECK(exists("g3"));
    CHECK_THAT(must_run("cat " + cni.state() + "/ipam-calls"), Catch::Contains("STATUS") && Catch::Contains("GC"));
    for (const char* id : {"g1", "g2", "g3"}) {
        CHECK(cni.call("DEL", id, "").status == 0);
    }
    cni.set_fault("status");
    CHECK(cni.call("STATUS", "", "", "").code() == 50);
    cni.clear_fault("status");
    cni.set_fault("pods");
    CHECK(cni.call("STATUS", "", "", "").code() == 51);
    cni.clear_fault("pods");
    CHECK(cni.call("STATUS", "", "", "").status == 0);
    cni.set_fault("create");
    CHECK(cni.call("STATUS", "", "", "").code() == 50);
}

TEST_CASE("CHECK, DEL, GC and STATUS are passed on to IPAM, and its error is returned", "[C31]") {
    CniCaller cni;
    must_run("mkdir -p " + cni.state() + "/bin");
    std::ofstream(cni.state() + "/bin/test-ipam")
        << "#!/bin/sh\n[ -e " << cni.state() << "/refuse ] && { echo '{\"code\":77,\"msg\":\"no '$CNI_COMMAND'\"}'; exit 1; }\n"
        << "[ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.7/24\"}]}'\n";
    must_run("chmod +x " + cni.state() + "/bin/test-ipam");
    cni.config["cniVersion"] = "1.1.0";
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "i1", pod.path());
    REQUIRE(added.status == 0);
    nlohmann::json config = cni.config;
    config["prevResult"] = added.output;
    // The misspelt key of an old text of the specification works too.
    config["cni.dev/attachments"] = {{{"containerID", "i1"}, {"ifname", "eth0"}}};
    for (const char* command : {"STATUS", "CHECK", "GC", "DEL"}) {
        INFO(command);
        must_run("touch " + cni.state() + "/refuse");
        const CniReply refused = cni.call_with(config, command, "i1", pod.path());
        CHECK(refused.code() == 77);
        CHECK_THAT(refused.message(), Catch::Contains(std::string("no ") + command));
        must_run("rm " + cni.state() + "/refuse");
        // A DEL that failed is repeated, and has less to do.
        CHECK(cni.call_with(config, command, "i1", pod.path()).status == 0);
    }
}
