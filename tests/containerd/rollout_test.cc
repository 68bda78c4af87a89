// SPDX-License-Identifier: Apache-2.0
// The DaemonSet of cni-conf/kubernetes on a node that has containerd and a network of its own: it is installed from the image, its
// pods are enforced, another build replaces it while they work, and nothing is left when it is removed.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "containerd_node.h"
#include "daemon_set.h"
#include "installed_node.h"
#include "support/api_server/api_server.h"
#include "support/temp_dir.h"

namespace namegate::test {
namespace {

constexpr const char* kManifests = NAMEGATE_SOURCE_DIR "/cni-conf/kubernetes/";
constexpr const char* kWorker = "worker-1";
constexpr const char* kFirstImage = "namegate.dev/namegate:first";
constexpr const char* kEvil = "198.18.0.66";
// The names from here on have other addresses.
constexpr unsigned kFirstName = 1000;
constexpr const char* kConflistPath = "/etc/cni/net.d/00-namegate.conflist";

void put_text(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
}

// Only the API server knows the namespace's label.
std::string weather_policy(const std::string& more = "") {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: weather}\nspec:\n"
           "  selector: app == 'weather-app'\n  namespaceSelector: team == 'a'\n  types: [Egress]\n  egress:\n"
           "  - {action: Allow, protocol: UDP, destination: {ports: [53]}}\n"
           "  - {action: Allow, destination: {domains: ['*.fresh.test']}}\n" +
           more;
}

// That tests/containerd/rollout built.
std::string image_file(const std::string& name) {
    const char* folder = std::getenv("NAMEGATE_IMAGES");
    if (folder == nullptr) {
        throw std::runtime_error("run tests/containerd/rollout, which builds the images");
    }
    return std::string(folder) + "/" + name;
}

// A node of a cluster: its network, an API server, and what kubelet mounts into the pods.
struct RolloutNode {
    TempDir directory;
    InstalledNode node;
    ApiServer server;
    PodSite site;

    RolloutNode() {
        must_run("ln -sf /usr/lib/cni/* /opt/cni/bin/ && rm -f /opt/cni/bin/namegate");
        put_text(
            "/etc/cni/net.d/10-pods.conflist",
            R"({"cniVersion":"1.0.0","name":"pods","plugins":[{"type":"bridge","bridge":"ngt0","isGateway":true,"ipam":{"type":"host-local",)"
            R"("dataDir":"/run/pods-ipam","ranges":[[{"subnet":"10.88.64.0/20"}]],"routes":[{"dst":"0.0.0.0/0"}]}},)"
            R"({"type":"portmap","capabilities":{"portMappings":true}}]})");
        server.accept_token("secret");
        server.put(kNamespaces, namespace_object("default", {{"team", "a"}}));
        server.put(kServiceAccounts, account_object("default", "default", Json::object()));
        const Json dns_ports = Json::array({{{"name", "dns"}, {"protocol", "UDP"}, {"port", 53}}});
        server.put(kServices, service_object("kube-system", "kube-dns", {"10.96.0.10"}, dns_ports));
        put_text(directory.path() + "/account/ca.crt", server.authority_pem());
        put_text(directory.path() + "/account/token", "secret");
        put_text(directory.path() + "/settings/namegate.yaml", settings());
        set_policy(weather_policy());
        site.node_name = kWorker;
        site.config_maps = {{"namegate-settings", directory.path() + "/settings"}, {"namegate-policies", directory.path() + "/policies"}};
        site.service_account = directory.path() + "/account";
        site.environment = {{"KUBERNETES_SERVICE_HOST", "127.0.0.1"},
                            {"KUBERNETES_SERVICE_PORT", server.url().substr(server.url().rfind(':') + 1)}};
        site.logs = directory.path() + "/logs";
    }
    ~RolloutNode() {
        node.remove_pods();
        run_command("ip link del ngt0; rm -rf /etc/cni/net.d/* /run/pods-ipam");
    }
    RolloutNode(const RolloutNode&) = delete;
    RolloutNode& operator=(const RolloutNode&) = delete;
    RolloutNode(RolloutNode&&) = delete;
    RolloutNode& operator=(RolloutNode&&) = delete;

