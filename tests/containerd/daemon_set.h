// SPDX-License-Identifier: Apache-2.0
//
// A pod of a DaemonSet as its manifest says, run over the CRI as kubelet would. What kubelet takes from the API server (ConfigMaps,
// the service account's folder, variables) comes from the test. One thread; errors throw.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cri.h"

namespace namegate::test {

// What a manifest does not say.
struct PodSite {
    std::string node_name;
    std::map<std::string, std::string> config_maps;  // folder of each by its name
    std::string service_account;                     // folder with ca.crt and token; empty: none
    std::map<std::string, std::string> environment;  // of all containers
    std::string logs;                                // folder
};

class DaemonSetPod {
  public:
    // `image` replaces the manifest's; empty: the manifest's. Runs the init containers to their end, and then the containers.
    DaemonSetPod(Cri& cri, const std::string& manifest, const std::string& image, const PodSite& site);
    // Nothing is stopped.
    ~DaemonSetPod() = default;
    DaemonSetPod(const DaemonSetPod&) = delete;
    DaemonSetPod& operator=(const DaemonSetPod&) = delete;
    DaemonSetPod(DaemonSetPod&&) = delete;
    DaemonSetPod& operator=(DaemonSetPod&&) = delete;

    // The readiness probe of the manifest: its exit code and output.
    ExecOutput probe_readiness() const { return probe(readiness_); }
    ExecOutput probe_liveness() const { return probe(liveness_); }
    // As kubelet ends a pod.
    void remove();
    // What the containers wrote.
    std::string logs() const;

  private:
    ExecOutput probe(const std::vector<std::string>& command) const;

    Cri& cri_;
    SandboxSpec spec_;
    std::string sandbox_;
    std::string container_;
    std::vector<std::string> readiness_;
    std::vector<std::string> liveness_;
    unsigned grace_seconds_ = 0;
};

}  // namespace namegate::test
