// SPDX-License-Identifier: Apache-2.0
// The node's resolv.conf changes in all the ways in which it does, and the servers in force with it.
#include <catch2/catch.hpp>
#include <string>

#include "node.h"

namespace namegate::test {
namespace {

// The node's /etc, ours to change: the tests have a mount namespace of their own.
class PrivateEtc {
  public:
    explicit PrivateEtc(const std::string& folder) {
        must_run("cp -a /etc " + folder + "/etc && mount --bind " + folder + "/etc /etc && rm -f /etc/resolv.conf");
    }
    ~PrivateEtc() { run_command("umount /etc"); }
    PrivateEtc(const PrivateEtc&) = delete;
    PrivateEtc& operator=(const PrivateEtc&) = delete;
    PrivateEtc(PrivateEtc&&) = delete;
    PrivateEtc& operator=(PrivateEtc&&) = delete;
};

using Servers = std::vector<std::string>;

bool becomes(const DaemonNode& node, const Servers& servers) {
    // Well before the slow timer would see it.
    return eventually([&] { return node.must_ask("status")["trustedServers"].get<Servers>() == servers; }, 5);
}

}  // namespace

TEST_CASE("the trusted servers follow the node's resolv.conf: written, renamed over, and behind links") {
    DaemonNode node;
    const PrivateEtc etc(node.folder());
    must_run("sed -i /dnsTrustedServers/d " + node.config_path());
    must_run("echo 'nameserver 192.0.2.1' > /etc/resolv.conf");
    node.start();
    CHECK(becomes(node, {"192.0.2.1"}));
    must_run("printf 'search test\\nnameserver 192.0.2.2\\nnameserver 2001:db8::2\\n' > /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.2", "2001:db8::2"}));
    must_run("echo 'nameserver 192.0.2.3' > /etc/new && mv /etc/new /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.3"}));
    // As systemd-resolved has it: a link into its own folder, where files are renamed over.
    const std::string resolve = node.folder() + "/resolve";
    must_run("mkdir " + resolve + " && echo 'nameserver 192.0.2.4' > " + resolve + "/stub && ln -sf " + resolve + "/stub /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.4"}));
    must_run("echo 'nameserver 192.0.2.5' > " + resolve + "/new && mv " + resolve + "/new " + resolve + "/stub");
    CHECK(becomes(node, {"192.0.2.5"}));
    // A file without servers, or none at all, takes nothing back.
    must_run(": > " + resolve + "/stub");
    must_run("rm /etc/resolv.conf");
    must_run("echo 'nameserver 192.0.2.6' > /etc/resolv.conf");
    CHECK(becomes(node, {"192.0.2.6"}));
    CHECK(node.must_ask("status")["healthy"] == true);
}

}  // namespace namegate::test
