// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "support/reply_samples.h"
#include "unit/ctl/call.h"

using namespace namegate;
using api::Json;
using Catch::Contains;
using test::Called;
using test::Ctl;

namespace {

Called show(std::vector<std::string> arguments, Result<Json> reply) {
    Ctl ctl;
    ctl.reply = std::move(reply);
    arguments.insert(arguments.end(), {"-s", "/x"});
    return ctl(arguments);
}

Json status(bool healthy) {
    api::StatusReply reply = test::sample_status();
    reply.healthy = healthy;
    reply.counters = {{{"names", 17}}};
    reply.warnings.clear();
    if (healthy) {
        reply.degraded.clear();
    }
    return api::write_reply<api::StatusRequest>(std::move(reply));
}

}  // namespace

TEST_CASE("status") {
    const Called good = show({"status"}, status(true));
    CHECK(good.code == 0);
    CHECK(good.out ==
          "daemon     0.1.0, up 1h1m\n"
          "healthy    yes\n"
          "endpoints  2 enforced, 1 open, 0 closed\n"
          "dns        192.0.2.53:53 (dnsTrustedServers)\n"
          "api server https://10.0.0.1:6443, connected since 2026-03-01T10:00:00Z, 12 pods of this node, 5 namespaces, 9 service accounts, "
          "refused: 1, the last: shop/big: too large\n"
          "unpoliced  3 pods of this node in the node's network, 2 in a network that namegate did not make\n"
          "folders    /etc/namegate/policies.d\n"
          "pins       /sys/fs/bpf/namegate/v1\n"
          "\n"
          "FILE       LOADED  IN FORCE   SINCE                 RESOURCES\n"
          "/p/a.yaml  yes     current    2026-03-01T10:00:00Z  2\n"
          "/p/b.yaml  no      last good  -                     1\n"
          "\n"
          "/p/b.yaml:1:2: error: spec: \\x1b[m\n"
          "\n"
          "COUNTER  VALUE\n"
          "names    17\n");
    const Called bad = show({"status"}, status(false));
    CHECK(bad.code == 1);
    CHECK_THAT(bad.out, Contains("healthy    no\ndegraded   policy file /p/b.yaml is refused\n"));
}

TEST_CASE("endpoints") {
    const Json reply = api::write_reply<api::EndpointsRequest>(test::sample_endpoints());
    const Called called = show({"endpoints"}, reply);
    CHECK(called.code == 0);
    CHECK(called.out ==
          "ID  ENDPOINT         CONTAINER     INTERFACE      ADDRESSES          MODE      POLICIES  LABELS\n"
          "7   default/weather  0123456789ab  ng0123456789a  10.88.0.2,fd00::2  enforced  weather   app=weather-app,evil=\\x1b[2J\n"
          "error: default/weather: too many rules\n");
    CHECK(show({"endpoints"}, Json::array()).out == "no endpoints\n");
}

TEST_CASE("policies without an endpoint") {
    Ctl ctl;
    ctl.reply = api::write_reply<api::PoliciesRequest>(test::sample_policy_list());
    const Called called = ctl({"policies", "-s", "/x"});
    CHECK(called.code == 0);
    CHECK_FALSE(called.request.arguments.contains("endpoint"));
    CHECK(called.out ==
          "TIER     ORDER  KIND                 POLICY     STAGED  DNS      ENDPOINTS        MATCHED       PLACE\n"
          "default  100    GlobalNetworkPolicy  weather    -       allowed  2                1 of 5 rules  /p/a.yaml:3\n"
          "default  1.5    GlobalNetworkPolicy  half       -       -        2                0 of 5 rules  /p/a.yaml:3\n"
          "default  -      StagedNetworkPolicy  ns/\\x1b[m  staged  -        0, unknown of 3  -             /p/a.yaml:3\n"
          "\n9 of 10 rules have not matched a packet yet: weather (4), half (5); see: namegatectl policies ENDPOINT\n");
    CHECK(show({"policies", "-o", "json"}, ctl.reply).out == Json{{"formatVersion", 1}, {"items", *ctl.reply}}.dump(2) + "\n");
    CHECK(show({"policies"}, Json::array()).out == "no policies\n");
}

