// SPDX-License-Identifier: Apache-2.0
// `namegatectl -o json` of a daemon at work is what docs/api-json.md says.
#include <catch2/catch.hpp>
#include <sstream>
#include <thread>

#include "api/client.h"
#include "ctl/ctl.h"
#include "site.h"
#include "support/documented_json.h"

namespace json_test {

using namespace namegate;
using namespace namegate::test;

namespace {

using Lines = std::vector<std::string>;
constexpr unsigned kTimeoutMs = 10'000;
constexpr std::size_t kEvents = 3;

constexpr const char* kStaged =
    "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\nmetadata: {name: stricter}\nspec:\n  order: 1\n"
    "  selector: app == 'a'\n  types: [Egress, Ingress]\n  egress:\n  - {action: Deny, protocol: TCP}\n  ingress:\n  - {action: Allow}\n";
constexpr const char* kIngress =
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: in}\nspec:\n  order: 2\n"
    "  selector: app == 'a'\n  types: [Ingress]\n  ingress:\n  - {action: Allow}\n";

// What the command prints; of `monitor` the first events.
std::string output(const Site& site, std::vector<std::string> arguments) {
    std::ostringstream out;
    std::ostringstream err;
    std::size_t events = 0;
    ctl::Environment environment{out, err};
    environment.ask = [](const std::string& socket, const api::Request& request) { return api::ask_daemon(socket, request, kTimeoutMs); };
    environment.follow = [&events](const std::string& socket, const api::Request& request,
                                   const std::function<bool(const api::Json&)>& take) {
        return api::follow_daemon(socket, request, kTimeoutMs,
                                  [&](const api::Json& event) { return take(event) && (event.is_null() || ++events < kEvents); });
    };
    arguments.insert(arguments.end(), {"-o", "json", "-s", site.node.folder() + "/state/namegated.sock"});
    ctl::run(arguments, environment);
    return err.str() + out.str();
}

// Each line of it is an object, if `lines`.
void check(const Site& site, const std::string& section, const std::vector<std::string>& arguments, bool lines = false) {
    DocumentedJson document(NAMEGATE_API_JSON, section);
    std::istringstream in(output(site, arguments));
    std::string text;
    while (std::getline(in, text, lines ? '\n' : '\0')) {
        INFO(section << ": " << text);
        CHECK(document.check(nlohmann::ordered_json::parse(text, nullptr, false)) == Lines{});
    }
    INFO(section);
    CHECK(document.unseen() == Lines{});
}

}  // namespace

TEST_CASE("the JSON of the daemon's commands is as described") {
    Site site;
    site.world.set_alias("api.weather.com", "edge.example.net");
    site.world.set_name("edge.example.net", {"198.18.0.1"});
    site.world.set_name("evil.com", {"198.18.0.2"});
    site.node.write_policy("weather.yaml", allow_domains("weather", "app == 'a'", {"api.weather.com"}) + kStaged + "---\n" + kIngress);
    site.node.start_daemon();
    const auto pod = site.node.add({"a", "default", {{"app", "a"}}});
    REQUIRE(reaches(*pod, "api.weather.com"));

    std::thread traffic([&site, &pod] {
        for (std::size_t i = 0; i < kEvents; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            static_cast<void>(reaches(*pod, "evil.com", kDenied));
        }
        static_cast<void>(site);
    });
    check(site, "monitor", {"monitor", "--denied", "--dns"}, true);
    traffic.join();

    check(site, "status", {"status"});
    check(site, "endpoints", {"endpoints"});
    check(site, "policies", {"policies"});
    check(site, "policies ENDPOINT", {"policies", "default/a"});
    check(site, "ips", {"ips", "default/a"});
    check(site, "dns", {"dns"});
    check(site, "explain", {"explain", "default/a", "api.weather.com"});
    check(site, "explain", {"explain", "default/a", "evil.com"});
    check(site, "why", {"why", "default/a"});
    // The report begins up to a second after the daemon.
    REQUIRE(
        eventually([&] { return reaches(*pod, "api.weather.com") && output(site, {"staged"}).find("firstTime") != std::string::npos; }));
    check(site, "staged", {"staged"});
}

}  // namespace json_test
