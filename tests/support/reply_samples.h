// SPDX-License-Identifier: Apache-2.0
//
// Replies of the daemon as values, with every field set. Values.
#pragma once

#include "api/commands.h"

namespace namegate::test {

inline api::RuleItem sample_rule() {
    return {3, "default", "NetworkPolicy", "shop/web", 1, "Allow", "Allow TCP to port 443", "/p/web.yaml", 12, "require", "deny"};
}

inline api::StatusReply sample_status() {
    return {true,
            "0.1.0",
            4321,
            3700,
            "/sys/fs/bpf/namegate/v1",
            {"/etc/namegate/policies.d"},
            {{"/p/a.yaml", true, "current", "2026-03-01T10:00:00Z", 2, {}},
             {"/p/b.yaml", false, "last good", "", 1, {"/p/b.yaml:1:2: error: spec: \x1b[m"}}},
            {2, 1, 0},
            {{{"names", 17}, {"denied", std::uint64_t{1} << 63}, {"cut", 0}}},
            {"192.0.2.53:53"},
            {{"192.0.2.53:53", "dnsTrustedServers"}},
            {"policy file /p/b.yaml is refused"},
            {"DNS server 10.0.0.2 is not trusted"},
            api::ApiServerItem{"https://10.0.0.1:6443", true, "2026-03-01T10:00:00Z", "reset", 12, 5, 9, 1, "shop/big: too large", 3, 2}};
}

inline api::EndpointsReply sample_endpoints() {
    return {{7,
             "default/weather",
             "0123456789abcdef",
             "eth0",
             "ng0123456789a",
             "pods",
             "first",
             {"10.88.0.2", "fd00::2"},
             {{"app", "weather-app"}, {"evil", "\x1b[2J"}},
             {{"note", "text"}},
             {"10.0.0.10"},
             "enforced",
             {"weather"},
             "too many rules",
             {{{"denied", 5}}}}};
}

inline api::PoliciesReply sample_policy_list() {
    return {{{"default", 100, "GlobalNetworkPolicy", "weather", false, {"Ingress", "Egress"}, "/p/a.yaml", 3, 2, 0, 5, 1, "allowed"},
             {"default", 1.5, "GlobalNetworkPolicy", "half", false, {"Egress"}, "/p/a.yaml", 3, 2, 0, 5, 0},
             {"default", {}, "StagedNetworkPolicy", "ns/\x1b[m", true, {"Egress"}, "/p/a.yaml", 3, 0, 3, 5, {}}},
            {}};
}

inline api::DirectionRules sample_direction() {
    return {true, {{sample_rule(), 12, 3}}, api::StagedEffect{"", {{sample_rule(), true}}, 4, 1, "192.0.2.1:443/TCP"}};
}

inline api::PoliciesReply sample_rules() {
    return {{},
            api::RulesReply{
                "default/weather", "enforced", "labels are unknown", {"a note"}, sample_direction(), sample_direction(), "allowed"}};
}

inline api::AddressesReply sample_addresses() {
    return {{"192.0.2.10", {"api.weather.com", "edge.example"}, {"api.weather.com"}, {"weather[1]"}, "192.0.2.53:53", 312, 2},
            {"169.254.169.254", {"evil.com"}, {}, {}, "", 5, 0, "169.254.0.0/16"},
            {"192.0.2.11", {"a.test"}, {"*.test"}, {"weather[2]"}, "name cache", 60, 1, {}, api::Texts{"b.test", "a.test"}}};
}

inline api::NamesReply sample_names() { return {{"default/weather", "bad\nname.com", {"192.0.2.10", "-> edge.example"}, 60}}; }

inline api::ExplainReply sample_explain() {
    const std::vector<api::ExplainStep> path = {{sample_rule(), false, "another protocol or port"}};
    return {"default/a",
            "enforced",
            "egress",
            "a.b",
            "TCP port 443",
            true,
            false,
            "after lookup",
            {"a note"},
            {{"192.0.2.1",
              "IPv4",
              {"a.b"},
              {"*.b"},
              false,
              "after lookup",
              "a reason",
              {"ask"},
              path,
              api::StagedVerdict{false, "denied", "another reason", path}}}};
}

inline api::CountedPacket sample_egress(std::uint64_t count) {
    return {count,
            "t1",
            "t2",
            "egress",
            "TCP",
            "192.0.2.1",
            443,
            50000,
            {"edge.example.net", "api.example\x1b.com"},
            "default",
            "end of tier default: Deny"};
}

inline api::WhyReply sample_why() {
    return {"default/weather",
            "enforced",
            1240,
            {{sample_egress(12), "denied", "denied",
              api::VerdictNow{"api.example.com", "denied", "no rule matches", {"write a rule", "or two"}}},
             {{1, "t0", "t0", "ingress", "UDP", "2001:db8::1", 4000, 53, {}, "", ""}, "cut", "cut"},
             {{2, "t0", "t1", "egress", "TCP", "192.0.2.1", 443, 50000, {"a.test"}, "default", "default.allow[0]", "evil\x1b.test"},
              "denied",
              "tls_name_denied"},
             {{2, "t0", "t1", "egress", "DNS", "192.0.2.53", 0, 0, {"evil\x1b.test"}, "", ""}, "dns-refused", "dns_name_refused", {}, 16}}};
}

inline api::StagedReply sample_staged() {
    return {"t0",
            1,
            12,
            3,
            2,
            {{sample_egress(7), "default/weather", "denied", "", 0},
             {{1, "t1", "t1", "ingress", "UDP", "2001:db8::1", 4000, 53, {}, "default", "lab[0]", "c.test"},
              "default/weather",
              "allowed",
              "/p/lab.yaml",
              4}}};
}

}  // namespace namegate::test
