// SPDX-License-Identifier: Apache-2.0
// E10, E11 on random clusters: whatever the rules are, a Service is never open to a pod that may not reach each of its ready endpoints;
// and a single rule that allows opens a Service exactly if it opens all of them.
#include <catch2/catch.hpp>
#include <random>

#include "policy/compiler/compile.h"
#include "policy/compiler/evaluate.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::policy;

namespace namegate::policy::services_oracle {
namespace {

constexpr std::array<std::uint8_t, 2> kProtocols = {6, 17};
constexpr std::array<std::uint16_t, 4> kPorts = {53, 80, 8080, 15432};

// Pods with random labels and named ports, and Services with random endpoints, some of them at addresses that nobody knows.
class World {
  public:
    explicit World(std::mt19937& random) : random_(random) {
        for (std::uint8_t i = 0; i < 6; ++i) {
            EndpointView pod =
                test::pod_view("shop", "pod-" + std::to_string(i), {{"app", one_of({"web", "db"})}, {"zone", one_of({"a", "b"})}},
                               "10.0.0." + std::to_string(i + 1));
            pod.account_known = true;
            pod.namespace_labels = std::make_shared<const Labels>();
            pod.ports = std::vector<NamedPort>{{"sql", kProtocols[pick(2)], kPorts[pick(4)]}};
            pods.push_back(std::move(pod));
        }
        pods[0].labels["app"] = "self";
        cluster.has_source = true;
        for (std::uint8_t i = 0; i < 4; ++i) {
            cluster.services.push_back(service(i));
        }
    }

    // A rule that selects pods or names a Service, or, with `any`, concerns everything.
    std::string rule(const char* action, bool any) {
        const std::string begin = std::string("{action: ") + action;
        if (any && pick(5) == 0) {
            return begin + "}";
        }
        // One that takes away concerns what it names, and no other Service with the same endpoints.
        if (pick(6) == 0 && std::string(action) == "Allow") {
            return begin + ", destination: {services: {name: s" + std::to_string(pick(5)) + "}}}";
        }
        const bool excludes = pick(4) == 0;
        std::string destination = (excludes ? "notSelector: " : "selector: ") + selector();
        std::string protocol;
        // One that denies by notSelector, and has ports, concerns the port of the packet itself.
        if (pick(2) == 0 && (!excludes || std::string(action) != "Deny")) {
            protocol = std::string(", protocol: ") + one_of({"TCP", "UDP"});
            destination += std::string(pick(4) == 0 ? ", notPorts: [" : ", ports: [") + one_of({"53", "'80:8080'", "15432", "sql"}) + "]";
        }
        return begin + protocol + ", destination: {" + destination + "}}";
    }

    unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
    const char* one_of(std::vector<const char*> texts) { return texts[pick(static_cast<unsigned>(texts.size()))]; }

    std::vector<EndpointView> pods;
    ClusterServices cluster;

  private:
    std::string selector() {
        return one_of({"app == 'db'", "app != 'db'", "zone == 'a'", "all()", "app == 'db' && zone == 'b'", "has(none)"});
    }
    ServiceView service(std::uint8_t number) {
        // Two Services may have the same external address.
        ServiceView out{"shop",
                        "s" + std::to_string(number),
                        {IpAddress::v4({10, 96, 0, number}), IpAddress::v4({198, 51, 100, 7})},
                        {},
                        pick(12) == 0};
        for (unsigned i = 0; i < 1 + pick(2); ++i) {
            ServicePortView port{kProtocols[pick(2)], static_cast<std::uint16_t>(1000 + pick(2)), {}};
            for (unsigned n = pick(4); n > 0; --n) {
                const unsigned pod = 1 + pick(6);  // 6 is at an address that no pod has
                port.endpoints.push_back(
                    {IpAddress::v4({10, 0, 0, static_cast<std::uint8_t>(pod + 1)}), kPorts[pick(4)], "shop/pod-" + std::to_string(pod)});
            }
            out.ports.push_back(std::move(port));
        }
        return out;
    }

