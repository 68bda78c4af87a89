// SPDX-License-Identifier: Apache-2.0
// What may happen between two builds: a plugin of one with a daemon of the other, a policy that the new one cannot program, a start
// that is killed, and the downgrade.
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "api/client.h"
#include "builds.h"
#include "datapath/bpf/abi.h"
#include "site.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kTryAgain = 11;  // CNI's code
#ifdef NAMEGATE_SANITIZED
constexpr unsigned long kKills = 1;
#else
constexpr unsigned long kKills = 2;
#endif
const std::string kCurrent = "v" + std::to_string(NG_ABI_VERSION) + "\n";

std::string app(const std::string& name) { return "app == \"" + name + "\""; }

std::unique_ptr<Pod> add(const Node& node, const std::string& name, const std::string& label = "client") {
    return node.add({name, "default", {{"app", label}}});
}

// Enforced: what the policy allows works at once, and everything else does not.
bool is_enforced(const Pod& pod) {
    const unsigned index = World::take_indexes(2);
    return reaches(pod, World::fresh_name(index, 1, "allowed.test")) &&
           !reaches(pod, World::fresh_name(index + 1, 1, "denied.test"), Milliseconds(50));
}

// More rules than one endpoint may have, in policies that are valid by themselves.
std::string too_many_rules(const std::string& label) {
    std::string text;
    for (unsigned policy = 0; policy < 2; ++policy) {
        text += "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: many" + std::to_string(policy) +
                "}\nspec:\n  selector: " + app(label) + "\n  types: [Egress]\n  egress:\n";
        for (unsigned i = 0; i < NG_MAX_RULES * 2 / 3; ++i) {
            text += "  - {action: Deny, protocol: TCP, destination: {ports: [" + std::to_string(1000 + i) + "]}}\n";
        }
        text += "---\n";
    }
    return text;
}

void check_call(const Node& node, const std::string& command, const Pod& pod) {
    const CniReply reply = node.call(command, pod);
    INFO(command << ": " << reply.text());
    CHECK(reply.status == 0);
}

// Empty: the plugin could serve an ADD now.
std::string status_error(const Node& node, const Pod& pod) {
    const CniReply reply = node.call("STATUS", pod);
    return reply.output.is_object() ? reply.output.value("msg", "") : std::string();
}

std::string degraded(const Node& node) {
    const auto status = node.ask_daemon("status");
    return status ? status->dump() : std::string();
}

}  // namespace

TEST_CASE("while the older layout's daemon still runs, ADD of the installed plugin asks to be tried again, and DEL and CHECK work") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
    site.node.install(older_build());
    site.node.start_daemon();
    const auto stays = add(site.node, "stays");
    const std::string state = site.node.state();
    const auto goes = add(site.node, "goes");
    site.node.install({});
    Pod early(PodSpec{"early", "default", {{"app", "client"}}});
    const CniReply reply = site.node.call("ADD", early);
    INFO(reply.text());
    CHECK(reply.status != 0);
    CHECK(reply.output.value("code", 0U) == kTryAgain);
    CHECK(reply.output.value("msg", "").find("older build") != std::string::npos);
    check_call(site.node, "CHECK", *stays);
    CHECK(status_error(site.node, *stays).find("build") == std::string::npos);
    check_call(site.node, "DEL", *goes);
    CHECK(site.node.state() == state);
    CHECK(is_enforced(*stays));
    site.node.stop_daemon();
    site.node.start_daemon();
    CHECK(layouts(site.node) == kCurrent);
    CHECK(site.node.call("ADD", early).status == 0);
    CHECK(is_enforced(early));
    CHECK(is_enforced(*stays));
    site.node.remove(early);
    site.node.remove(*stays);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

TEST_CASE("plugin and daemon of two builds with the same layout work together, and the programs do not alternate") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
    site.node.install(earlier_build());
    site.node.start_daemon();
    const auto first = add(site.node, "first");
    const std::string programs = pinned_programs(site.node);
    site.node.install({});
    const auto second = add(site.node, "second");
    CHECK(is_enforced(*first));
    CHECK(is_enforced(*second));
    CHECK(pinned_programs(site.node) == programs);
    site.node.remove(*first);
    CHECK(pinned_programs(site.node) == programs);
    // Without a daemon the plugin's own programs come into force, and stay.
    site.node.stop_daemon();
    const auto third = add(site.node, "third");
    const std::string replaced = pinned_programs(site.node);
    CHECK(replaced != programs);
    site.node.remove(*third);
    CHECK(pinned_programs(site.node) == replaced);
    CHECK(is_enforced(*second));
    site.node.remove(*second);
    CHECK(site.node.state() == "");
}

