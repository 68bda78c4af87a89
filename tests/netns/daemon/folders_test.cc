// SPDX-License-Identifier: Apache-2.0
// The policy folder changes in all the ways in which people and programs save files.
#include <catch2/catch.hpp>
#include <string>

#include "node.h"

namespace namegate::test {
namespace {

class Watched {
  public:
    Watched() {
        node.start();
        const CommandOutput added = node.cni("ADD", "pod", pod.path());
        if (added.status != 0) {
            throw std::runtime_error(added.text);
        }
    }
    ~Watched() { node.cni("DEL", "pod", pod.path()); }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    Watched(Watched&&) = delete;
    Watched& operator=(Watched&&) = delete;

    bool becomes(const std::string& mode) const { return node.becomes("pod", mode); }
    // In the policy folder, with $GOOD naming a good file outside.
    void shell(const std::string& command) const {
        DaemonNode::write(node.folder() + "/good", deny_policy("deny"));
        must_run("cd " + node.policies() + " && GOOD=" + node.folder() + "/good && " + command);
    }

    DaemonNode node;
    TestNetns pod;
};

bool has_file(const DaemonNode& node, const std::string& name, const std::string& in_force) {
    const api::Json status = node.must_ask("status");
    for (const api::Json& file : status["files"]) {
        const std::string path = file["path"].get<std::string>();
        if (path.size() >= name.size() && path.compare(path.size() - name.size(), name.size(), name) == 0) {
            return file["inForce"] == in_force;
        }
    }
    return false;
}

TEST_CASE("every way of saving a file is seen") {
    Watched watched;
    REQUIRE(watched.becomes("open"));
    SECTION("written in place") { watched.shell("cat $GOOD > a.yaml"); }
    SECTION("written slowly") { watched.shell("(head -c 40 $GOOD; sleep 0.3; tail -c +41 $GOOD) > a.yaml"); }
    SECTION("renamed into place, as sed -i does") { watched.shell("cp $GOOD .sedXY && mv .sedXY a.yaml"); }
    SECTION("vim: swap file, backup, new file") {
        watched.shell("touch .a.yaml.swp && touch a.yaml && mv a.yaml a.yaml~ && cat $GOOD > a.yaml && rm a.yaml~ .a.yaml.swp");
    }
    SECTION("emacs: lock link, backup by rename") {
        watched.shell("ln -s user@host.1:2 .#a.yaml; touch a.yaml && mv a.yaml a.yaml~ && cat $GOOD > a.yaml && rm '.#a.yaml'");
    }
    SECTION("a hard link") { watched.shell("ln $GOOD a.yaml"); }
    SECTION("a ConfigMap: files through a link that is swapped") {
        watched.shell(
            "mkdir ..1 ..2 && ln -s ..1 ..data && ln -s ..data/a.yaml a.yaml && sleep 0.2 && cp $GOOD ..2/a.yaml && "
            "ln -s ..2 ..tmp && mv -T ..tmp ..data");
    }
    SECTION("the folder is removed and made again") {
        watched.shell("cd .. && rm -r policies.d && sleep 0.2 && mkdir policies.d && cp $GOOD policies.d/a.yaml");
    }
    SECTION("the folder above it is removed and made again") {
        watched.shell("cd ../.. && mv conf old && sleep 0.2 && mkdir -p conf/policies.d && cp $GOOD conf/policies.d/a.yaml");
    }
    SECTION("the folder is replaced by a link") {
        watched.shell("cd .. && mkdir other && cp $GOOD other/a.yaml && rmdir policies.d && ln -s other policies.d");
    }
    INFO(watched.node.log());
    CHECK(watched.becomes("enforced"));
    watched.shell("rm a.yaml");
    CHECK(watched.becomes("open"));
}

TEST_CASE("a bad file keeps its last good content, and so does a missing folder") {
    Watched watched;
    watched.shell("cp $GOOD a.yaml");
    REQUIRE(watched.becomes("enforced"));
    watched.shell("echo 'spec: [' > a.yaml");
    CHECK(eventually([&] { return has_file(watched.node, "/a.yaml", "last good"); }));
    watched.shell("echo garbage > b.yaml");
    CHECK(eventually([&] { return has_file(watched.node, "/b.yaml", "none"); }));
    watched.shell("head -c 5000000 /dev/zero > c.yaml && mkdir d.yaml && ln -s nowhere e.yaml && mkfifo f.yaml");
    CHECK(eventually([&] { return has_file(watched.node, "/c.yaml", "none"); }));
    CHECK(watched.node.must_ask("status")["healthy"] == false);
    CHECK(watched.becomes("enforced"));
    watched.shell("cd .. && mv policies.d away");
    CHECK(eventually([&] { return watched.node.must_ask("status")["degraded"].dump().find("policy folder") != std::string::npos; }));
    CHECK(watched.becomes("enforced"));
    must_run("mkdir " + watched.node.policies());
    CHECK(watched.becomes("open"));
    CHECK(eventually([&] { return watched.node.must_ask("status")["healthy"] == true; }));
}

TEST_CASE("a new pod starts under the policies, with a broken file among them") {
    Watched watched;
    watched.shell("cp $GOOD a.yaml && echo garbage > b.yaml");
    REQUIRE(watched.becomes("enforced"));
    const TestNetns second;
    REQUIRE(watched.node.cni("ADD", "second", second.path()).status == 0);
    CHECK(watched.node.mode_of("second") == "enforced");
    watched.node.stop(SIGKILL);
    const TestNetns third;
    REQUIRE(watched.node.cni("ADD", "third", third.path()).status == 0);
    watched.node.start();
    CHECK(watched.node.mode_of("third") == "enforced");
    CHECK(watched.node.cni("DEL", "second", second.path()).status == 0);
    CHECK(watched.node.cni("DEL", "third", third.path()).status == 0);
}

TEST_CASE("SIGHUP reads everything again") {
    Watched watched;
    watched.shell("cp $GOOD a.yaml");
    ::kill(watched.node.pid(), SIGHUP);
    CHECK(watched.becomes("enforced"));
    CHECK(watched.node.alive());
}

TEST_CASE("a static pod has the labels of its manifest, also after a change; with and without a daemon", "[C60]") {
    DaemonNode node;
    const std::string manifests = node.folder() + "/manifests";
    must_run("mkdir " + manifests + "; printf 'podManifestDirs: [" + manifests + "]\\nnodeName: node-1\\n' >> " + node.config_path());
    const auto manifest = [&](const std::string& label) {
        node.write(manifests + "/web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: " + label +
                                                "}}\nspec: {containers: [{name: c, image: i}]}\n");
    };
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: p, namespace: default}\n"
               "spec: {selector: app == 'kept', types: [Egress], egress: [{action: Deny}]}\n");
    manifest("kept");
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "web-node-1", pod.path()).status == 0);
    node.start();
    CHECK(node.mode_of("web-node-1") == "enforced");
    manifest("free");
    CHECK(node.becomes("web-node-1", "open"));
    manifest("kept");
    CHECK(node.becomes("web-node-1", "enforced"));
    CHECK(node.cni("DEL", "web-node-1", pod.path()).status == 0);
}

