// SPDX-License-Identifier: Apache-2.0
// The node's resolv.conf changes in all the usual ways, and the trusted servers with it.
#include <catch2/catch.hpp>
#include <string>

#include "config/config.h"
#include "datapath/address.h"
#include "datapath/endpoint_writer.h"
#include "endpoints/record_store.h"
#include "node.h"
#include "node/settings.h"

namespace namegate::test {
namespace {

// The node's /etc, which the test may change: the tests have a separate mount namespace.
class PrivateEtc {
  public:
    explicit PrivateEtc(const std::string& folder) {
        must_run("cp -a /etc " + folder + "/etc && mount --bind " + folder + "/etc /etc && rm -f /etc/resolv.conf");
    }
    ~PrivateEtc() { run_command("umount /etc"); }
    PrivateEtc(const PrivateEtc&) = delete;
    PrivateEtc& operator=(const PrivateEtc&) = delete;
    PrivateEtc(PrivateEtc&&) = delete;
    PrivateEtc& operator=(PrivateEtc&&) = delete;
};

using Servers = std::vector<std::string>;

bool becomes(const DaemonNode& node, const Servers& servers) {
    // Well before the slow timer would see it.
    return eventually([&] { return node.must_ask("status")["trustedServers"].get<Servers>() == servers; }, std::chrono::seconds(5));
}

void trust(const DaemonNode& node, const std::string& servers) {
    must_run("sed -i /dnsTrustedServers/d " + node.config_path());
    must_run("echo 'dnsTrustedServers: " + servers + "' >> " + node.config_path());
}

}  // namespace

TEST_CASE("the trusted servers follow the node's resolv.conf: written, renamed over, and behind links") {
    DaemonNode node;
    const PrivateEtc etc(node.folder());
    trust(node, "[node]");
    must_run("echo 'nameserver 192.0.2.1' > /etc/resolv.conf");
    node.start();
    CHECK(becomes(node, {"192.0.2.1"}));
    must_run("printf 'search test\\nnameserver 192.0.2.2\\nnameserver 2001:db8::2\\n' > /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.2", "2001:db8::2"}));
    must_run("echo 'nameserver 192.0.2.3' > /etc/new && mv /etc/new /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.3"}));
    // As systemd-resolved has it: a link into its own folder, where files are renamed over.
    const std::string resolve = node.folder() + "/resolve";
    must_run("mkdir " + resolve + " && echo 'nameserver 192.0.2.4' > " + resolve + "/stub && ln -sf " + resolve + "/stub /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.4"}));
    must_run("echo 'nameserver 192.0.2.5' > " + resolve + "/new && mv " + resolve + "/new " + resolve + "/stub");
    CHECK(becomes(node, {"192.0.2.5"}));
    // A file without servers, or a missing one, removes none.
    must_run(": > " + resolve + "/stub");
    must_run("rm /etc/resolv.conf");
    must_run("echo 'nameserver 192.0.2.6' > /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.6"}));
    CHECK(node.must_ask("status")["healthy"] == true);
    // Of no use to pods: a warning of `status`, with the line.
    must_run("echo 'nameserver 127.0.0.53' > /etc/resolv.conf");
    CHECK(becomes(node, {"127.0.0.53"}));
    CHECK(node.must_ask("status")["healthy"] == true);
    CHECK(node.must_ask("status")["warnings"].dump().find("/etc/resolv.conf, line 1: pods cannot reach") != std::string::npos);
}

TEST_CASE("by default the node's servers and kubelet's cluster DNS are trusted, each with its source") {
    DaemonNode node;
    const PrivateEtc etc(node.folder());
    const std::string kubelet = node.folder() + "/kubelet.yaml";
    must_run("sed -i /dnsTrustedServers/d " + node.config_path());
    must_run("echo 'kubeletConfig: " + kubelet + "' >> " + node.config_path());
    must_run("echo 'nameserver 192.0.2.1' > /etc/resolv.conf");
    node.start();
    CHECK(becomes(node, {"192.0.2.1"}));
    // kubelet is installed later.
    must_run("printf 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDNS:\n- 10.96.0.10\n' > " + kubelet);
    CHECK(becomes(node, {"10.96.0.10", "192.0.2.1"}));
    using api::Json;
    const Json named = node.must_ask("status")["trustedServersNamedBy"];
    CHECK(named[0] == Json{{"server", "10.96.0.10"}, {"namedBy", kubelet}});
    CHECK(named[1] == Json{{"server", "192.0.2.1"}, {"namedBy", "/etc/resolv.conf"}});
    // An invalid file is reported, and removes no server.
    must_run("echo 'clusterDNS: [nonsense]' > " + kubelet);
    CHECK(eventually([&] { return node.must_ask("status")["healthy"] == false; }, std::chrono::seconds(5)));
    CHECK(node.must_ask("status")["degraded"].dump().find(kubelet + ":1: clusterDNS: \\\"nonsense\\\" is not the address") !=
          std::string::npos);
    CHECK(becomes(node, {"10.96.0.10", "192.0.2.1"}));
    must_run("echo 'clusterDNS: [10.96.0.11]' > " + kubelet);
    CHECK(becomes(node, {"10.96.0.11", "192.0.2.1"}));
    CHECK(node.must_ask("status")["healthy"] == true);
}

