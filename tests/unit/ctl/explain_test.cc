// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>

#include "support/reply_samples.h"
#include "support/temp_dir.h"
#include "unit/ctl/call.h"

using namespace namegate;
using api::Json;
using Catch::Contains;
using test::Called;
using test::Ctl;

namespace {

Called offline(std::vector<std::string> arguments, const std::string& policies = NAMEGATE_EXAMPLES "/global-network-policy.yaml") {
    arguments.insert(arguments.begin(), {"explain", "--offline", "--policies", policies});
    return Ctl()(arguments);
}

}  // namespace

TEST_CASE("explain --offline: a verdict from files and labels; a name is not allowed before it is looked up") {
    const Called later = offline({"-l", "app=weather-app", "default/weather", "api.weather.com"});
    CHECK(later.code == 4);
    CHECK(later.out ==
          "default/weather -> api.weather.com, TCP port 443 (the default)\n"
          "note: offline: learned addresses and other endpoints are not known\n"
          "\n"
          "an address that only api.weather.com leads to: not allowed yet\n"
          "  GlobalNetworkPolicy default.allow-egress-to-domain[1] allows it (" NAMEGATE_EXAMPLES
          "/global-network-policy.yaml:16), by the domain api.weather.com, once the endpoint has looked it up\n"
          "\n"
          "  #  TIER     POLICY                             RULE                              OUTCOME\n"
          "  0  default  default.allow-egress-to-domain[0]  Allow UDP to port 53              no: another protocol or port\n"
          "  1  default  default.allow-egress-to-domain[1]  Allow to domains api.weather.com  Allow\n"
          "\n"
          "  First:\n"
          "  - the endpoint has to look up api.weather.com at a trusted DNS server\n");
    const Called denied = offline({"--label=app=weather-app", "default/weather", "192.0.2.1:53"});
    CHECK(denied.code == 1);
    CHECK_THAT(denied.out, Contains("192.0.2.1: denied\n  the end of tier default denies it") && Contains("To allow it, one of:\n"));
    CHECK(offline({"-l", "app=weather-app", "default/weather", "192.0.2.1:53/UDP"}).code == 0);
    CHECK_THAT(offline({"default/weather", "evil.com"}).out, Contains("no policy selects the endpoint in this direction"));
    CHECK_THAT(offline({"-l", "app=weather-app", "--ingress", "x/y", "192.0.2.1"}).out,
               Contains("x/y <- 192.0.2.1") && Contains("allowed"));
}

TEST_CASE("explain --offline: as JSON") {
    const Called called = offline({"-o", "json", "-l", "app=weather-app", "default/weather", "www.api.weather.com"});
    CHECK(called.code == 1);
    const Json json = test::json_of(called.out);
    CHECK(json["allowed"] == false);
    CHECK(json["verdict"] == "denied");
    const Json later = test::json_of(offline({"-o", "json", "-l", "app=weather-app", "default/weather", "api.weather.com"}).out);
    CHECK(later["allowed"] == false);
    CHECK(later["verdict"] == "after lookup");
    CHECK(later["results"][0]["verdict"] == "after lookup");
    const Json allowed = test::json_of(offline({"-o", "json", "-l", "app=weather-app", "default/weather", "192.0.2.1:53/UDP"}).out);
    CHECK(allowed["allowed"] == true);
    CHECK(allowed["verdict"] == "allowed");
    REQUIRE(json["results"].size() == 1);
    CHECK(json["results"][0]["family"] == "any");
    CHECK(json["results"][0]["path"].size() == 3);
    CHECK(json["results"][0]["path"][1]["why"] == "the name does not match its domains");
    CHECK(json["results"][0]["staged"].is_null());
}

TEST_CASE("explain --offline: staged policies are reported beside the real verdict; refused files are named") {
    const test::TempDir folder;
    std::ofstream(folder.path() + "/staged.yaml")
        << "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: x}\nspec: {egress: [{action: Allow, "
           "destination: {nets: [192.0.2.1]}}]}\n";
    std::ofstream(folder.path() + "/bad.yaml") << "kind: x\n";
    const Called called = offline({"default/a", "192.0.2.2"}, folder.path());
    CHECK(called.code == 0);
    CHECK_THAT(called.out, Contains("192.0.2.2: allowed\n  no policy selects") &&
                               Contains("  with the staged policies: denied: the end of tier default denies it") &&
                               Contains("/bad.yaml has errors and is left out"));
    CHECK_THAT(offline({"default/a", "192.0.2.1"}, folder.path()).out,
               Contains("with the staged policies: allowed: StagedGlobalNetworkPolicy x[0] allows it"));
}

