// SPDX-License-Identifier: Apache-2.0
#include "config/dns_servers.h"

#include <catch2/catch.hpp>

#include "base/file.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::config;

namespace {

std::string dns_of(const std::string& content, const std::string& path = "/k/config.yaml") {
    const auto servers = cluster_dns(path, content);
    if (!servers) {
        return servers.error().message();
    }
    std::string out;
    for (const IpAddress& server : *servers) {
        out += (out.empty() ? "" : " ") + server.to_string();
    }
    return out;
}

std::string text_of(const std::vector<NamedServer>& servers) {
    std::string out;
    for (const NamedServer& named : servers) {
        out += (out.empty() ? "" : " ") + named.server.to_string() + "<" + named.named_by.substr(named.named_by.rfind('/') + 1) + ">";
    }
    return out;
}

}  // namespace

TEST_CASE("kubelet's cluster DNS, from its configuration or its arguments") {
    CHECK(dns_of("apiVersion: kubelet.config.k8s.io/v1beta1\nclusterDNS:\n- 10.96.0.10\n- fd00::a\ncgroupDriver: systemd\n") ==
          "10.96.0.10 fd00::a");
    CHECK(dns_of(R"({"kind": "KubeletConfiguration", "clusterDNS": ["172.20.0.10"]})", "/k/config.json") == "172.20.0.10");
    CHECK(dns_of("--kubeconfig=/x\n--cluster-dns=10.152.183.10,10.152.183.11\n  --cluster-domain=cluster.local\n") ==
          "10.152.183.10 10.152.183.11");
    CHECK(dns_of("--cluster-dns \"10.1.2.3\"\n") == "10.1.2.3");
    CHECK(dns_of("clusterDomain: cluster.local\n").empty());
    CHECK(dns_of("").empty());
    CHECK(dns_of("clusterDNS: 10.96.0.10\n").empty());
    CHECK(dns_of("\nclusterDNS: [10.96.0.10, kube-dns]\n") ==
          "/k/config.yaml:2: clusterDNS: \"kube-dns\" is not the address of a DNS server");
    CHECK(dns_of("clusterDNS: [[1]]\n").find("/k/config.yaml:1: clusterDNS: ") == 0);
    CHECK(dns_of("clusterDNS: [\n").find("/k/config.yaml:") == 0);
    CHECK(dns_of("a\n--cluster-dns=10.0.0.1,,\n") == "/k/config.yaml:2: \"\" is not the address of a DNS server");
    CHECK(dns_of("--cluster-dns=1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,1.1.1.7,1.1.1.8,1.1.1.9\n").find("more than 8") !=
          std::string::npos);
}

TEST_CASE("the first file that names servers counts, and an invalid one is reported when no other does") {
    const test::TempDir dir;
    const std::string broken = dir.path() + "/broken.yaml";
    const std::string good = dir.path() + "/good.yaml";
    REQUIRE(write_file_atomically(broken, "clusterDNS: [x]\n", 0644));
    CHECK_FALSE(find_cluster_dns({dir.path() + "/none", broken}));
    REQUIRE(write_file_atomically(good, "clusterDNS: [10.96.0.10]\n", 0644));
    const auto found = find_cluster_dns({dir.path() + "/none", broken, good});
    REQUIRE(found);
    REQUIRE(found->has_value());
    CHECK((*found)->path == good);
    const auto nothing = find_cluster_dns({dir.path() + "/none"});
    REQUIRE(nothing);
    CHECK_FALSE(nothing->has_value());
    REQUIRE(write_file_atomically(broken, std::string(kMaxKubeletConfigBytes + 1, '#'), 0644));
    CHECK_FALSE(find_cluster_dns({broken}));
}

TEST_CASE("each server is named once, and a file without servers removes none") {
    const test::TempDir dir;
    Config config;
    config.dns_servers.listed = {*dns::parse_trusted_server("10.0.0.1:5353")};
    config.dns_servers.resolv_conf = dir.path() + "/resolv.conf";
    config.dns_servers.kubelet_configs = {dir.path() + "/kubelet.yaml"};
    DnsServers servers(config);
    CHECK(text_of(servers.read()) == "10.0.0.1:5353<dnsTrustedServers>");
    CHECK(servers.problems().empty());
    REQUIRE(write_file_atomically(dir.path() + "/resolv.conf", "nameserver 10.96.0.10\nnameserver 192.0.2.1\n", 0644));
    REQUIRE(write_file_atomically(dir.path() + "/kubelet.yaml", "clusterDNS: [10.96.0.10]\n", 0644));
    const std::string all = "10.0.0.1:5353<dnsTrustedServers> 10.96.0.10<kubelet.yaml> 192.0.2.1<resolv.conf>";
    CHECK(text_of(servers.read()) == all);
    REQUIRE(write_file_atomically(dir.path() + "/resolv.conf", "search test\n", 0644));
    REQUIRE(write_file_atomically(dir.path() + "/kubelet.yaml", "clusterDNS: [\n", 0644));
    CHECK(text_of(servers.read()) == all);
    REQUIRE(servers.problems().size() == 1);
    CHECK(servers.problems().front().find("kubelet.yaml:") != std::string::npos);
    REQUIRE(remove_file(dir.path() + "/kubelet.yaml"));
    REQUIRE(remove_file(dir.path() + "/resolv.conf"));
    CHECK(text_of(servers.read()) == all);
    CHECK(servers.problems().empty());
    REQUIRE(write_file_atomically(dir.path() + "/kubelet.yaml", "clusterDNS: [10.96.0.11]\n", 0644));
    CHECK(text_of(servers.read()) ==
          "10.0.0.1:5353<dnsTrustedServers> 10.96.0.11<kubelet.yaml> 10.96.0.10<resolv.conf> 192.0.2.1<resolv.conf>");
    CHECK(servers.files() == std::vector<std::string>{dir.path() + "/resolv.conf", dir.path() + "/kubelet.yaml"});
    config.dns_servers.node = config.dns_servers.kubelet = false;
    CHECK(DnsServers(config).files().empty());
}

TEST_CASE("servers of resolv.conf that are of no use to pods are warnings, unless another source names servers") {
    const test::TempDir dir;
    Config config;
    config.dns_servers.resolv_conf = dir.path() + "/resolv.conf";
    config.dns_servers.kubelet_configs = {dir.path() + "/kubelet.yaml"};
    REQUIRE(write_file_atomically(config.dns_servers.resolv_conf, "search test\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\n", 0644));
    DnsServers servers(config);
    CHECK(text_of(servers.read()) == "127.0.0.53<resolv.conf>");
    REQUIRE(servers.warnings().size() == 2);
    CHECK(servers.warnings()[0].find("/resolv.conf, line 2: pods cannot reach") != std::string::npos);
    CHECK(servers.warnings()[1].find("/resolv.conf, line 3: an address with a zone") != std::string::npos);
    servers.read();
    CHECK(servers.warnings().size() == 2);
    REQUIRE(write_file_atomically(dir.path() + "/kubelet.yaml", "clusterDNS: [10.96.0.10]\n", 0644));
    servers.read();
    CHECK(servers.warnings().empty());
    config.dns_servers.kubelet = false;
    config.dns_servers.listed = {*dns::parse_trusted_server("10.0.0.1")};
    DnsServers listed(config);
    listed.read();
    CHECK(listed.warnings().empty());
}
