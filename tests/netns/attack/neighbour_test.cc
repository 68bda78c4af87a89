// SPDX-License-Identifier: Apache-2.0
// On a bridge that another plugin made, a pod talks to its neighbours directly: only for itself.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "attacker.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr const char* kAllNodes = "ff02::1";
const Mac kAllNodesMac = {0x33, 0x33, 0, 0, 0, 1};
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;

// The reference bridge plugin, then namegate.
class BridgedPod {
  public:
    BridgedPod(const Node& node, const std::string& name) : node_(node), name_(name) {
        const nlohmann::json range4 = {{{"subnet", "10.77.0.0/24"}}};
        const nlohmann::json range6 = {{{"subnet", "fd77::/64"}}};
        bridge_ = {{"cniVersion", "1.0.0"},
                   {"name", "chain"},
                   {"type", "bridge"},
                   {"bridge", "attack0"},
                   {"isGateway", true},
                   {"ipam", {{"type", "host-local"}, {"dataDir", node.folder() + "/ipam"}, {"ranges", {range4, range6}}}}};
        ours_ = {{"cniVersion", "1.0.0"}, {"name", "chain"}, {"type", "namegate"}, {"config", node.folder() + "/namegate.yaml"}};
        result_ = call("ADD", bridge_, "/usr/lib/cni/bridge");
        ours_["prevResult"] = result_;
        call("ADD", ours_, NAMEGATE_PLUGIN);
        for (const nlohmann::json& interface : result_["interfaces"]) {
            if (interface["name"] == "eth0") {
                std::string colons = interface["mac"];
                for (char& c : colons) {
                    c = c == ':' ? ' ' : c;
                }
                std::istringstream parts(colons);
                for (std::uint8_t& byte : mac) {
                    unsigned value = 0;
                    parts >> std::hex >> value;
                    byte = static_cast<std::uint8_t>(value);
                }
            }
        }
        const std::string cidr = result_["ips"][1]["address"];
        v6 = cidr.substr(0, cidr.find('/'));
        wire.emplace(RawSocket::inside(netns, "eth0"));
    }
    void remove() {
        call("DEL", ours_, NAMEGATE_PLUGIN);
        bridge_["prevResult"] = result_;
        call("DEL", bridge_, "/usr/lib/cni/bridge");
    }
    // Derived from the hardware address.
    std::string link_local() const {
        std::array<char, 48> text{};
        std::snprintf(text.data(), text.size(), "fe80::%02x%02x:%02xff:fe%02x:%02x%02x", mac[0] ^ 2U, mac[1], mac[2], mac[3], mac[4],
                      mac[5]);
        return text.data();
    }

    TestNetns netns;
    Mac mac{};
    std::string v6;
    std::optional<RawSocket> wire;

  private:
    nlohmann::json call(const std::string& command, const nlohmann::json& config, const std::string& program) const {
        const std::string file = node_.folder() + "/calls/" + name_ + ".conf";
        std::ofstream(file) << config.dump();
        const std::string text =
            must_run("CNI_COMMAND=" + command + " CNI_CONTAINERID=" + name_ +
                     " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns.path() + " " + program + " < " + file);
        return nlohmann::json::parse(text, nullptr, false);
    }

    const Node& node_;
    std::string name_;
    nlohmann::json bridge_;
    nlohmann::json ours_;
    nlohmann::json result_;
};

// About `target`, which it claims, with a mark after everything that a receiver reads.
Bytes claim(const BridgedPod& pod, const std::string& source, std::uint8_t type, const std::string& target, const std::string& mark) {
    const std::string wire = IpAddress::parse(target)->wire();
    Bytes content(wire.begin(), wire.end());
    // An option of a type that is to be skipped (RFC 4861, section 4.6), in units of 8 bytes.
    Bytes option = {253, 0};
    option.insert(option.end(), mark.begin(), mark.end());
    option.resize((option.size() + 7) / 8 * 8);
    option[1] = static_cast<std::uint8_t>(option.size() / 8);
    content.insert(content.end(), option.begin(), option.end());
    Packet packet = Packet().ethernet(pod.mac, kAllNodesMac).ip(source, kAllNodes).ttl(255);
    return packet.icmp(type, 0, type == kAdvertisement ? 0x20000000 : 0).payload(content).build();
}

struct Claim {
    const char* mark;
    std::string source;
    std::uint8_t type;
    std::string target;
    bool passes;
};

}  // namespace

