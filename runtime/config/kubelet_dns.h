// SPDX-License-Identifier: Apache-2.0
//
// The cluster's DNS servers, which this node's kubelet writes to the resolv.conf of its pods: `clusterDNS` of a
// KubeletConfiguration, or `--cluster-dns` in a file of kubelet's arguments (MicroK8s). Functions without state; safe from any
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace namegate::config {

inline constexpr std::size_t kMaxKubeletConfigBytes = 256 * 1024;
inline constexpr std::size_t kMaxClusterDns = 8;

// kubelet's configuration by distribution; the first file that names servers counts.
inline constexpr std::array<const char*, 7> kKubeletConfigPaths = {
    "/var/lib/kubelet/config.yaml",                                          // kubeadm, and most others
    "/etc/kubernetes/kubelet/config.json",                                   // Amazon Linux 2023
    "/etc/kubernetes/kubelet/kubelet-config.json",                           // Amazon Linux 2
    "/home/kubernetes/kubelet-config.yaml",                                  // Container-Optimized OS
    "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/00-k3s-defaults.conf",    // K3s
    "/var/lib/rancher/rke2/agent/etc/kubelet.conf.d/00-rke2-defaults.conf",  // RKE2
    "/var/snap/microk8s/current/args/kubelet",                               // MicroK8s
};

// Empty: the file names none. kInvalidInput has the place of the error.
Result<std::vector<IpAddress>> cluster_dns(const std::string& path, std::string_view content);

// `clusterDomain`, or the argument `--cluster-domain`; empty: the file names none, or has errors.
std::string cluster_domain(const std::string& path, std::string_view content);
// Of the first file that names one; empty: none does. Blocks on the disk.
std::string find_cluster_domain(const std::vector<std::string>& paths);

struct ClusterDns {
    std::string path;
    std::vector<IpAddress> servers;
};
// Reads the files in order, until one names servers. If none does: the error of the first invalid file, or else nullopt. Blocks
// on the disk.
Result<std::optional<ClusterDns>> find_cluster_dns(const std::vector<std::string>& paths);

}  // namespace namegate::config