    // As delivered.
    static std::string settings() {
        std::ifstream in(kManifests + std::string("base/namegate.yaml"));
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    // As kubelet changes the volume of a ConfigMap: a new folder, and a link that is replaced.
    void set_policy(const std::string& policy) {
        const std::string volume = directory.path() + "/policies";
        const std::string version = "..version-" + std::to_string(++versions_);
        put_text(volume + "/" + version + "/weather.yaml", policy);
        must_run("cd " + volume + " && ln -s " + version +
                 " ..data_tmp && mv -T ..data_tmp ..data && { [ -e weather.yaml ] || ln -s "
                 "..data/weather.yaml weather.yaml; } && find . -maxdepth 1 -name '..version-*' ! -name " +
                 version + " -exec rm -r {} +");
    }
    void import(const std::string& file) const { must_run("ctr -n k8s.io images import --snapshotter native " + file); }
    CommandOutput add_pod(const std::string& name) {
        server.put(kPods, pod_object(kWorker, "default", name, "uid-" + name, {{"app", "weather-app"}}));
        return node.run_pod(name, {{"app", "weather-app"}}, {kServer4});
    }
    bool reaches(const std::string& pod, const std::string& host) {
        return node.exec(pod, {"timeout", "3", "wget", "-qO-", "http://" + host}).text == "hello\n";
    }

  private:
    unsigned versions_ = 0;
};

// Looks up one name after the other and connects at once, until the file /tmp/stop exists. Prints how many were reached and lost.
std::string lookups(unsigned first) {
    return "i=" + std::to_string(first) +
           "; ok=0; lost=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); if [ \"$(timeout 3 wget -qO- http://f${i}x0.fresh.test)\" = hello ]; "
           "then "
           "ok=$((ok+1)); else lost=$((lost+1)); fi; done; echo $ok $lost";
}
// Connects to an address that no policy allows.
std::string attempts() {
    return "tried=0; open=0; while [ ! -e /tmp/stop ]; do tried=$((tried+1)); if timeout 1 wget -qO- http://" + std::string(kEvil) +
           " >/dev/null; then open=$((open+1)); fi; done; echo $tried $open";
}

std::pair<unsigned, unsigned> two_numbers(const CommandOutput& output) {
    std::istringstream in(output.text);
    std::pair<unsigned, unsigned> out;
    in >> out.first >> out.second;
    INFO(output.text);
    REQUIRE(in);
    return out;
}

void wait_until_ready(const DaemonSetPod& daemon) {
    ExecOutput probe;
    const bool ready = ContainerdNode::eventually([&] { return (probe = daemon.probe_readiness()).exit_code == 0; });
    INFO(probe.text << daemon.logs());
    REQUIRE(ready);
    CHECK(daemon.probe_liveness().exit_code == 0);
}

}  // namespace

TEST_CASE("the DaemonSet: installed from its image, its pods enforced, replaced without a gap, and removed without a trace") {
    RolloutNode cluster;
    cluster.import(image_file("first.tar"));
    cluster.import(image_file("now.tar"));

    // The first build.
    const std::string manifest = kManifests + std::string("base/daemonset.yaml");
    auto daemon = std::make_unique<DaemonSetPod>(cluster.node.cri(), manifest, kFirstImage, cluster.site);
    wait_until_ready(*daemon);
    CHECK(std::filesystem::exists(kConflistPath));
    const std::string first_plugin = must_run("sha256sum </opt/cni/bin/namegate");
    CommandOutput added = cluster.add_pod("weather");
    INFO(added.text << cluster.node.logs() << daemon->logs());
    REQUIRE(added.status == 0);
    CHECK_FALSE(cluster.reaches("weather", kEvil));
    CHECK(cluster.reaches("weather", "f1000x0.fresh.test"));

    // It is replaced, while the pod works and another one is added.
    auto looking_up = std::async(std::launch::async, [&] { return cluster.node.exec("weather", {"sh", "-c", lookups(kFirstName)}); });
    auto attempting = std::async(std::launch::async, [&] { return cluster.node.exec("weather", {"sh", "-c", attempts()}); });
    std::this_thread::sleep_for(std::chrono::seconds(1));
    daemon->remove();
    added = cluster.add_pod("between");
    INFO(added.text << cluster.node.logs());
    REQUIRE(added.status == 0);
    CHECK_FALSE(cluster.reaches("between", kEvil));
    CHECK(cluster.reaches("between", "f60000x0.fresh.test"));
    daemon = std::make_unique<DaemonSetPod>(cluster.node.cri(), manifest, "", cluster.site);
    wait_until_ready(*daemon);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    CHECK(cluster.node.exec("weather", {"sh", "-c", "echo >/tmp/stop"}).status == 0);
    const auto [reached, lost] = two_numbers(looking_up.get());
    const auto [tried, open] = two_numbers(attempting.get());
    std::cout << "while the DaemonSet was replaced: " << reached << " names looked up and reached, " << lost << " lost; " << tried
              << " connections that policy denies, " << open << " of them open\n";
    CHECK(reached > 10);
    CHECK(lost == 0);
    CHECK(tried > 1);
    CHECK(open == 0);
    CHECK(must_run("sha256sum </opt/cni/bin/namegate") != first_plugin);

    // A changed ConfigMap.
    cluster.set_policy(weather_policy("  - {action: Allow, destination: {nets: [" + std::string(kEvil) + "/32]}}\n"));
    CHECK(ContainerdNode::eventually([&] { return cluster.reaches("weather", kEvil); }));
    CHECK(cluster.reaches("between", kEvil));
    cluster.set_policy(weather_policy());
    CHECK(ContainerdNode::eventually([&] { return !cluster.reaches("weather", kEvil); }));

    // Removed: first from the runtime's configuration, and when the last pod has gone, all of it.
    daemon->remove();
    PodSite site;
    site.logs = cluster.site.logs;
    DaemonSetPod remover(cluster.node.cri(), kManifests + std::string("remove/daemonset.yaml"), "", site);
    CHECK(ContainerdNode::eventually([] { return !std::filesystem::exists(kConflistPath); }));
    CHECK(remover.probe_readiness().exit_code == 1);
    CHECK(remover.logs().find("default/weather") != std::string::npos);
    CHECK_FALSE(cluster.reaches("weather", kEvil));
    cluster.node.remove_pods();
    CHECK(ContainerdNode::eventually([&] { return remover.probe_readiness().exit_code == 0; }));
    INFO(remover.logs());
    for (const char* path : {"/opt/cni/bin/namegate", "/etc/namegate", "/run/namegate", "/var/lib/namegate", "/sys/fs/bpf/namegate"}) {
        CHECK_FALSE(std::filesystem::exists(path));
    }
    CHECK(cluster.node.state() == "");
    remover.remove();
    CHECK(cluster.node.run_pod("plain", {}, {kServer4}).status == 0);
    CHECK(cluster.reaches("plain", kEvil));
}

}  // namespace namegate::test