TEST_CASE("D20: the names that are always allowed follow the cluster's domain in kubelet's configuration") {
    DaemonNode node;
    const std::string kubelet = node.folder() + "/kubelet.yaml";
    must_run("echo 'kubeletConfig: " + kubelet + "' >> " + node.config_path());
    must_run("echo 'dnsQueries: Allowed' >> " + node.config_path());
    node.write(node.policies() + "/a.yaml", deny_policy("all"));
    node.start();
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "pod", pod.path()).status == 0);
    const auto is_refused = [&](const std::string& name) {
        const auto reply = node.must_ask("explain", {{"endpoint", "pod"}, {"destination", name}});
        return reply["notes"].dump().find("a DNS query for " + name + " is refused") != std::string::npos;
    };
    const auto follows = [&](const std::string& domain, const std::string& other) {
        return eventually([&] { return !is_refused("svc." + domain) && is_refused("svc." + other); }, std::chrono::seconds(5));
    };
    CHECK(follows("cluster.local", "corp.example"));
    must_run("echo 'clusterDomain: corp.example' > " + kubelet);
    CHECK(follows("corp.example", "cluster.local"));
    // A missing file changes nothing.
    must_run("rm " + kubelet + " && echo 'clusterDomain: other.example' > " + kubelet + ".new && mv " + kubelet + ".new " + kubelet);
    CHECK(follows("other.example", "corp.example"));
    must_run("echo 'clusterDNS: []' > " + kubelet);
    CHECK_FALSE(is_refused("svc.other.example"));
    CHECK(node.cni("DEL", "pod", pod.path()).status == 0);
}

TEST_CASE("the word pod: the servers that the runtime passed at ADD count for that pod alone, with the daemon and without") {
    DaemonNode node;
    const bool with_daemon = GENERATE(true, false);
    trust(node, GENERATE(as<std::string>(), "[pod]", "[192.0.2.53]"));
    const bool counts = run_command("grep -q 'Servers: .pod' " + node.config_path()).status == 0;
    INFO((with_daemon ? "daemon" : "no daemon") << ", " << (counts ? "pod" : "address"));
    node.write(node.policies() + "/a.yaml", deny_policy("all"));
    if (with_daemon) {
        node.start();
    }
    const TestNetns with;
    const TestNetns without;
    CHECK(node.cni("ADD", "without", without.path()).status == 0);
    node.more_conf = R"(,"runtimeConfig":{"dns":{"servers":["10.96.0.10","fd00::10","10.96.0.10","kube-dns"]}})";
    CHECK(node.cni("ADD", "with", with.path()).status == 0);
    const auto config = must(config::load_config(node.config_path()));
    const auto datapath = must(datapath::Datapath::open(node::datapath_options(config)));
    const auto servers_of = [&](const std::string& container) {
        const auto record = must(endpoints::RecordStore(config.records_dir()).read(container, "eth0"));
        const auto active = must(datapath::active_config(*datapath, record.slot));
        Servers out;
        for (std::size_t i = 0; active && i < active->n_servers; ++i) {
            out.push_back(datapath::to_address(active->servers[i]).to_string());
        }
        return out;
    };
    CHECK(servers_of("with") == (counts ? Servers{"10.96.0.10", "fd00::10"} : Servers{}));
    CHECK(servers_of("without").empty());
    CHECK(node.cni("DEL", "with", with.path()).status == 0);
    CHECK(node.cni("DEL", "without", without.path()).status == 0);
}

}  // namespace namegate::test
