// SPDX-License-Identifier: Apache-2.0
// Installing the plugin on a node and removing it, in a folder that stands for the node's root.
#include "rollout/node_files.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/identifiers.h"
#include "config/config.h"
#include "endpoints/record_store.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::rollout;

namespace {

namespace fs = std::filesystem;

constexpr const char* kNodeConflist = R"({"cniVersion":"1.0.0","name":"pods","plugins":[{"type":"ptp","ipam":{"type":"host-local"}}]})";

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void put(const std::string& path, const std::string& content) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << content;
}

// A node with a network of its own, and what the container brings.
struct RolloutSite {
    test::TempDir directory;
    std::string host = directory.path() + "/host";
    std::string conf = host + "/etc/cni/net.d";
    std::string bin = host + "/opt/cni/bin";
    std::string settings = host + "/etc/namegate/namegate.yaml";
    InstallOptions options;

    RolloutSite() {
        put(conf + "/10-pods.conflist", kNodeConflist);
        put(bin + "/ptp", "");
        // A link that leads nowhere here.
        fs::create_symlink("/usr/lib/cni/somewhere/host-local", bin + "/host-local");
        put(directory.path() + "/namegate", "a program");
        put(directory.path() + "/namegate.yaml", "dnsTrustedServers: [10.96.0.10]\n");
        options.paths.host = host;
        options.plugin = directory.path() + "/namegate";
        options.settings = directory.path() + "/namegate.yaml";
        options.node_name = "worker-1";
    }

    // The error of an installation that changes nothing.
    std::string refusal() const {
        const auto done = install_on_node(options);
        REQUIRE_FALSE(done);
        CHECK_FALSE(fs::exists(conf + "/" + kConflistName));
        CHECK_FALSE(fs::exists(bin + "/namegate"));
        CHECK_FALSE(fs::exists(settings));
        return done.error().message();
    }

