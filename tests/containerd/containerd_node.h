// SPDX-License-Identifier: Apache-2.0
//
// A node with a real containerd (separate root, state, socket, CNI folders) on which namegate is installed: the plugin in the
// runtime's folder, the daemon as a process. One thread; errors of the test itself throw.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cri.h"
#include "process.h"
#include "support/netns.h"
#include "support/temp_dir.h"
#include "support/world.h"

namespace namegate::test {

inline constexpr const char* kContainerPods4 = "10.89.0.0/16";
inline constexpr const char* kContainerPods6 = "fd89::/64";

class ContainerdNode {
  public:
    enum class Mode { kFirst, kChained };

    explicit ContainerdNode(Mode mode, const std::string& settings = "");
    ~ContainerdNode();
    ContainerdNode(const ContainerdNode&) = delete;
    ContainerdNode& operator=(const ContainerdNode&) = delete;
    ContainerdNode(ContainerdNode&&) = delete;
    ContainerdNode& operator=(ContainerdNode&&) = delete;

    World& world() { return world_; }
    Cri& cri() { return *cri_; }
    const std::string& folder() const { return directory_.path(); }

    // By rename.
    void write_policy(const std::string& file, const std::string& content) const;
    void start_containerd();
    void stop_containerd();
    // Waits until it replies.
    void start_daemon();
    void kill_daemon();
    // Where namegate looks for containerd from now on.
    void set_containerd_address(const std::string& path) const;
    std::optional<nlohmann::json> ask_daemon(const std::string& command) const;
    // The endpoint of a container, as the daemon shows it; null when there is none.
    nlohmann::json endpoint(const std::string& container) const;

    // `ctr` in this containerd, with the CNI folders of this node.
    CommandOutput ctr(const std::string& arguments) const;

    // Polls until the condition holds, for half a minute.
    static bool eventually(const std::function<bool()>& condition);

    // Interfaces, pins, records, leases and rules that pods leave on a node, as text.
    std::string state() const;
    std::string logs() const;

  private:
    void write_config(Mode mode, const std::string& settings) const;

    TempDir directory_;
    World world_;
    std::string bpffs_;
    std::unique_ptr<Process> containerd_;
    std::unique_ptr<Process> daemon_;
    std::unique_ptr<Cri> cri_;
};

}  // namespace namegate::test