TEST_CASE("an endpoint that the new build cannot program stays with the older one, and comes over when it can") {
    Site site;
    site.node.write_policy("policy.yaml",
                           allow_domains("p", app("client"), {"*.allowed.test"}) + allow_domains("q", app("other"), {"*.allowed.test"}));
    site.node.install(older_build());
    site.node.start_daemon();
    const auto client = add(site.node, "client");
    const auto other = add(site.node, "other", "other");
    site.node.stop_daemon();
    site.node.write_policy("more.yaml", too_many_rules("other"));
    site.node.install({});
    site.node.start_daemon();
    CHECK(layouts(site.node) != kCurrent);
    CHECK(is_enforced(*client));
    CHECK(is_enforced(*other));
    CHECK(degraded(site.node).find("older build, unchanged: " + other->host_ifname) != std::string::npos);
    // A pod that is added meanwhile belongs to the new build, and takes no other pod's place.
    const auto late = add(site.node, "late");
    CHECK(is_enforced(*late));
    CHECK(is_enforced(*other));
    site.node.remove_policy("more.yaml");
    CHECK(eventually([&] { return layouts(site.node) == kCurrent; }));
    CHECK(degraded(site.node).find("older build") == std::string::npos);
    CHECK(is_enforced(*other));
    for (const auto* pod : {&client, &other, &late}) {
        site.node.remove(**pod);
    }
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

TEST_CASE("flows that a changed policy denies are cut when the endpoint comes over, and all others go on") {
    Site site;
    site.world.set_name("stays.allowed.test", {"198.18.1.1"}, 3600);
    site.world.set_name("goes.denied.test", {"198.18.1.2"}, 3600);
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test", "*.denied.test"}));
    site.node.install(older_build());
    site.node.start_daemon();
    const auto pod = add(site.node, "pod");
    std::vector<Fd> connections;
    for (const char* name : {"stays.allowed.test", "goes.denied.test"}) {
        const auto answer = resolve(*pod, name);
        REQUIRE(answer);
        connections.push_back(socket_inside(pod->netns, AF_INET, SOCK_STREAM));
        REQUIRE(connect_to(connections.back(), answer->addresses.front(), kTcpPort, kPatience).connected);
        CHECK(echoes(connections.back(), "before", kPatience));
    }
    site.node.stop_daemon();
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
    site.node.install({});
    site.node.start_daemon();
    CHECK(echoes(connections[0], "after", kBeforeRepeat));
    CHECK_FALSE(echoes(connections[1], "after", kDenied));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
}

TEST_CASE("an endpoint that stayed with the older build is removed by its DEL") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
    site.node.install(older_build());
    site.node.start_daemon();
    const auto pod = add(site.node, "stuck");
    site.node.stop_daemon();
    site.node.write_policy("policy.yaml", too_many_rules("client"));
    site.node.install({});
    site.node.start_daemon();
    CHECK(layouts(site.node) != kCurrent);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
    site.node.stop_daemon();
    site.node.start_daemon();
    CHECK(layouts(site.node) == kCurrent);
    site.node.stop_daemon();
}

TEST_CASE("the new daemon's first start is killed at any moment: pods stay enforced, and the next start completes it") {
    const bool older = GENERATE(false, true);
    const unsigned long kills = setting("NAMEGATE_ROUNDS", kKills);
    // As long as a first start takes; the first round is not killed, and measures it.
    Milliseconds whole(0);
    unsigned killed = 0;
    for (unsigned long i = 0; i <= kills; ++i) {
        Site site;
        site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
        site.node.install(older ? older_build() : earlier_build());
        site.node.start_daemon();
        const auto one = add(site.node, "one");
        const auto two = add(site.node, "two");
        const std::string programs = pinned_programs(site.node);
        site.node.stop_daemon();
        site.node.install({});
        const auto start = SteadyClock::now();
        if (i > 0) {
            const Milliseconds moment(whole.count() * static_cast<long>(i) / static_cast<long>(kills + 1));
            INFO("killed after " << moment.count() << " of " << whole.count() << " ms");
            killed += site.node.start_and_kill_daemon(moment) ? 1U : 0U;
            CHECK(is_enforced(*one));
            CHECK(is_enforced(*two));
        }
        site.node.start_daemon();
        whole = i == 0 ? std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - start) : whole;
        CHECK(layouts(site.node) == kCurrent);
        CHECK(pinned_programs(site.node) != programs);
        CHECK(is_enforced(*one));
        CHECK(is_enforced(*two));
        site.node.remove(*one);
        site.node.remove(*two);
        CHECK(site.node.state() == "");
        site.node.stop_daemon();
    }
    std::printf("first start of the new daemon (%ld ms) killed %u times: pods enforced, the next start ends it\n",
                static_cast<long>(whole.count()), killed);
    CHECK(killed == kills);
}

TEST_CASE("a downgrade to an older layout is refused while pods run, and allowed when they are gone") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("p", app("client"), {"*.allowed.test"}));
    site.node.start_daemon();
    const auto pod = add(site.node, "pod");
    site.node.stop_daemon();
    site.node.install(older_build());
    CHECK_THROWS_WITH(site.node.start_daemon(), Catch::Contains("newer build") && Catch::Contains("did not start"));
    Pod refused(PodSpec{"refused", "default", {{"app", "client"}}});
    const CniReply reply = site.node.call("ADD", refused);
    INFO(reply.text());
    CHECK(reply.status != 0);
    CHECK(reply.output.value("msg", "").find("newer build") != std::string::npos);
    CHECK(status_error(site.node, *pod).find("newer build") != std::string::npos);
    check_call(site.node, "CHECK", *pod);
    const auto asked = api::ask_daemon(site.node.folder() + "/state/namegated.sock", {"status"}, 1000);
    REQUIRE_FALSE(asked);
    CHECK(asked.error().message().find("newer build") != std::string::npos);
    CHECK(is_enforced(*pod));
    CHECK(layouts(site.node) == kCurrent);
    check_call(site.node, "DEL", *pod);
    CHECK(site.node.state() == "");
    site.node.start_daemon();
    CHECK(layouts(site.node) != kCurrent);
    const auto again = add(site.node, "again");
    CHECK(is_enforced(*again));
    site.node.remove(*again);
    site.node.stop_daemon();
    CHECK(site.node.state() == "");
}
