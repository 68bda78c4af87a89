// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <sstream>

#include "call.h"

namespace namegate::test {
namespace {

const api::Json kDenied{{"time", "2026-01-02T03:04:05.678Z"},
                        {"kind", "denied"},
                        {"endpointId", 7},
                        {"endpoint", "default/weather"},
                        {"interface", "ng0"},
                        {"direction", "egress"},
                        {"protocol", "TCP"},
                        {"localPort", 50000},
                        {"remote", "2001:db8::1"},
                        {"remotePort", 443},
                        {"rule", "end of tier"},
                        {"reason", "denied"}};

struct Followed {
    int code = -1;
    std::string out;
    std::string err;
    api::Request request;
};

Followed follow(const std::vector<std::string>& arguments, const std::vector<api::Json>& events, const Result<>& end = ok()) {
    Followed followed;
    std::ostringstream out;
    std::ostringstream err;
    ctl::Environment environment{out, err, false, {}, {}};
    environment.follow = [&](const std::string&, const api::Request& request, const std::function<bool(const api::Json&)>& take) {
        followed.request = request;
        for (const api::Json& event : events) {
            take(event);
        }
        return end;
    };
    followed.code = ctl::run(arguments, environment);
    followed.out = out.str();
    followed.err = err.str();
    return followed;
}

TEST_CASE("monitor prints the name that the pod looked up beside the address, escaped") {
    api::Json event = kDenied;
    event["names"] = {"edge.example.net", "evil.example\x1b[2J"};
    const Followed text = follow({"-s", "/s", "monitor"}, {event});
    CHECK(text.out.find(" to [2001:db8::1]:443 (evil.example\\x1b[2J) TCP by end of tier\n") != std::string::npos);
    event["names"] = api::Json::array();
    CHECK(follow({"-s", "/s", "monitor"}, {event}).out.find(" to [2001:db8::1]:443 TCP by") != std::string::npos);
}

TEST_CASE("monitor prints what a refused DNS query asked for, escaped") {
    api::Json event{
        {"time", "t"}, {"kind", "dns-refused"},       {"endpoint", "default/weather"}, {"server", "192.0.2.53"}, {"name", "x\x1b[2J"},
        {"type", 16},  {"reason", "dns_name_refused"}};
    CHECK(follow({"-s", "/s", "monitor"}, {event}).out ==
          "t dns-refused default/weather x\\x1b[2J type 16 to 192.0.2.53 (dns_name_refused)\n");
    event.erase("name");
    event.erase("type");
    CHECK(follow({"-s", "/s", "monitor"}, {event}).out ==
          "t dns-refused default/weather a message that is not a plain query to 192.0.2.53 (dns_name_refused)\n");
}

TEST_CASE("monitor prints one event per line") {
    const api::Json incoming{{"time", "t"},        {"kind", "cut"},   {"endpointId", 8},       {"direction", "ingress"},
                             {"protocol", "UDP"},  {"localPort", 53}, {"remote", "192.0.2.1"}, {"remotePort", 4000},
                             {"reason", "changed"}};
    const api::Json answer{{"time", "t"},   {"kind", "dns"}, {"endpoint", "x"}, {"name", "a.example\x1b[2J"}, {"addresses", {"192.0.2.1"}},
                           {"server", "s"}, {"opened", 1}};
    api::Json held = answer;
    held.update({{"name", "b.example"}, {"path", "held"}, {"latencyMs", 12.3456}});
    api::Json decided = held;
    decided["path"] = "kernel";
    const Followed text = follow({"-s", "/s", "monitor"}, {kDenied, incoming, answer, held, decided, {{"kind", "lost"}, {"count", 5}}});
    CHECK(text.code == 0);
    CHECK(text.out ==
          "2026-01-02T03:04:05.678Z denied default/weather to [2001:db8::1]:443 TCP by end of tier\n"
          "t cut endpoint 8 from 192.0.2.1:4000 UDP to port 53 (changed)\n"
          "t dns x a.example\\x1b[2J is 192.0.2.1, from s, 1 opened\n"
          "t dns x b.example is 192.0.2.1, from s, 1 opened, held, after 12.346 ms\n"
          "t dns x b.example is 192.0.2.1, from s, 1 opened, after 12.346 ms\n"
          "5 events were lost: they came faster than they were read, or they are too old\n");
    const Followed json = follow({"-s", "/s", "-o", "json", "monitor"}, {kDenied, answer});
    CHECK(json.out.find("\x1b") == std::string::npos);
    CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 2);
    api::Json denied = {{"formatVersion", 1}};
    denied.update(kDenied);
    CHECK(json_of(json.out.substr(0, json.out.find('\n'))) == denied);
}

TEST_CASE("monitor prints addresses that open and expire, with the name") {
    const api::Json opened{{"time", "t"},
                           {"kind", "address-opened"},
                           {"endpoint", "default/weather"},
                           {"address", "192.0.2.1"},
                           {"names", {"edge.test", "a.test"}},
                           {"expires", "2026-01-02T03:04:05.678Z"}};
    api::Json expired = opened;
    expired["kind"] = "address-expired";
    expired.erase("names");
    CHECK(follow({"-s", "/s", "monitor", "--addresses"}, {opened, expired}).out ==
          "t address-opened default/weather 192.0.2.1 (a.test) until 2026-01-02T03:04:05.678Z\n"
          "t address-expired default/weather 192.0.2.1\n");
}

TEST_CASE("monitor folds lines that repeat, but not as JSON, and prints events of the node") {
    const api::Json policies{{"time", "t"}, {"kind", "policies"}, {"text", "2 policies of 1 files are in force"}};
    const Followed text = follow({"-s", "/s", "monitor"}, {kDenied, kDenied, policies, nullptr, kDenied});
    CHECK(text.out ==
          "2026-01-02T03:04:05.678Z denied default/weather to [2001:db8::1]:443 TCP by end of tier\n"
          "t policies node 2 policies of 1 files are in force\n"
          "2026-01-02T03:04:05.678Z denied default/weather to [2001:db8::1]:443 TCP by end of tier  x2 more in 5 s\n");
    const Followed json = follow({"-s", "/s", "-o", "json", "monitor"}, {kDenied, nullptr, kDenied});
    CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 2);
}

