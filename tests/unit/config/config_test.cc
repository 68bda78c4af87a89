// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/file.h"
#include "support/temp_dir.h"

namespace namegate::config {
namespace {

std::string error_of(const std::string& content) {
    const auto config = parse_config("n.yaml", content);
    return config ? std::string() : config.error().message();
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("a missing or empty configuration means all defaults") {
    const test::TempDir dir;
    const auto config = load_config(dir.path() + "/none.yaml");
    REQUIRE(config);
    CHECK(config->policy_dirs == std::vector<std::string>{"/etc/namegate/policies.d"});
    CHECK(config->state_dir == "/run/namegate");
    CHECK(config->socket_path() == "/run/namegate/namegated.sock");
    CHECK(config->dns_servers.node);
    CHECK(config->dns_servers.kubelet);
    CHECK_FALSE(config->dns_servers.pod);
    CHECK_FALSE(config->unknown_labels_absent);
    CHECK(config->label_sources_of(true) == std::vector<std::string>{"containerd", "cni-args", "files"});
    CHECK(config->label_sources_of(false) == std::vector<std::string>{"cni-args", "files"});
    CHECK(config->lifetime.min_seconds == 2);
    CHECK(config->uses_label_source("cni-args"));
    CHECK(config->uses_label_source("files"));
    CHECK(parse_config("n.yaml", ""));
    CHECK(parse_config("n.yaml", "# nothing\n"));
    CHECK(parse_config("n.json", "{}"));
}

TEST_CASE("the delivered configuration means all defaults") {
    const auto content = read_file(NAMEGATE_SOURCE_DIR "/cni-conf/namegate.yaml", kMaxConfigBytes);
    REQUIRE(content);
    CHECK(parse_config("namegate.yaml", *content));
    // The defaults that it shows in comments are correct.
    std::string active;
    for (std::size_t at = 0; at < content->size();) {
        const std::size_t end = content->find('\n', at);
        const std::string line = content->substr(at, end - at);
        active += (line.size() > 1 && line[0] == '#' && line[1] != ' ' ? line.substr(1)
                   : line.compare(0, 3, "#  ") == 0                    ? line.substr(1)
                                                                       : line) +
                  "\n";
        at = end + 1;
    }
    const auto config = parse_config("namegate.yaml", active);
    INFO((config ? std::string() : config.error().message()));
    REQUIRE(config);
    const Config defaults;
    CHECK(config->policy_dirs == defaults.policy_dirs);
    CHECK(config->state_dir == defaults.state_dir);
    CHECK(config->cache_dir == defaults.cache_dir);
    CHECK(config->bpffs_dir == defaults.bpffs_dir);
    CHECK(config->lifetime.extra_seconds == defaults.lifetime.extra_seconds);
    CHECK(config->lifetime.min_seconds == defaults.lifetime.min_seconds);
    CHECK(config->lifetime.max_seconds == defaults.lifetime.max_seconds);
    REQUIRE(config->never_opens.entries().size() == defaults.never_opens.entries().size());
    for (std::size_t i = 0; i < defaults.never_opens.entries().size(); ++i) {
        CHECK(config->never_opens.entries()[i].text == defaults.never_opens.entries()[i].text);
    }
    CHECK(config->dns_queries.queries == defaults.dns_queries.queries);
    CHECK_FALSE(config->dns_queries.always);
    CHECK_FALSE(config->dns_queries.refuse);
    CHECK(config->dns_queries.types == defaults.dns_queries.types);
    CHECK(config->dns_queries.new_names == defaults.dns_queries.new_names);
    CHECK(config->tls_names == defaults.tls_names);
    CHECK(config->label_sources == defaults.label_sources);
    CHECK(config->dns_servers.node == defaults.dns_servers.node);
    CHECK(config->dns_servers.kubelet == defaults.dns_servers.kubelet);
    CHECK(config->dns_servers.pod == defaults.dns_servers.pod);
    CHECK(config->dns_servers.listed.empty());
    CHECK(config->unknown_labels_absent == defaults.unknown_labels_absent);
    CHECK(config->label_timeout_seconds == defaults.label_timeout_seconds);
    CHECK(config->containerd_address == defaults.containerd_address);
    CHECK(config->containerd_namespace == defaults.containerd_namespace);
    CHECK(config->learnt_per_endpoint == defaults.learnt_per_endpoint);
    CHECK(config->flows_per_endpoint == defaults.flows_per_endpoint);
    CHECK(config->tls_connections == 999);
    CHECK_FALSE(config->reject_denied);
    CHECK_FALSE(config->keep_flows);
    CHECK(config->flow_log.path.empty());
    CHECK(config->flow_log.events == defaults.flow_log.events);
    CHECK(config->flow_log.max_size_mb == defaults.flow_log.max_size_mb);
    CHECK(config->flow_log.max_files == defaults.flow_log.max_files);
    CHECK(config->flow_log.max_age_hours == defaults.flow_log.max_age_hours);
}

TEST_CASE("the flow log's settings") {
    const auto config =
        parse_config("n.yaml", "flowLog: {path: /var/log/x/f.jsonl, events: [dns, flow], maxSizeMB: 1, maxFiles: 2, maxAgeHours: 0}\n");
    REQUIRE(config);
    CHECK(config->flow_log.path == "/var/log/x/f.jsonl");
    CHECK(config->flow_log.events == std::vector<std::string>{"dns", "flow"});
    CHECK(config->flow_log.max_size_mb == 1);
    CHECK(config->flow_log.max_files == 2);
    CHECK(config->flow_log.max_age_hours == 0);
    CHECK(contains(error_of("flowLog: {path: flows}\n"), "absolute"));
    CHECK(contains(error_of("flowLog: {maxFiles: 0}\n"), "out of range"));
    CHECK(contains(error_of("flowLog: {maxSizeMB: 0}\n"), "out of range"));
    CHECK(contains(error_of("flowLog: {events: [flows]}\n"), "flow"));
    CHECK(contains(error_of("flowLog: {file: /x}\n"), "file"));
    // Every file in the folder of pod manifests is read, whatever its name.
    CHECK(contains(error_of("podManifestDirs: [/m]\nflowLog: {path: /m/flows}\n"), "another one"));
    CHECK(contains(error_of("flowLog: {path: /etc/namegate/policies.d/flows.json}\n"), "another one"));
}

TEST_CASE("every key is read") {
    const auto config =
        parse_config("n.yaml",
                     "policyDirs: [/a, /b/]\n"
                     "podManifestDirs: [/etc/kubernetes/manifests/]\nnodeName: node-1.example\n"
                     "stateDir: /s\n"
                     "cacheDir: /c\n"
                     "bpffsDir: /sys/fs/bpf/x\n"
                     "dnsTrustedServers: [10.0.0.53, '[fd00::53]:5353', pod]\nkubeletConfig: /k.yaml\nunknownLabels: Absent\n"
                     "dnsNeverOpens: [10.0.0.0/8, '::1']\n"
                     "dnsExtraTTL: 5\ndnsMinTTL: 7\ndnsMaxTTL: 100\n"
                     "labelSources: [files, containerd]\nlabelTimeout: 3\n"
                     "containerd: {address: /run/k3s/containerd/containerd.sock, namespace: mine}\n"
                     "denyAction: Reject\npolicyChange: Keep\n"
                     "log: {level: debug, format: json}\n"
                     "limits: {learntAddressesPerEndpoint: 100, flowsPerEndpoint: 200, tlsConnections: 300}\n");
    INFO((config ? std::string() : config.error().message()));
    REQUIRE(config);
    CHECK(config->policy_dirs == std::vector<std::string>{"/a", "/b"});
    CHECK(config->pod_manifest_dirs == std::vector<std::string>{"/etc/kubernetes/manifests"});
    CHECK(config->node_name == "node-1.example");
    CHECK(config->state_dir == "/s");
    CHECK(config->cache_dir == "/c");
    CHECK(config->bpffs_dir == "/sys/fs/bpf/x");
    CHECK_FALSE(config->dns_servers.node);
    CHECK_FALSE(config->dns_servers.kubelet);
    CHECK(config->dns_servers.pod);
    REQUIRE(config->dns_servers.listed.size() == 2);
    CHECK(config->dns_servers.kubelet_configs == std::vector<std::string>{"/k.yaml"});
    CHECK(config->unknown_labels_absent);
    CHECK(config->label_sources_of(true) == std::vector<std::string>{"files", "containerd"});
    CHECK(config->label_sources_of(false) == std::vector<std::string>{"files", "containerd"});
    REQUIRE(config->never_opens.entries().size() == Config().never_opens.entries().size() + 2);
    CHECK(config->never_opens.refuses(*IpAddress::parse("10.1.1.1")) != nullptr);
    CHECK(config->never_opens.refuses(*IpAddress::parse("127.0.0.1")) != nullptr);
    CHECK(config->lifetime.extra_seconds == 5);
    CHECK(config->lifetime.min_seconds == 7);
    CHECK(config->lifetime.max_seconds == 100);
    CHECK(config->containerd_address == "/run/k3s/containerd/containerd.sock");
    CHECK(config->containerd_namespace == "mine");
    CHECK(config->label_timeout_seconds == 3);
    CHECK(config->reject_denied);
    CHECK(config->keep_flows);
    CHECK(config->log_level == log::Level::kDebug);
    CHECK(config->log_format == log::Format::kJson);
    CHECK(config->learnt_per_endpoint == 100);
    CHECK(config->flows_per_endpoint == 200);
    CHECK(config->tls_connections == 300);
}

TEST_CASE("T1: tlsNames is Off unless the configuration says otherwise") {
    const auto read = [](const std::string& content) { return parse_config("n.yaml", content).value().tls_names; };
    CHECK(read("") == policy::TlsNames::kOff);
    CHECK(read("tlsNames: Off\n") == policy::TlsNames::kOff);
    CHECK(read("tlsNames: Verify\n") == policy::TlsNames::kVerify);
    CHECK(read("tlsNames: Require\n") == policy::TlsNames::kRequire);
    CHECK(contains(error_of("tlsNames: require\n"), "n.yaml:1:11: error: tlsNames: "));
}

TEST_CASE("D17: dnsNeverOpens adds to the standard addresses, which no list removes; errors in it have their place") {
    for (const char* list : {"", "dnsNeverOpens: []\n", "dnsNeverOpens: [10.0.0.0/8]\n", "dnsNeverOpens: [169.254.0.0/16]\n"}) {
        INFO(list);
        const auto config = parse_config("n.yaml", list);
        REQUIRE(config);
        CHECK(config->never_opens.refuses(*IpAddress::parse("169.254.169.254")) != nullptr);
        CHECK(config->never_opens.refuses(*IpAddress::parse("fe80::1")) != nullptr);
        CHECK((config->never_opens.refuses(*IpAddress::parse("10.0.0.1")) != nullptr) ==
              (std::string(list).find("10.0") != std::string::npos));
    }
    CHECK(contains(error_of("dnsNeverOpens:\n- 10.0.0.0/8\n- 10.0.0.0/40\n"), "n.yaml:3:3: error: dnsNeverOpens[1]: "));
    CHECK(contains(error_of("dnsNeverOpens: [localhost]\n"), "not an IP address or CIDR"));
    std::string many = "dnsNeverOpens:\n";
    for (std::size_t i = 0; i < dns::kMaxListedNeverOpens; ++i) {
        many += "- 10.0.0." + std::to_string(i) + "\n";
    }
    CHECK(parse_config("n.yaml", many));
    CHECK(contains(error_of(many + "- 10.0.1.0\n"), "48"));
}

TEST_CASE("errors name the place and what to write") {
    CHECK(contains(error_of("policyDir: [/a]\n"), "n.yaml:1:1: error: policyDir: "));
    CHECK(contains(error_of("policyDir: [/a]\n"), "did you mean \"policyDirs\"?"));
    CHECK(contains(error_of("\nlog: {lvl: debug}\n"), "n.yaml:2:"));
    CHECK(contains(error_of("stateDir: run\n"), "absolute"));
    CHECK(contains(error_of("policyDirs: [a]\n"), "policyDirs[0]"));
    CHECK(contains(error_of("policyDirs: [/a, /a/]\n"), "in the list already"));
    CHECK(contains(error_of("policyDirs: [/a]\npodManifestDirs: [/a]\n"), "one of policyDirs"));
    CHECK(contains(error_of("podManifestDirs: [a]\n"), "absolute"));
    CHECK(contains(error_of("nodeName: Node_1\n"), "not a node name"));
    CHECK(contains(error_of("policyDirs: /a\n"), "a list is needed"));
    CHECK(contains(error_of("dnsTrustedServers: [example.com]\n"), "dnsTrustedServers[0]"));
    CHECK(contains(error_of("dnsTrustedServers: ['k8s-service:kube-dns']\n"), "write k8s-service:NAMESPACE/NAME"));
    CHECK(contains(error_of("dnsTrustedServers: ['k8s-service:kube-system/kube-dns']\n"),
                   "needs the API server: add kubernetes to labelSources"));
    CHECK(contains(error_of("dnsTrustedServers: [node, '10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3', '10.0.0.1:4', '10.0.0.1:5', "
                            "'10.0.0.1:6', '10.0.0.1:7', '10.0.0.1:8']\n"),
                   "more than 8 different ports"));
    CHECK(contains(error_of("unknownLabels: Open\n"), "unknownLabels"));
    CHECK(contains(error_of("kubeletConfig: config.yaml\n"), "absolute"));
    CHECK(contains(error_of("dnsMinTTL: -1\n"), "from 0 to"));
    CHECK(contains(error_of("dnsMinTTL: 10s\n"), "a whole number is needed"));
    CHECK(contains(error_of("dnsMinTTL: 99999999999999999999\n"), "from 0 to"));
    CHECK(contains(error_of("dnsMinTTL: 10\ndnsMaxTTL: 5\n"), "larger than dnsMaxTTL"));
    CHECK(contains(error_of("containerd: {address: unix.sock}\n"), "absolute"));
    CHECK(contains(error_of("containerd: {namespace: a/b}\n"), "not a containerd namespace"));
    CHECK(contains(error_of("containerd: {namespace: \"\"}\n"), "not a containerd namespace"));
    CHECK(contains(error_of("denyAction: Refuse\n"), "denyAction: "));
    CHECK(contains(error_of("policyChange: Keeep\n"), "Keep"));
    CHECK(contains(error_of("log: {level: loud}\n"), "debug, info, warning or error"));
    CHECK(contains(error_of("limits: {flowsPerEndpoint: 1}\n"), "from 16 to"));
    CHECK(contains(error_of("limits: {tlsConnections: 65001}\n"), "from 16 to 65000"));
    CHECK(contains(error_of("a: 1\n---\nb: 2\n"), "second document"));
    CHECK_FALSE(error_of("- a\n").empty());
    CHECK_FALSE(error_of("{").empty());
}

TEST_CASE("policies come from files, and from the groups of the API server that policySources lists") {
    CHECK(Config().policy_groups.empty());
    const auto both = parse_config("namegate.yaml", "policySources: [files, kubernetes, network-policy-api, calico, namegate]\n");
    REQUIRE(both);
    CHECK(both->policy_groups == std::vector<std::string>{"kubernetes", "network-policy-api", "calico", "namegate"});
    CHECK(both->policy_dirs == Config().policy_dirs);
    // It makes the API server the first source of labels too, unless labelSources says otherwise.
    CHECK(both->uses_api_server());
    CHECK(both->label_sources_of(true).front() == "kubernetes");
    const auto without_files = parse_config("namegate.yaml", "policySources: [kubernetes]\nkubernetes: {leaseNamespace: namegate}\n");
    REQUIRE(without_files);
    CHECK(without_files->policy_dirs.empty());
    CHECK(without_files->lease_namespace == "namegate");
    CHECK(contains(error_of("policySources: [cluster]\n"), "policySources[0]: \"cluster\" is not allowed here"));
    CHECK(contains(error_of("policySources: [files, files]\n"), "policySources[1]: the policy source is in the list already"));
    CHECK(contains(error_of("policySources: [calico, calico]\n"), "policySources[1]: the policy source is in the list already"));
    CHECK(contains(error_of("policySources: []\n"), "policySources: without a source there are no policies"));
    CHECK(contains(error_of("policySources: [kubernetes]\nlabelSources: [files]\n"),
                   "policySources: labelSources does not list kubernetes, so nothing would ask the API server for policies"));
    CHECK(contains(error_of("policySources: [kubernetes]\npolicyDirs: [/p]\n"),
                   "policyDirs: policySources does not list files, so nothing would read these folders"));
    CHECK(contains(error_of("kubernetes: {leaseNamespace: a.b}\n"), "is not the name of a namespace"));
}

TEST_CASE("the API server is a source where it is listed, or where a kubeconfig is set") {
    CHECK_FALSE(Config().uses_api_server());
    const auto listed = parse_config("namegate.yaml", "labelSources: [kubernetes, containerd, files]\n");
    REQUIRE(listed);
    CHECK(listed->uses_api_server());
    CHECK(listed->kubeconfig.empty());
    const auto set = parse_config("namegate.yaml", "kubernetes: {kubeconfig: /etc/namegate/kubeconfig}\n");
    REQUIRE(set);
    CHECK(set->uses_api_server());
    CHECK(set->kubeconfig == "/etc/namegate/kubeconfig");
    CHECK(set->label_sources_of(true) == std::vector<std::string>{"kubernetes", "containerd", "cni-args", "files"});
    CHECK(set->label_sources_of(false) == std::vector<std::string>{"cni-args", "files"});
    CHECK(set->api_server_dir() == "/var/lib/namegate/kubernetes");
    CHECK(contains(error_of("kubernetes: {kubeconfig: relative}\n"), "is not an absolute path"));
    CHECK(contains(error_of("labelSources: [files]\nkubernetes: {kubeconfig: /k}\n"),
                   "kubernetes.kubeconfig: labelSources does not list kubernetes, so nothing would ask the API server"));
}

TEST_CASE("metricsAddress is an address to listen on, and unset by default") {
    const auto set = parse_config("namegate.yaml", "metricsAddress: \"[::1]:9464\"\n");
    REQUIRE(set);
    REQUIRE(set->metrics_address);
    CHECK(set->metrics_address->to_string() == "[::1]:9464");
    CHECK_FALSE(Config().metrics_address);
    CHECK(contains(error_of("metricsAddress: \"9464\"\n"), "n.yaml:1:17: error: metricsAddress: \"9464\" is not an address"));
}

TEST_CASE("uiAddress is an address that only this node reaches, and unset by default") {
    for (const char* address : {"unix:/run/namegate/page.sock", "127.0.0.1:9465", "[::1]:9465"}) {
        const auto set = parse_config("namegate.yaml", "uiAddress: \"" + std::string(address) + "\"\n");
        INFO(address);
        REQUIRE(set);
        REQUIRE(set->ui_address);
        CHECK(set->ui_address->to_string() == address);
    }
    CHECK_FALSE(Config().ui_address);
    CHECK(contains(error_of("uiAddress: \"9465\"\n"), "n.yaml:1:12: error: uiAddress: \"9465\" is not an address"));
    for (const char* address : {"0.0.0.0:9465", "[::]:9465", "192.0.2.1:9465", "[2001:db8::1]:9465"}) {
        INFO(address);
        CHECK(contains(error_of("uiAddress: \"" + std::string(address) + "\"\n"), "can be reached from other machines"));
    }
}

TEST_CASE("a file that is too large is refused because of its size") {
    const test::TempDir dir;
    const std::string path = dir.path() + "/large.yaml";
    REQUIRE(write_file_atomically(path, std::string(kMaxConfigBytes + 1, '#'), 0644));
    const auto config = load_config(path);
    REQUIRE_FALSE(config);
    CHECK(config.error().code() == Code::kExhausted);
}

TEST_CASE("the cluster's DNS Service is trusted by default where there is an API server, and the list replaces it") {
    const auto services = [](const std::string& content) {
        const auto config = config::parse_config("namegate.yaml", content);
        REQUIRE(config);
        std::string out;
        for (const dns::ServiceServer& one : config->trusted_services()) {
            out += one.to_string() + " ";
        }
        return out;
    };
    const std::string with = "labelSources: [kubernetes, containerd]\n";
    CHECK(services("").empty());
    CHECK(services(with) == "k8s-service:kube-system/kube-dns ");
    CHECK(services(with + "dnsTrustedServers: [node]\n").empty());
    CHECK(services(with + "dnsTrustedServers: [node, 'k8s-service:dns/own:5353', 'k8s-service:dns/own:5353']\n") ==
          "k8s-service:dns/own:5353 ");
}

}  // namespace
}  // namespace namegate::config
