// SPDX-License-Identifier: Apache-2.0
// What runtimes and other plugins rely on, beyond the text of the specification.
#include <catch2/catch.hpp>

#include "cni_call.h"
#include "endpoints/host_interface_name.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kAnswer = "echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"10.9.0.7/24\"}]}'\n";

void write_ipam(const CniCaller& cni, const std::string& folder, const std::string& script) {
    must_run("mkdir -p " + cni.state() + "/" + folder);
    std::ofstream(cni.state() + "/" + folder + "/test-ipam") << "#!/bin/sh\n" << script;
    must_run("chmod +x " + cni.state() + "/" + folder + "/test-ipam");
}

bool has_link(const std::string& id) { return run_command("ip link show " + endpoints::host_interface_name(id, "eth0")).status == 0; }

}  // namespace

TEST_CASE("the address plugin gets our environment and all of our stdin, and its output is passed on", "[C9][C23][C30]") {
    CniCaller cni;
    cni.config["ipam"] = {{"type", "test-ipam"}, {"unknown", {1, 2}}};
    cni.config["alsoUnknown"] = "kept";
    cni.arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web";
    write_ipam(cni, "bin", "cat > " + cni.state() + "/got; env > " + cni.state() + "/env; echo heard >&2\n" + kAnswer);
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "t1", pod.path());
    INFO(added.output.dump());
    REQUIRE(added.status == 0);
    CHECK_THAT(added.errors, Catch::Contains("heard"));
    CHECK(nlohmann::json::parse(must_run("cat " + cni.state() + "/got")) == cni.config);
    const std::string environment = must_run("cat " + cni.state() + "/env");
    for (const std::string& line : {std::string("CNI_COMMAND=ADD"), std::string("CNI_CONTAINERID=t1"), "CNI_NETNS=" + pod.path(),
                                    std::string("CNI_IFNAME=eth0"), "CNI_ARGS=" + cni.arguments}) {
        CHECK_THAT(environment, Catch::Contains(line + "\n"));
    }
    CHECK(cni.call("DEL", "t1", pod.path()).status == 0);
}

TEST_CASE("a result has what containerd looks for: an address on the interface it asked for, and indexes that exist", "[C22]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "t2", pod.path());
    REQUIRE(added.status == 0);
    const nlohmann::json& interfaces = added.output["interfaces"];
    for (const nlohmann::json& ip : added.output["ips"]) {
        const std::size_t index = ip["interface"];
        REQUIRE(index < interfaces.size());
        CHECK(interfaces[index]["name"] == "eth0");
        CHECK(interfaces[index]["sandbox"] == pod.path());
    }
    CHECK(interfaces[0].value("sandbox", "") == "");
    CHECK(added.output["dns"].is_object());
    CHECK(cni.call("DEL", "t2", pod.path()).status == 0);
}

TEST_CASE("a chained DEL that can do nothing does not block the plugins before it", "[C4]") {
    CniCaller cni;
    for (const char* fault : {"remove", "create"}) {
        cni.set_fault(fault);
        CHECK(cni.call("DEL", "t3", "").status == 0);
        CHECK(cni.call("DEL", "t3", "/run/netns/not-there").status == 0);
    }
}

TEST_CASE("an address plugin without GC or STATUS counts as success; any other error of it fails them") {
    CniCaller cni;
    cni.config["cniVersion"] = "1.1.0";
    cni.config["ipam"] = {{"type", "test-ipam"}};
    nlohmann::json config = cni.config;
    config["cni.dev/valid-attachments"] = nlohmann::json::array();
    const auto answer = [&](const std::string& code, const std::string& message) {
        write_ipam(cni, "bin", "echo '{\"code\":" + code + ",\"msg\":\"'\"" + message + "\"'\"}'; exit 1\n");
    };
    const auto call = [&](const char* command) { return cni.call_with(config, command, "", "", ""); };
    answer("4", "unknown CNI_COMMAND: $CNI_COMMAND");
    for (const char* command : {"GC", "STATUS"}) {
        const CniReply reply = call(command);
        INFO(command << ": " << reply.output.dump());
        CHECK(reply.status == 0);
    }
    for (const auto& [code, message] :
         {std::pair("4", "CNI_PATH is missing"), std::pair("7", "unknown CNI_COMMAND"), std::pair("50", "no")}) {
        INFO(code << " " << message);
        answer(code, message);
        CHECK(call("GC").code() == std::stoul(code));
        CHECK(call("STATUS").code() == std::stoul(code));
    }
    // For the commands that every program must know, it is an error.
    answer("4", "unknown CNI_COMMAND: $CNI_COMMAND");
    TestNetns pod;
    CHECK(cni.call("ADD", "t7", pod.path()).code() == 4);
}

