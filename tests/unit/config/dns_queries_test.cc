// SPDX-License-Identifier: Apache-2.0
// dnsQueries and the settings that belong to it, and the domain of the cluster.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "config/cluster_domain.h"
#include "config/config.h"
#include "config/kubelet_dns.h"
#include "support/temp_dir.h"

namespace dns_queries_test {

using namespace namegate;
using namespace namegate::config;
using Catch::Matchers::Contains;

namespace {

DnsQuerySettings read(const std::string& content) {
    const auto config = parse_config("n.yaml", content);
    INFO((config ? std::string() : config.error().message()));
    REQUIRE(config);
    return config->dns_queries;
}

std::string error_of(const std::string& content) {
    const auto config = parse_config("n.yaml", content);
    REQUIRE_FALSE(config);
    return config.error().message();
}

std::vector<std::string> texts(const std::vector<policy::DomainPattern>& patterns) {
    std::vector<std::string> out;
    for (const auto& pattern : patterns) {
        out.emplace_back(pattern.text());
    }
    return out;
}

}  // namespace

TEST_CASE("D19: dnsQueries is Any unless the configuration says otherwise") {
    CHECK(read("").queries == policy::DnsQueries::kAny);
    CHECK(read("dnsQueries: Any\n").queries == policy::DnsQueries::kAny);
    CHECK(read("dnsQueries: Log\n").queries == policy::DnsQueries::kLog);
    CHECK(read("dnsQueries: Allowed\n").queries == policy::DnsQueries::kAllowed);
    CHECK_THAT(error_of("dnsQueries: allowed\n"), Contains("n.yaml:1:13: error: dnsQueries: "));
    CHECK_FALSE(read("").refuse);
    CHECK(read("dnsRefusal: Refused\n").refuse);
    CHECK_THAT(error_of("dnsRefusal: NXDOMAIN\n"), Contains("NXDomain"));
}

TEST_CASE("D20: dnsAlwaysAllowed has names without wildcards") {
    CHECK_FALSE(read("").always);
    CHECK(texts(*read("dnsAlwaysAllowed: [Cluster.Local., corp.test]\n").always) == std::vector<std::string>{"cluster.local", "corp.test"});
    CHECK(read("dnsAlwaysAllowed: []\n").always->empty());
    CHECK_THAT(error_of("dnsAlwaysAllowed: ['*.corp.test']\n"), Contains("without a wildcard"));
    CHECK_THAT(error_of("dnsAlwaysAllowed: [corp.test, corp.test.]\n"), Contains("already"));
    CHECK_THAT(error_of("dnsAlwaysAllowed: [10.0.0.1]\n"), Contains("dnsAlwaysAllowed[0]"));
    std::string many = "dnsAlwaysAllowed:\n";
    for (std::size_t i = 0; i <= kMaxAlwaysAllowed; ++i) {
        many += "- n" + std::to_string(i) + ".test\n";
    }
    CHECK_THAT(error_of(many), Contains("dnsAlwaysAllowed"));
}

TEST_CASE("D21: dnsQueryTypes") {
    CHECK(read("").types == std::vector<std::uint16_t>{1, 28, 5, 65, 64, 33, 12});
    CHECK(read("dnsQueryTypes: [A, TXT, CAA]\n").types == std::vector<std::uint16_t>{1, 16, 257});
    CHECK_THAT(error_of("dnsQueryTypes: [ANY]\n"), Contains("not a record type"));
    CHECK_THAT(error_of("dnsQueryTypes: [a]\n"), Contains("AAAA"));
    CHECK_THAT(error_of("dnsQueryTypes: [A, A]\n"), Contains("already"));
    CHECK_THAT(error_of("dnsQueryTypes: [A, AAAA, CNAME, HTTPS, SVCB, SRV, PTR, NS, SOA, MX, TXT, LOC, NAPTR, DS, SSHFP, RRSIG, DNSKEY]\n"),
               Contains("dnsQueryTypes"));
}

TEST_CASE("D22: dnsNewNamesPerMinute") {
    CHECK(read("").new_names == 0);
    CHECK(read("dnsNewNamesPerMinute: 60\n").new_names == 60);
    CHECK_THAT(error_of("dnsNewNamesPerMinute: 1000001\n"), Contains("out of range"));
}

TEST_CASE("D20: the cluster's domain, from kubelet's configuration or arguments") {
    CHECK(cluster_domain("k", "kind: KubeletConfiguration\nclusterDomain: corp.example\nclusterDNS: [10.0.0.10]\n") == "corp.example");
    CHECK(cluster_domain("k", "--cluster-dns=10.0.0.10\n--cluster-domain=\"micro.test\"\n") == "micro.test");
    CHECK(cluster_domain("k", "kind: KubeletConfiguration\n").empty());
    CHECK(cluster_domain("k", ": [\n").empty());
    test::TempDir dir;
    const std::string broken = dir.path() + "/broken";
    const std::string none = dir.path() + "/none";
    const std::string good = dir.path() + "/good";
    std::ofstream(broken) << ": [\n";
    std::ofstream(none) << "clusterDNS: [10.0.0.10]\n";
    std::ofstream(good) << "clusterDomain: corp.example\n";
    CHECK(find_cluster_domain({dir.path() + "/absent", broken, none, good}) == "corp.example");
    CHECK(find_cluster_domain({none}).empty());
    CHECK(find_cluster_domain({}).empty());
}

TEST_CASE("D20: the cluster's domain is the one that was read last, and cluster.local before that") {
    const test::TempDir dir;
    Config config;
    config.dns_servers.kubelet_configs = {dir.path() + "/kubelet"};
    ClusterDomain domain(config);
    CHECK(domain.files() == config.dns_servers.kubelet_configs);
    CHECK(domain.read() == "cluster.local");
    std::ofstream(domain.files().front()) << "clusterDomain: corp.example\n";
    CHECK(domain.read() == "corp.example");
    // While it is written, and while it is missing.
    std::ofstream(domain.files().front()) << ": [\n";
    CHECK(domain.read() == "corp.example");
    std::filesystem::remove(domain.files().front());
    CHECK(domain.read() == "corp.example");
    std::ofstream(domain.files().front()) << "--cluster-domain=other.example\n";
    CHECK(domain.read() == "other.example");
    config.dns_queries.always.emplace();
    CHECK(ClusterDomain(config).files().empty());
}

}  // namespace dns_queries_test
