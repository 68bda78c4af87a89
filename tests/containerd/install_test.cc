// SPDX-License-Identifier: Apache-2.0
// A machine with containerd alone: install.sh, a policy file in its folder and a pod with the label are all that is needed.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

#include "containerd_node.h"
#include "installed_node.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const std::vector<std::string> kDns = {kServer4};
constexpr const char* kWeatherAddress = "198.18.0.10";
constexpr const char* kEvilAddress = "198.18.0.66";

std::string content_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The blocks of this language in a document.
std::vector<std::string> blocks_of(const std::string& document, const std::string& language) {
    const std::string text = content_of(std::string(NAMEGATE_SOURCE_DIR "/") + document);
    const std::string fence = "\n```" + language + "\n";
    std::vector<std::string> out;
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
        at += fence.size();
        out.push_back(text.substr(at, text.find("\n```", at) + 1 - at));
    }
    REQUIRE_FALSE(out.empty());
    return out;
}

void add_names(InstalledNode& node) {
    node.world().set_name("api.weather.com", {kWeatherAddress});
    node.world().set_name("evil.com", {kEvilAddress});
}

bool reaches(InstalledNode& node, const std::string& pod, const std::string& host, const std::string& seconds = "10") {
    const CommandOutput output = node.exec(pod, {"timeout", seconds, "wget", "-qO-", "http://" + host});
    UNSCOPED_INFO(pod << " -> " << host << ": " << output.status << " " << output.text);
    return output.status == 0 && output.text == "hello\n";
}

bool is_denied(InstalledNode& node, const std::string& pod, const std::string& host) { return !reaches(node, pod, host, "1"); }

void install(InstalledNode& node, const std::string& policy) {
    const CommandOutput installed = node.run("./install.sh");
    INFO(installed.text);
    REQUIRE(installed.status == 0);
    std::ofstream("/etc/namegate/policies.d/weather.yaml") << policy;
    REQUIRE(ContainerdNode::eventually([&node] {
        const auto files = node.ask("status")["files"];
        return files.size() == 1 && files[0]["inForce"] == "current";
    }));
}

void must_start(InstalledNode& node, const CommandOutput& started) {
    INFO(started.text << node.logs());
    REQUIRE(started.status == 0);
}

struct Step {
    std::string command;
    std::string output;
};

std::vector<Step> steps_of(const std::vector<std::string>& sessions) {
    std::vector<Step> out;
    for (const std::string& session : sessions) {
        std::istringstream in(session);
        for (std::string line; std::getline(in, line);) {
            if (line.rfind("$ ", 0) == 0) {
                out.push_back({line.substr(2), {}});
            } else {
                REQUIRE_FALSE(out.empty());
                out.back().output += line + "\n";
            }
        }
    }
    return out;
}

// Without what differs from run to run: dates, times, ids, and the width of the columns that have them.
std::string comparable(std::string text) {
    const std::vector<std::pair<const char*, const char*>> replacements = {
        {"[0-9-]{10}T[0-9:]{8}Z", "DATE"}, {"\\b[0-9]+(ms|s|m|h)\\b", "TIME"}, {"\\b[0-9a-f]{12,}\\b", "ID"}, {" +", " "}};
    for (const auto& [pattern, name] : replacements) {
        text = std::regex_replace(text, std::regex(pattern), name);
    }
    return text;
}

}  // namespace

TEST_CASE("with containerd alone, install.sh and the README's policy make a pod enforced and learning", "[C1][C45][C64]") {
    InstalledNode node;
    add_names(node);
    install(node, blocks_of("README.md", "yaml").front());
    must_start(node, node.run_pod("weather", {{"app", "weather-app"}}, kDns));
    must_start(node, node.run_pod("other", {{"app", "other"}}, kDns));
    for (const auto& endpoint : node.ask("endpoints")) {
        INFO(endpoint.dump());
        const bool labelled = endpoint["endpoint"] == "default/weather";
        CHECK(endpoint["mode"] == (labelled ? "enforced" : "open"));
        CHECK(endpoint["labels"]["app"] == (labelled ? "weather-app" : "other"));
        // Of dns_config, as containerd passes it because the delivered conflist asks for it.
        CHECK(endpoint["dnsServers"] == nlohmann::json(kDns));
    }

    CHECK(is_denied(node, "weather", kWeatherAddress));
    CHECK(reaches(node, "weather", "api.weather.com"));
    CHECK(reaches(node, "weather", kWeatherAddress));
    CHECK(is_denied(node, "weather", "evil.com"));
    CHECK(is_denied(node, "weather", kEvilAddress));
    CHECK(reaches(node, "other", "evil.com"));
    const auto ips = node.ask("ips default/weather");
    INFO(ips.dump(1));
    CHECK(ips.dump().find(kWeatherAddress) != std::string::npos);
    CHECK(ips.dump().find(kEvilAddress) == std::string::npos);
    CHECK(node.ask("status")["healthy"] == true);

    node.remove_pods();
    CHECK(node.state() == "");
    CHECK(node.run("./install.sh --uninstall").status == 0);
}

