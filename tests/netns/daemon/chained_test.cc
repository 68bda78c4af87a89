// SPDX-License-Identifier: Apache-2.0
// Chained after the reference plugins, with the real datapath: what is enforced when, and what is left at the end.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "node.h"

namespace namegate::test {
namespace {

using nlohmann::json;

// Runs a list of plugins as libcni does: forwards, passing on each result; backwards for DEL.
class Chain {
  public:
    Chain(const DaemonNode& node, json plugins) : node_(node), plugins_(std::move(plugins)) {}

    // The last result, or the error of the plugin that failed.
    json add(const std::string& id, const std::string& netns) {
        result_ = nullptr;
        for (const json& plugin : plugins_) {
            const CommandOutput output = call("ADD", plugin, id, netns);
            const json reply = json::parse(output.text, nullptr, false);
            if (output.status != 0 || reply.is_discarded()) {
                return reply.is_discarded() ? json(output.text) : reply;
            }
            results_.push_back(reply);
            result_ = reply;
        }
        return result_;
    }
    CommandOutput check(const std::string& type, const std::string& id, const std::string& netns) {
        return call("CHECK", find(type), id, netns);
    }
    CommandOutput del_one(const std::string& type, const std::string& id, const std::string& netns) {
        return call("DEL", find(type), id, netns);
    }
    bool del(const std::string& id, const std::string& netns) {
        bool good = true;
        for (auto plugin = plugins_.rbegin(); plugin != plugins_.rend(); ++plugin) {
            good = call("DEL", *plugin, id, netns).status == 0 && good;
        }
        return good;
    }
    const json& result() const { return result_; }
    // What each plugin returned.
    const std::vector<json>& results() const { return results_; }

  private:
    const json& find(const std::string& type) const {
        for (const json& plugin : plugins_) {
            if (plugin["type"] == type) {
                return plugin;
            }
        }
        throw std::runtime_error("no plugin " + type);
    }
    CommandOutput call(const std::string& command, json plugin, const std::string& id, const std::string& netns) const {
        plugin["cniVersion"] = "1.0.0";
        plugin["name"] = "chain";
        if (!result_.is_null()) {
            plugin["prevResult"] = result_;
        }
        const std::string file = node_.folder() + "/chain.conf";
        node_.write(file, plugin.dump());
        const std::string type = plugin["type"];
        return run_command("CNI_COMMAND=" + command + " CNI_CONTAINERID=" + id + " CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" +
                           netns + " " + (type == "namegate" ? std::string(NAMEGATE_PLUGIN) : "/usr/lib/cni/" + type) + " < " + file);
    }

    const DaemonNode& node_;
    json plugins_;
    json result_;
    std::vector<json> results_;
};

json maker(const DaemonNode& node, const std::string& type) {
    json plugin = {{"type", type}, {"ipam", {{"type", "host-local"}, {"dataDir", node.folder() + "/ipam"}, {"subnet", "10.77.0.0/24"}}}};
    if (type == "bridge") {
        plugin["bridge"] = "chain0";
        plugin["isGateway"] = true;
    }
    return plugin;
}

json ours(const DaemonNode& node) { return {{"type", "namegate"}, {"config", node.config_path()}}; }

void remove_bridge() { run_command("ip link del chain0"); }

TEST_CASE("after a chained DEL nothing passes while the other plugin's veth exists, and nothing is left when it is removed", "[C4]") {
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    DaemonNode node;
    if (with_daemon) {
        node.start();
    }
    const TestNetns pod;
    Chain chain(node, {maker(node, "bridge"), ours(node)});
    const json added = chain.add("one", pod.path());
    INFO(added.dump() << chain.result().dump());
    REQUIRE(added.contains("ips"));
    CHECK(chain.results()[1] == chain.results()[0]);
    CHECK(pod.run("ping -c 1 -W 5 10.77.0.1").status == 0);

    CHECK(chain.del_one("namegate", "one", pod.path()).status == 0);
    CHECK(pod.run("ping -c 1 -W 1 10.77.0.1").status != 0);
    CHECK(pod.run("ip link show eth0").status == 0);
    // Repeated, and without a namespace.
    REQUIRE(chain.del_one("namegate", "one", "").status == 0);
    CHECK(chain.del_one("bridge", "one", pod.path()).status == 0);
    if (with_daemon) {
        CHECK(eventually([&] { return node.pins().empty(); }));
    }
    // Without a daemon the next call clears the rest.
    const TestNetns next;
    REQUIRE(node.cni("ADD", "next", next.path()).status == 0);
    REQUIRE(node.cni("DEL", "next", next.path()).status == 0);
    CHECK(node.pins().empty());
    CHECK(run_command("ls " + node.folder() + "/run/endpoints").text.empty());
    remove_bridge();
}

TEST_CASE("ADD again after a chained DEL, on the interface that stayed") {
    DaemonNode node;
    const TestNetns pod;
    Chain chain(node, {maker(node, "bridge"), ours(node)});
    REQUIRE(chain.add("one", pod.path()).contains("ips"));
    REQUIRE(chain.del_one("namegate", "one", pod.path()).status == 0);
    json config = ours(node);
    config["prevResult"] = chain.result();
    Chain second(node, json::array({config}));
    CHECK(second.add("one", pod.path()) == chain.result());
    CHECK(pod.run("ping -c 1 -W 5 10.77.0.1").status == 0);
    CHECK(chain.del("one", pod.path()));
    remove_bridge();
}

TEST_CASE("the reference plugins work after namegate, and it enforces beside them", "[C37]") {
    DaemonNode node;
    node.start();
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: icmp}\n"
               "spec: {types: [Egress], egress: [{action: Allow, protocol: ICMP}]}\n");
    const std::string type = GENERATE("bridge", "ptp", "namegate");
    INFO(type);
    const TestNetns pod;
    json plugins = {maker(node, type), ours(node)};
    if (type == "namegate") {
        plugins = json::array({ours(node)});
        plugins[0]["ipam"] = maker(node, type)["ipam"];
        must_run("ip address add 10.77.0.1/32 dev lo");
    }
    const json others = {
        {{"type", "portmap"}, {"runtimeConfig", {{"portMappings", {{{"hostPort", 18080}, {"containerPort", 80}, {"protocol", "tcp"}}}}}}},
        {{"type", "bandwidth"},
         {"ingressRate", 100000000},
         {"ingressBurst", 100000000},
         {"egressRate", 100000000},
         {"egressBurst", 100000000}},
        {{"type", "tuning"}, {"sysctl", {{"net.ipv4.conf.IFNAME.arp_filter", "1"}}}},
        {{"type", "firewall"}}};
    plugins.insert(plugins.end(), others.begin(), others.end());
    Chain chain(node, plugins);
    const json added = chain.add("many", pod.path());
    INFO(added.dump());
    REQUIRE(added.contains("ips"));
    REQUIRE(eventually([&] { return node.mode_of("many") == "enforced"; }));
    CHECK(chain.check("namegate", "many", pod.path()).status == 0);
    CHECK(pod.run("ping -c 1 -W 5 10.77.0.1").status == 0);
    // TCP to the gateway is refused at once where it passes, and times out where it is dropped.
    const CommandOutput tcp = pod.run("timeout 1 busybox nc 10.77.0.1 9");
    INFO(tcp.text);
    CHECK(tcp.status == 124);
    CHECK(chain.del("many", pod.path()));
    CHECK(eventually([&] { return node.pins().empty(); }));
    run_command("ip address del 10.77.0.1/32 dev lo");
    remove_bridge();
}

