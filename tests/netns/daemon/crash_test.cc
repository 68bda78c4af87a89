// SPDX-License-Identifier: Apache-2.0
// The plugin killed at each system call that changes something, by strace's fault injection: the DEL that follows leaves
// nothing, and a new ADD works. A few points of each call are tried; all of them with NAMEGATE_CRASH_POINTS=all, which
// also prints the table.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "node.h"

namespace namegate::test {
namespace {

// What can change a node: netlink, BPF, files, processes. (Reading is in here too, where one call does both.)
constexpr const char* kCalls = "sendmsg,sendto,bpf,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,write,clone,clone3,fsync,openat";
constexpr std::size_t kPointsOfOneCall = 2;

bool all_points() {
    const char* wish = std::getenv("NAMEGATE_CRASH_POINTS");
    return wish != nullptr && std::string(wish) == "all";
}

// Nothing looks for leaks of memory in a process that is traced.
std::string cni_line(const DaemonNode& node, const std::string& command, const std::string& netns) {
    return "CNI_COMMAND=" + command + " CNI_CONTAINERID=crash CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni CNI_NETNS=" + netns +
           " ASAN_OPTIONS=detect_leaks=0 strace -qq -o " + node.folder() + "/trace ";
}

std::string left_behind(const DaemonNode& node) {
    // host-local can be caught between making a lease and writing whose it is: that one is its own.
    run_command("find " + node.folder() + "/ipam -type f -name '*.*' -empty -delete");
    return must_run("ip -o link | grep -o ' ng[0-9a-f]*@'; ip route show | grep ' ng[0-9a-f]'; find " + node.folder() +
                    "/run/endpoints -type f 2>/dev/null; find " + node.bpffs() + " -path '*links/*'; find " + node.folder() +
                    "/ipam -type f ! -name 'last_reserved*' ! -name lock; true");
}

// How often the undisturbed command makes each call.
std::map<std::string, std::size_t> counts(const DaemonNode& node, const std::string& command, const std::string& netns) {
    const CommandOutput output =
        run_command(cni_line(node, command, netns) + "-e trace=" + kCalls + " " NAMEGATE_PLUGIN " < " + node.folder() + "/net-crash.conf");
    INFO(output.text);
    REQUIRE(output.status == 0);
    std::map<std::string, std::size_t> out;
    std::istringstream trace(must_run("cat " + node.folder() + "/trace"));
    for (std::string line; std::getline(trace, line);) {
        if (const std::size_t end = line.find('('); end != std::string::npos && line.find_first_of(" <+-") > end) {
            ++out[line.substr(0, end)];
        }
    }
    return out;
}

std::vector<std::size_t> points(std::size_t count) {
    std::vector<std::size_t> out;
    const std::size_t step = all_points() ? 1 : std::max<std::size_t>(1, count / kPointsOfOneCall);
    for (std::size_t point = 1; point <= count; point += step) {
        out.push_back(point);
    }
    return out;
}

TEST_CASE("ADD or DEL killed at any call: the next DEL leaves nothing, and a new ADD works") {
    if (run_command("strace -V").status != 0) {
        FAIL("needs strace");
    }
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    std::map<std::string, std::map<std::string, std::size_t>> calls;
    {
        // The first ADD of a node loads the programs; it is over when the table begins.
        const TestNetns pod;
        REQUIRE(node.cni("ADD", "crash", pod.path()).status == 0);
        REQUIRE(node.cni("DEL", "crash", pod.path()).status == 0);
        calls["ADD"] = counts(node, "ADD", pod.path());
        calls["DEL"] = counts(node, "DEL", pod.path());
    }
    std::size_t tried = 0;
    std::size_t killed = 0;
    std::size_t leaks = 0;
    for (const char* command : {"ADD", "DEL"}) {
        for (const auto& [call, count] : calls[command]) {
            std::size_t leaked_here = 0;
            const auto chosen = points(count);
            for (const std::size_t point : chosen) {
                INFO(command << " killed at " << call << " number " << point);
                const TestNetns pod;
                if (std::string(command) == "DEL") {
                    REQUIRE(node.cni("ADD", "crash", pod.path()).status == 0);
                }
                const CommandOutput hit = run_command(cni_line(node, command, pod.path()) + "-e trace=" + call + " -e inject=" + call +
                                                      ":signal=KILL:when=" + std::to_string(point) + " " NAMEGATE_PLUGIN " < " +
                                                      node.folder() + "/net-crash.conf");
                ++tried;
                killed += hit.status == 128 + SIGKILL ? 1U : 0U;
                const CommandOutput deleted = node.cni("DEL", "crash", pod.path());
                INFO(deleted.text);
                CHECK(deleted.status == 0);
                const std::string left = left_behind(node);
                CHECK(left == "");
                leaked_here += left.empty() ? 0U : 1U;
                const CommandOutput again = node.cni("ADD", "crash", pod.path());
                INFO(again.text);
                CHECK(again.status == 0);
                CHECK(node.cni("DEL", "crash", pod.path()).status == 0);
            }
            leaks += leaked_here;
            if (all_points()) {
                std::cout << command << " " << call << ": " << chosen.size() << " points, " << leaked_here << " leaks\n";
            }
        }
    }
    if (all_points()) {
        std::cout << tried << " points, " << killed << " times killed, " << leaks << " leaks\n";
    }
    CHECK(killed > tried / 2);
}

}  // namespace
}  // namespace namegate::test
