// SPDX-License-Identifier: Apache-2.0
// Plugin and daemon under libcni, as containerd and cri-o call them; and the calls of newer clients (1.1.0), by environment and
// stdin. A plugin after namegate records what every call passed on.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "../daemon/node.h"

namespace namegate::test {
namespace {

using nlohmann::json;

constexpr const char* kAnnotations = "io.kubernetes.cri.pod-annotations";

// Appends its input to a file, and passes the result on.
constexpr const char* kRecorder = R"(#!/usr/bin/python3
import json, os, sys
command = os.environ["CNI_COMMAND"]
config = json.load(sys.stdin)
if command == "VERSION":
    print(json.dumps({"cniVersion": "1.0.0", "supportedVersions": ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]}))
else:
    with open(config["log"], "a") as log:
        log.write(json.dumps({"command": command, "config": config}) + "\n")
    if command == "ADD":
        print(json.dumps(config["prevResult"]))
)";

class Client {
  public:
    explicit Client(const DaemonNode& node) : node_(node) {
        must_run("mkdir -p " + node.folder() + "/bin && ln -s " NAMEGATE_PLUGIN " " + node.folder() + "/bin/namegate");
        add_plugin("recorder", kRecorder);
    }

    void add_plugin(const std::string& name, const std::string& script) const {
        node_.write(node_.folder() + "/bin/" + name, script);
        must_run("chmod +x " + node_.folder() + "/bin/" + name);
    }
    void use(const std::string& version, const std::vector<json>& plugins) const {
        json list = {{"cniVersion", version}, {"cniVersions", {"0.4.0", "1.0.0", "1.1.0"}}, {"name", "pods"}, {"plugins", plugins}};
        list["plugins"].push_back({{"type", "recorder"}, {"log", node_.folder() + "/calls"}});
        node_.write(list_path(), list.dump());
    }
    CommandOutput call(const std::string& command, const std::string& id, const std::string& netns, const std::string& more = {}) const {
        return run_command(path_variable() + NAMEGATE_CNI_CLIENT " " + command + " " + list_path() + " " + cache() + " " + id + " '" +
                           netns + "' " + more);
    }
    json must_call(const std::string& command, const std::string& id, const std::string& netns, const std::string& more = {}) const {
        const CommandOutput output = call(command, id, netns, more);
        if (output.status != 0) {
            throw std::runtime_error(command + ": " + output.text);
        }
        // Plugins and daemon may log on stderr before.
        return json::parse(output.text.substr(output.text.rfind('\n', output.text.size() - 2) + 1));
    }
    // The plugin itself, with this on its stdin.
    CommandOutput plugin(const std::string& command, const json& input, const std::string& more = {}) const {
        node_.write(node_.folder() + "/in", input.dump());
        return run_command(path_variable() + "CNI_COMMAND=" + command + " " + more + " " NAMEGATE_PLUGIN " < " + node_.folder() + "/in");
    }
    std::vector<json> calls() const {
        std::vector<json> out;
        std::istringstream lines(must_run("cat " + node_.folder() + "/calls"));
        for (std::string line; std::getline(lines, line);) {
            out.push_back(json::parse(line));
        }
        return out;
    }
    std::string cache() const { return node_.folder() + "/cache"; }
    std::string cached_results() const { return run_command("ls " + cache() + "/results").text; }
    json ours() const {
        return {{"type", "namegate"},
                {"config", node_.config_path()},
                {"capabilities", {{kAnnotations, true}}},
                {"ipam", {{"type", "host-local"}, {"dataDir", node_.folder() + "/ipam"}, {"subnet", "10.88.0.0/24"}}}};
    }

  private:
    std::string list_path() const { return node_.folder() + "/pods.conflist"; }
    std::string path_variable() const { return "CNI_PATH=" + node_.folder() + "/bin:/usr/lib/cni "; }

    const DaemonNode& node_;
};

json endpoint_of(const DaemonNode& node, const std::string& id) {
    for (const api::Json& endpoint : node.must_ask("endpoints")) {
        if (endpoint["containerId"] == id) {
            return json::parse(endpoint.dump());
        }
    }
    return {};
}

TEST_CASE("libcni validates, adds, checks and deletes in every version that it supports, and keeps the result meanwhile", "[C21][C24]") {
    const std::string version = GENERATE("0.3.1", "0.4.0", "1.0.0");
    INFO(version);
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    const Client client(node);
    client.use(version, {client.ours()});
    const TestNetns pod;
    // What the list requests from the runtime, after every plugin has reported that it supports the version.
    CHECK(client.must_call("validate", "one", "") == json::array({kAnnotations}));

    const json added = client.must_call("add", "one", pod.path());
    CHECK(added["cniVersion"] == version);
    CHECK(client.must_call("cached", "one", pod.path()) == added);
    CHECK(node.mode_of("one") == "enforced");
    const CommandOutput checked = client.call("check", "one", pod.path());
    INFO(checked.text);
    CHECK((checked.status == 0) == (version != "0.3.1"));
    if (version != "0.3.1") {
        pod.must("ip route del default");
        const CommandOutput damaged = client.call("check", "one", pod.path());
        CHECK(damaged.status == 1);
        CHECK_THAT(damaged.text, Catch::Contains("route to 0.0.0.0/0 is gone"));
    }
    client.must_call("del", "one", pod.path());
    CHECK(client.cached_results().empty());
    CHECK(node.traces() == "");
    // Before 0.4.0 a DEL does not get the result of ADD.
    const json last = client.calls().back();
    CHECK(last["command"] == "DEL");
    CHECK(last["config"].contains("prevResult") == (version != "0.3.1"));
    client.must_call("del", "one", pod.path());
}

