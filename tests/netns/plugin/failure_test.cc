// SPDX-License-Identifier: Apache-2.0
// An ADD that fails leaves nothing; CHECK finds later damage.
#include <catch2/catch.hpp>

#include "cni_call.h"
#include "endpoints/host_interface_name.h"

using namespace namegate;
using namespace namegate::test;

namespace {

void expect_clean_failure(const CniCaller& cni, const std::string& netns, unsigned code, const std::string& words,
                          const std::string& ifname = "eth0") {
    const std::string before = cni.node_state();
    const CniReply reply = cni.call("ADD", "f1", netns, ifname);
    INFO(reply.output.dump() << reply.errors);
    CHECK(reply.status != 0);
    CHECK(reply.code() == code);
    CHECK_THAT(reply.message(), Catch::Contains(words));
    CHECK(cni.node_state() == before);
}

}  // namespace

TEST_CASE("a failing step of ADD leaves nothing", "[C32][C58]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    cni.config["ipMasq"] = true;
    const TestNetns pod;
    cni.set_fault("create");
    expect_clean_failure(cni, pod.path(), 7, "told to fail");
    cni.clear_fault("create");
    cni.set_fault("add");
    expect_clean_failure(cni, pod.path(), 11, "told to fail");
    cni.clear_fault("add");
    CHECK(pod.run("ip link show eth0").status != 0);

    // The host's route to the address exists: the last step fails, and everything before it is undone.
    must_run("ip route add 10.22.0.0/24 dev node0; for i in $(seq 2 40); do ip route add 10.22.0.$i/32 dev node0; done");
    expect_clean_failure(cni, pod.path(), 103, "is routed to interface node0 already");
    must_run("for i in $(seq 2 40); do ip route del 10.22.0.$i/32 dev node0; done; ip route del 10.22.0.0/24 dev node0");
    CHECK(pod.run("ip link show eth0").status != 0);
    CHECK(cni.call("ADD", "f1", pod.path()).status == 0);
    CHECK(cni.call("DEL", "f1", pod.path()).status == 0);
}

TEST_CASE("errors that ADD finds before it changes anything", "[C12][C13]") {
    CniCaller cni;
    cni.use_host_local(true, false);
    const TestNetns pod;
    expect_clean_failure(cni, pod.path(), 103, "has an interface lo already", "lo");
    expect_clean_failure(cni, "/run/netns/not-there", 8, "no network namespace at");
    expect_clean_failure(cni, "/etc/hostname", 8, "is not a network namespace");
    expect_clean_failure(cni, "/proc/self/ns/net", 8, "is the plugin's own network namespace");
    cni.config["ipam"]["type"] = "no-such-ipam";
    expect_clean_failure(cni, pod.path(), 7, "ipam plugin no-such-ipam is not installed");
    cni.config.erase("ipam");
    expect_clean_failure(cni, pod.path(), 7, "ipam is missing");
}

TEST_CASE("a second ADD of an existing attachment fails, and the first keeps everything, its address included", "[C13][C58]") {
    CniCaller cni;
    cni.use_host_local(true, false);
    const TestNetns pod;
    REQUIRE(cni.call("ADD", "f1", pod.path()).status == 0);
    expect_clean_failure(cni, pod.path(), 103, "has an interface eth0 already");
    // The runtime lost the first one's namespace; the host interface still exists.
    const TestNetns other;
    expect_clean_failure(cni, other.path(), 103, "is left from an earlier ADD");
    CHECK(cni.call("DEL", "f1", pod.path()).status == 0);
}

TEST_CASE("IPAM that fails or sends invalid output", "[C32]") {
    CniCaller cni;
    const TestNetns pod;
    must_run("mkdir -p " + cni.state() + "/bin");
    const auto use = [&cni](const std::string& script) {
        std::ofstream(cni.state() + "/bin/bad-ipam") << "#!/bin/sh\necho $CNI_COMMAND >> " << cni.state() << "/calls\n" << script << "\n";
        must_run("chmod +x " + cni.state() + "/bin/bad-ipam; rm -f " + cni.state() + "/calls");
    };
    cni.config["ipam"] = {{"type", "bad-ipam"}};
    use("[ $CNI_COMMAND = DEL ] || { echo '{\"code\":42,\"msg\":\"no more\",\"details\":\"d\"}'; exit 1; }");
    expect_clean_failure(cni, pod.path(), 42, "ipam plugin bad-ipam (ADD): no more");
    CHECK(must_run("cat " + cni.state() + "/calls") == "ADD\nDEL\n");
    use("echo oops; exit 3");
    expect_clean_failure(cni, pod.path(), 100, "status 3 and no CNI error");
    use("echo oops");
    expect_clean_failure(cni, pod.path(), 6, "not valid JSON");
    use("echo '{\"ips\":[]}'");
    expect_clean_failure(cni, pod.path(), 100, "has no address");
    use("echo '{\"ips\":[{\"address\":\"fd00::1/64\"}]}'");
    cni.config["mtu"] = 1000;
    expect_clean_failure(cni, pod.path(), 7, "IPv6 needs at least 1280");
    cni.config["mtu"] = 0;
    use("echo '{\"ips\":[{\"address\":\"fd00::1/64\"}],\"routes\":[{\"dst\":\"10.0.0.0/8\"}]}'");
    expect_clean_failure(cni, pod.path(), 7, "no address of its family");
    // The output is used as soon as it is written, and trusted when the program has ended successfully.
    const std::string good = "[ $CNI_COMMAND = DEL ] || { echo '{\"ips\":[{\"address\":\"10.9.0.2/16\"}]}'; sleep 0.1; ";
    use(good + "exit 7; }");
    expect_clean_failure(cni, pod.path(), 100, "status 7 and no CNI error");
    CHECK(must_run("cat " + cni.state() + "/calls") == "ADD\nDEL\n");
    use(good + "echo more; }");
    expect_clean_failure(cni, pod.path(), 6, "is followed by something else");
    use("printf '{\"ips\":[{\"address\":'; sleep 0.1; [ $CNI_COMMAND = DEL ] || printf '\"10.9.0.3/16\"}]}\\n \\n'");
    CHECK(cni.call("ADD", "f1", pod.path()).status == 0);
    CHECK(cni.call("DEL", "f1", pod.path()).status == 0);
    use("exit 9");
    CHECK(cni.call("DEL", "f1", "").status != 0);
}

