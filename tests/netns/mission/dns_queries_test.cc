// SPDX-License-Identifier: Apache-2.0
// D19 to D22: pods get answers from the network only for allowed names, with the daemon dead, and the resolvers of real programs
// neither fail nor wait.
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr long kNoTimeout = 900;  // milliseconds; the shortest time-out of a resolver is a second
constexpr const char* kAddress = "198.18.0.1";

// allow_domains() with the annotation, DNS over TCP too.
std::string filtered(const std::vector<std::string>& domains, const std::string& dns = "allowed") {
    std::string policy = allow_domains("weather", "app == 'a'", domains);
    const std::string name = "  name: weather\n";
    policy.insert(policy.find(name), "  annotations: {namegate.dev/dns: " + dns + "}\n");
    const std::string rules = "  egress:\n";
    policy.insert(policy.find(rules) + rules.size(), "  - action: Allow\n    protocol: TCP\n    destination:\n      ports: [53]\n");
    return policy;
}

struct LookedUp {
    std::string address;  // "-": none
    long milliseconds = -1;
};

// Runs the resolver in the pod, whose resolv.conf has these lines. By name.
std::map<std::string, LookedUp> look_up(const Site& site, const Pod& pod, const std::string& resolv_conf, const std::string& command,
                                        const std::vector<std::string>& names) {
    const std::string conf = site.node.folder() + "/resolv.conf";
    std::ofstream(conf) << "nameserver " << kServer4 << "\n" << resolv_conf;
    std::string line = "unshare -m sh -c 'mount --bind " + conf + " /etc/resolv.conf && exec " + command;
    for (const std::string& name : names) {
        line += " " + name;
    }
    const CommandOutput output = pod.netns.run(line + "'");
    INFO(command << ": " << output.text);
    REQUIRE(output.status == 0);
    std::map<std::string, LookedUp> out;
    std::istringstream lines(output.text);
    LookedUp one;
    for (std::string name; lines >> name >> one.address >> one.milliseconds;) {
        out[name] = one;
    }
    REQUIRE(out.size() == names.size());
    return out;
}

struct Resolver {
    const char* name;
    const char* program;  // must exist; empty: it cannot be built or run here
    const char* command;
};
const Resolver kResolvers[] = {
    {"glibc", NAMEGATE_LOOK_UP_C, NAMEGATE_LOOK_UP_C},
    {"systemd-resolved", "/lib/systemd/systemd-resolved", NAMEGATE_LOOK_UPS "/resolved.sh " NAMEGATE_LOOK_UP_C},
    {"musl", NAMEGATE_LOOK_UP_MUSL, NAMEGATE_LOOK_UP_MUSL},
    {"Go", NAMEGATE_LOOK_UP_GO, "env GODEBUG=netdns=go " NAMEGATE_LOOK_UP_GO},
    {"c-ares", NAMEGATE_NODE, NAMEGATE_NODE " " NAMEGATE_LOOK_UPS "/look_up.js"},
    {"Java", NAMEGATE_JAVA, NAMEGATE_JAVA " -XX:TieredStopAtLevel=1 " NAMEGATE_LOOK_UPS "/LookUp.java"},
};

bool is_here(const Resolver& resolver) { return *resolver.program != '\0' && std::filesystem::exists(resolver.program); }

}  // namespace

