// SPDX-License-Identifier: Apache-2.0
#include "containerd_node.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "api/client.h"
#include "support/eventually.h"
#include "support/node_traces.h"

namespace namegate::test {

namespace {

using nlohmann::json;

constexpr const char* kConfDir = "/etc/cni/net.d";
constexpr const char* kBinDir = "/opt/cni/bin";
constexpr std::chrono::milliseconds kPatience{30000};

void write_file(const std::string& path, const std::string& content) {
    std::ofstream file(path);
    file << content;
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path);
    }
}

json ipam(const std::string& folder) {
    json ranges = json::array();
    for (const char* subnet : {kContainerPods4, kContainerPods6}) {
        ranges.push_back(json::array({{{"subnet", subnet}}}));
    }
    const json routes = json::array({{{"dst", "0.0.0.0/0"}}, {{"dst", "::/0"}}});
    return {{"type", "host-local"}, {"dataDir", folder + "/ipam"}, {"ranges", ranges}, {"routes", routes}};
}

std::string conflist(ContainerdNode::Mode mode, const std::string& folder) {
    json namegate = {{"type", "namegate"},
                     {"config", folder + "/namegate.yaml"},
                     {"capabilities", {{"io.kubernetes.cri.pod-annotations", true}, {"dns", true}}}};
    json plugins = json::array();
    if (mode == ContainerdNode::Mode::kFirst) {
        namegate["ipam"] = ipam(folder);
        plugins.push_back(namegate);
    } else {
        plugins.push_back({{"type", "bridge"}, {"bridge", "ngt0"}, {"isGateway", true}, {"ipam", ipam(folder)}});
        plugins.push_back(namegate);
    }
    plugins.push_back({{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}});
    return json{{"cniVersion", "1.0.0"}, {"cniVersions", {"0.4.0", "1.0.0", "1.1.0"}}, {"name", "pods"}, {"plugins", plugins}}.dump(2);
}

std::string containerd_config(const std::string& folder) {
    return "version = 2\nroot = \"" + folder + "/root\"\nstate = \"" + folder +
           "/state\"\n[debug]\nlevel = \"warn\"\n[grpc]\naddress = \"" + folder + "/containerd.sock\"\n[ttrpc]\naddress = \"" + folder +
           "/containerd.sock.ttrpc\"\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"" + kImage +
           "\"\ndisable_apparmor = true\nrestrict_oom_score_adj = true\n"
           "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n"
           "[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"" +
           kBinDir + "\"\nconf_dir = \"" + kConfDir + "\"\nmax_conf_num = 1\n";
}

}  // namespace

bool ContainerdNode::eventually(const std::function<bool()>& condition) { return test::eventually(condition, kPatience); }

ContainerdNode::ContainerdNode(Mode mode, const std::string& settings) : world_(kContainerPods4, kContainerPods6) {
    static std::atomic<unsigned> counter{0};
    bpffs_ = "/sys/fs/bpf/namegate-" + std::to_string(counter++);
    write_config(mode, settings);
    start_containerd();
    must_run(std::string(NAMEGATE_MAKE_IMAGE) + " " + kImage + " " + folder() + "/image.tar");
    for (const char* name_space : {"k8s.io", "default"}) {
        must_run("ctr -a " + folder() + "/containerd.sock -n " + name_space + " images import --snapshotter native " + folder() +
                 "/image.tar");
    }
    cri_ = std::make_unique<Cri>(folder() + "/containerd.sock");
    if (!eventually([this] { return cri_->network_ready().value_or(false); })) {
        throw std::runtime_error("containerd's network does not get ready: " + logs());
    }
}

ContainerdNode::~ContainerdNode() {
    daemon_.reset();
    cri_.reset();
    containerd_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(bpffs_, ignored);
    run_command("ip link show ngt0 && ip link del ngt0; nft flush ruleset; rm -f /etc/cni/net.d/*; umount " + folder() + "/state/*/*/*");
}

