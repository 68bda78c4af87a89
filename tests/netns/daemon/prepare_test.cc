// SPDX-License-Identifier: Apache-2.0
// Between the links of a pod and its addresses: its policy is prepared while the address plugin works.
#include <catch2/catch.hpp>
#include <future>
#include <optional>

#include "datapath/endpoint_writer.h"
#include "datapath/loader.h"
#include "endpoints/record_store.h"
#include "node.h"
#include "node/settings.h"

namespace namegate::test {
namespace {

// A node whose address plugin replies when it is told to.
class SlowNode : public DaemonNode {
  public:
    // With its daemon?
    explicit SlowNode(bool daemon) {
        write(folder() + "/slow", "#!/bin/sh\ncat > /dev/null\n[ $CNI_COMMAND = ADD ] || exit 0\nwhile [ ! -e " + folder() +
                                      "/go ]; do sleep 0.02; done\n"
                                      R"(echo '{"cniVersion":"1.0.0","ips":[{"address":"10.88.0.5/24"}]}')"
                                      "\n");
        must_run("chmod +x " + folder() + "/slow");
        write(policies() + "/a.yaml", deny_policy("one"));
        if (daemon) {
            start();
        }
    }

    // Releases what still waits for it.
    ~SlowNode() { static_cast<void>(write_file_atomically(folder() + "/go", "", 0644)); }
    SlowNode(const SlowNode&) = delete;
    SlowNode& operator=(const SlowNode&) = delete;
    SlowNode(SlowNode&&) = delete;
    SlowNode& operator=(SlowNode&&) = delete;

    // Returns when the pod waits for its address.
    void add() {
        running_ = std::async(std::launch::async, [this] { return call("ADD"); });
        REQUIRE(eventually([this] {
            const auto config = record_exists() ? config_of_pod() : std::nullopt;
            return config && config->direction[NG_EGRESS].policy != 0;
        }));
    }
    CommandOutput finish() {
        write(folder() + "/go", "");
        return running_.get();
    }
    CommandOutput call(const std::string& command) {
        const std::string conf = folder() + "/slow.conf";
        write(conf, R"({"cniVersion":"1.0.0","name":"net","type":"namegate","config":")" + config_path() + R"(","ipam":{"type":"slow"}})");
        return run_command("CNI_COMMAND=" + command + " CNI_CONTAINERID=pod CNI_IFNAME=eth0 CNI_PATH=" + folder() +
                           " CNI_NETNS=" + netns_.path() +
                           " CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod' " NAMEGATE_PLUGIN " < " + conf);
    }

    bool record_exists() const { return store().read("pod", "eth0").has_value(); }
    endpoints::Record record() const { return must(store().read("pod", "eth0")); }
    std::optional<ng_endpoint_config> config_of_pod() const {
        const auto config = must(config::load_config(config_path()));
        const auto datapath = must(datapath::Datapath::open(node::datapath_options(config)));
        return must(datapath::active_config(*datapath, record().slot));
    }

  private:
    endpoints::RecordStore store() const { return endpoints::RecordStore(must(config::load_config(config_path())).records_dir()); }

    TestNetns netns_;
    std::future<CommandOutput> running_;
};

}  // namespace

TEST_CASE("while a pod waits for its address its policy is prepared, and the pod is closed") {
    const bool daemon = GENERATE(true, false);
    CAPTURE(daemon);
    SlowNode node(daemon);
    node.add();
    const auto prepared = node.config_of_pod();
    CHECK(prepared->mode == NG_MODE_CLOSED);
    CHECK(prepared->n_addrs == 0);
    CHECK_FALSE(node.record().ready);
    if (daemon) {
        // The daemon knows of the pod, and that there is nothing to do for it yet.
        ::kill(node.pid(), SIGHUP);
        CHECK(node.mode_of("pod") == "closed");
        CHECK_THAT(node.log(), !Catch::Contains("keeps its last policy"));
    }
    const CommandOutput added = node.finish();
    INFO(added.text);
    REQUIRE(added.status == 0);
    const auto active = node.config_of_pod();
    CHECK(active->mode == NG_MODE_ENFORCED);
    CHECK(active->n_addrs == 1);
    CHECK(active->direction[NG_EGRESS].policy == prepared->direction[NG_EGRESS].policy);
    CHECK(active->direction[NG_EGRESS].counter_base == prepared->direction[NG_EGRESS].counter_base);
    CHECK(node.record().ready);
    REQUIRE(node.record().addresses.size() == 1);
    CHECK(node.record().addresses.front().to_string() == "10.88.0.5");
    CHECK(node.call("DEL").status == 0);
    CHECK_FALSE(node.record_exists());
}

TEST_CASE("a policy that changes while a pod waits for its address comes into force in its new form") {
    const bool daemon = GENERATE(true, false);
    CAPTURE(daemon);
    SlowNode node(daemon);
    node.add();
    const auto prepared = node.config_of_pod();
    node.write(node.policies() + "/b.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: two}\n"
               "spec: {order: 1, selector: all(), types: [Egress], egress: [{action: Allow, destination: {nets: [192.0.2.0/24]}}]}\n");
    if (daemon) {
        REQUIRE(eventually([&node] { return node.must_ask("status")["files"].size() == 2; }));
        // It was compiled for this pod too, which does not make the pod ready.
        CHECK_FALSE(node.record().ready);
    }
    REQUIRE(node.finish().status == 0);
    const auto active = node.config_of_pod();
    CHECK(active->mode == NG_MODE_ENFORCED);
    CHECK(active->direction[NG_EGRESS].policy != prepared->direction[NG_EGRESS].policy);
    CHECK(active->direction[NG_EGRESS].n_rules > prepared->direction[NG_EGRESS].n_rules);
    CHECK(node.call("DEL").status == 0);
}

TEST_CASE("the daemon starts or stops while a pod waits for its address") {
    const bool comes = GENERATE(true, false);
    CAPTURE(comes);
    SlowNode node(!comes);
    node.add();
    if (comes) {
        node.start();
    } else {
        node.stop(SIGKILL);
    }
    REQUIRE(node.finish().status == 0);
    CHECK(node.config_of_pod()->mode == NG_MODE_ENFORCED);
    CHECK(node.record().ready);
    CHECK(node.call("DEL").status == 0);
}

TEST_CASE("what is in force is not prepared again, and invalid addresses are refused") {
    SlowNode node(true);
    node.add();
    REQUIRE(node.finish().status == 0);
    const auto active = node.config_of_pod();
    node.must_ask("prepare", {{"container", "pod"}, {"interface", "eth0"}});
    CHECK(node.config_of_pod()->generation == active->generation);
    CHECK(node.mode_of("pod") == "enforced");
    CHECK(node.ask("prepare", {{"container", "other"}, {"interface", "eth0"}}).error().code() == Code::kNotFound);

    for (const api::Json& addresses :
         {api::Json("10.0.0.1"), api::Json({"10.0.0"}), api::Json({1}), api::Json({"::1", "::2", "::3", "::4", "::5"})}) {
        CAPTURE(addresses.dump());
        const auto refused = node.ask("program", {{"container", "pod"}, {"interface", "eth0"}, {"addresses", addresses}});
        CHECK(refused.error().code() == Code::kInvalidInput);
        CHECK_THAT(refused.error().message(), Catch::Contains("\"addresses\""));
    }
    CHECK(node.config_of_pod()->generation == active->generation);
    CHECK(node.call("DEL").status == 0);
}

}  // namespace namegate::test
