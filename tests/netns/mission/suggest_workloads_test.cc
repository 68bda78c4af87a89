// SPDX-License-Identifier: Apache-2.0
// `suggest` on recorded workloads of pods without a policy: the suggested policy denies nothing of the same workload, and everything of
// another one.
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "site.h"
#include "suggested.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::test;
using Catch::Contains;

namespace {

using nlohmann::json;

constexpr unsigned kNames = 5;
constexpr unsigned kOthers = 10;
constexpr unsigned kPool = 16;
constexpr unsigned kRounds = 4;  // of a workload

// Destinations of the other workload, which no recorded one has: over TCP and UDP, by name and by address, IPv4 and IPv6.
std::string other_name(unsigned i) { return "other" + std::to_string(i) + ".example.org"; }
std::string other_address(unsigned i, bool v6) { return (v6 ? "2001:db8:1::aa" : "198.18.99.") + std::to_string(10 + i); }

std::string name(unsigned i) { return "n" + std::to_string(i) + ".example.com"; }
std::string address(unsigned i) { return "198.18.1." + std::to_string(i + 1); }

struct Workload {
    const char* what;
    void (*prepare)(World&);
    bool (*run)(const Pod&);  // one round; whether all of it succeeded
    const char* suggested;    // a part of the policy
};

bool connects_to_all(const Pod& pod) {
    bool good = true;
    for (unsigned i = 0; i < kNames; ++i) {
        good = reaches(pod, name(i)) && good;
    }
    return good;
}

void prepare_chains(World& world) {
    for (unsigned i = 0; i < kNames; ++i) {
        const std::string own = std::to_string(i);
        world.set_alias(name(i), "edge" + own + ".cdn.net");
        world.set_alias("edge" + own + ".cdn.net", "pop" + own + ".cdn.net");
        world.set_name("pop" + own + ".cdn.net", {address(i)});
    }
}

// All names share their addresses, of which each response has other four.
void prepare_pool(World& world) {
    world.set_script([turn = std::make_shared<std::atomic<unsigned>>(0)](const WorldQuestion& question) {
        if (question.name.find(".example.com") == std::string::npos) {
            return std::optional<std::vector<WorldReply>>();
        }
        DnsMessage message = DnsMessage::response(question.name, question.type);
        message.id(question.id);
        const unsigned first = (*turn)++;
        for (unsigned i = 0; i < 4; ++i) {
            message.a(question.name, address((first + i) % kPool));
        }
        return std::optional(std::vector<WorldReply>{{AnswerFrom::kServer, message.build(), 0}});
    });
}

void prepare_names(World& world) {
    for (unsigned i = 0; i < kNames; ++i) {
        world.set_name(name(i), {address(i), "2001:db8:1::" + std::to_string(i + 1)});
    }
}

// To names, and to an address that no name led to.
bool send_datagrams(const Pod& pod) {
    bool good = echoes_from(pod.netns, *IpAddress::parse("198.18.2.7"), kUdpPort, "datagram", kBeforeRepeat);
    for (unsigned i = 0; i < kNames; ++i) {
        const auto answer = resolve(pod, name(i));
        good = answer && echoes_from(pod.netns, answer->addresses.at(0), kUdpPort, "datagram", kBeforeRepeat) && good;
    }
    return good;
}

bool look_up_over_tcp(const Pod& pod) {
    bool good = true;
    for (unsigned i = 0; i < kNames; ++i) {
        std::vector<Answer> answers;
        run_inside(pod.netns, [&] { answers = ask_tcp(open_socket(AF_INET, SOCK_STREAM), kServer4, {{name(i), kTypeA, kServer4}}); });
        good = answers.size() == 1 && connects_from(pod.netns, answers[0].addresses.at(0), kTcpPort, kBeforeRepeat) && good;
    }
    return good;
}

bool connects_over_v6(const Pod& pod) {
    bool good = true;
    for (unsigned i = 0; i < kNames; ++i) {
        const auto answer = ask_from(pod.netns, {name(i), kTypeAaaa, kServer6});
        good = answer && connects_from(pod.netns, answer->addresses.at(0), kTcpPort, kBeforeRepeat) && good;
    }
    return good;
}

const std::vector<Workload> kWorkloads = {
    {"CNAME chains", prepare_chains, connects_to_all, "- n4.example.com"},
    {"names that share the addresses of a rotating pool", prepare_pool, connects_to_all, "- n4.example.com"},
    {"UDP", prepare_names, send_datagrams, "- 198.18.2.7/32"},
    {"DNS over TCP", prepare_names, look_up_over_tcp, "protocol: TCP"},
    {"IPv6", prepare_names, connects_over_v6, "- n4.example.com"},
};

// How many of the other workload's 4 * kOthers destinations can be reached.
unsigned others_reached(const Pod& pod, Milliseconds most) {
    unsigned reached = 0;
    std::vector<IpAddress> addresses;
    for (unsigned i = 0; i < kOthers; ++i) {
        // The queries are denied too if they go to a server that the workload did not use.
        static_cast<void>(ask_from(pod.netns, {other_name(i), kTypeA, kServer4, 53, kDenied}));
        static_cast<void>(ask_from(pod.netns, {other_name(i), kTypeAaaa, kServer6, 53, kDenied}));
        for (const bool v6 : {false, true}) {
            addresses.push_back(*IpAddress::parse(other_address(i, v6)));
            reached += echoes_from(pod.netns, addresses.back(), kUdpPort, "other", most) ? 1U : 0U;
        }
    }
    return reached + static_cast<unsigned>(count_connected(pod.netns, addresses, kTcpPort, 10 * most));
}

bool denied_nothing(const Site& site) {
    const auto why = site.node.ask_daemon("why", {{"endpoint", "default/a"}, {"destination", ""}});
    INFO(why->dump(1));
    CHECK((*why)["entries"].empty());
    return (*why)["deniedPackets"] == 0;
}

void check_workload(const Workload& workload) {
    INFO(workload.what);
    const TempDir logs;
    const std::string log = logs.path() + "/flows.jsonl";
    Site site("flowLog: {path: " + log + ", events: [flow, flow-ended, dns]}\n");
    for (unsigned i = 0; i < kOthers; ++i) {
        site.world.set_name(other_name(i), {other_address(i, false), other_address(i, true)});
    }
    workload.prepare(site.world);
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    for (unsigned round = 0; round < kRounds; ++round) {
        REQUIRE(workload.run(*pod));
    }
    REQUIRE(others_reached(*pod, kBeforeRepeat) == 4 * kOthers);  // nothing stops them yet; not in the recording, which is cut below
    const std::string recorded = logs.path() + "/recorded.jsonl";
    REQUIRE(eventually([&] { return run_command("grep -q other9.example.org " + log).status == 0; }));
    must_run("grep -v 'other\\|198.18.99\\|2001:db8:1::aa' " + log + " > " + recorded);

    const Suggested policy = suggest(site.node, {"--from", recorded});
    INFO(policy.out << policy.err);
    REQUIRE(policy.code == 0);
    CHECK_THAT(policy.out, Contains(workload.suggested) && !Contains("cdn.net"));
    const Suggested checked = check_policy(site.node, policy.out);
    INFO(checked.out);
    REQUIRE(checked.code == 0);

    site.node.write_policy("suggested.yaml", policy.out);
    REQUIRE(eventually([&] {
        return (*site.node.ask_daemon("explain", {{"endpoint", "default/a"}, {"destination", "198.18.99.1"}}))["mode"] == "enforced";
    }));
    for (unsigned round = 0; round < kRounds; ++round) {
        CHECK(workload.run(*pod));
    }
    CHECK(denied_nothing(site));
    CHECK(others_reached(*pod, Milliseconds(25)) == 0);
    site.node.remove(*pod);
}

}  // namespace

TEST_CASE("a policy suggested for a recorded workload denies nothing of it, and gives another workload none of its destinations") {
    for (const Workload& workload : kWorkloads) {
        check_workload(workload);
    }
}