TEST_CASE("explain --offline: a name is judged for both families where they differ") {
    const test::TempDir folder;
    std::ofstream(folder.path() + "/a.yaml") << "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec: "
                                                "{egress: [{action: Allow, ipVersion: 4, destination: {domains: [a.com]}}]}\n";
    const auto results = [&](const char* destination) {
        return test::json_of(offline({"-o", "json", "default/a", destination}, folder.path()).out)["results"];
    };
    const Json both = results("a.com");
    REQUIRE(both.size() == 2);
    CHECK((both[0]["family"] == "IPv4" && both[0]["verdict"] == "after lookup"));
    CHECK((both[1]["family"] == "IPv6" && both[1]["verdict"] == "denied"));
    CHECK(both[1]["path"][0]["why"] == "the name matches, but the rule excludes the address");
    CHECK(offline({"default/a", "a.com"}, folder.path()).code == 1);
    REQUIRE(results("a.com/ICMP").size() == 1);
    CHECK(results("a.com/ICMP")[0]["verdict"] == "after lookup");
    REQUIRE(results("a.com/ICMPv6").size() == 1);
    CHECK(results("a.com/ICMPv6")[0]["verdict"] == "denied");
    CHECK(results("b.com").size() == 1);
}

TEST_CASE("explain --offline: TLS names of the policies, the configuration and the connection") {
    const test::TempDir folder;
    std::ofstream(folder.path() + "/a.yaml") << "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: x}\nspec: "
                                                "{egress: [{action: Allow, destination: {domains: [a.com]}}]}\n";
    std::ofstream(folder.path() + "/n.conf") << "tlsNames: Require\n";
    const auto reason = [&](const std::vector<std::string>& options) {
        std::vector<std::string> all = {"-o", "json", "default/a", "a.com"};
        all.insert(all.end(), options.begin(), options.end());
        return test::json_of(offline(all, folder.path() + "/a.yaml").out)["results"][0]["reason"].get<std::string>();
    };
    const std::string required = "--config=" + folder.path() + "/n.conf";
    CHECK_THAT(reason({required}), Contains("if it shows the TLS name a.com"));
    CHECK_THAT(reason({"--config=" + folder.path() + "/none.yaml"}), !Contains("TLS"));
    CHECK_THAT(reason({required, "--tls-name", "b.com"}), Contains("the end of tier default denies it"));
    CHECK_THAT(offline({required, "default/a", "a.com/UDP"}, folder.path() + "/a.yaml").out,
               Contains("Allow to domains a.com; TLS names: require  Deny: the TLS name of QUIC is not read, and the rule asks for it"));
    CHECK_THAT(offline({"--tls-name", "b.com", "--ingress", "default/a", "192.0.2.1"}).err, Contains("TLS names count only for egress"));
}

TEST_CASE("explain: what is sent to the daemon, and bad arguments") {
    Ctl ctl;
    api::ExplainReply reply;
    ctl.reply = api::write_reply<api::ExplainRequest>(reply);
    const Called asked = ctl({"explain", "-s", "/x", "--ingress", "default/a", "192.0.2.1:80"});
    CHECK(asked.code == 1);
    CHECK(asked.request.arguments == Json{{"endpoint", "default/a"}, {"destination", "192.0.2.1:80"}, {"direction", "ingress"}});
    CHECK(ctl({"explain", "-s", "/x", "--tls-name", "a.b", "default/a", "192.0.2.1"}).request.arguments["tlsName"] == "a.b");
    reply.allowed = true;
    ctl.reply = api::write_reply<api::ExplainRequest>(reply);
    CHECK(ctl({"explain", "-s", "/x", "default/a", "a.b"}).code == 0);
    ctl.reply = api::write_reply<api::ExplainRequest>(test::sample_explain());
    CHECK(ctl({"explain", "-s", "/x", "default/a", "a.b"}).code == 4);
    CHECK(ctl({"explain", "-s", "/x", "-o", "json", "default/a", "a.b"}).code == 4);
    CHECK(ctl({"explain", "-s", "/x", "default/a", "a.b"}).out ==
          "default/a -> a.b, TCP port 443 (the default)\n"
          "note: a note\n"
          "\n"
          "192.0.2.1 (a.b): not allowed yet\n"
          "  a reason\n"
          "  with the staged policies: denied: another reason\n"
          "\n"
          "  #  TIER     POLICY       RULE                                       OUTCOME\n"
          "  3  default  shop/web[1]  Allow TCP to port 443; TLS names: require  no: another protocol or port\n"
          "\n"
          "  First:\n"
          "  - ask\n");
    ctl.colour = true;
    CHECK_THAT(ctl({"explain", "-s", "/x", "default/a", "a.b"}).out, Contains(": \033[1;33mnot allowed yet\033[0m\n"));
    ctl.colour = false;
    for (const Json& other : {Json(), Json(1), Json{{"results", {1, "x"}}, {"notes", 3}}, Json{{"allowed", true}}}) {
        ctl.reply = other;
        const Called called = ctl({"explain", "-s", "/x", "default/a", "a.b"});
        CHECK(called.code == 2);
        CHECK(called.out.empty());
        CHECK_THAT(called.err, Contains("the daemon's reply to \"explain\": "));
    }
    CHECK(ctl({"explain", "default/a"}).code == 2);
    CHECK(offline({"default/a", "a.b:0"}).code == 2);
    CHECK(offline({"default/a/b", "a.b"}).code == 2);
    CHECK(offline({"-l", "x", "default/a", "a.b"}).code == 2);
    CHECK(offline({"--ingress", "default/a", "a.b"}).code == 2);
    CHECK(offline({"default/a", "a.b"}, "/nowhere").code == 2);
    CHECK_THAT(Ctl()({"endpoints", "--offline"}).err, Contains("--offline is an option of explain only"));
}