TEST_CASE("D19: real resolvers find allowed names and fail at once for others, with the daemon dead", "[resolvers]") {
    Site site;
    site.world.set_name("api.weather.com", {kAddress});
    site.world.set_name("evil.test", {"198.18.0.66"});
    site.node.write_policy("weather.yaml", filtered({"api.weather.com"}));
    site.node.start_daemon();
    site.node.kill_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    // The search list of a pod: names under the cluster's domain reach the server, those under the node's do not.
    const std::string search = "search default.svc.cluster.local svc.cluster.local cluster.local corp.test\noptions ndots:5\n";
    unsigned tried = 0;
    for (const Resolver& resolver : kResolvers) {
        if (!is_here(resolver)) {
            std::printf("not tried, because it is not installed: the resolver of %s\n", resolver.name);
            continue;
        }
        ++tried;
        for (const std::string& conf : {std::string(), search}) {
            INFO(resolver.name << " " << conf);
            const std::uint64_t before = site.world.questions();
            const auto refused = look_up(site, *pod, "", resolver.command, {"evil.test", "www.evil.test"});
            CHECK(site.world.questions() == before);
            const auto found = look_up(site, *pod, conf, resolver.command, {"api.weather.com", "evil.test"});
            CHECK(found.at("api.weather.com").address == kAddress);
            CHECK(found.at("api.weather.com").milliseconds < kNoTimeout);
            CHECK(found.at("evil.test").address == "-");
            CHECK(found.at("evil.test").milliseconds < kNoTimeout);
            CHECK(refused.at("evil.test").address == "-");
            CHECK(refused.at("evil.test").milliseconds < kNoTimeout);
        }
    }
    CHECK(tried >= 3);  // of those that install.sh --dependencies test installs
    CHECK(connects_from(pod->netns, *IpAddress::parse(kAddress), kTcpPort, kBeforeRepeat));
    site.node.remove(*pod);
}

TEST_CASE("D22: over the budget of new names no resolver waits", "[resolvers]") {
    Site site("dnsNewNamesPerMinute: 8\n");
    for (int i = 0; i < 40; ++i) {
        site.world.set_name("n" + std::to_string(i) + ".wild.test", {kAddress});
    }
    site.node.write_policy("weather.yaml", filtered({"*.wild.test"}));
    for (const Resolver& resolver : kResolvers) {
        if (!is_here(resolver)) {
            continue;
        }
        INFO(resolver.name);
        const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
        std::vector<std::string> names;
        for (int i = 0; i < 12; ++i) {
            names.push_back("n" + std::to_string(i) + ".wild.test");
        }
        const auto found = look_up(site, *pod, "", resolver.command, names);
        unsigned good = 0;
        for (const auto& [name, one] : found) {
            good += one.address == kAddress ? 1U : 0U;
            CHECK(one.milliseconds < kNoTimeout);
        }
        CHECK(good == 8);
        site.node.remove(*pod);
    }
}

TEST_CASE("D19: a policy's annotation, an edit, and the node's default reach the pod; over TCP as well") {
    Site site("dnsQueries: Allowed\ndnsAlwaysAllowed: [inside.test]\ndnsRefusal: Refused\n");
    site.world.set_name("api.weather.com", {kAddress});
    site.world.set_name("db.inside.test", {"198.18.0.3"});
    site.world.set_name("evil.test", {"198.18.0.66"});
    site.node.write_policy("weather.yaml", filtered({"api.weather.com"}, "any"));
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    const auto open = site.node.add({"b", "default", {{"app", "b"}}});
    const auto rcode = [&](const Pod& of, const std::string& name, const char* server = kServer4) {
        const auto answer = ask_from(of.netns, {name, kTypeA, server});
        return answer ? static_cast<int>(answer->rcode) : -1;
    };
    CHECK(rcode(*pod, "evil.test") == 0);
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}));
    CHECK(eventually([&] { return rcode(*pod, "evil.test") == 5; }));
    CHECK(rcode(*pod, "evil.test", kServer6) == 5);
    CHECK(rcode(*pod, "api.weather.com", kServer6) == 0);
    CHECK(rcode(*pod, "db.inside.test") == 0);
    CHECK(rcode(*open, "evil.test") == 0);  // no policy selects it
    site.node.write_policy("weather.yaml", filtered({"api.weather.com"}));
    const auto over_tcp = [&](const std::vector<Question>& questions, const char* server) {
        const Fd tcp = socket_inside(pod->netns, IpAddress::parse(server)->is_v4() ? AF_INET : AF_INET6, SOCK_STREAM);
        return ask_tcp(tcp, server, questions);
    };
    CHECK(eventually([&] { return over_tcp({{"api.weather.com", kTypeA, kServer4}}, kServer4).size() == 1; }));
    site.node.kill_daemon();
    for (const char* server : {kServer4, kServer6}) {
        const Question good{"api.weather.com", kTypeA, server};
        CHECK(over_tcp({good}, server).size() == 1);
        CHECK(over_tcp({good, {"db.inside.test", kTypeAaaa, server}}, server).size() == 2);
        const std::uint64_t before = site.world.questions();
        CHECK(over_tcp({{"evil.test", kTypeA, server}}, server).empty());
        CHECK(over_tcp({good, {"evil.test", kTypeA, server}}, server).empty());
        CHECK(site.world.questions() == before);
    }
    site.node.remove(*pod);
    site.node.remove(*open);
}

