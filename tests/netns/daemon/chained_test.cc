// SPDX-License-Identifier: Apache-2.0
// Chained after the reference plugins, with the real datapath: what holds when, and what is left at the end.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "node.h"

namespace namegate::test {
namespace {

using nlohmann::json;

// Runs a list of plugins as libcni does: forwards with each result handed on, backwards for DEL.
class Chain {
  public:
    Chain(const DaemonNode& node, json plugins) : node_(node), plugins_(std::move(plugins)) {}

    // The last result, or the error of the plugin that failed.
    json add(const std::string& id, const std::string& netns) {
        result_ = nullptr;
        for (const json& plugin : plugins_) {
            const CommandOutput output = call("ADD", plugin, id, netns);
            const json reply = json::parse(output.text, nullptr, false);
            if (output.status != 0) {
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

TEST_CASE("after a chained DEL nothing passes while the other plugin's veth is still up, and nothing is left when it goes") {
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
    // Without a daemon the next call clears.
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
    Chain second(node, {config});
    CHECK(second.add("one", pod.path()) == chain.result());
    CHECK(pod.run("ping -c 1 -W 5 10.77.0.1").status == 0);
    CHECK(chain.del("one", pod.path()));
    remove_bridge();
}

TEST_CASE("the reference plugins work after namegate, and it enforces beside them") {
    DaemonNode node;
    node.start();
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: icmp}\n"
               "spec: {types: [Egress], egress: [{action: Allow, protocol: ICMP}]}\n");
    const std::string type = GENERATE("bridge", "ptp");
    INFO(type);
    const TestNetns pod;
    Chain chain(node, {maker(node, type),
                       ours(node),
                       {{"type", "portmap"},
                        {"runtimeConfig", {{"portMappings", {{{"hostPort", 18080}, {"containerPort", 80}, {"protocol", "tcp"}}}}}}},
                       {{"type", "bandwidth"},
                        {"ingressRate", 100000000},
                        {"ingressBurst", 100000000},
                        {"egressRate", 100000000},
                        {"egressBurst", 100000000}},
                       {{"type", "tuning"}, {"sysctl", {{"net.ipv4.conf.IFNAME.arp_filter", "1"}}}},
                       {{"type", "firewall"}}});
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
    remove_bridge();
}

}  // namespace
}  // namespace namegate::test