TEST_CASE("chained behind a bridge, a pod claims no link-local address but its own, and no neighbour's address") {
    Site site;
    site.node.start_daemon();
    must_run("ip link add attack0 type bridge && echo 0 > /proc/sys/net/ipv6/conf/attack0/accept_dad && ip link set attack0 up");
    BridgedPod pod(site.node, "one");
    BridgedPod neighbour(site.node, "two");
    RawSocket passed("attack0", ETH_P_IPV6);
    const std::vector<Claim> claims = {
        {"own global address", pod.v6, kAdvertisement, pod.v6, true},
        {"own link-local address", pod.link_local(), kAdvertisement, pod.link_local(), true},
        {"looks for a duplicate of its own", "::", kSolicitation, pod.v6, true},
        {"asks for its neighbour", pod.v6, kSolicitation, neighbour.v6, true},
        {"router by fe80::1", pod.v6, kAdvertisement, "fe80::1", false},
        {"router by fe80::1 from it", "fe80::1", kAdvertisement, "fe80::1", false},
        {"neighbour, link-local", pod.link_local(), kAdvertisement, neighbour.link_local(), false},
        {"neighbour, global", pod.v6, kAdvertisement, neighbour.v6, false},
        {"duplicate of the neighbour", "::", kSolicitation, neighbour.v6, false},
        {"duplicate of its link-local", "::", kSolicitation, neighbour.link_local(), false},
        {"asks as fe80::1", "fe80::1", kSolicitation, neighbour.v6, false},
    };
    for (const Claim& one : claims) {
        pod.wire->send(claim(pod, one.source, one.type, one.target, one.mark + std::string("#")));
    }
    for (const Claim& one : claims) {
        INFO(one.mark);
        CHECK(passed.saw(one.mark + std::string("#"), one.passes ? kPatience : kSettled) == one.passes);
        CHECK(neighbour.wire->saw(one.mark + std::string("#"), one.passes ? kPatience : kSettled) == one.passes);
    }
    neighbour.remove();
    pod.remove();
    must_run("ip link del attack0");
    CHECK(eventually([&] { return site.node.state().empty(); }));
}

TEST_CASE("a pod behind a bridge cannot keep an address from its neighbour by claiming it") {
    Site site;
    site.node.start_daemon();
    must_run("ip link add attack0 type bridge && echo 0 > /proc/sys/net/ipv6/conf/attack0/accept_dad && ip link set attack0 up");
    BridgedPod pod(site.node, "one");
    BridgedPod neighbour(site.node, "two");
    // The neighbour adds another address of its link, and asks whether it is in use; the pod says that it is, twice.
    neighbour.netns.must("sysctl -qw net.ipv6.conf.eth0.dad_transmits=1 net.ipv6.conf.eth0.accept_dad=1");
    neighbour.netns.must("ip address add fe80::77/64 dev eth0");
    for (int i = 0; i < 10; ++i) {
        pod.wire->send(claim(pod, pod.v6, kAdvertisement, "fe80::77", "claimed"));
        pod.wire->send(claim(pod, "::", kSolicitation, "fe80::77", "claimed"));
        std::this_thread::sleep_for(Milliseconds(20));
    }
    CHECK(neighbour.netns.run("ip -6 address show dev eth0 dadfailed").text == "");
    neighbour.remove();
    pod.remove();
    must_run("ip link del attack0");
    CHECK(eventually([&] { return site.node.state().empty(); }));
}