TEST_CASE("GC goes on after a failure, and reports it at the end", "[C18]") {
    CniCaller cni;
    write_ipam(cni, "bin",
               "[ $CNI_COMMAND != GC ] || { echo '{\"code\":77,\"msg\":\"not now\"}'; exit 1; }\n[ $CNI_COMMAND != ADD ] || " +
                   std::string(kAnswer));
    cni.config["cniVersion"] = "1.1.0";
    cni.config["ipam"] = {{"type", "test-ipam"}};
    TestNetns gone;
    REQUIRE(cni.call("ADD", "t4", gone.path()).status == 0);
    nlohmann::json config = cni.config;
    config["cni.dev/valid-attachments"] = nlohmann::json::array();
    cni.set_fault("remove");
    const CniReply collected = cni.call_with(config, "GC", "", "", "");
    CHECK(collected.code() == 77);
    CHECK_FALSE(has_link("t4"));
    cni.clear_fault("remove");
    CHECK(cni.call("DEL", "t4", "").status == 0);
}

TEST_CASE("the address plugin ends when the plugin is killed, whether or not it has begun to work", "[C33]") {
    CniCaller cni;
    const std::string mark = "9" + std::to_string(::getpid());  // in its command line
    write_ipam(cni, "bin", "[ $CNI_COMMAND != ADD ] || exec sleep " + mark + "\n");
    cni.config["ipam"] = {{"type", "test-ipam"}};
    // Like runtimes, it kills the plugin alone and not its group.
    cni.launcher = "timeout --foreground -s KILL 0.5";
    const TestNetns pod;
    CHECK(cni.call("ADD", "t5", pod.path()).status != 0);
    const auto sleeps = [&mark] { return run_command("pgrep -xf 'sleep " + mark + "'").status == 0; };
    for (int i = 0; i < 100 && sleeps(); ++i) {
        must_run("sleep 0.01");
    }
    CHECK_FALSE(sleeps());
    cni.launcher.clear();
    CHECK(cni.call("DEL", "t5", pod.path()).status == 0);
    CHECK_FALSE(has_link("t5"));
}

TEST_CASE("an ADD that finds an error gives the address plugin no input", "[C13]") {
    CniCaller cni;
    write_ipam(cni, "bin", "read line && echo told >> " + cni.state() + "/told\n" + kAnswer);
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns pod;
    CHECK(cni.call("ADD", "t6", pod.path(), "lo").code() == 103);
    CHECK(run_command("cat " + cni.state() + "/told").status != 0);
}

TEST_CASE("DEL reads only what it needs: mistakes made elsewhere since ADD do not keep a pod from being deleted", "[C3][C25]") {
    CniCaller cni;
    cni.use_host_local(true, false);
    const std::string before = cni.node_state();
    const TestNetns pod;
    REQUIRE(cni.call("ADD", "t7", pod.path()).status == 0);
    nlohmann::json config = cni.config;
    config["mtu"] = 7;
    config["args"] = {{"cni", {{"labels", 1}}}};
    config["runtimeConfig"] = {{"io.kubernetes.cri.pod-annotations", {1}}, {"dns", 1}};
    config["prevResult"] = "lost";
    config["cni.dev/valid-attachments"] = 1;
    cni.arguments = "IgnoreUnknown=1;K8S_POD_NAME=half";
    CHECK(cni.call_with(config, "ADD", "t8", pod.path()).code() != 0);
    const CniReply deleted = cni.call_with(config, "DEL", "t7", pod.path());
    INFO(deleted.output.dump());
    CHECK(deleted.status == 0);
    CHECK(cni.node_state() == before);
    config.erase("ipam");
    CHECK(cni.call_with(config, "DEL", "t7", "").status == 0);
}

TEST_CASE("CHECK accepts what later plugins changed and added", "[C16]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "t9", pod.path());
    REQUIRE(added.status == 0);
    const std::string host = endpoints::host_interface_name("t9", "eth0");
    pod.must("ip route add 203.0.113.0/24 via 169.254.1.1 dev eth0 onlink");
    pod.must("ip address add 203.0.113.9/32 dev eth0");
    pod.must("ip link set eth0 mtu 1400 promisc on");
    must_run("tc qdisc add dev " + host + " root tbf rate 10mbit burst 10kb latency 25ms && ip link add ifb-test type ifb");
    must_run("ip route add 203.0.113.9/32 dev " + host);
    nlohmann::json config = cni.config;
    config["prevResult"] = added.output;
    config["prevResult"]["interfaces"].push_back({{"name", "ifb-test"}, {"mac", "02:00:00:00:00:77"}});
    config["prevResult"]["routes"].push_back({{"dst", "198.51.100.0/24"}, {"gw", "10.22.0.9"}});
    config["prevResult"]["ips"].push_back({{"address", "203.0.113.10/32"}});
    config["prevResult"]["dns"] = {{"nameservers", {"192.0.2.53"}}};
    const CniReply checked = cni.call_with(config, "CHECK", "t9", pod.path());
    INFO(checked.output.dump());
    CHECK(checked.status == 0);
    // And it still finds what is missing of its own.
    pod.must("ip route del default via 169.254.1.1");
    CHECK(cni.call_with(config, "CHECK", "t9", pod.path()).code() == 102);
    must_run("ip link del ifb-test");
    CHECK(cni.call("DEL", "t9", pod.path()).status == 0);
}