// As the plugins of Calico and the AWS VPC leave it: only an address, and a gateway that only replies to ARP, or that the pod has a
// permanent entry for.
void make_point_to_point(const TestNetns& pod, bool by_heart) {
    must_run("ip link add cali0 address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns " + pod.name());
    must_run("echo 0 > /proc/sys/net/ipv6/conf/cali0/accept_dad && ip link set cali0 up && ip route add 10.66.0.2/32 dev cali0");
    pod.must("ip link set eth0 up");
    pod.must("ip address add 10.66.0.2/32 dev eth0");
    pod.must("ip address add fd66::2/128 dev eth0 nodad");
    pod.must("ip route add 169.254.1.1 dev eth0 scope link");
    pod.must("ip route add default via 169.254.1.1");
    must_run("ip -6 route add fd66::2/128 dev cali0");
    pod.must("ip -6 route add default via fe80::ecee:eeff:feee:eeee dev eth0");
    if (by_heart) {
        pod.must("ip neigh add 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent");
    } else {
        must_run(
            "echo 1 | tee /proc/sys/net/ipv4/conf/cali0/forwarding > /proc/sys/net/ipv4/conf/cali0/proxy_arp && echo 0 > "
            "/proc/sys/net/ipv4/neigh/cali0/proxy_delay");
    }
}

TEST_CASE("namegate works after a plugin whose pods have a gateway only on the link, in both families", "[C39]") {
    const bool by_heart = GENERATE(false, true);
    INFO(by_heart);
    DaemonNode node;
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: one}\n"
               "spec: {types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.9/32]}}, "
               "{action: Allow, destination: {nets: ['2001:db8::9/128']}}]}\n");
    // The node that replies for others needs a route to them.
    must_run("ip link add up0 type veth peer name up1 && ip link set up1 up && ip link set up0 up && ip route add default dev up0");
    const std::vector<std::string> addresses = {"192.0.2.9/32", "192.0.2.10/32", "2001:db8::9/128", "2001:db8::10/128"};
    for (const std::string& address : addresses) {
        must_run("ip address add " + address + " dev lo nodad");
    }
    const TestNetns pod;
    make_point_to_point(pod, by_heart);
    json config = ours(node);
    const json result = {{"cniVersion", "1.0.0"},
                         {"interfaces", {{{"name", "cali0"}}}},
                         {"ips", {{{"address", "10.66.0.2/32"}}, {{"address", "fd66::2/128"}}}}};
    config["prevResult"] = result;
    Chain chain(node, json::array({config}));
    const json added = chain.add("one", pod.path());
    INFO(added.dump());
    CHECK(added == result);
    for (const char* known : {"192.0.2.9", "2001:db8::9"}) {
        INFO(known);
        CHECK(pod.run(std::string("ping -c 1 -W 5 ") + known).status == 0);
    }
    for (const char* denied : {"192.0.2.10", "2001:db8::10"}) {
        INFO(denied);
        CHECK(pod.run(std::string("ping -c 1 -W 0.3 ") + denied).status != 0);
    }
    for (const char* back : {"10.66.0.2", "fd66::2"}) {
        CHECK(run_command(std::string("ping -c 1 -W 5 ") + back).status == 0);
    }
    CHECK(chain.check("namegate", "one", pod.path()).status == 0);
    CHECK(chain.del("one", pod.path()));
    must_run("ip link del cali0; ip link del up0");
    for (const std::string& address : addresses) {
        must_run("ip address del " + address + " dev lo");
    }
}

}  // namespace
}  // namespace namegate::test
