// SPDX-License-Identifier: Apache-2.0
//
// The requests of kubelet to a container runtime, over its socket. Each call blocks for at most the time given; errors of the
// runtime are returned as text.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace namegate::test {

inline constexpr const char* kImage = "namegate.test/busybox:1";
inline constexpr const char* kCgroupParent = "/namegate-test";

struct SandboxSpec {
    std::string name;
    std::string name_space = "default";
    std::string uid;
    unsigned attempt = 0;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    // 0: none; over TCP
    std::uint16_t host_port = 0;
    std::uint16_t container_port = 0;
    // In the pod's resolv.conf; empty: the node's.
    std::vector<std::string> dns_servers = {};
    bool host_network = false;
    // Of the containers' output; empty: none is kept.
    std::string log_folder = {};
};

struct ContainerMount {
    std::string host_path;
    std::string container_path;
    bool read_only = false;
};

// What kubelet reads of a container in a manifest.
struct ContainerSpec {
    std::string name = "main";
    std::string image = kImage;
    std::vector<std::string> command;
    std::vector<std::string> arguments = {};
    std::map<std::string, std::string> environment = {};
    std::vector<ContainerMount> mounts = {};
    // With this, exactly the capabilities, a filter of system calls, and a read-only root if it says so.
    bool restricted = false;
    std::vector<std::string> capabilities = {};
    bool read_only_root = false;
    bool no_new_privileges = false;
};

struct ExecOutput {
    int exit_code = -1;
    std::string text;
};

class Cri {
  public:
    explicit Cri(const std::string& socket);
    ~Cri();
    Cri(const Cri&) = delete;
    Cri& operator=(const Cri&) = delete;
    Cri(Cri&&) = delete;
    Cri& operator=(Cri&&) = delete;

    // True when the runtime reports NetworkReady.
    Result<bool> network_ready();
    Result<std::string> run_pod(const SandboxSpec& spec, unsigned seconds = 60);
    Result<> stop_pod(const std::string& sandbox);
    Result<> remove_pod(const std::string& sandbox);
    Result<std::string> pod_ip(const std::string& sandbox);
    // Creates and starts it.
    Result<std::string> run_container(const std::string& sandbox, const SandboxSpec& spec, const std::vector<std::string>& command,
                                      const std::string& name = "main", const std::string& image = kImage);
    Result<std::string> run_container(const std::string& sandbox, const SandboxSpec& pod, const ContainerSpec& spec);
    // SIGTERM, and SIGKILL after the seconds.
    Result<> stop_container(const std::string& container, unsigned seconds);
    // Its exit code when it has ended.
    Result<std::optional<int>> exit_code(const std::string& container);
    Result<ExecOutput> exec(const std::string& container, const std::vector<std::string>& command);

  private:
    struct Stub;
    std::unique_ptr<Stub> stub_;
};

}  // namespace namegate::test
