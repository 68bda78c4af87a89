// SPDX-License-Identifier: Apache-2.0
//
// A node with separate folders: the daemon as a process on it, the plugin called as a runtime calls it, and requests to the socket.
// Errors in the set-up throw.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "api/client.h"
#include "base/file.h"
#include "config/config.h"
#include "support/eventually.h"
#include "support/netns.h"
#include "support/node_traces.h"
#include "support/temp_dir.h"

namespace namegate::test {

template <typename T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
    return std::move(result).value();
}

inline std::string deny_policy(const std::string& name) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: " + name +
           "}\nspec: {selector: all(), types: [Egress], egress: [{action: Deny}]}\n";
}

class DaemonNode {
  public:
    DaemonNode() {
        config_.policy_dirs = {dir_.path() + "/conf/policies.d"};
        config_.state_dir = dir_.path() + "/run";
        must_run("mkdir -p " + policies());
        write(config_path(), "policyDirs: [" + policies() + "]\nstateDir: " + config_.state_dir + "\ncacheDir: " + dir_.path() +
                                 "/var\nbpffsDir: " + bpffs() + "\nlabelSources: [cni-args, files]\ndnsTrustedServers: [192.0.2.53]\n");
    }
    ~DaemonNode() {
        stop(SIGKILL);
        run_command("rm -rf " + bpffs());
    }
    DaemonNode(const DaemonNode&) = delete;
    DaemonNode& operator=(const DaemonNode&) = delete;
    DaemonNode(DaemonNode&&) = delete;
    DaemonNode& operator=(DaemonNode&&) = delete;

    std::string policies() const { return config_.policy_dirs.front(); }
    std::string bpffs() const { return "/sys/fs/bpf/namegate-test-" + std::to_string(::getpid()); }
    std::string folder() const { return dir_.path(); }
    std::string socket() const { return config_.socket_path(); }
    std::string config_path() const { return dir_.path() + "/namegate.yaml"; }
    pid_t pid() const { return pid_; }
    std::string more_conf;  // of the CNI configuration: `,"key": value`

    static void write(const std::string& path, const std::string& content) {
        if (const auto written = write_file_atomically(path, content, 0644); !written) {
            throw std::runtime_error(written.error().message());
        }
    }

    void start() {
        pid_ = ::fork();
        if (pid_ == 0) {
            const std::string log = dir_.path() + "/log";
            if (std::freopen(log.c_str(), "a", stderr) != nullptr) {
                ::execl(NAMEGATED, "namegated", "--config", config_path().c_str(), static_cast<char*>(nullptr));
            }
            ::_exit(127);
        }
        if (!eventually([this] { return ask("status").has_value(); }, std::chrono::seconds(30))) {
            throw std::runtime_error("the daemon does not answer: " + log());
        }
    }
    // Returns the exit status, or 128 + the signal; -1 when none runs.
    int stop(int signal) {
        if (pid_ <= 0) {
            return -1;
        }
        ::kill(pid_, signal);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    bool alive() const { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

    Result<api::Json> ask(const std::string& command, const api::Json& arguments = api::Json::object()) const {
        return api::ask_daemon(socket(), {command, arguments}, 5000);
    }
    api::Json must_ask(const std::string& command, const api::Json& arguments = api::Json::object()) const {
        auto reply = ask(command, arguments);
        if (!reply) {
            throw std::runtime_error(command + ": " + reply.error().message() + "\n" + log());
        }
        return *reply;
    }
    // "enforced", "open", "closed"; empty when there is no such endpoint.
    std::string mode_of(const std::string& container) const {
        for (const api::Json& endpoint : must_ask("endpoints")) {
            if (endpoint["containerId"] == container) {
                return endpoint["mode"].get<std::string>();
            }
        }
        return {};
    }
    bool becomes(const std::string& container, const std::string& mode) const {
        return eventually([&] { return mode_of(container) == mode; });
    }

    CommandOutput cni(const std::string& command, const std::string& container, const std::string& netns) const {
        return cni(command, container, netns, container);
    }
    CommandOutput cni(const std::string& command, const std::string& container, const std::string& netns, const std::string& pod) const {
        return cni_with(command, container, netns, "K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + pod);
    }
    // With these CNI_ARGS.
    CommandOutput cni_with(const std::string& command, const std::string& container, const std::string& netns,
                           const std::string& arguments) const {
        const std::string conf = R"({"cniVersion":"1.0.0","name":"net","type":"namegate","config":")" + config_path() +
                                 R"(","ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.0.0/20"}]],"dataDir":")" + dir_.path() +
                                 R"(/ipam"})" + more_conf + "}";
        const std::string file = dir_.path() + "/net-" + container + ".conf";
        write(file, conf);
        return run_command("CNI_COMMAND=" + command + " CNI_CONTAINERID=" + container +
                           " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns + " CNI_ARGS='IgnoreUnknown=1;" + arguments +
                           "' " NAMEGATE_PLUGIN " < " + file);
    }
    // Empty when no pod has left anything.
    std::string traces() const { return node_traces({bpffs(), config_.records_dir(), dir_.path() + "/ipam"}); }
    std::string pins() const { return must_run("find " + bpffs() + " -path '*links/*' | sort"); }
    std::string log() const { return run_command("cat " + dir_.path() + "/log").text; }

  private:
    TempDir dir_;
    config::Config config_;
    pid_t pid_ = -1;
};

}  // namespace namegate::test
