// SPDX-License-Identifier: Apache-2.0
//
// Calls of the plugin as a container runtime makes them: a network configuration on stdin, the ids in the environment. The state of
// the node is listed as text, so that "nothing left" is one comparison.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "support/netns.h"
#include "support/temp_dir.h"

namespace namegate::test {

struct CniReply {
    int status = -1;
    nlohmann::json output;  // null when nothing was printed
    std::string errors;     // stderr

    unsigned code() const { return output.value("code", 0U); }
    std::string message() const { return output.value("msg", std::string()); }
};

class CniCaller {
  public:
    explicit CniCaller(std::string plugin = NAMEGATE_TEST_PLUGIN) : plugin_(std::move(plugin)) {
        config = {{"cniVersion", "1.0.0"}, {"name", "testnet"}, {"type", "namegate"}, {"config", state() + "/namegate.yaml"}};
    }

    nlohmann::json config;
    std::string arguments;  // CNI_ARGS
    std::string launcher;   // a command that starts the plugin, such as "timeout 1"

    // The folder of the replacement of the policy runtime.
    const std::string& state() const { return directory_.path(); }
    void set_fault(const std::string& step) const { std::ofstream(state() + "/fail-" + step) << "x"; }
    void clear_fault(const std::string& step) const { must_run("rm -f " + state() + "/fail-" + step); }

    void use_host_local(bool v4, bool v6) {
        nlohmann::json ranges = nlohmann::json::array();
        if (v4) {
            ranges.push_back({{{"subnet", "10.22.0.0/16"}}});
        }
        if (v6) {
            ranges.push_back({{{"subnet", "fd22::/64"}}});
        }
        config["ipam"] = {{"type", "host-local"}, {"ranges", ranges}};
    }

    CniReply call(const std::string& command, const std::string& id, const std::string& netns, const std::string& ifname = "eth0") const {
        return call_with(config, command, id, netns, ifname);
    }

    CniReply call_with(const nlohmann::json& input, const std::string& command, const std::string& id, const std::string& netns,
                       const std::string& ifname = "eth0") const {
        const TempDir files;
        std::ofstream(files.path() + "/in") << input.dump();
        const std::string line = "{ CNI_COMMAND=" + command + " CNI_CONTAINERID=" + id + " CNI_NETNS=" + netns + " CNI_IFNAME=" + ifname +
                                 " CNI_PATH=" + state() + "/bin:/usr/lib/cni CNI_ARGS='" + arguments + "' " + launcher + " " + plugin_ +
                                 " < " + files.path() + "/in > " + files.path() + "/out 2> " + files.path() + "/err; }";
        CniReply reply;
        reply.status = run_command(line).status;
        reply.output = nlohmann::json::parse(content(files.path() + "/out"), nullptr, false);
        reply.errors = content(files.path() + "/err");
        return reply;
    }

    // Everything of pods that is on the node: interfaces, routes, neighbours, rules, leases, endpoints.
    std::string node_state() const {
        return must_run(
            "ip -o link | cut -d: -f2; ip -4 route; ip -6 route show proto static; ip neigh show nud permanent | grep -v ' lo ';"
            "nft list table inet namegate 2>/dev/null | grep -w ng; find /var/lib/cni -type f ! -name 'last_reserved*' ! -name lock;"
            "ls " +
            state() + " | grep endpoint-; true");
    }

  private:
    static std::string content(const std::string& path) {
        std::ifstream file(path);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

    std::string plugin_;
    TempDir directory_;
};

}  // namespace namegate::test