TEST_CASE("policies") {
    api::RuleItem first = {0, "default", "GlobalNetworkPolicy", "weather", 0, "Allow", "Allow UDP to port 53", "/p/a.yaml", 10};
    const api::RuleItem end = {1, "default", "", "", -1, "Deny", "end of tier default: Deny", "", 0};
    api::RulesReply rules;
    rules.endpoint = "default/weather";
    rules.mode = "enforced";
    rules.egress = {true, {{first, 12, 3}, {end, 0, 0}}, {}};
    const auto json = [&rules] { return api::write_reply<api::PoliciesRequest>({{}, rules}); };
    CHECK(show({"policies", "default/weather"}, json()).out ==
          "default/weather\n"
          "\n"
          "egress: enforced\n"
          "#  TIER     POLICY      ACTION  RULE                       PACKETS  FLOWS  PLACE\n"
          "0  default  weather[0]  Allow   Allow UDP to port 53       12       3      /p/a.yaml:10\n"
          "1  default  -           Deny    end of tier default: Deny  0        0      -\n"
          "\n"
          "ingress: open, no policy selects it in this direction\n");
    first.tls_names = "verify";
    first.quic = "allow";
    rules.egress.rules[0] = {first, 12, 3};
    CHECK_THAT(show({"policies", "default/weather"}, json()).out, Contains("Allow UDP to port 53; TLS names: verify, QUIC allowed  12 "));
    first = {0, "default", "StagedGlobalNetworkPolicy", "stricter", 0, "Deny", "Deny TCP", "/p/s.yaml", 7};
    rules.egress.staged = api::StagedEffect{"", {{first, true}}, 4, 1, "192.0.2.1:443/TCP"};
    CHECK_THAT(show({"policies", "default/weather"}, json()).out,
               Contains("\negress with the staged policies, which are not enforced:\n"
                        "#  TIER     POLICY       ACTION  RULE      STAGED  PLACE\n"
                        "0  default  stricter[0]  Deny    Deny TCP  staged  /p/s.yaml:7\n"
                        "they would deny 1 of 4 live flows, such as 192.0.2.1:443/TCP\n\ningress: open"));
    rules.mode = "closed";
    rules.error = "labels are unknown";
    rules.notes = {"a note"};
    rules.egress.staged->error = "too many rules";
    CHECK_THAT(show({"policies", "x"}, json()).out,
               Contains("error: labels are unknown\nnote: a note\nclosed: nothing passes") &&
                   Contains("egress with the staged policies, which are not enforced: error: too many rules\n"));
}

TEST_CASE("ips") {
    api::AddressesReply reply = test::sample_addresses();
    reply.resize(1);
    CHECK(show({"ips", "default/weather"}, api::write_reply<api::AddressesRequest>(reply)).out ==
          "ADDRESS     NAMES                         PATTERNS         RULE        SERVER         TTL    FLOWS\n"
          "192.0.2.10  api.weather.com,edge.example  api.weather.com  weather[1]  192.0.2.53:53  5m12s  2\n");
    CHECK_THAT(show({"ips", "x"}, api::write_reply<api::AddressesRequest>(test::sample_addresses())).out,
               Contains("169.254.169.254  evil.com                      -                not open: dnsNeverOpens has 169.254.0.0/16") &&
                   Contains("TLS NAMES") && Contains("b.test,a.test"));
    CHECK(show({"ips", "x"}, Json::array()).out == "no name has opened an address\n");
}

TEST_CASE("dns") {
    const Json reply = api::write_reply<api::NamesRequest>({{"default/weather", "bad\nname.com", {"192.0.2.10"}, 60}});
    CHECK(show({"dns"}, reply).out ==
          "ENDPOINT         NAME           ADDRESSES   TTL\n"
          "default/weather  bad\\nname.com  192.0.2.10  1m\n");
    CHECK(show({"dns"}, Json::array()).out == "no names\n");
}

TEST_CASE("replies as JSON are printed completely, and escaped for a terminal") {
    Json reply = status(true);
    reply.update({{"new", {{"deep", {1, 2}}}}, {"text", "\x1b[2J\xc2\x9b\x7f\xff"}});
    const Called called = show({"status", "-o", "json"}, reply);
    CHECK(called.code == 0);
    CHECK(test::json_of(called.out)["new"] == reply["new"]);
    for (const char c : called.out) {
        CHECK((c == '\n' || (c >= ' ' && c < '\x7f')));
    }
}

TEST_CASE("a reply of another form is an error that names the field; as JSON it is printed nevertheless") {
    for (const char* command : {"status", "endpoints", "dns", "policies"}) {
        for (const Json& reply :
             {Json(), Json(1), Json("x"), Json{{"files", 3}}, Json{1, "x", nullptr}, Json{{{"addresses", {{"a", 1}}}}}}) {
            INFO(command << " " << reply.dump());
            const Called called = show({command}, reply);
            CHECK(called.code == 2);
            CHECK(called.out.empty());
            CHECK_THAT(called.err, Contains(std::string("the daemon's reply to \"") + command + "\": ") && Contains("another version"));
        }
    }
    Json reply = status(true);
    reply.erase("pins");
    CHECK_THAT(show({"status"}, reply).err, Contains("the field \"pins\" is missing"));
    const Called json = show({"status", "-o", "json"}, reply);
    CHECK(test::json_of(json.out)["version"] == "0.1.0");
    CHECK_THAT(json.err, Contains("the field \"pins\" is missing"));
    CHECK(json.code == 2);
    CHECK(show({"endpoints", "-o", "json"}, Json{{{"id", 1}}}).code == 0);
}