TEST_CASE("GC without a list, or with null, does nothing and does not call the address plugin", "[C17]") {
    CniCaller cni;
    write_ipam(cni, "bin", "echo $CNI_COMMAND >> " + cni.state() + "/calls\n[ $CNI_COMMAND != ADD ] || " + kAnswer);
    cni.config["cniVersion"] = "1.1.0";
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns pod;
    REQUIRE(cni.call("ADD", "u1", pod.path()).status == 0);
    CHECK(cni.call("GC", "", "", "").status == 0);
    // The JSON of a Go client for a list that was never filled.
    nlohmann::json config = cni.config;
    config["cni.dev/valid-attachments"] = nullptr;
    config["cni.dev/attachments"] = nullptr;
    CHECK(cni.call_with(config, "GC", "", "", "").status == 0);
    CHECK(has_link("u1"));
    CHECK(must_run("cat " + cni.state() + "/calls") == "ADD\n");
    // A list that cannot be read may stand for running pods.
    config["cni.dev/attachments"] = {{{"containerID", ""}, {"ifname", "eth0"}}};
    CHECK(cni.call_with(config, "GC", "", "", "").code() == 7);
    CHECK(has_link("u1"));
    config["cni.dev/attachments"] = nlohmann::json::array();
    CHECK(cni.call_with(config, "GC", "", "", "").status == 0);
    CHECK_FALSE(has_link("u1"));
    CHECK(must_run("cat " + cni.state() + "/calls") == "ADD\nGC\n");
    CHECK(cni.call("DEL", "u1", "").status == 0);
}

TEST_CASE("the plugin's own namespace is accepted only with CNI_NETNS_OVERRIDE, and DEL clears it", "[C12]") {
    CniCaller cni;
    cni.use_host_local(true, false);
    cni.config["ipam"]["routes"] = {{{"dst", "203.0.113.0/24"}}};
    const std::string before = cni.node_state();
    for (const char* value : {"0", "false", "yes"}) {
        cni.launcher = std::string("env CNI_NETNS_OVERRIDE=") + value;
        CHECK(cni.call("ADD", "u2", "/proc/self/ns/net", "own0").code() == 8);
    }
    CHECK(cni.node_state() == before);
    for (const char* value : {"1", "true"}) {
        cni.launcher = std::string("env CNI_NETNS_OVERRIDE=") + value;
        const CniReply added = cni.call("ADD", "u2", "/proc/self/ns/net", "own0");
        INFO(added.output.dump() << added.errors);
        CHECK(added.status == 0);
        CHECK(run_command("ip link show own0").status == 0);
        cni.launcher.clear();
        CHECK(cni.call("DEL", "u2", "/proc/self/ns/net", "own0").status == 0);
        CHECK(run_command("ip link show own0").status != 0);
        CHECK(cni.node_state() == before);
    }
}

TEST_CASE("the address plugin is the first executable of its name in CNI_PATH", "[C30]") {
    CniCaller cni;
    cni.config["ipam"] = {{"type", "test-ipam"}};
    write_ipam(cni, "later", "exit 1\n");
    write_ipam(cni, "bin", kAnswer);
    must_run("mkdir -p " + cni.state() + "/no/test-ipam && touch " + cni.state() + "/test-ipam");
    cni.launcher = "env CNI_PATH=" + cni.state() + "/no:" + cni.state() + ":" + cni.state() + "/bin:" + cni.state() + "/later";
    const TestNetns pod;
    CHECK(cni.call("ADD", "u3", pod.path()).status == 0);
    CHECK(cni.call("DEL", "u3", pod.path()).status == 0);
}

TEST_CASE("many warnings go to the log, and stdout is one JSON object or nothing", "[C9]") {
    CniCaller cni;
    write_ipam(cni, "bin", "echo loud >&2\n[ $CNI_COMMAND != ADD ] || " + std::string(kAnswer));
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns pod;
    const CniReply added = cni.call("ADD", "u4", pod.path());
    REQUIRE(added.status == 0);
    CHECK(added.output.is_object());
    cni.set_fault("remove");
    const CniReply deleted = cni.call("DEL", "u4", pod.path());
    CHECK(deleted.status == 0);
    CHECK(deleted.output.is_discarded());  // empty
    CHECK_THAT(deleted.errors, Catch::Contains("loud") && Catch::Contains("told to fail"));
    cni.clear_fault("remove");
    cni.set_fault("create");
    const CniReply failed = cni.call("ADD", "u4", pod.path());
    CHECK(failed.status != 0);
    CHECK(failed.output.is_object());
    CHECK(failed.output["cniVersion"] == "1.0.0");
}