TEST_CASE("a Pod document supplies annotations, and the named ports of its pod; also after a change") {
    DaemonNode node;
    const auto document = [&](int port) {
        node.write(node.policies() + "/pod.yaml",
                   "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default, labels: {app: web}, annotations: {port: '" +
                       std::to_string(port) +
                       "'}}\nspec: {containers: [{name: c, ports: [{name: http, containerPort: " + std::to_string(port) + "}]}]}\n");
    };
    node.write(node.policies() + "/a.yaml",
               "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {selector: app == 'web', "
               "types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [http]}}]}\n");
    document(8080);
    const TestNetns pod;
    REQUIRE(node.cni("ADD", "web", pod.path()).status == 0);
    node.start();
    const auto allowed = [&node](int port) {
        const api::Json explained = node.must_ask(
            "explain", {{"endpoint", "default/web"}, {"destination", "192.0.2.1:" + std::to_string(port)}, {"direction", "ingress"}});
        return explained["allowed"].get<bool>();
    };
    CHECK(node.must_ask("endpoints")[0]["annotations"] == api::Json{{"port", "8080"}});
    CHECK(allowed(8080));
    CHECK_FALSE(allowed(8081));
    document(8081);
    CHECK(eventually([&] { return allowed(8081); }));
    CHECK_FALSE(allowed(8080));
    CHECK(node.must_ask("endpoints")[0]["annotations"] == api::Json{{"port", "8081"}});
    CHECK(node.cni("DEL", "web", pod.path()).status == 0);
}

}  // namespace
}  // namespace namegate::test
