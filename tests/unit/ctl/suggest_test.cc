// SPDX-License-Identifier: Apache-2.0
//
// `namegatectl suggest`: what was seen becomes policies that `namegatectl check` accepts, whatever names and labels contain.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "call.h"
#include "ctl/suggest/activity.h"
#include "ctl/suggest/policy_yaml.h"
#include "ctl/suggest/suggested_policy.h"
#include "ctl/suggest/wildcards.h"
#include "support/temp_dir.h"

namespace namegate::test {
namespace {

using api::Json;
using Catch::Contains;
using ctl::Activity;
using ctl::Observation;
using ctl::SuggestOptions;
using ctl::YamlOptions;

constexpr const char* kTime = "2026-01-02T03:04:05.678Z";
const policy::Labels kWeb = {{"app", "web"}, {"pod-template-hash", "7d4b9c6f5"}};

Observation flow(const std::string& remote, std::uint16_t port, std::vector<std::string> names = {}) {
    Observation out;
    out.endpoint = "default/web-1";
    out.name_space = "default";
    out.time = kTime;
    out.labels = kWeb;
    out.protocol = 6;
    out.port = port;
    out.remote = *IpAddress::parse(remote);
    out.names = std::move(names);
    out.rule = "profile: Allow (no tier decided)";
    return out;
}

Observation denied(const std::string& remote, std::uint16_t port, std::vector<std::string> names = {}) {
    Observation out = flow(remote, port, std::move(names));
    out.kind = Observation::Kind::kDenied;
    out.rule = "end of tier default: Deny";
    return out;
}

Observation lookup(const std::string& name, const std::vector<std::string>& addresses, const std::string& server = "192.0.2.53") {
    Observation out = flow(server, 0);
    out.kind = Observation::Kind::kLookup;
    out.name = name;
    for (const std::string& address : addresses) {
        out.addresses.push_back(*IpAddress::parse(address));
    }
    return out;
}

Activity activity_of(const std::vector<Observation>& all) {
    Activity out;
    for (const Observation& one : all) {
        out.note(one);
    }
    return out;
}

std::string yaml_of(const std::vector<Observation>& all, const SuggestOptions& options = {}, const YamlOptions& yaml = {}) {
    return policies_yaml(suggest_policies(activity_of(all), options), yaml);
}

// What `check` prints about it; empty: it is good.
std::string check(const std::string& yaml) {
    const TempDir dir;
    std::ofstream(dir.path() + "/a.yaml") << yaml;
    const Called called = Ctl()({"check", dir.path() + "/a.yaml"});
    return called.code == 0 && called.out.find("warning") == std::string::npos ? "" : called.out + called.err;
}

struct Watched {
    int code = -1;
    std::string out;
    std::string err;
    Json monitor;  // the arguments of the request
};

Watched suggest(std::vector<std::string> arguments, const std::vector<Json>& events, const std::map<std::string, Json>& replies = {},
                const Result<>& end = ok()) {
    Watched watched;
    std::ostringstream out;
    std::ostringstream err;
    ctl::Environment environment{out, err, false, {}, {}};
    environment.ask = [&](const std::string&, const api::Request& request) -> Result<Json> {
        const auto reply = replies.find(request.command);
        return reply == replies.end() ? Result<Json>(Error(Code::kNotFound, "no daemon listens", 2)) : reply->second;
    };
    environment.follow = [&](const std::string&, const api::Request& request, const std::function<bool(const Json&)>& take) {
        watched.monitor = request.arguments;
        for (const Json& event : events) {
            take(event);
        }
        return end;
    };
    arguments.insert(arguments.begin(), {"-s", "/s", "suggest"});
    watched.code = ctl::run(arguments, environment);
    watched.out = out.str();
    watched.err = err.str();
    return watched;
}

// The reply to `endpoints`.
Json endpoints_reply(const std::vector<std::pair<std::string, policy::Labels>>& endpoints) {
    api::EndpointsReply out;
    for (const auto& [name, labels] : endpoints) {
        out.emplace_back().endpoint = name;
        out.back().labels = labels;
    }
    return api::write_reply<api::EndpointsRequest>(std::move(out));
}

Json flow_event(const std::string& remote, int port, const std::string& kind = "flow") {
    return {{"kind", kind},          {"time", kTime},          {"endpoint", "default/web-1"}, {"namespace", "default"},
            {"direction", "egress"}, {"protocol", "TCP"},      {"localPort", 50000},          {"remote", remote},
            {"remotePort", port},    {"names", Json::array()}, {"rule", "default.allow-x[1]"}};
}

}  // namespace

TEST_CASE("suggest: names that were asked for become domains, other destinations addresses, and the DNS servers come first") {
    Observation query = flow("192.0.2.53", 53);
    query.protocol = 17;
    Observation other_pod = flow("192.0.2.1", 443, {"api.example.com"});
    other_pod.endpoint = "default/web-2";
    other_pod.labels = policy::Labels{{"app", "web"}, {"pod-template-hash", "other"}, {"app.kubernetes.io/version", "2"}};
    const std::string yaml =
        yaml_of({query, query, flow("192.0.2.1", 443, {"api.example.com"}), other_pod, flow("192.0.2.9", 8080), flow("2001:db8::1", 8080)});
    CHECK(yaml ==
          "---\n# For default/web-1, default/web-2\n"
          "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata:\n  name: suggested-web\n  namespace: \"default\"\n"
          "spec:\n  selector: \"app == 'web'\"\n  types: [Egress]\n  egress:\n"
          "  # queries to the DNS servers; without this rule no name opens an address\n"
          "  - action: Allow\n    protocol: UDP\n    destination:\n      nets:\n"
          "      - 192.0.2.53/32  # 2 flows, last 2026-01-02T03:04:05.678Z\n      ports: [53]\n"
          "  - action: Allow\n    protocol: TCP\n    destination:\n      domains:\n"
          "      - api.example.com  # 2 flows, last 2026-01-02T03:04:05.678Z\n      ports: [443]\n"
          "  - action: Allow\n    protocol: TCP\n    destination:\n      nets:\n"
          "      - 192.0.2.9/32  # 1 flow, last 2026-01-02T03:04:05.678Z\n"
          "      ports: [8080]\n"
          "  - action: Allow\n    protocol: TCP\n    destination:\n      nets:\n"
          "      - \"2001:db8::1/128\"  # 1 flow, last 2026-01-02T03:04:05.678Z\n      ports: [8080]\n");
    CHECK(check(yaml) == "");
    const std::string staged = yaml_of({query}, {}, {true, false, false, {}});
    CHECK_THAT(staged, Contains("kind: StagedNetworkPolicy\n"));
    CHECK(check(staged) == "");
}

TEST_CASE("suggest: of a shared address all names that the pod asked for, and no other pod's") {
    Observation elsewhere = lookup("other.example.com", {"192.0.2.1"});
    elsewhere.endpoint = "default/other";
    elsewhere.labels = policy::Labels{{"app", "other"}};
    const std::string yaml = yaml_of({lookup("a.example.com", {"192.0.2.1", "192.0.2.2"}), lookup("b.example.com", {"192.0.2.1"}),
                                      elsewhere, flow("192.0.2.1", 443), lookup("c.example.com", {"192.0.2.1"})});
    for (const char* name : {"- a.example.com ", "- b.example.com ", "- c.example.com "}) {
        CHECK_THAT(yaml, Contains(name));
    }
    CHECK_THAT(yaml, !Contains("- other.example.com"));
    CHECK(check(yaml) == "");
}

TEST_CASE("suggest: of a chain the name that was asked for; the servers also when their flow began before") {
    Json dns{{"kind", "dns"},
             {"time", kTime},
             {"endpoint", "default/web-1"},
             {"namespace", "default"},
             {"server", "2001:db8::53"},
             {"name", "www.shop.example"},
             {"addresses", {"192.0.2.1"}},
             {"opened", 1}};
    Json blocked = flow_event("192.0.2.1", 443, "denied");
    blocked["names"] = {"edge.cdn.example", "www.shop.example"};  // the last one was looked up
    const Json endpoints = endpoints_reply({{"default/web-1", policy::Labels{{"app", "web"}}}});
    const Watched watched = suggest({"--include-denied"}, {dns, blocked, nullptr}, {{"endpoints", endpoints}});
    INFO(watched.out << watched.err);
    CHECK(watched.code == 0);
    CHECK_THAT(watched.out, Contains("- www.shop.example  # denied 1 time, last"));
    CHECK_THAT(watched.out, !Contains("edge.cdn.example"));
    CHECK_THAT(watched.out, Contains("- \"2001:db8::53/128\"  # 1 lookup, last"));
    CHECK(watched.monitor == Json{{"denied", true}, {"dns", true}, {"flows", true}});
    CHECK(check(watched.out) == "");
}

TEST_CASE("suggest: UDP, DNS over TCP, protocols without ports, many ports") {
    std::vector<Observation> all;
    Observation udp = flow("192.0.2.1", 4433);
    udp.protocol = 17;
    Observation ping = flow("192.0.2.1", 0);
    ping.protocol = 1;
    Observation tcp_dns = flow("192.0.2.53", 53, {"ns.example.com"});  // a name opens nothing before DNS works
    Observation gre = flow("192.0.2.1", 0);
    gre.protocol = 47;
    all = {udp, ping, tcp_dns, gre};
    for (std::uint16_t port = 1000; port < 1100; ++port) {
        all.push_back(flow("192.0.2.7", port));
    }
    const std::string yaml = yaml_of(all);
    CHECK_THAT(yaml, Contains("protocol: UDP\n    destination:\n      nets:\n      - 192.0.2.1/32") && Contains("ports: [4433]"));
    CHECK_THAT(
        yaml,
        Contains("protocol: ICMP\n    destination:\n      nets:\n      - 192.0.2.1/32  # 1 flow, last 2026-01-02T03:04:05.678Z\n  -"));
    CHECK_THAT(
        yaml, Contains("  # queries to the DNS servers; without this rule no name opens an address\n  - action: Allow\n    protocol: TCP"));
    CHECK_THAT(yaml, Contains("protocol: 47\n"));
    CHECK_THAT(yaml, Contains("- 192.0.2.7/32  # 100 flows") && Contains("ports: ['1000:1099']"));
    CHECK(check(yaml) == "");
}

TEST_CASE("suggest: hostile names and labels stay text") {
    const std::vector<std::string> names = {"*.com",
                                            "*",
                                            "a\"b.example",
                                            "a'b: [x].example",
                                            "x\n  - action: Allow",
                                            "a b.example",
                                            "# x.example",
                                            "\x1b[2J.example",
                                            "\xff\xfe.example",
                                            std::string(300, 'a') + ".example",
                                            "",
                                            ".",
                                            "{}",
                                            "null",
                                            "true",
                                            "1e3",
                                            "0x10",
                                            "a,b.example",
                                            "10.0.0.1",
                                            "b\xc3\xbc.example",
                                            std::string("a\0b.example", 11)};
    std::vector<Observation> all;
    for (const std::string& name : names) {
        all.push_back(lookup(name, {"192.0.2.1"}));
        Observation one = flow("192.0.2.1", 443, {name});
        one.time = name;
        all.push_back(one);
        one.labels = policy::Labels{{"app", name}, {"tier", "x"}};
        one.endpoint = "default/" + name;
        all.push_back(one);
        one.labels = policy::Labels{{name, "x"}, {"tier", "y"}};
        one.endpoint = name;
        one.name_space = name;
        one.names = {"good.example.com"};
        all.push_back(one);
    }
    for (const bool wildcards : {false, true}) {
        const std::string yaml = yaml_of(all, {true, wildcards, false});
        INFO(yaml);
        CHECK(check(yaml) == "");
        CHECK_THAT(yaml, !Contains("*.com\"") && !Contains("- \"*") && !Contains("- *") && !Contains("\x1b"));
        CHECK_THAT(yaml, Contains("- good.example.com"));
        CHECK(std::count(yaml.begin(), yaml.end(), '\0') == 0);
    }
    // A name that no policy can have: the address.
    CHECK_THAT(yaml_of({flow("192.0.2.1", 443, {"*.example.com"})}), Contains("nets:\n      - 192.0.2.1/32"));
}

TEST_CASE("suggest: what was denied is listed, and allowed only on request") {
    const std::vector<Observation> all = {flow("192.0.2.1", 443, {"api.example.com"}), denied("192.0.2.66", 443, {"evil.test"}),
                                          denied("192.0.2.66", 443, {"evil.test"}), denied("192.0.2.1", 443, {"api.example.com"})};
    const std::string yaml = yaml_of(all);
    CHECK_THAT(yaml, Contains("# Not allowed here, because it was denied (--include-denied allows it):\n"
                              "#   evil.test TCP port 443: denied 2 times, last 2026-01-02T03:04:05.678Z\n"));
    CHECK_THAT(yaml, !Contains("- evil.test"));
    CHECK_THAT(yaml, Contains("- api.example.com  # 1 flow, denied 1 time, last"));
    CHECK(check(yaml) == "");
    const std::string with = yaml_of(all, {true, false, false});
    CHECK_THAT(with, Contains("- evil.test  # denied 2 times") && !Contains("Not allowed here"));
    CHECK(check(with) == "");
    // Nothing else: no policy, because it would deny everything.
    const std::string only = yaml_of({denied("192.0.2.66", 443)});
    CHECK_THAT(only, Contains("# No policy for default/web-1: it began no allowed flow\n") && Contains("#   192.0.2.66/32 TCP port 443"));
    CHECK_THAT(only, !Contains("kind:"));
    Observation incoming = flow("192.0.2.1", 8080);
    incoming.ingress = true;
    CHECK(yaml_of({incoming}).find("kind:") == std::string::npos);
    CHECK_THAT(yaml_of({incoming, flow("192.0.2.1", 1)}), Contains("Also seen: 1 incoming flows"));
}

TEST_CASE("suggest: a wildcard stands for three names below a domain of one owner") {
    using Patterns = std::map<std::string, std::string>;
    const auto patterns = [](const std::set<std::string>& names) { return ctl::wildcards_for(names); };
    CHECK(patterns({"a.example.com", "b.example.com"}) == Patterns{});
    CHECK(patterns({"a.example.com", "b.example.com", "c.example.com", "example.com", "x.y.example.com"}) ==
          Patterns{{"a.example.com", "*.example.com"}, {"b.example.com", "*.example.com"}, {"c.example.com", "*.example.com"}});
    CHECK(patterns({"a.com", "b.com", "c.com"}) == Patterns{});
    CHECK(patterns({"a.co.uk", "b.co.uk", "c.co.uk"}) == Patterns{});
    CHECK(patterns({"a.s3.amazonaws.com", "b.s3.amazonaws.com", "c.s3.amazonaws.com"}) == Patterns{});
    CHECK(patterns({"a.github.io", "b.github.io", "c.github.io"}) == Patterns{});
    CHECK(patterns({"a", "b", "c"}) == Patterns{});
    CHECK(patterns({"1.bucket.s3.amazonaws.com", "2.bucket.s3.amazonaws.com", "3.bucket.s3.amazonaws.com"}).size() == 3);

    const std::vector<Observation> all = {flow("192.0.2.1", 443, {"a.example.com"}), flow("192.0.2.2", 443, {"b.example.com"}),
                                          flow("192.0.2.3", 443, {"c.example.com"}), flow("192.0.2.4", 443, {"d.example.com"}),
                                          flow("192.0.2.5", 80, {"e.example.com"})};
    CHECK_THAT(yaml_of(all), !Contains("*."));
    const std::string yaml = yaml_of(all, {false, true, false});
    CHECK_THAT(yaml, Contains("- \"*.example.com\"  # 4 flows, last 2026-01-02T03:04:05.678Z; for 4 names: a.example.com, b.example.com, "
                              "c.example.com, ...\n"));
    CHECK_THAT(yaml, Contains("- e.example.com"));  // another port
    CHECK(check(yaml) == "");
}

TEST_CASE("suggest: a selector does not select pods with more labels that were seen, nor one without a label at all") {
    Observation wide = flow("192.0.2.2", 443);
    wide.endpoint = "default/canary";
    wide.labels = policy::Labels{{"app", "web"}, {"track", "canary"}};
    Observation bare = flow("192.0.2.3", 443);
    bare.endpoint = "default/bare";
    bare.labels = policy::Labels{{"pod-template-hash", "x"}};
    Observation container = flow("192.0.2.4", 443);
    container.endpoint = "0123abcd";
    container.name_space = "";
    container.labels = policy::Labels{{"role", "job's"}};
    const std::string yaml = yaml_of({flow("192.0.2.1", 443), wide, bare, container});
    CHECK_THAT(yaml, Contains("selector: \"app == 'web' && !has(track)\""));
    CHECK_THAT(yaml, Contains("selector: \"app == 'web' && track == 'canary'\""));
    CHECK_THAT(yaml, Contains("name: suggested-web-2\n"));
    CHECK_THAT(yaml, Contains("# No policy for default/bare: no label selects it alone"));
    CHECK_THAT(yaml,
               Contains("kind: GlobalNetworkPolicy\nmetadata:\n  name: suggested-job-s\nspec:\n  selector: \"role == \\\"job's\\\"\""));
    CHECK(check(yaml) == "");
}

TEST_CASE("suggest: a selector does not select pods that did nothing meanwhile") {
    const Json endpoints = endpoints_reply({{"default/web-1", policy::Labels{{"app", "web"}}},
                                            {"default/idle", policy::Labels{{"app", "web"}, {"tier", "db"}}},
                                            {"other/idle", policy::Labels{{"app", "web"}, {"x", "y"}}}});
    const std::string out = suggest({"default/web-1"}, {flow_event("192.0.2.1", 443)}, {{"endpoints", endpoints}}).out;
    CHECK_THAT(out, Contains("selector: \"app == 'web' && !has(tier)\"") && Contains("of 1 endpoints") && !Contains("idle"));
}

TEST_CASE("suggest --diff: only what no rule allows, and what was never used") {
    Json covered = flow_event("192.0.2.1", 443);
    Json missing = flow_event("192.0.2.2", 443);
    missing["rule"] = "profile: Allow (no tier decided)";
    api::RulesReply rules;
    const auto add = [&rules](int index, const char* text, unsigned packets, const char* action = "Allow") {
        rules.egress.rules.push_back({{0, "default", "", "default.allow-x", index, action, text, "", 0}, packets, 0});
    };
    add(0, "Allow UDP", 0);
    add(1, "Allow TCP", 7);
    add(2, "Deny", 0, "Deny");
    add(-1, "profile: Allow", 0);
    const std::map<std::string, Json> replies = {{"endpoints", endpoints_reply({{"default/web-1", policy::Labels{{"app", "web"}}}})},
                                                 {"policies", api::write_reply<api::PoliciesRequest>({{}, rules})}};
    const Watched watched = suggest({"--diff"}, {covered, missing}, replies);
    INFO(watched.out);
    CHECK_THAT(watched.out, Contains("- 192.0.2.2/32") && !Contains("192.0.2.1/32"));
    CHECK_THAT(watched.out, Contains("name: suggested-web-more\n"));
    CHECK_THAT(watched.out, Contains("# In force and never used since:\n#   default.allow-x[0]: Allow UDP\napiVersion"));
    CHECK(check(watched.out) == "");
    CHECK_THAT(suggest({"--diff"}, {covered}, replies).out, Contains("nothing is missing"));
    CHECK_THAT(suggest({"--diff"}, {covered, missing}).out, Contains("no label selects it alone"));  // no daemon says what its labels are
}

TEST_CASE("suggest --from reads a flow log; what is not valid is counted") {
    const TempDir dir;
    const std::string path = dir.path() + "/flows.jsonl";
    const std::string line =
        R"({"@timestamp":"2026-01-02T03:04:05.678Z","event":{"action":"flow-ended"},"source":{"ip":"10.0.0.2","port":50000},)"
        R"("destination":{"ip":"192.0.2.1","port":443,"domain":"b.test"},"network":{"transport":"tcp","iana_number":"6",)"
        R"("direction":"egress"},"rule":{"name":"profile: Allow"},"orchestrator":{"namespace":"default","resource":{"type":"pod",)"
        R"("name":"web-1","label":["app:web"]}},"namegate":{"endpoint":{"id":7,"name":"default/web-1"},"names":["a.test","b.test"]}})";
    const std::string dns =
        R"({"@timestamp":"2026-01-02T03:04:04Z","event":{"action":"dns"},"destination":{"ip":"192.0.2.53"},)"
        R"("dns":{"question":{"name":"c.test"},"resolved_ip":["192.0.2.1"]},"namegate":{"endpoint":{"name":"default/web-1"}},)"
        R"("orchestrator":{"namespace":"default","resource":{"label":["app:web"]}}})";
    std::string deep(100, '[');
    std::ofstream(path) << line << "\n"
                        << dns << "\n"
                        << line.substr(0, 50) << "\n"
                        << line << "\n[1]\n"
                        << deep << "\n\n"
                        << R"({"event":{"action":"lost"},"namegate":{"lost":3}})"
                        << "\n"
                        << flow_event("192.0.2.3", 22).dump() << "\n"
                        << std::string(2U << 20U, 'x') << "\n"
                        << R"({"kind":"flow","endpoint":7,"remote":[],"remotePort":-1,"protocol":{}})";
    const Watched read = suggest({"--from", path}, {});
    INFO(read.out << read.err);
    CHECK(read.code == 0);
    CHECK(read.err.empty());
    CHECK_THAT(read.out,
               Contains("- a.test  # 2 flows") && Contains("- b.test  # 2 flows") && Contains("- c.test") && Contains("192.0.2.3/32"));
    CHECK_THAT(read.out, Contains("- 192.0.2.53/32  # 1 lookup"));
    CHECK_THAT(read.out, Contains("# Rules may be missing: 3 events were lost, 4 lines are not valid, 0 events are over a limit.\n"));
    CHECK_THAT(read.out, Contains("from 3 flows of 1 endpoints, 2026-01-02T03:04:04Z to 2026-01-02T03:04:05.678Z."));
    CHECK(check(read.out) == "");
    CHECK_THAT(suggest({"--from", path, "-l", "app == 'web'"}, {}).out, Contains("suggested-web"));
    CHECK(suggest({"--from", path, "-l", "app == 'other'"}, {}).code == 1);
    CHECK(suggest({"--from", path, "default/other"}, {}).code == 1);
    CHECK(suggest({"--from", path, "default/web-1"}, {}).code == 0);
    CHECK(suggest({"--from", path + ".none"}, {}).code == 2);
    CHECK(suggest({"-l", "app ="}, {}).code == 2);
    CHECK(suggest({"--for", "soon"}, {}).code == 2);
    CHECK(suggest({}, {}, {}, Error(Code::kNotFound, "no daemon listens", 2)).code == 3);
    CHECK(suggest({}, {}).code == 1);
}

TEST_CASE("suggest: a log with beginnings and ends of the same flows counts them once; what is over a limit is counted") {
    Observation end = flow("192.0.2.1", 443);
    end.kind = Observation::Kind::kFlowEnded;
    CHECK_THAT(yaml_of({flow("192.0.2.1", 443), flow("192.0.2.1", 443), end}), Contains("# 2 flows"));
    Activity activity;
    for (std::size_t i = 0; i <= ctl::kMaxActiveEndpoints; ++i) {
        Observation one = flow("192.0.2.1", 443);
        one.endpoint = std::to_string(i);
        activity.note(one);
    }
    CHECK(activity.endpoints().size() == ctl::kMaxActiveEndpoints);
    CHECK(activity.left_out() == 1);
    Activity wide;
    for (std::size_t i = 0; i < ctl::kMaxActiveDestinations + 5; ++i) {
        Observation one = flow("192.0.2.1", static_cast<std::uint16_t>(i));
        one.remote =
            IpAddress::v4({10, static_cast<std::uint8_t>(i >> 16U), static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
        wide.note(one);
    }
    CHECK(wide.left_out() == 5);
    const auto policies = suggest_policies(wide, {});
    REQUIRE(policies.size() == 1);
    CHECK(policies[0].rules.size() == 1024);
    CHECK_THAT(policies[0].denied.back(), Contains("at most 1024 rules"));
    Activity names;
    Observation one = lookup("x", {});
    one.addresses.push_back(*IpAddress::parse("192.0.2.1"));
    for (std::size_t i = 0; i <= ctl::kMaxActiveNames; ++i) {
        one.name = std::to_string(i);
        names.note(one);
    }
    CHECK(names.left_out() == 1);
}

}  // namespace namegate::test