TEST_CASE("a policy runtime that cannot be reached does not block DEL", "[C3]") {
    CniCaller cni;
    cni.use_host_local(true, false);
    const TestNetns pod;
    REQUIRE(cni.call("ADD", "f2", pod.path()).status == 0);
    cni.set_fault("remove");
    const CniReply reply = cni.call("DEL", "f2", pod.path());
    CHECK(reply.status == 0);
    CHECK_THAT(reply.errors, Catch::Contains("told to fail"));
    CHECK(run_command("ip link show " + endpoints::host_interface_name("f2", "eth0")).status != 0);
    cni.set_fault("create");
    CHECK(cni.call("DEL", "f2", pod.path()).status == 0);
}

TEST_CASE("ADD killed at any moment: the following DEL leaves nothing, and a new ADD works", "[C5]") {
    CniCaller cni;
    cni.use_host_local(true, true);
    cni.config["ipMasq"] = true;
    const std::string before = cni.node_state();
    unsigned killed = 0;
    for (unsigned tenths = 5; tenths < 205; tenths += 10) {
        const TestNetns pod;
        cni.launcher = "timeout --foreground -s KILL " + std::to_string(tenths / 10000.0);
        killed += cni.call("ADD", "z1", pod.path()).status == 0 ? 0U : 1U;
        cni.launcher.clear();
        const CniReply deleted = cni.call("DEL", "z1", pod.path());
        INFO(tenths << deleted.output.dump() << deleted.errors);
        CHECK(deleted.status == 0);
        // host-local itself can be caught between making a lease and writing its owner.
        must_run("find /var/lib/cni -type f -name '*[.:]*' -empty -delete");
        CHECK(cni.node_state() == before);
        CHECK(cni.call("ADD", "z1", pod.path()).status == 0);
        CHECK(cni.call("DEL", "z1", pod.path()).status == 0);
    }
    CHECK(killed > 0);
}

TEST_CASE("CHECK finds damage", "[C15]") {
    struct Row {
        const char* damage;  // $host is the host interface, $pod runs a command in the pod
        const char* words;
    };
    const Row rows[] = {
        {"ip route flush dev $host", "the host's route"},
        {"ip neigh flush dev $host nud permanent", "the host's neighbour entry"},
        {"ip link set $host down", "is down"},
        {"ip link del $host", "no interface eth0"},
        {"$pod ip address flush dev eth0", "is gone from eth0"},
        {"$pod ip route del default", "the pod's route to 0.0.0.0/0"},
        {"$pod ip neigh flush dev eth0 nud permanent", "neighbour entry for its gateway"},
        {"$pod ip link set eth0 address 02:00:00:00:00:09", "MAC address"},
        {"rm $state/endpoint-*", "not programmed"},
        {"rm -r /var/lib/cni/networks/testnet/10.22*", "host-local (CHECK)"},
        {"nft flush ruleset", "masquerade rules"},
        {"echo 0 > /proc/sys/net/ipv4/ip_forward", "forwarding is off"},
    };
    for (const Row& row : rows) {
        INFO(row.damage);
        CniCaller cni;
        cni.use_host_local(true, false);
        cni.config["ipMasq"] = true;
        const TestNetns pod;
        const CniReply added = cni.call("ADD", "k1", pod.path());
        REQUIRE(added.status == 0);
        nlohmann::json config = cni.config;
        config["prevResult"] = added.output;
        CHECK(cni.call_with(config, "CHECK", "k1", pod.path()).status == 0);
        must_run("host=" + endpoints::host_interface_name("k1", "eth0") + "; pod='ip netns exec " + pod.name() + "'; state=" + cni.state() +
                 "; " + row.damage);
        const CniReply checked = cni.call_with(config, "CHECK", "k1", pod.path());
        INFO(checked.output.dump() << checked.errors);
        CHECK(checked.status != 0);
        CHECK_THAT(checked.message() + checked.output.value("details", ""), Catch::Contains(row.words));
        CHECK(cni.call("DEL", "k1", pod.path()).status == 0);
    }
    CniCaller cni;
    cni.use_host_local(true, false);
    CHECK(cni.call("CHECK", "k1", "/run/netns/x").code() == 7);
}
