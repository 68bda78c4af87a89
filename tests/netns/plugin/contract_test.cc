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

TEST_CASE("the address plugin gets our environment and all of our stdin, and its words pass on") {
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

TEST_CASE("a result has what containerd looks for: an address on the interface it asked for, and indexes that exist") {
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

TEST_CASE("a chained DEL that can do nothing holds up no plugin before it") {
    CniCaller cni;
    for (const char* fault : {"remove", "create"}) {
        cni.set_fault(fault);
        CHECK(cni.call("DEL", "t3", "").status == 0);
        CHECK(cni.call("DEL", "t3", "/run/netns/not-there").status == 0);
    }
}

TEST_CASE("GC goes on behind what fails, and says so at the end") {
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

TEST_CASE("an address plugin goes with a plugin that is killed, whether it was told to work or not") {
    CniCaller cni;
    const std::string mark = "9" + std::to_string(::getpid());  // in its command line
    write_ipam(cni, "bin", "[ $CNI_COMMAND != ADD ] || exec sleep " + mark + "\n");
    cni.config["ipam"] = {{"type", "test-ipam"}};
    cni.launcher = "timeout -s KILL 0.5";
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

TEST_CASE("an ADD that finds something wrong never tells the address plugin to work") {
    CniCaller cni;
    write_ipam(cni, "bin", "read line && echo told >> " + cni.state() + "/told\n" + kAnswer);
    cni.config["ipam"] = {{"type", "test-ipam"}};
    const TestNetns pod;
    CHECK(cni.call("ADD", "t6", pod.path(), "lo").code() == 103);
    CHECK(run_command("cat " + cni.state() + "/told").status != 0);
}