TEST_CASE("monitor prints what the staged policies would do with a packet") {
    const auto line_of = [](const api::Json& staged) {
        api::Json event = kDenied;
        event["staged"] = staged;
        return follow({"-s", "/s", "monitor"}, {event}).out;
    };
    const std::string line = "2026-01-02T03:04:05.678Z denied default/weather to [2001:db8::1]:443 TCP by end of tier";
    CHECK(line_of({{"allowed", true}, {"rule", "default.a[0]"}, {"byStaged", true}}) ==
          line + "; staged policies: allowed by staged default.a[0]\n");
    CHECK(line_of({{"allowed", false}, {"rule", "default.b[2]"}, {"byStaged", false}}) ==
          line + "; staged policies: denied by default.b[2]\n");
    CHECK(line_of({{"error", "too \x1b many"}}) == line + "; staged policies: no verdict: too \\x1b many\n");
    CHECK(line_of(nullptr) == line + "\n");
}

TEST_CASE("monitor shows the TLS name of a connection") {
    api::Json event = kDenied;
    event["tlsName"] = "evil.\x1b.test";
    CHECK(follow({"-s", "/s", "monitor"}, {event}).out.find(" TCP as evil.\\x1b.test by end of tier") != std::string::npos);
}

TEST_CASE("monitor folds flows that ended, and shows how the first one did") {
    api::Json event = kDenied;
    event.update({{"kind", "flow-ended"},
                  {"reason", ""},
                  {"durationMs", 1234},
                  {"end", "closed"},
                  {"packetsSent", 1},
                  {"bytesSent", 52},
                  {"packetsReceived", 12},
                  {"bytesReceived", 1'234'567}});
    api::Json later = event;
    later["durationMs"] = 7;
    const std::string line = "2026-01-02T03:04:05.678Z flow-ended default/weather to [2001:db8::1]:443 TCP by end of tier";
    CHECK(follow({"-s", "/s", "monitor"}, {event, later}).out ==
          line + ", closed after 1.234 s: sent 1 packet, 52 bytes, received 12 packets, 1,234,567 bytes\n" + line + "  x1 more in 5 s\n");
    CHECK(follow({"-s", "/s", "monitor"}, {later}).out.find("closed after 0.007 s") != std::string::npos);
}

TEST_CASE("monitor requests what its options say") {
    const Followed followed = follow({"-s", "/s", "monitor", "--denied", "--dns", "default/weather"}, {});
    CHECK(followed.request.command == "monitor");
    CHECK(followed.request.arguments == api::Json{{"denied", true}, {"dns", true}, {"endpoint", "default/weather"}});
    const Followed filtered = follow({"-s", "/s", "monitor", "--since", "15m", "--namespace", "default", "--pod", "weather", "--name",
                                      "*.example.com", "--rule", "default.allow"},
                                     {});
    CHECK(filtered.request.arguments == api::Json{{"denied", false},
                                                  {"dns", false},
                                                  {"namespace", "default"},
                                                  {"pod", "weather"},
                                                  {"name", "*.example.com"},
                                                  {"rule", "default.allow"},
                                                  {"sinceSeconds", 900}});
    CHECK(follow({"-s", "/s", "monitor", "--flows"}, {}).request.arguments ==
          api::Json{{"denied", false}, {"dns", false}, {"flows", true}});
    CHECK(follow({"-s", "/s", "monitor", "--addresses"}, {}).request.arguments ==
          api::Json{{"denied", false}, {"dns", false}, {"addresses", true}});
    CHECK(follow({"-s", "/s", "monitor", "--since", "soon"}, {}).code == 2);
    CHECK(follow({"-s", "/s", "status", "--denied"}, {}).code == 2);
    CHECK(follow({"-s", "/s", "monitor", "a", "b"}, {}).code == 2);
}

TEST_CASE("monitor prints why it ended") {
    CHECK(follow({"-s", "/s", "monitor"}, {}, Error(Code::kTryAgain, "the daemon closed the connection")).code == 3);
    CHECK(follow({"-s", "/s", "monitor"}, {}, Error(Code::kNotFound, "no daemon listens", 2)).code == 3);
    CHECK(follow({"-s", "/s", "monitor", "none"}, {}, Error(Code::kNotFound, "no endpoint")).code == 1);
}

}  // namespace
}  // namespace namegate::test
