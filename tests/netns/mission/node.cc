// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "api/client.h"
#include "support/node_traces.h"
#include "support/world.h"

namespace namegate::test {

namespace {

constexpr Milliseconds kCallLimit{60000};
constexpr unsigned kAskMs = 2000;

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, const std::string& content) {
    std::ofstream file(path);
    file << content;
    if (!file.flush()) {
        throw std::runtime_error("cannot write " + path);
    }
}

}  // namespace

std::optional<Answer> resolve(const Pod& pod, const std::string& name, std::uint16_t type) {
    return ask_from(pod.netns, {name, type, kServer4});
}

bool reaches(const Pod& pod, const std::string& name, Milliseconds most) {
    const auto answer = resolve(pod, name);
    return answer && !answer->addresses.empty() && connects_from(pod.netns, answer->addresses.front(), kTcpPort, most);
}

Node::Node(const std::string& settings) {
    static std::atomic<unsigned> counter{0};
    bpffs_ = "/sys/fs/bpf/namegate-" + std::to_string(counter++);
    for (const char* name : {"policies.d", "state", "cache", "ipam", "calls"}) {
        std::filesystem::create_directory(folder() + "/" + name);
    }
    write_file(folder() + "/namegate.yaml", "policyDirs: [" + folder() + "/policies.d]\nstateDir: " + folder() +
                                                "/state\ncacheDir: " + folder() + "/cache\nbpffsDir: " + bpffs_ +
                                                "\nlabelSources: [cni-args, files]\ndnsTrustedServers: [\"" + kServer4 + "\", \"" +
                                                kServer6 + "\", \"" + kNodeAddress4 + "\"]\n" + settings);
}

Node::~Node() {
    daemon_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(bpffs_, ignored);
}

void Node::write_policy(const std::string& file, const std::string& content) const {
    const std::string path = folder() + "/policies.d/" + file;
    write_file(path + ".tmp", content);
    std::filesystem::rename(path + ".tmp", path);
}

void Node::remove_policy(const std::string& file) const { std::filesystem::remove(folder() + "/policies.d/" + file); }

std::string Node::config_for(const std::string& command, const Pod& pod) const {
    nlohmann::json labels = nlohmann::json::array();
    for (const auto& label : pod.spec.labels) {
        labels.push_back({{"key", label.first}, {"value", label.second}});
    }
    nlohmann::json ranges = nlohmann::json::array();
    for (const char* subnet : {kPods4, kPods6}) {
        ranges.push_back(nlohmann::json::array({{{"subnet", subnet}}}));
    }
    // STATUS came with 1.1.0.
    nlohmann::json config = {{"cniVersion", command == "STATUS" ? "1.1.0" : "1.0.0"},
                             {"name", "mission"},
                             {"type", "namegate"},
                             {"config", folder() + "/namegate.yaml"},
                             {"ipam", {{"type", "host-local"}, {"dataDir", folder() + "/ipam"}, {"ranges", ranges}}}};
    if (pod.spec.labels_known) {
        config["args"]["cni"]["labels"] = labels;
    }
    if (masquerade_) {
        config["ipMasq"] = true;
    }
    if (command == "CHECK") {
        config["prevResult"] = pod.result;
    }
    return config.dump();
}

std::unique_ptr<Process> Node::start(const std::string& command, const Pod& pod, const std::string& files) const {
    write_file(files + ".in", config_for(command, pod));
    std::filesystem::remove(files + ".err");
    ProcessOptions options;
    options.arguments = {build_.plugin};
    options.environment = {"CNI_COMMAND=" + command,
                           "CNI_CONTAINERID=" + pod.id,
                           "CNI_NETNS=" + pod.netns.path(),
                           "CNI_IFNAME=eth0",
                           "CNI_PATH=/usr/lib/cni",
                           "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=" + pod.spec.name_space + ";K8S_POD_NAME=" + pod.spec.name};
    options.input = files + ".in";
    options.output = files + ".out";
    options.errors = files + ".err";
    return std::make_unique<Process>(options);
}

