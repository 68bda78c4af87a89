// SPDX-License-Identifier: Apache-2.0
#include "bridged_pod.h"

#include <cstdio>
#include <fstream>
#include <sstream>

namespace namegate::test {

namespace {

Mac parse_colons(std::string text) {
    for (char& c : text) {
        c = c == ':' ? ' ' : c;
    }
    std::istringstream parts(text);
    Mac mac{};
    for (std::uint8_t& byte : mac) {
        unsigned value = 0;
        parts >> std::hex >> value;
        byte = static_cast<std::uint8_t>(value);
    }
    return mac;
}

std::string without_prefix(const std::string& cidr) { return cidr.substr(0, cidr.find('/')); }

}  // namespace

Bridge::Bridge() {
    const std::string name = kBridge;
    must_run("ip link add " + name + " type bridge && echo 0 > /proc/sys/net/ipv6/conf/" + name + "/accept_dad && ip link set " + name +
             " up");
}

Bridge::~Bridge() { run_command(std::string("ip link del ") + kBridge); }

BridgedPod::BridgedPod(const Node& node, const std::string& name, const std::string& role) : node_(node), name_(name) {
    const nlohmann::json range4 = {{{"subnet", "10.77.0.0/24"}}};
    const nlohmann::json range6 = {{{"subnet", "fd77::/64"}}};
    bridge_ = {
        {"cniVersion", "1.0.0"}, {"name", "chain"},
        {"type", "bridge"},      {"bridge", kBridge},
        {"isGateway", true},     {"ipam", {{"type", "host-local"}, {"dataDir", node.folder() + "/ipam"}, {"ranges", {range4, range6}}}}};
    ours_ = {{"cniVersion", "1.0.0"}, {"name", "chain"}, {"type", "namegate"}, {"config", node.folder() + "/namegate.yaml"}};
    ours_["args"]["cni"]["labels"] = nlohmann::json::array({{{"key", "app"}, {"value", role}}});
    result_ = call("ADD", bridge_, "/usr/lib/cni/bridge");
    ours_["prevResult"] = result_;
    call("ADD", ours_, NAMEGATE_PLUGIN);
    for (const nlohmann::json& interface : result_["interfaces"]) {
        if (interface["name"] == "eth0") {
            mac = parse_colons(interface["mac"]);
        }
    }
    v4 = without_prefix(result_["ips"][0]["address"]);
    v6 = without_prefix(result_["ips"][1]["address"]);
    gateway6 = result_["ips"][1]["gateway"];
    wire.emplace(RawSocket::inside(netns, "eth0"));
}

void BridgedPod::remove() {
    call("DEL", ours_, NAMEGATE_PLUGIN);
    bridge_["prevResult"] = result_;
    call("DEL", bridge_, "/usr/lib/cni/bridge");
}

std::string BridgedPod::link_local() const {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "fe80::%02x%02x:%02xff:fe%02x:%02x%02x", mac[0] ^ 2U, mac[1], mac[2], mac[3], mac[4], mac[5]);
    return text.data();
}

nlohmann::json BridgedPod::call(const std::string& command, const nlohmann::json& config, const std::string& program) const {
    const std::string file = node_.folder() + "/calls/" + name_ + ".conf";
    std::ofstream(file) << config.dump();
    const std::string text = must_run("CNI_COMMAND=" + command + " CNI_CONTAINERID=" + name_ +
                                      " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns.path() + " " + program + " < " + file);
    return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace namegate::test
