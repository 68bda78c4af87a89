// SPDX-License-Identifier: Apache-2.0
//
// namegate.yaml: the settings that plugin, daemon and command line share. A value. Every field has a default, so a missing
// file means the default configuration. Parsing is pure and safe from any thread. An error lists every problem, one per line,
// as file:line:col: error: field: message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/dns_queries.h"
#include "config/kubelet_dns.h"
#include "config/listen_address.h"
#include "datapath/bpf/abi_limits.h"
#include "dns/lifetime.h"
#include "dns/never_opens.h"
#include "dns/trusted_servers.h"
#include "labels/provider.h"
#include "policy/documents/schema.h"
#include "policy/model/tls_names.h"

namespace namegate::config {

inline constexpr const char* kDefaultConfigPath = "/etc/namegate/namegate.yaml";
inline constexpr std::size_t kMaxConfigBytes = 256 * 1024;
inline constexpr std::size_t kMaxPolicyDirs = 16;
inline constexpr std::uint32_t kMaxTtlSeconds = 365 * 24 * 3600;
inline constexpr std::uint32_t kMaxPerEndpoint = 1'000'000;

// The servers whose responses count: dnsTrustedServers, a list of addresses, of Services, and of the words "node", "kubelet" and "pod".
struct DnsServerSettings {
    std::vector<dns::TrustedServer> listed;
    std::vector<dns::ServiceServer> services;      // see Config::trusted_services()
    bool is_default = true;                        // the list is not written
    bool node = true;                              // "node": those in resolv_conf
    bool kubelet = true;                           // "kubelet": the cluster DNS that kubelet gives its pods
    bool pod = false;                              // "pod": the servers that the runtime passes at ADD, for that pod only
    std::string resolv_conf = "/etc/resolv.conf";  // only tests change it
    std::vector<std::string> kubelet_configs{kKubeletConfigPaths.begin(), kKubeletConfigPaths.end()};
};

// flowLog: which events the daemon writes to a file.
struct FlowLog {
    std::string path;  // empty: there is no flow log
    std::uint32_t max_size_mb = 100;
    std::uint32_t max_files = 5;
    std::uint32_t max_age_hours = 24;  // of one file; 0: no limit
    std::vector<std::string> events{"denied", "cut", "flow-ended"};
};
// The events that it may have: the names of all kinds, in the order of daemon::EventKind.
inline constexpr std::array<std::string_view, 18> kFlowLogEvents = {"denied",         "cut",
                                                                    "dropped",        "logged",
                                                                    "limit",          "dns-refused",
                                                                    "flow",           "flow-ended",
                                                                    "flow-named",     "dns",
                                                                    "address-opened", "address-expired",
                                                                    "policies",       "policy-refused",
                                                                    "endpoint-added", "endpoint-removed",
                                                                    "daemon-started", "daemon-stopping"};

inline constexpr std::array<std::string_view, 3> kTlsNamesSettings = {"Off", "Verify", "Require"};  // as policy::TlsNames

struct Config {
    std::vector<std::string> policy_dirs{"/etc/namegate/policies.d"};  // empty: policySources does not have "files"
    std::vector<std::string> policy_groups;                            // policySources without "files"
    std::vector<std::string> pod_manifest_dirs;                        // kubelet's staticPodPath
    std::string node_name;                                             // suffix of the names of static pods; empty: the host name
    std::string state_dir = "/run/namegate";
    std::string cache_dir = "/var/lib/namegate";
    std::string bpffs_dir = "/sys/fs/bpf/namegate";

    DnsServerSettings dns_servers;
    dns::LifetimeSettings lifetime;
    dns::NeverOpens never_opens = dns::NeverOpens::standard();
    DnsQuerySettings dns_queries;
    policy::TlsNames tls_names = policy::TlsNames::kOff;  // of rules where neither they nor their policies say it

    std::optional<std::vector<std::string>> label_sources;  // unset: see label_sources_of()
    bool unknown_labels_absent = false;                     // unknownLabels: Absent
    std::uint32_t label_timeout_seconds = 10;
    std::string kubeconfig;                       // for the API server; empty: the service account of the pod that the daemon runs in
    std::string lease_namespace = "kube-system";  // of the Lease whose holder writes the status of policies
    std::string containerd_address;               // empty: from containerd::find_containerd_socket()
    std::string containerd_namespace = "k8s.io";  // searched first; then "k8s.io" and "default"

    bool reject_denied = false;  // denyAction: Reject
    bool keep_flows = false;     // policyChange: Keep

    std::optional<ListenAddress> metrics_address;  // unset: no metrics
    std::optional<ListenAddress> ui_address;       // of the page, on the loopback or a Unix socket; unset: none
    FlowLog flow_log;

    log::Level log_level = log::Level::kInfo;
    log::Format log_format = log::Format::kText;

    std::uint32_t learnt_per_endpoint = NG_LEARNT_PER_ENDPOINT;
    std::uint32_t flows_per_endpoint = NG_FLOWS_PER_ENDPOINT;
    std::uint32_t tls_connections = NG_HELLO_BUFFERS;  // of the node, that are showing their TLS name

    std::string socket_path() const { return state_dir + "/namegated.sock"; }
    std::string lock_path() const { return state_dir + "/lock"; }
    std::string grace_path() const { return state_dir + "/grace"; }  // lock of base/grace_period.h
    std::string records_dir() const { return state_dir + "/endpoints"; }
    std::string name_cache_path() const { return cache_dir + "/names.cache"; }
    std::string api_server_dir() const { return cache_dir + "/kubernetes"; }  // what is known of the API server
    // Whether the API server is a source of labels, and perhaps of policies.
    bool uses_api_server() const;
    // The Services whose addresses are trusted DNS servers: by default the cluster's, if the API server can tell its addresses.
    std::vector<dns::ServiceServer> trusted_services() const;
    // In the order in which they are asked. By default containerd is first for a Kubernetes pod, after the API server if one is configured,
    // and not used for other containers.
    std::vector<std::string> label_sources_of(bool kubernetes) const;
    // Whether any endpoint uses this source.
    bool uses_label_source(std::string_view name) const;
    // Settings for the label providers.
    labels::ProviderSettings label_settings() const;
};

// `path` is for messages; content of a path that ends in .json is read as JSON.
Result<Config> parse_config(const std::string& path, std::string_view content);
// Every setting, for what is written of them.
const policy::ObjectSpec& settings_table();

// Returns the defaults if the file does not exist.
Result<Config> load_config(const std::string& path);

}  // namespace namegate::config