CniReply Node::reply_of(const std::string& files, int status) {
    CniReply reply;
    reply.status = status;
    reply.output = nlohmann::json::parse(content_of(files + ".out"), nullptr, false);
    reply.errors = content_of(files + ".err");
    return reply;
}

CniReply Node::call(const std::string& command, const Pod& pod) const {
    const std::string files = folder() + "/calls/" + pod.id;
    const auto process = start(command, pod, files);
    const auto status = process->wait(kCallLimit);
    if (!status) {
        throw std::runtime_error(command + " of " + pod.id + " did not end");
    }
    return reply_of(files, *status);
}

CniReply Node::call(const std::string& command, Pod& pod) const {
    CniReply reply = call(command, static_cast<const Pod&>(pod));
    if (command == "ADD" && reply.status == 0) {
        pod.result = reply.output;
        pod.host_ifname = reply.output["interfaces"][0]["name"];
        for (const nlohmann::json& ip : reply.output["ips"]) {
            const std::string cidr = ip["address"];
            const IpAddress address = *IpAddress::parse(cidr.substr(0, cidr.find('/')));
            (address.is_v4() ? pod.v4 : pod.v6) = address;
        }
    }
    return reply;
}

std::unique_ptr<Pod> Node::add(const PodSpec& spec) const {
    auto pod = std::make_unique<Pod>(spec);
    const CniReply reply = call("ADD", *pod);
    if (reply.status != 0) {
        throw std::runtime_error("ADD of " + pod->id + " failed: " + reply.text());
    }
    return pod;
}

void Node::remove(const Pod& pod) const {
    const CniReply reply = call("DEL", pod);
    if (reply.status != 0) {
        throw std::runtime_error("DEL of " + pod.id + " failed: " + reply.text());
    }
}

std::optional<nlohmann::json> Node::ask_daemon(const std::string& command, const nlohmann::json& arguments) const {
    api::Request request;
    request.command = command;
    request.arguments = arguments;
    const auto reply = api::ask_daemon(folder() + "/state/namegated.sock", request, kAskMs);
    if (!reply) {
        return std::nullopt;
    }
    return nlohmann::json(*reply);
}

void Node::launch_daemon() {
    ProcessOptions options;
    options.arguments = {build_.daemon, "--config", folder() + "/namegate.yaml"};
    options.output = folder() + "/namegated.out";
    options.errors = folder() + "/namegated.log";
    daemon_ = std::make_unique<Process>(options);
}

bool Node::start_and_kill_daemon(Milliseconds moment) {
    launch_daemon();
    daemon_->wait(moment);
    daemon_->signal(SIGKILL);
    const bool killed = daemon_->wait(kPatience) == 128 + SIGKILL;
    daemon_.reset();
    return killed;
}

void Node::start_daemon() {
    launch_daemon();
    const bool answers = eventually([this] { return ask_daemon("status") || !daemon_->running(); }, Milliseconds(30000));
    if (!answers || !daemon_->running()) {
        throw std::runtime_error("the daemon did not start: " + daemon_log());
    }
}

void Node::kill_daemon() {
    daemon_->signal(SIGKILL);
    daemon_->wait(kPatience);
    daemon_.reset();
}

void Node::stop_daemon() {
    daemon_->signal(SIGTERM);
    const auto status = daemon_->wait(kPatience);
    daemon_.reset();
    if (!status || *status != 0) {
        throw std::runtime_error("the daemon did not end well: " + daemon_log());
    }
}

std::string Node::daemon_log() const { return content_of(folder() + "/namegated.log"); }

std::string Node::state() const { return node_traces({bpffs_, folder() + "/state/endpoints", folder() + "/ipam"}); }

std::string Node::pins() const {
    return must_run("cd " + bpffs_ + " && for kind in maps programs links; do echo $kind $(ls -d v*/$kind/* 2>/dev/null | wc -l); done");
}

}  // namespace namegate::test