TEST_CASE("a DEL by libcni works without the cached result or the namespace", "[C24]") {
    DaemonNode node;
    node.start();
    const Client client(node);
    client.use("1.0.0", {client.ours()});
    TestNetns pod;
    client.must_call("add", "one", pod.path());
    must_run("rm -r " + client.cache() + "/results");
    client.must_call("del", "one", pod.path());
    CHECK_FALSE(client.calls().back()["config"].contains("prevResult"));
    CHECK(node.traces() == "");

    client.must_call("add", "two", pod.path());
    pod.remove();
    client.must_call("del", "two", "");
    CHECK(client.calls().back()["config"].contains("prevResult"));
    CHECK(node.traces() == "");
    client.must_call("del", "never", "");
}

TEST_CASE("libcni chains namegate behind ptp and a plugin after that, and takes the chain down again") {
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    node.start();
    const Client client(node);
    json maker = client.ours();
    maker["type"] = "ptp";
    json chained = client.ours();
    chained.erase("ipam");
    client.use("1.0.0", {maker, chained});
    const TestNetns pod;
    const json added = client.must_call("add", "one", pod.path());
    CHECK(added["ips"].size() == 1);
    CHECK(node.mode_of("one") == "enforced");
    CHECK(client.call("check", "one", pod.path()).status == 0);
    client.must_call("del", "one", pod.path());
    CHECK(pod.run("ip link show eth0").status != 0);
    CHECK(eventually([&] { return node.traces().empty(); }));
}

TEST_CASE("a pod's annotations come with the capability, and the endpoint shows them; those too large are left out", "[C28]") {
    DaemonNode node;
    node.start();
    const Client client(node);
    client.use("1.0.0", {client.ours()});
    const TestNetns pod;
    client.must_call("add", "one", pod.path(), "team=forecast large=" + std::string(5000, 'x'));
    CHECK(endpoint_of(node, "one")["annotations"] == json{{"team", "forecast"}});
    client.must_call("del", "one", pod.path());
}

TEST_CASE("libcni reads the delivered conflists, which work with old and new runtimes", "[C34][C46][C49]") {
    DaemonNode node;
    const Client client(node);
    for (const std::string name : {"10-namegate.conflist", "10-namegate-chained.conflist"}) {
        INFO(name);
        const std::string text = must_run("cat " NAMEGATE_CONFLISTS "/" + name);
        node.write(node.folder() + "/pods.conflist", text);
        CHECK(client.must_call("validate", "one", "").size() == 3);  // annotations, dns, ports
        const json list = json::parse(text);
        CHECK(list["cniVersion"] == "1.0.0");
        CHECK(list["cniVersions"] == json{"0.4.0", "1.0.0", "1.1.0"});
        for (const json& plugin : list["plugins"]) {
            if (plugin["type"] == "namegate" && plugin.contains("ipam")) {
                CHECK_THAT(plugin["ipam"]["dataDir"].get<std::string>(), Catch::StartsWith("/run/"));
            }
        }
    }
}

// Debian's host-local does not support 1.1.0.
constexpr const char* kNewIpam = R"(#!/bin/sh
cat > /dev/null
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion": "1.1.0", "ips": [{"address": "10.88.0.'${CNI_CONTAINERID#n}'/24"}]}'
)";

TEST_CASE("calls of a client of version 1.1.0: STATUS, ADD, and GC with its list under both keys", "[C7][C17][C20]") {
    DaemonNode node;
    node.start();
    const Client client(node);
    client.add_plugin("new-ipam", kNewIpam);
    json config = client.ours();
    config["cniVersion"] = "1.1.0";
    config["name"] = "pods";
    config["ipam"] = {{"type", "new-ipam"}};
    CHECK(client.plugin("STATUS", config).status == 0);
    const TestNetns one;
    const TestNetns two;
    for (const auto& [id, pod] : {std::pair{"n1", &one}, std::pair{"n2", &two}}) {
        const std::string environment = "CNI_CONTAINERID=" + std::string(id) + " CNI_IFNAME=eth0 CNI_NETNS=" + pod->path();
        const CommandOutput added = client.plugin("ADD", config, environment);
        INFO(added.text);
        REQUIRE(added.status == 0);
        const json result = json::parse(added.text);
        CHECK(result["cniVersion"] == "1.1.0");
        json with_result = config;
        with_result["prevResult"] = result;
        CHECK(client.plugin("CHECK", with_result, environment).status == 0);
    }
    const json valid = {{{"containerID", "n1"}, {"ifname", "eth0"}}};
    json collect = config;
    collect["cni.dev/valid-attachments"] = valid;
    collect["cni.dev/attachments"] = valid;
    const CommandOutput collected = client.plugin("GC", collect);
    INFO(collected.text);
    CHECK(collected.status == 0);
    CHECK(node.mode_of("n1") == "open");
    CHECK(node.mode_of("n2").empty());
    CHECK(one.run("ip link show eth0").status == 0);
    CHECK(two.run("ip link show eth0").status != 0);
    collect["cni.dev/valid-attachments"] = json::array();
    CHECK(client.plugin("GC", collect).status == 0);
    CHECK(node.traces() == "");
    CHECK(client.plugin("STATUS", config).status == 0);
}

}  // namespace
}  // namespace namegate::test