    void add_record(const std::string& host_interface) const {
        endpoints::Record record;
        record.id = 1;
        record.container_id = "c1";
        record.ifname = "eth0";
        record.host_ifname = host_interface;
        record.pod_namespace = "shop";
        record.pod_name = "db";
        record.network = "pods";
        const auto written = endpoints::RecordStore(host + "/run/namegate/endpoints").write(record);
        REQUIRE(written);
    }
};

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("chained: plugin, settings with the node's name, and a conflist that comes first; again it changes nothing") {
    const RolloutSite site;
    const auto done = install_on_node(site.options);
    REQUIRE(done);
    CHECK(done->back() == "installed " + site.conf + "/" + kConflistName);
    CHECK(text_of(site.bin + "/namegate") == "a program");
    struct stat info {};
    REQUIRE(::stat((site.bin + "/namegate").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0755);
    const auto config = config::load_config(site.settings);
    REQUIRE(config);
    CHECK(config->node_name == "worker-1");
    CHECK(config->dns_servers.listed.size() == 1);
    const auto conflist = nlohmann::json::parse(text_of(site.conf + "/" + kConflistName));
    CHECK(conflist["plugins"][0]["type"] == "ptp");
    CHECK(conflist["plugins"][1]["type"] == "namegate");
    CHECK(text_of(site.conf + "/10-pods.conflist") == kNodeConflist);
    CHECK(fs::is_directory(site.host + "/etc/namegate/policies.d"));

    const auto again = install_on_node(site.options);
    REQUIRE(again);
    for (const std::string& line : *again) {
        CHECK(line.rfind("unchanged ", 0) == 0);
    }
    // Follows the node's own configuration.
    put(site.conf + "/10-pods.conflist", R"({"cniVersion":"1.0.0","name":"new","plugins":[{"type":"ptp"}]})");
    REQUIRE(install_on_node(site.options));
    CHECK(nlohmann::json::parse(text_of(site.conf + "/" + kConflistName))["name"] == "new");
}

TEST_CASE("a conflist of one's own is installed as it is") {
    RolloutSite site;
    const std::string own = R"({"cniVersion":"1.0.0","name":"namegate","plugins":[{"type":"namegate","ipam":{"type":"host-local"}}]})";
    put(site.directory.path() + "/own.conflist", own);
    site.options.conflist = site.directory.path() + "/own.conflist";
    REQUIRE(install_on_node(site.options));
    CHECK(text_of(site.conf + "/" + kConflistName) == own);
}

TEST_CASE("nothing is installed that could not work") {
    RolloutSite site;
    SECTION("a configuration that the runtime reads first") {
        put(site.conf + "/00-multus.conf", kNodeConflist);
        CHECK(mentions(site.refusal(), "00-multus.conf before 00-namegate.conflist"));
    }
    SECTION("no configuration to chain into") {
        fs::remove(site.conf + "/10-pods.conflist");
        put(site.conf + "/README", "not a configuration");
        CHECK(mentions(site.refusal(), "no CNI configuration yet"));
    }
    SECTION("one that cannot be chained into") {
        put(site.conf + "/10-pods.conflist", "{}");
        CHECK(mentions(site.refusal(), "/etc/cni/net.d/10-pods.conflist: cniVersion"));
    }
    SECTION("a plugin is missing") {
        fs::remove(site.bin + "/ptp");
        CHECK(mentions(site.refusal(), "not in /opt/cni/bin: ptp"));
    }
    SECTION("settings with a mistake") {
        put(site.options.settings, "dnsTrustedServer: [10.96.0.10]\n");
        CHECK(mentions(site.refusal(), "dnsTrustedServer"));
    }
    SECTION("a node's name that is none") {
        site.options.node_name = "a\"\nunknownLabels: \"Absent";
        CHECK(mentions(site.refusal(), "is not the name of a node"));
        site.options.node_name = std::string(kMaxObjectNameBytes + 1, 'a');
        CHECK(mentions(site.refusal(), "is not the name of a node"));
    }
    SECTION("a program that is too large") {
        fs::resize_file(site.options.plugin, kMaxProgramBytes + 1);
        CHECK(mentions(site.refusal(), "is larger than"));
    }
    SECTION("more configurations than are read") {
        for (std::size_t i = 0; i < kMaxConfFiles; ++i) {
            put(site.conf + "/20-" + std::to_string(i) + ".conf", "");
        }
        CHECK(mentions(site.refusal(), "256"));
    }
}

TEST_CASE("removing leaves nothing, and what the operator put there stays") {
    const RolloutSite site;
    REQUIRE(install_on_node(site.options));
    for (const char* path : {"/run/namegate/lock", "/var/lib/namegate/names.cache", "/sys/fs/bpf/namegate/v8/maps/flows"}) {
        put(site.host + path, "");
    }
    CHECK(left_on_node(site.options.paths).size() == 6);
    SECTION("no policies") {
        const auto removal = remove_from_node(site.options.paths);
        REQUIRE(removal);
        CHECK(removal->done);
        CHECK_FALSE(fs::exists(site.host + "/etc/namegate"));
    }
    SECTION("policies of the operator") {
        put(site.host + "/etc/namegate/policies.d/mine.yaml", "");
        const auto removal = remove_from_node(site.options.paths);
        REQUIRE(removal);
        CHECK(removal->done);
        CHECK(fs::exists(site.host + "/etc/namegate/policies.d/mine.yaml"));
    }
    CHECK(left_on_node(site.options.paths).empty());
    for (const char* path : {"/run/namegate", "/var/lib/namegate", "/sys/fs/bpf/namegate", "/opt/cni/bin/namegate"}) {
        CHECK_FALSE(fs::exists(site.host + path));
    }
    CHECK(text_of(site.conf + "/10-pods.conflist") == kNodeConflist);
    CHECK(fs::is_symlink(site.bin + "/host-local"));
    // Again, with nothing there.
    CHECK(remove_from_node(site.options.paths)->done);
}

TEST_CASE("while a pod is enforced its policy and plugin stay, and the configuration goes only if the runtime has another") {
    const RolloutSite site;
    REQUIRE(install_on_node(site.options));
    site.add_record("lo");
    SECTION("another configuration") {
        const auto removal = remove_from_node(site.options.paths);
        REQUIRE(removal);
        CHECK_FALSE(removal->done);
        CHECK(removal->waits_for == std::vector<std::string>{"shop/db"});
        CHECK_FALSE(fs::exists(site.conf + "/" + kConflistName));
    }
    SECTION("no other") {
        fs::remove(site.conf + "/10-pods.conflist");
        const auto removal = remove_from_node(site.options.paths);
        REQUIRE(removal);
        CHECK_FALSE(removal->done);
        CHECK(fs::exists(site.conf + "/" + kConflistName));
    }
    CHECK(fs::exists(site.bin + "/namegate"));
    CHECK(fs::exists(site.host + "/run/namegate/endpoints"));
    // The interface of a pod that another plugin removed is gone.
    site.add_record("ng-gone");
    CHECK(remove_from_node(site.options.paths)->done);
    CHECK(left_on_node(site.options.paths).empty());
}

TEST_CASE("a record that cannot be read may be of a pod: nothing is removed") {
    const RolloutSite site;
    REQUIRE(install_on_node(site.options));
    put(site.host + "/run/namegate/endpoints/broken.json", "{");
    const auto removal = remove_from_node(site.options.paths);
    REQUIRE(removal);
    CHECK_FALSE(removal->done);
    REQUIRE(removal->waits_for.size() == 1);
    CHECK(mentions(removal->waits_for[0], "broken.json"));
    CHECK(fs::exists(site.bin + "/namegate"));
}
