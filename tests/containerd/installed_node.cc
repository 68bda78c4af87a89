// SPDX-License-Identifier: Apache-2.0
#include "installed_node.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "containerd_node.h"

namespace namegate::test {

namespace {

constexpr const char* kSocket = "/run/containerd/containerd.sock";
constexpr const char* kBusybox = "docker.io/library/busybox:latest";
constexpr const char* kInstall = "./install.sh";
constexpr const char* kUnit = "/etc/systemd/system/namegated.service";
// The subnet of the delivered conflist, which has IPv4 only.
constexpr const char* kDeliveredPods4 = "10.88.64.0/20";
constexpr const char* kNoPods6 = "fd89::/64";

// What a container that runs the tests may not do, and a node may. Nothing of namegate.
constexpr const char* kContainerdConfig =
    "version = 2\n"
    "[debug]\nlevel = \"warn\"\n"
    "[plugins.\"io.containerd.grpc.v1.cri\"]\ndisable_apparmor = true\nrestrict_oom_score_adj = true\n"
    "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n";

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> out;
    for (std::string word; in >> word;) {
        out.push_back(word);
    }
    return out;
}

void put_file(const std::string& path, const std::string& content) {
    std::ofstream file(path);
    file << content;
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path);
    }
}

CommandOutput failure(const Error& error) { return {1, error.message() + "\n"}; }

}  // namespace

InstalledNode::InstalledNode() : world_(kDeliveredPods4, kNoPods6) {
    must_run("rm -rf /etc/namegate /var/lib/namegate /etc/cni/net.d/* /opt/cni/bin/*");
    put_file("/etc/resolv.conf", std::string("nameserver ") + kServer4 + "\n");
    put_file(directory_.path() + "/index.html", "hello\n");
    start({"/usr/bin/env", "ip", "netns", "exec", world_.netns().name(), "busybox", "httpd", "-f", "-p", "80", "-h", directory_.path()});
    start_containerd();
}

InstalledNode::~InstalledNode() {
    cri_.reset();
    daemon_.reset();
    containerd_.reset();
    run_command(std::string("cd " NAMEGATE_SOURCE_DIR " && ") + kInstall +
                " --uninstall --force; nft flush ruleset; rm -rf /etc/namegate /var/lib/namegate");
}

void InstalledNode::start(const std::vector<std::string>& arguments) {
    ProcessOptions options;
    options.arguments = arguments;
    options.errors = directory_.path() + "/others.log";
    others_.push_back(std::make_unique<Process>(options));
}

void InstalledNode::start_containerd() {
    must_run("mkdir -p /etc/containerd");
    put_file("/etc/containerd/config.toml", kContainerdConfig);
    ProcessOptions options;
    options.arguments = {"/usr/bin/containerd"};
    options.errors = directory_.path() + "/containerd.log";
    containerd_ = std::make_unique<Process>(options);
    if (!ContainerdNode::eventually([] { return run_command("ctr version").status == 0; })) {
        throw std::runtime_error("containerd does not answer: " + logs());
    }
    // No registry is asked: the sandbox's image and the container's are there.
    const std::string images = "ctr -n k8s.io images ";
    must_run(std::string(NAMEGATE_MAKE_IMAGE) + " " + kBusybox + " " + directory_.path() + "/image.tar && " + images +
             "import --snapshotter native " + directory_.path() + "/image.tar && " + images + "tag --force " + kBusybox +
             " $(containerd config dump | sed -n 's/.*sandbox_image = \"\\(.*\\)\"/\\1/p')");
    cri_ = std::make_unique<Cri>(kSocket);
}

CommandOutput InstalledNode::install() {
    const CommandOutput output = run_command(std::string("cd " NAMEGATE_SOURCE_DIR " && ") + kInstall + " --build-dir " NAMEGATE_BUILD_DIR);
    if (output.status != 0) {
        return output;
    }
    start_daemon();
    if (!ContainerdNode::eventually([this] { return cri_->network_ready().value_or(false); })) {
        throw std::runtime_error("containerd's network does not get ready: " + logs());
    }
    return output;
}