TEST_CASE("kubelet's clusterDNS is trusted, be it node-local or a Service, and a Service is allowed by its name") {
    InstalledNode node;
    add_names(node);
    node.world().set_name("web.shop.svc.cluster.local", {"10.96.0.80"});
    // As kube-proxy does: 10.96.0.10 is the DNS Service, 10.96.0.80 another one.
    must_run(
        "nft 'table ip kube-proxy { chain services { type nat hook prerouting priority dstnat; udp dport 53 ip daddr 10.96.0.10 dnat to " +
        std::string(kServer4) + "; ip daddr 10.96.0.80 dnat to " + kEvilAddress + "; }; }'");
    // As node-local-dns does.
    must_run("ip address add 169.254.20.10/32 dev lo");
    node.start({"/usr/sbin/dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
                "--pid-file=", "--bind-interfaces", "--listen-address=169.254.20.10", std::string("--server=") + kServer4});
    must_run("mkdir -p /var/lib/kubelet");
    std::ofstream("/var/lib/kubelet/config.yaml") << "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
                                                     "clusterDNS: [169.254.20.10, 10.96.0.10]\n";
    install(
        node,
        blocks_of("README.md", "yaml").front() + "---\n" +
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: shop}\n"
            "spec: {selector: app == 'weather-app', egress: [{action: Allow, destination: {domains: ['*.shop.svc.cluster.local']}}]}\n");
    for (const auto& [pod, server] : {std::pair{"local", "169.254.20.10"}, std::pair{"service", "10.96.0.10"}}) {
        must_start(node, node.run_pod(pod, {{"app", "weather-app"}}, {server}));
        CHECK(is_denied(node, pod, "10.96.0.80"));
        CHECK(reaches(node, pod, "api.weather.com"));
        CHECK(reaches(node, pod, "web.shop.svc.cluster.local"));
        CHECK(is_denied(node, pod, kEvilAddress));
        CHECK(is_denied(node, pod, "evil.com"));
    }
    node.remove_pods();
    must_run("rm /var/lib/kubelet/config.yaml && ip address del 169.254.20.10/32 dev lo");
}

TEST_CASE("a pod in the node's network is no endpoint; the node reaches a pod, and exec needs no network") {
    InstalledNode node;
    install(node,
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: closed}\n"
            "spec: {selector: all(), types: [Ingress, Egress]}\n");
    must_start(node, node.run_pod("host", {{"app", "any"}}, kDns, true));
    CHECK(node.ask("endpoints").empty());
    CHECK(reaches(node, "host", kEvilAddress));
    must_start(node, node.run_pod("closed", {{"app", "any"}}, kDns));
    REQUIRE(node.ask("endpoints").size() == 1);
    CHECK(is_denied(node, "closed", kEvilAddress));
    // A probe of the node, to a server that the pod starts.
    const std::string address = node.ask("endpoints")[0]["addresses"][0];
    must_start(node, node.exec("closed", {"sh", "-c", "while true; do echo hello | nc -l -p 8080; done >/dev/null 2>&1 &"}));
    CHECK(ContainerdNode::eventually(
        [&address] { return run_command("timeout 2 busybox nc " + address + " 8080 </dev/null").text == "hello\n"; }));
    CHECK(node.world().netns().run("timeout 1 busybox nc " + address + " 8080 </dev/null").text.empty());
    node.remove_pods();
    CHECK(node.state() == "");
}

// The test prints the session as it was, to be copied into the document.
TEST_CASE("the session of docs/kubernetes.md prints what it shows") {
    InstalledNode node;
    add_names(node);
    std::string session;
    bool same = true;
    for (const Step& step : steps_of(blocks_of("docs/kubernetes.md", "console"))) {
        const std::string printed = node.run(step.command).text;
        session += "$ " + step.command + "\n" + printed;
        same = same && comparable(printed) == comparable(step.output);
    }
    if (!same) {
        std::fputs(session.c_str(), stderr);
    }
    INFO(node.logs());
    CHECK(same);
    node.remove_pods();
    CHECK(node.state() == "");
}