    std::mt19937& random_;
};

class Compiled {
  public:
    // `first`: rules of an earlier tier; empty: there is none.
    Compiled(const World& world, const std::string& rules, const std::string& first = "") {
        const auto policy = [](const std::string& name, const std::string& tier, const std::string& egress) {
            return "---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: " + name +
                   ", namespace: shop}\nspec: {tier: " + tier + ", selector: app == 'self', types: [Egress], egress: [" + egress + "]}\n";
        };
        std::string file = policy("p", "default", rules);
        if (!first.empty()) {
            file += "---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\nspec: {order: 1}\n" +
                    policy("first.p", "first", first);
        }
        PolicyStore store;
        store.set_file("p.yaml", file);
        REQUIRE(store.files().front().loaded);
        const auto snapshot = store.snapshot();
        auto compiled =
            compile(*snapshot, facts_of(*snapshot, world.pods.front(), Direction::kEgress), world.pods, TlsNames::kOff, world.cluster);
        if (compiled) {
            policy_ = std::move(compiled).value();
        } else {
            // Only a rule that takes away is refused, because of endpoints that cannot be read.
            REQUIRE(compiled.error().code() == Code::kLabelsUnknown);
        }
    }
    bool is_refused() const { return !policy_; }
    bool allows(const IpAddress& address, std::uint8_t protocol, std::uint16_t port) const {
        return evaluate(*policy_, {address, protocol, 40'000, port, {}}).allowed;
    }

  private:
    std::optional<CompiledPolicy> policy_;
};

struct Reached {
    bool service = false;
    bool endpoints = true;   // each that is listed
    bool is_known = true;    // no other endpoint may be behind it
    std::size_t listed = 0;  // endpoints

    bool all() const { return endpoints && is_known && listed > 0; }
};

// What is behind an address and port is behind every Service that has them.
Reached reach(const World& world, const Compiled& policy, const IpAddress& address, std::uint8_t protocol, std::uint16_t port) {
    Reached out;
    out.service = policy.allows(address, protocol, port);
    for (const ServiceView& service : world.cluster.services) {
        for (const ServicePortView& one : service.ports) {
            if (std::find(service.addresses.begin(), service.addresses.end(), address) == service.addresses.end() ||
                one.protocol != protocol || one.port != port) {
                continue;
            }
            out.is_known = out.is_known && !service.has_unknown_endpoints;
            for (const ServiceEndpoint& endpoint : one.endpoints) {
                out.endpoints = out.endpoints && policy.allows(endpoint.address, protocol, endpoint.port);
                ++out.listed;
            }
        }
    }
    return out;
}

template <typename Check>
void for_each_target(const World& world, const Check& check) {
    for (const ServiceView& service : world.cluster.services) {
        for (const IpAddress& address : service.addresses) {
            for (const ServicePortView& port : service.ports) {
                check(service, address, port.protocol, port.port);
            }
        }
    }
}

}  // namespace

TEST_CASE("random rules never open a Service with an endpoint that they do not open", "[E10-]") {
    const namegate::test::Rounds run = namegate::test::rounds("services", 3'000);
    std::mt19937 random(static_cast<std::mt19937::result_type>(run.seed));
    unsigned long open = 0;
    unsigned long closed = 0;
    for (unsigned long i = 0; i < run.count; ++i) {
        World world(random);
        const auto some = [&world] {
            std::string rules;
            for (unsigned n = 1 + world.pick(4); n > 0; --n) {
                rules += (rules.empty() ? "" : ", ") + world.rule(world.one_of({"Allow", "Allow", "Deny", "Log", "Pass"}), true);
            }
            return rules;
        };
        const std::string first = some();
        const std::string second = some();
        const std::string rules = first + " | " + second;
        INFO(rules << "; round " << i);
        const Compiled policy(world, second, first);
        if (policy.is_refused()) {
            continue;
        }
        const auto has = [&rules](const char* text) { return rules.find(text) != std::string::npos; };
        const bool names = has("services:");
        const bool everything = has("Allow}") || has("Pass}") || has("notSelector");
        for_each_target(world, [&](const ServiceView& service, const IpAddress& address, std::uint8_t protocol, std::uint16_t port) {
            const Reached reached = reach(world, policy, address, protocol, port);
            INFO(service.name << " " << address.to_string() << " protocol " << int{protocol} << " port " << port);
            (reached.service ? open : closed) += 1;
            // A Service that a rule names is opened as such, also at an address that it shares with others.
            if (reached.service && (!names || address == service.addresses[0])) {
                REQUIRE(reached.endpoints);
            }
            // Only a rule for everything opens a Service of which nothing is known.
            if (reached.service && !names && !everything) {
                REQUIRE(reached.all());
            }
        });
    }
    CHECK(open > run.count / 10);
    CHECK(closed > run.count / 10);
}

TEST_CASE("a random rule opens a Service exactly if it opens all of its endpoints", "[E10+]") {
    const namegate::test::Rounds run = namegate::test::rounds("services of one rule", 3'000);
    std::mt19937 random(static_cast<std::mt19937::result_type>(run.seed));
    unsigned long open = 0;
    for (unsigned long i = 0; i < run.count; ++i) {
        World world(random);
        std::string rules = world.rule("Allow", false);
        while (rules.find("services:") != std::string::npos || rules.find("notSelector") != std::string::npos) {
            rules = world.rule("Allow", false);
        }
        INFO(rules << "; round " << i);
        const Compiled policy(world, rules);
        REQUIRE_FALSE(policy.is_refused());
        for_each_target(world, [&](const ServiceView& service, const IpAddress& address, std::uint8_t protocol, std::uint16_t port) {
            const Reached reached = reach(world, policy, address, protocol, port);
            INFO(service.name << " " << address.to_string() << " protocol " << int{protocol} << " port " << port);
            open += reached.service ? 1U : 0U;
            REQUIRE(reached.service == reached.all());
        });
    }
    CHECK(open > run.count / 20);
}

}  // namespace namegate::policy::services_oracle
