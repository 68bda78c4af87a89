// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

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
    return {{"healthy", healthy},
            {"version", "0.1.0"},
            {"uptimeSeconds", 3700},
            {"pins", "/sys/fs/bpf/namegate/v1"},
            {"folders", {"/etc/namegate/policies.d"}},
            {"files",
             {{{"path", "/p/a.yaml"},
               {"loaded", true},
               {"inForce", "current"},
               {"since", "2026-03-01T10:00:00Z"},
               {"resources", 2},
               {"problems", Json::array()}},
              {{"path", "/p/b.yaml"},
               {"loaded", false},
               {"inForce", "last good"},
               {"since", ""},
               {"resources", 1},
               {"problems", {"/p/b.yaml:1:2: error: spec: \x1b[m"}}}}},
            {"endpoints", {{"enforced", 2}, {"open", 1}, {"closed", 0}}},
            {"counters", {{"names", 17}}},
            {"trustedServers", {"192.0.2.53:53"}},
            {"degraded", healthy ? Json::array() : Json{"policy file /p/b.yaml is refused"}}};
}

}  // namespace

TEST_CASE("status") {
    const Called good = show({"status"}, status(true));
    CHECK(good.code == 0);
    CHECK(good.out ==
          "daemon     0.1.0, up 1h1m\n"
          "healthy    yes\n"
          "endpoints  2 enforced, 1 open, 0 closed\n"
          "dns        192.0.2.53:53\n"
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
    CHECK(show({"status"}, Json::object()).code == 1);
    CHECK(show({"status"}, Json("text")).code == 1);
}

TEST_CASE("endpoints") {
    const Json reply = {{{"id", 7},
                         {"endpoint", "default/weather"},
                         {"containerId", "0123456789abcdef"},
                         {"interface", "ng0123456789a"},
                         {"addresses", {"10.88.0.2", "fd00::2"}},
                         {"labels", {{"app", "weather-app"}, {"evil", "\x1b[2J"}}},
                         {"mode", "enforced"},
                         {"policies", {"weather"}},
                         {"error", "too many rules"}}};
    const Called called = show({"endpoints"}, reply);
    CHECK(called.code == 0);
    CHECK(called.out ==
          "ID  ENDPOINT         CONTAINER     INTERFACE      ADDRESSES          MODE      POLICIES  LABELS\n"
          "7   default/weather  0123456789ab  ng0123456789a  10.88.0.2,fd00::2  enforced  weather   app=weather-app,evil=\\x1b[2J\n"
          "error: default/weather: too many rules\n");
    CHECK(show({"endpoints"}, Json::array()).out == "no endpoints\n");
    CHECK(show({"endpoints"}, Json()).code == 0);
}

TEST_CASE("policies without an endpoint") {
    const Json policy = {{"tier", "default"},   {"order", 100},         {"kind", "GlobalNetworkPolicy"},
                         {"policy", "weather"}, {"staged", false},      {"file", "/p/a.yaml"},
                         {"line", 3},           {"endpoints", 2},       {"rules", 5},
                         {"matchedRules", 1},   {"unknownEndpoints", 0}};
    Json staged = policy;
    staged.update({{"kind", "StagedNetworkPolicy"},
                   {"policy", "ns/\x1b[m"},
                   {"order", nullptr},
                   {"staged", true},
                   {"endpoints", 0},
                   {"matchedRules", nullptr},
                   {"unknownEndpoints", 3}});
    Ctl ctl;
    ctl.reply = Json{policy, staged};
    const Called called = ctl({"policies", "-s", "/x"});
    CHECK(called.code == 0);
    CHECK_FALSE(called.request.arguments.contains("endpoint"));
    CHECK(called.out ==
          "TIER     ORDER  KIND                 POLICY     STAGED  ENDPOINTS        MATCHED       PLACE\n"
          "default  100    GlobalNetworkPolicy  weather    -       2                1 of 5 rules  /p/a.yaml:3\n"
          "default  -      StagedNetworkPolicy  ns/\\x1b[m  staged  0, unknown of 3  -             /p/a.yaml:3\n");
    CHECK(show({"policies", "-o", "json"}, ctl.reply).out == Json{{"formatVersion", 1}, {"items", *ctl.reply}}.dump(2) + "\n");
    CHECK(show({"policies"}, Json::array()).out == "no policies\n");
    CHECK(show({"policies"}, Json{1, "x"}).code == 0);
}

TEST_CASE("policies") {
    const Json reply = {{"endpoint", "default/weather"},
                        {"mode", "enforced"},
                        {"error", ""},
                        {"egress",
                         {{"enforced", true},
                          {"rules",
                           {{{"number", 0},
                             {"tier", "default"},
                             {"policy", "weather"},
                             {"index", 0},
                             {"action", "Allow"},
                             {"text", "Allow UDP to port 53"},
                             {"file", "/p/a.yaml"},
                             {"line", 10},
                             {"packets", 12},
                             {"flows", 3}},
                            {{"number", 1},
                             {"tier", "default"},
                             {"policy", ""},
                             {"index", -1},
                             {"action", "Deny"},
                             {"text", "end of tier default: Deny"},
                             {"file", ""},
                             {"line", 0},
                             {"packets", 0},
                             {"flows", 0}}}}}},
                        {"ingress", {{"enforced", false}, {"rules", Json::array()}}}};
    CHECK(show({"policies", "default/weather"}, reply).out ==
          "default/weather\n"
          "\n"
          "egress: enforced\n"
          "#  TIER     POLICY      ACTION  RULE                       PACKETS  FLOWS  PLACE\n"
          "0  default  weather[0]  Allow   Allow UDP to port 53       12       3      /p/a.yaml:10\n"
          "1  default  -           Deny    end of tier default: Deny  0        0      -\n"
          "\n"
          "ingress: open, no policy selects it in this direction\n");
    Json staged = reply;
    staged["egress"]["staged"] = {{"error", ""},
                                  {"rules",
                                   {{{"number", 0},
                                     {"tier", "default"},
                                     {"policy", "stricter"},
                                     {"index", 0},
                                     {"action", "Deny"},
                                     {"text", "Deny TCP"},
                                     {"staged", true},
                                     {"file", "/p/s.yaml"},
                                     {"line", 7}}}},
                                  {"liveFlows", 4},
                                  {"deniedFlows", 1},
                                  {"example", "192.0.2.1:443/TCP"}};
    CHECK_THAT(show({"policies", "default/weather"}, staged).out,
               Contains("\negress with the staged policies, which are not enforced:\n"
                        "#  TIER     POLICY       ACTION  RULE      STAGED  PLACE\n"
                        "0  default  stricter[0]  Deny    Deny TCP  staged  /p/s.yaml:7\n"
                        "they would deny 1 of 4 live flows, such as 192.0.2.1:443/TCP\n\ningress: open"));
    Json closed = reply;
    closed["mode"] = "closed";
    closed["error"] = "labels are unknown";
    CHECK_THAT(show({"policies", "x"}, closed).out, Contains("error: labels are unknown\nclosed: nothing passes"));
}

TEST_CASE("ips") {
    const Json reply = {{{"address", "192.0.2.10"},
                         {"names", {"api.weather.com", "edge.example"}},
                         {"patterns", {"api.weather.com"}},
                         {"rule", {"weather[1]"}},
                         {"server", "192.0.2.53:53"},
                         {"ttlSeconds", 312},
                         {"liveFlows", 2}}};
    CHECK(show({"ips", "default/weather"}, reply).out ==
          "ADDRESS     NAMES                         PATTERNS         RULE        SERVER         TTL    FLOWS\n"
          "192.0.2.10  api.weather.com,edge.example  api.weather.com  weather[1]  192.0.2.53:53  5m12s  2\n");
    const Json refused = {{{"address", "169.254.169.254"}, {"names", {"evil.com"}}, {"ttlSeconds", 5}, {"neverOpens", "169.254.0.0/16"}}};
    CHECK_THAT(show({"ips", "x"}, refused).out,
               Contains("169.254.169.254  evil.com  -         not open: dnsNeverOpens has 169.254.0.0/16"));
    CHECK(show({"ips", "x"}, Json::array()).out == "no name has opened an address\n");
}

TEST_CASE("dns") {
    const Json reply = {{{"endpoint", "default/weather"}, {"name", "bad\nname.com"}, {"addresses", {"192.0.2.10"}}, {"ttlSeconds", 60}}};
    CHECK(show({"dns"}, reply).out ==
          "ENDPOINT         NAME           ADDRESSES   TTL\n"
          "default/weather  bad\\nname.com  192.0.2.10  1m\n");
    CHECK(show({"dns"}, Json::array()).out == "no names\n");
}

TEST_CASE("replies as JSON are printed completely, and escaped for a terminal") {
    const Json reply = {{"healthy", true}, {"new", {{"deep", {1, 2}}}}, {"text", "\x1b[2J\xc2\x9b\x7f\xff"}};
    const Called called = show({"status", "-o", "json"}, reply);
    CHECK(called.code == 0);
    CHECK(test::json_of(called.out)["new"] == reply["new"]);
    for (const char c : called.out) {
        CHECK((c == '\n' || (c >= ' ' && c < '\x7f')));
    }
}

TEST_CASE("replies of an unexpected form print nothing, and break nothing") {
    for (const char* command : {"status", "endpoints", "dns"}) {
        for (const Json& reply :
             {Json(), Json(1), Json("x"), Json{{"files", 3}}, Json{1, "x", nullptr}, Json{{{"addresses", {{"a", 1}}}}}}) {
            INFO(command << " " << reply.dump());
            CHECK(show({command}, reply).code != 2);
        }
    }
    CHECK(show({"policies", "x"}, Json{{"egress", {{"enforced", true}, {"rules", "x"}}}}).code == 0);
    CHECK(show({"ips", "x"}, Json{{{"names", {{"x", 1}}}, {"ttlSeconds", -1}}}).code == 0);
}