void InstalledNode::start_daemon() {
    ProcessOptions options;
    options.arguments = words_of(must_run(std::string("sed -n 's/^ExecStart=//p' ") + kUnit));
    options.errors = directory_.path() + "/namegated.log";
    daemon_ = std::make_unique<Process>(options);
    if (!ContainerdNode::eventually([] { return run_command("namegatectl endpoints").status == 0; })) {
        throw std::runtime_error("the daemon does not answer: " + logs());
    }
}

CommandOutput InstalledNode::run_pod(const std::string& name, const std::map<std::string, std::string>& labels,
                                     const std::vector<std::string>& dns_servers, bool host_network) {
    SandboxSpec spec;
    spec.name = name;
    spec.labels = labels;
    spec.dns_servers = dns_servers;
    spec.host_network = host_network;
    const auto sandbox = cri_->run_pod(spec);
    if (!sandbox) {
        return failure(sandbox.error());
    }
    pods_[name].sandbox = *sandbox;
    const auto container = cri_->run_container(*sandbox, spec, {"/bin/sleep", "1000000"}, "main", kBusybox);
    if (!container) {
        return failure(container.error());
    }
    pods_[name].container = *container;
    return {0, {}};
}

CommandOutput InstalledNode::exec(const std::string& pod, const std::vector<std::string>& command) {
    const auto found = pods_.find(pod);
    if (found == pods_.end()) {
        return {1, "no pod " + pod + "\n"};
    }
    const auto output = cri_->exec(found->second.container, command);
    return output ? CommandOutput{output->exit_code, output->text} : failure(output.error());
}

void InstalledNode::remove_pods() {
    for (const auto& [name, pod] : pods_) {
        for (const auto& removed : {cri_->stop_pod(pod.sandbox), cri_->remove_pod(pod.sandbox)}) {
            if (!removed) {
                throw std::runtime_error("pod " + name + ": " + removed.error().message());
            }
        }
    }
    pods_.clear();
}

// `run NAME --image=busybox [--labels=KEY=VALUE] -- COMMAND`, `exec NAME -- COMMAND`
CommandOutput InstalledNode::kubectl(const std::vector<std::string>& words) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    if (words.size() < 3 || dashes == words.end()) {
        throw std::runtime_error("not known of kubectl: " + words.at(0));
    }
    if (words[1] == "exec") {
        CommandOutput output = exec(words[2], {dashes + 1, words.end()});
        if (output.status != 0) {
            output.text += "command terminated with exit code " + std::to_string(output.status) + "\n";
        }
        return output;
    }
    std::map<std::string, std::string> labels;
    const std::string option = "--labels=";
    for (auto word = words.begin() + 3; word != dashes; ++word) {
        if (word->rfind(option, 0) == 0) {
            const std::string label = word->substr(option.size());
            labels[label.substr(0, label.find('='))] = label.substr(label.find('=') + 1);
        }
    }
    CommandOutput output = run_pod(words[2], labels, {kServer4});
    return output.status == 0 ? CommandOutput{0, "pod/" + words[2] + " created\n"} : output;
}

CommandOutput InstalledNode::run(const std::string& command) {
    const std::vector<std::string> words = words_of(command);
    if (words.at(0) == "kubectl") {
        return kubectl(words);
    }
    return command == kInstall ? install() : run_command("cd " NAMEGATE_SOURCE_DIR " && " + command);
}

nlohmann::json InstalledNode::ask(const std::string& command) {
    nlohmann::json reply = nlohmann::json::parse(must_run("namegatectl " + command + " -o json"));
    return reply.contains("items") ? reply["items"] : reply;
}

std::string InstalledNode::state() const {
    return must_run(
        "ip -o link | grep -o ' \\(ng[0-9a-f]*\\|veth[0-9a-f]*\\)@'; find /sys/fs/bpf/namegate/v*/links /run/namegate/endpoints "
        "-type f 2>/dev/null; find /run/namegate/ipam -type f -name '*.*.*.*' 2>/dev/null; true");
}

std::string InstalledNode::logs() const {
    return run_command("tail -n 30 " + directory_.path() + "/containerd.log; tail -n 50 " + directory_.path() + "/namegated.log").text;
}

}  // namespace namegate::test
