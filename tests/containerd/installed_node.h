// SPDX-License-Identifier: Apache-2.0
//
// A node with containerd alone, everything at its default path, on which namegate is installed by install.sh and configured by
// nothing but what it delivers. It is a shell: a command is what docs/kubernetes.md tells an operator to type. There is no
// kubelet, so this does what `kubectl run` and `kubectl exec` make kubelet do, through the CRI. One thread; errors of the test
// itself throw.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cri.h"
#include "process.h"
#include "support/netns.h"
#include "support/temp_dir.h"
#include "support/world.h"

namespace namegate::test {

class InstalledNode {
  public:
    // With containerd, and a world whose addresses all answer HTTP with "hello from " and their name.
    InstalledNode();
    // Uninstalls.
    ~InstalledNode();
    InstalledNode(const InstalledNode&) = delete;
    InstalledNode& operator=(const InstalledNode&) = delete;
    InstalledNode(InstalledNode&&) = delete;
    InstalledNode& operator=(InstalledNode&&) = delete;

    World& world() { return world_; }
    Cri& cri() { return *cri_; }

    // As typed in the folder of the sources.
    CommandOutput run(const std::string& command);
    // A pod of one container that sleeps, with these DNS servers, as kubelet passes them.
    CommandOutput run_pod(const std::string& name, const std::map<std::string, std::string>& labels,
                          const std::vector<std::string>& dns_servers, bool host_network = false);
    // In the pod's container.
    CommandOutput exec(const std::string& pod, const std::vector<std::string>& command);
    void remove_pods();
    // A program of the node that runs until the end.
    void start(const std::vector<std::string>& arguments);

    // The reply of `namegatectl COMMAND -o json`; of a list its items.
    nlohmann::json ask(const std::string& command);
    // Interfaces, pins, records and leases that pods leave on a node, as text.
    std::string state() const;
    std::string logs() const;

  private:
    struct Pod {
        std::string sandbox;
        std::string container;
    };

    void start_containerd();
    CommandOutput install();
    // What systemd does with the unit that install.sh installed.
    void start_daemon();
    CommandOutput kubectl(const std::vector<std::string>& words);

    TempDir directory_;
    World world_;
    std::vector<std::unique_ptr<Process>> others_;
    std::unique_ptr<Process> containerd_;
    std::unique_ptr<Process> daemon_;
    std::unique_ptr<Cri> cri_;
    std::map<std::string, Pod> pods_;
};

}  // namespace namegate::test