void ContainerdNode::write_config(Mode mode, const std::string& settings) const {
    for (const char* name : {"policies.d", "run", "cache", "ipam"}) {
        std::filesystem::create_directory(folder() + "/" + name);
    }
    std::filesystem::create_directories(kConfDir);
    std::filesystem::create_directories(kBinDir);
    must_run(std::string("ln -sf /usr/lib/cni/* ") + kBinDir + "/; ln -sf " NAMEGATE_PLUGIN " " + kBinDir + "/namegate");
    write_file(folder() + "/namegate.yaml", "policyDirs: [" + folder() + "/policies.d]\nstateDir: " + folder() +
                                                "/run\ncacheDir: " + folder() + "/cache\nbpffsDir: " + bpffs_ + "\ndnsTrustedServers: [\"" +
                                                kServer4 + "\", \"" + kServer6 +
                                                "\"]\nlabelSources: [cni-args, files, containerd]\ncontainerd: {address: " + folder() +
                                                "/containerd.sock}\n" + settings);
    write_file(folder() + "/config.toml", containerd_config(folder()));
    write_file(kConfDir + std::string("/10-pods.conflist"), conflist(mode, folder()));
}

void ContainerdNode::write_policy(const std::string& file, const std::string& content) const {
    const std::string path = folder() + "/policies.d/" + file;
    write_file(path + ".tmp", content);
    std::filesystem::rename(path + ".tmp", path);
}

void ContainerdNode::start_containerd() {
    ProcessOptions options;
    options.arguments = {"/usr/bin/containerd", "--config", folder() + "/config.toml"};
    options.output = folder() + "/containerd.out";
    options.errors = folder() + "/containerd.log";
    containerd_ = std::make_unique<Process>(options);
    if (!eventually([this] { return run_command("ctr -a " + folder() + "/containerd.sock version").status == 0; })) {
        throw std::runtime_error("containerd does not answer: " + logs());
    }
}

void ContainerdNode::stop_containerd() {
    containerd_->signal(SIGTERM);
    containerd_->wait(kPatience);
    containerd_.reset();
}

void ContainerdNode::start_daemon() {
    ProcessOptions options;
    options.arguments = {NAMEGATE_DAEMON, "--config", folder() + "/namegate.yaml"};
    options.output = folder() + "/namegated.out";
    options.errors = folder() + "/namegated.log";
    daemon_ = std::make_unique<Process>(options);
    if (!eventually([this] { return ask_daemon("status") || !daemon_->running(); }) || !daemon_->running()) {
        throw std::runtime_error("the daemon did not start: " + logs());
    }
}

void ContainerdNode::kill_daemon() {
    daemon_->signal(SIGKILL);
    daemon_->wait(kPatience);
    daemon_.reset();
}

void ContainerdNode::set_containerd_address(const std::string& path) const {
    must_run("sed -i 's,{address: [^}]*},{address: " + path + "},' " + folder() + "/namegate.yaml");
}

std::optional<json> ContainerdNode::ask_daemon(const std::string& command) const {
    api::Request request;
    request.command = command;
    const auto reply = api::ask_daemon(folder() + "/run/namegated.sock", request, 5000);
    return reply ? std::optional<json>(json(*reply)) : std::nullopt;
}

json ContainerdNode::endpoint(const std::string& container) const {
    for (const json& endpoint : ask_daemon("endpoints").value_or(json::array())) {
        if (endpoint["containerId"] == container) {
            return endpoint;
        }
    }
    return nullptr;
}

CommandOutput ContainerdNode::ctr(const std::string& arguments) const {
    return run_command("ctr -a " + folder() + "/containerd.sock " + arguments);
}

std::string ContainerdNode::state() const {
    // When chained, another plugin makes the interfaces.
    return must_run("ip -o link | grep -o ' veth[0-9a-f]*@'; true") +
           node_traces({bpffs_, folder() + "/run/endpoints", folder() + "/ipam"});
}

std::string ContainerdNode::logs() const {
    return run_command("tail -n 30 " + folder() + "/containerd.log; tail -n 50 " + folder() + "/namegated.log").text;
}

}  // namespace namegate::test
