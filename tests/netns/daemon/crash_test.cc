// SPDX-License-Identifier: Apache-2.0
// The plugin is killed at each system call that changes something, by strace's fault injection: the following DEL leaves nothing,
// and a new ADD works. The same for each of its threads and the process that removes the interface, and for the address plugin
// alone. A few points of each call are tried; NAMEGATE_CRASH_POINTS=all tries all of them and prints the table.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "node.h"

namespace namegate::test {
namespace {

// Calls that can change a node: netlink, BPF, files, processes. (Reading is included where one call does both.)
constexpr const char* kCalls =
    "sendmsg,sendto,bpf,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,write,clone,clone3,fsync,openat,setns,close_range,execve,"
    "exit_group";
constexpr std::size_t kPointsOfOneCall = 2;

bool all_points() {
    const char* wish = std::getenv("NAMEGATE_CRASH_POINTS");
    return wish != nullptr && std::string(wish) == "all";
}

std::string left_behind(const DaemonNode& node) {
    // host-local can be caught between making a lease and writing its owner: that lease is its own leak.
    run_command("find " + node.folder() + "/ipam -type f -name '*.*' -empty -delete");
    return node.traces();
}

// One of the two programs under strace. strace's output goes to a file that its launcher reads.
class Victim {
  public:
    Victim(const DaemonNode& node, bool address_plugin) : node_(node), address_plugin_(address_plugin) {
        must_run("mkdir -p " + folder());
        if (address_plugin_) {
            // Only in the call under test, not in the DEL that undoes a failed ADD.
            write_program("host-local", "[ $CNI_COMMAND = $CRASH_COMMAND ] || exec /usr/lib/cni/host-local\n", "/usr/lib/cni/host-local");
        } else {
            write_program("namegate", "", NAMEGATE_PLUGIN);
        }
    }

    std::string name() const { return address_plugin_ ? "address plugin" : "plugin"; }
    // `options` of strace. The leak sanitizer is off in a traced process.
    CommandOutput run(const std::string& command, const std::string& netns, const std::string& options) const {
        node_.write(folder() + "/options", options);
        const std::string program = address_plugin_ ? std::string(NAMEGATE_PLUGIN) : folder() + "/namegate";
        return run_command("CRASH_COMMAND=" + command + " CNI_COMMAND=" + command +
                           " CNI_CONTAINERID=crash CNI_IFNAME=eth0 ASAN_OPTIONS=detect_leaks=0 CNI_PATH=" + folder() +
                           ":/usr/lib/cni CNI_NETNS=" + netns + " " + program + " < " + node_.folder() + "/net-crash.conf");
    }
    std::string trace() const { return must_run("cat " + folder() + "/trace"); }

  private:
    std::string folder() const { return node_.folder() + (address_plugin_ ? "/address" : "/plugin"); }
    void write_program(const std::string& name, const std::string& before, const std::string& program) const {
        const std::string path = folder() + "/" + name;
        node_.write(
            path, "#!/bin/sh\n" + before + "exec strace -f -q -o " + folder() + "/trace $(cat " + folder() + "/options) " + program + "\n");
        must_run("chmod +x " + path);
    }

    const DaemonNode& node_;
    bool address_plugin_;
};

// How often the undisturbed command makes each call: the maximum of its threads, since strace counts each thread separately.
std::map<std::string, std::size_t> counts(const Victim& victim, const std::string& command, const std::string& netns) {
    const CommandOutput output = victim.run(command, netns, std::string("-e trace=") + kCalls);
    INFO(output.text);
    REQUIRE(output.status == 0);
    std::map<std::pair<std::string, std::string>, std::size_t> of_thread;
    std::map<std::string, std::size_t> out;
    std::istringstream trace(victim.trace());
    for (std::string line; std::getline(trace, line);) {
        std::istringstream words(line);
        std::string thread;
        std::string call;
        words >> thread >> call;
        if (const std::size_t end = call.find('('); end != std::string::npos && call.find_first_of("<+-") > end) {
            call.resize(end);
            out[call] = std::max(out[call], ++of_thread[{thread, call}]);
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

struct Tally {
    std::size_t tried = 0;
    std::size_t killed = 0;
    std::size_t leaks = 0;

    void operator+=(const Tally& other) {
        tried += other.tried;
        killed += other.killed;
        leaks += other.leaks;
    }
};

// One call at one point.
Tally kill_at(const DaemonNode& node, const Victim& victim, const std::string& command, const std::string& call, std::size_t point) {
    INFO(command << ": " << victim.name() << " killed at " << call << " number " << point);
    const TestNetns pod;
    if (command == "DEL") {
        REQUIRE(node.cni("ADD", "crash", pod.path()).status == 0);
    }
    Tally tally{1, 0, 0};
    const CommandOutput hit =
        victim.run(command, pod.path(), "-e trace=" + call + " -e inject=" + call + ":signal=KILL:when=" + std::to_string(point));
    // Processes that are left of a successful DEL are killed with it.
    tally.killed = hit.status != 0 ? 1U : 0U;
    const CommandOutput deleted = node.cni("DEL", "crash", pod.path());
    INFO(hit.text << deleted.text);
    CHECK(deleted.status == 0);
    const std::string left = left_behind(node);
    CHECK(left == "");
    tally.leaks = left.empty() ? 0U : 1U;
    const CommandOutput again = node.cni("ADD", "crash", pod.path());
    INFO(again.text);
    CHECK(again.status == 0);
    CHECK(node.cni("DEL", "crash", pod.path()).status == 0);
    return tally;
}

Tally kill_everywhere(const DaemonNode& node, const Victim& victim, const std::string& command) {
    std::map<std::string, std::size_t> calls;
    {
        const TestNetns pod;
        if (command == "DEL") {
            REQUIRE(node.cni("ADD", "crash", pod.path()).status == 0);
        }
        calls = counts(victim, command, pod.path());
        REQUIRE(node.cni("DEL", "crash", pod.path()).status == 0);
    }
    Tally all;
    for (const auto& [call, count] : calls) {
        Tally of_call;
        for (const std::size_t point : points(count)) {
            of_call += kill_at(node, victim, command, call, point);
        }
        if (all_points()) {
            std::cout << command << " " << victim.name() << ", " << call << ": " << of_call.tried << " points, " << of_call.killed
                      << " times killed, " << of_call.leaks << " leaks\n";
        }
        all += of_call;
    }
    return all;
}

TEST_CASE("ADD or DEL killed at any call of any of its processes: the next DEL leaves nothing, and a new ADD works", "[C5]") {
    if (run_command("strace -V").status != 0) {
        FAIL("needs strace");
    }
    DaemonNode node;
    node.write(node.policies() + "/a.yaml", deny_policy("deny"));
    {
        // The first ADD of a node loads the programs; it is done before the table begins.
        const TestNetns pod;
        REQUIRE(node.cni("ADD", "crash", pod.path()).status == 0);
        REQUIRE(node.cni("DEL", "crash", pod.path()).status == 0);
    }
    Tally all;
    for (const bool address_plugin : {false, true}) {
        const Victim victim(node, address_plugin);
        for (const char* command : {"ADD", "DEL"}) {
            all += kill_everywhere(node, victim, command);
        }
    }
    if (all_points()) {
        std::cout << all.tried << " points, " << all.killed << " times killed, " << all.leaks << " leaks\n";
    }
    CHECK(all.killed > all.tried / 2);
}

}  // namespace
}  // namespace namegate::test