namespace {

constexpr std::size_t kLabels = 4;  // of data in a name, as tunnels use them: base32, since servers may change the case
constexpr std::size_t kLabelBytes = 57;

// A name with data under the domain, different for each number.
std::string tunnel_name(unsigned number, const std::string& domain) {
    std::string name;
    for (std::size_t label = 0; label < kLabels; ++label) {
        std::string text = "d" + std::to_string(number) + "x" + std::to_string(label);
        text.resize(kLabelBytes, 'q');
        name += text + ".";
    }
    return name + domain;
}

// The bytes of data that a client, which sends names as fast as it gets responses for a second, brings to the server.
std::uint64_t tunnelled(Site& site, const Pod& pod, const std::string& domain) {
    std::atomic<std::uint64_t> names{0};
    site.world.set_script([&names](const WorldQuestion& question) -> std::optional<std::vector<WorldReply>> {
        names += question.name.size() > kLabels * kLabelBytes ? 1U : 0U;
        return std::nullopt;
    });
    static unsigned number = 0;
    run_inside(pod.netns, [&] {
        const Fd udp = open_socket(AF_INET, SOCK_DGRAM);
        const auto end = SteadyClock::now() + Milliseconds(1000);
        while (SteadyClock::now() < end) {
            static_cast<void>(ask(udp, {tunnel_name(++number, domain), kTypeTxt, kServer4, 53, Milliseconds(300)}));
            static_cast<void>(ask(udp, {tunnel_name(++number, domain), kTypeA, kServer4, 53, Milliseconds(300)}));
        }
    });
    site.world.set_script(nullptr);
    return names * kLabels * kLabelBytes * 5 / 8;
}

}  // namespace

TEST_CASE("D19, D22: what a tunnel through the names of queries carries", "[tunnel]") {
    struct Setting {
        const char* what;
        const char* settings;
        const char* dns;
        const char* domain;
        std::uint64_t most;
    };
    constexpr std::uint64_t kNoLimit = UINT64_MAX;
    const Setting settings[] = {
        {"any name", "", "any", "evil.test", kNoLimit},
        {"a domain that is not allowed", "", "allowed", "evil.test", 0},
        {"under an allowed wildcard", "", "allowed", "wild.test", kNoLimit},
        {"under it, with 60 new names a minute", "dnsNewNamesPerMinute: 60\n", "allowed", "wild.test", 60 * kLabels * kLabelBytes * 5 / 8},
    };
    for (const Setting& one : settings) {
        Site site(one.settings);
        site.node.write_policy("weather.yaml", filtered({"*.wild.test"}, one.dns));
        const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
        const std::uint64_t bytes = tunnelled(site, *pod, one.domain);
        std::printf("tunnel, %s: %llu bytes in a second\n", one.what, static_cast<unsigned long long>(bytes));
        CHECK(bytes <= one.most);
        CHECK((one.most == 0) == (bytes == 0));
        site.node.remove(*pod);
    }
}
