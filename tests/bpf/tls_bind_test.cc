// SPDX-License-Identifier: Apache-2.0
//
// Connections bound to TLS names: which may go on, and why the others may not (T1 to T6). Frames of an honest or hostile pod and its
// server; no daemon takes part.
#include <catch2/catch.hpp>

#include "datapath/events.h"
#include "datapath/flows.h"
#include "tls_connection.h"

using namespace namegate;
using namespace namegate::test;

namespace {

const Bytes kHttp = {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T', 'T', 'P', '/', '1', '.', '1', '\r', '\n', '\r', '\n'};

std::string required(std::string_view domains = "api.example.com") { return tls_rule("require", domains); }
std::string verified(std::string_view domains = "api.example.com") { return tls_rule("verify", domains); }

datapath::EndpointPolicies rejecting() {
    datapath::EndpointPolicies behaviour;
    behaviour.reject = true;
    return behaviour;
}

// The pod gets a RST.
bool is_reset_by(const RunResult& result) {
    const std::size_t ip = result.packet.size() > 14 && result.packet[14] >> 4 == 6 ? 40 : 20;
    return result.redirected() && result.packet.size() == 14 + ip + 20 && (result.packet[14 + ip + 13] & kRst) != 0;
}

}  // namespace

TEST_CASE("T3: a connection that shows an allowed name goes on, and costs nothing more") {
    for (const char* server : {kShared4, kShared6}) {
        for (const std::string& rule : {required(), verified()}) {
            TlsScene scene({rule});
            TlsConnection tls(scene, server);
            tls.open();
            CHECK(tls.talks(kGoodHello));
            CHECK(scene.count(NG_R_TLS_NAMED) == 1);
            CHECK(scene.count(NG_R_TLS_NAME) == 0);
        }
    }
}

TEST_CASE("T3: another name is denied, and so is everything after it") {
    for (const char* server : {kShared4, kShared6}) {
        for (const std::string& rule : {required(), verified()}) {
            TlsScene scene({rule});
            TlsConnection tls(scene, server);
            tls.open();
            CHECK(tls.data(0, kEvilHello).dropped());
            CHECK(scene.count(NG_R_TLS_NAME) == 1);
            CHECK(tls.data(0, kGoodHello).dropped());
            CHECK(tls.server(1, server_hello()).dropped());
            CHECK(scene.count(NG_R_CUT) == 2);
        }
    }
}

TEST_CASE("T3: with denyAction Reject, the pod gets a RST at once") {
    for (const char* server : {kShared4, kShared6}) {
        TlsScene scene({required()}, {}, rejecting());
        TlsConnection tls(scene, server);
        tls.open();
        CHECK(is_reset_by(tls.data(0, kEvilHello)));
    }
}

TEST_CASE("T3: names are compared as DNS does: case, wildcards, labels") {
    struct Row {
        const char* domains;
        const char* resolved;
        const char* shown;
        bool passes;
    };
    const Row rows[] = {
        {"api.example.com", "api.example.com", "API.Example.COM", true},
        {"'*.example.com'", "api.example.com", "api.example.com", true},
        {"'*.example.com'", "api.example.com", "other.example.com", true},
        {"'*.example.com'", "api.example.com", "a.b.example.com", true},
        {"'*.example.com'", "api.example.com", "example.com", false},
        {"'*.example.com'", "api.example.com", "notexample.com", false},
        {"'*.example.com'", "api.example.com", "api.example.com.evil.net", false},
        {"api.example.com", "api.example.com", "xapi.example.com", false},
        {"api.example.com", "api.example.com", "x.api.example.com", false},
        {"api.example.com", "api.example.com", "pi.example.com", false},
        {"'a.*.example.com'", "a.x.example.com", "a.y.z.example.com", true},
        {"'a.*.example.com'", "a.x.example.com", "a.example.com", false},
        {"'a.*.example.com'", "a.x.example.com", "b.x.example.com", false},
        {"'a.b.c.d.e.*.example.com'", "a.b.c.d.e.x.example.com", "a.b.c.d.e.y.example.com", true},
    };
    for (const Row& row : rows) {
        INFO(row.domains << " shown " << row.shown);
        TlsScene scene({required(row.domains)}, {row.resolved});
        if (scene.scene.learnt().empty()) {
            continue;  // only the daemon can decide this pattern
        }
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.talks(ClientHello(row.shown).record()) == row.passes);
    }
}

TEST_CASE("T3: a hello without a usable name is denied") {
    TlsScene scene({verified()});
    const Bytes hellos[] = {
        ClientHello().record(),
        ClientHello().padding(100).record(),
        ClientHello().without_extensions().record(),
        ClientHello("").record(),
        ClientHello("api.example.com.").record(),
        ClientHello(".api.example.com").record(),
        ClientHello("api..example.com").record(),
        ClientHello("api.example.com\n").record(),
        ClientHello(std::string(64, 'a') + ".com").record(),
        ClientHello(std::string(254, 'a')).record(),
        ClientHello("api.example.com").extension(0, server_name_body("api.example.com")).record(),
        ClientHello("api.example.com").extension(0, server_name_body("evil.example.net")).record(),
        ClientHello().extension(0, {}).record(),
        ClientHello().extension(0, {0, 3, 0, 0, 0}).record(),
    };
    std::uint64_t denied = 0;
    for (const Bytes& hello : hellos) {
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.data(0, hello).dropped());
        CHECK(scene.count(NG_R_TLS_NO_NAME) + scene.count(NG_R_TLS_NAME) == ++denied);
    }
    // An address as the name is a name that no domain matches.
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, ClientHello("192.0.2.80").record()).dropped());
    CHECK(scene.count(NG_R_TLS_NAME) >= 1);
}

TEST_CASE("T3: only require denies what is not TLS") {
    const Bytes plain[] = {kHttp, {0x16}, {0x16, 2, 0, 0, 0}, {0x80, 0x2e, 1, 3, 1}, {0}, {'S', 'S', 'H', '-'}};
    {
        TlsScene scene({required()});
        for (const Bytes& first : plain) {
            TlsConnection tls(scene);
            tls.open();
            const bool unknown = first.size() == 1 && first[0] == 0x16;  // may still become TLS
            CHECK(tls.data(0, first).passed() == unknown);
        }
        CHECK(scene.count(NG_R_TLS_NOT_TLS) == 4);
        CHECK(scene.count(NG_R_TLS_FORM) == 1);
    }
    TlsScene scene({verified()});
    for (const Bytes& first : plain) {
        TlsConnection tls(scene);
        tls.open();
        if (first[0] == 0x16) {  // TLS, or denied
            CHECK(tls.data(0, first).passed() == (first.size() == 1));
            continue;
        }
        CHECK(tls.data(0, first).passed());
        CHECK(tls.data(0, kGoodHello).dropped());  // the first byte stays the same until the server has it
        CHECK(tls.data(count_of(first), kHttp).passed());
        CHECK(tls.server(count_of(first), kHttp).passed());
        CHECK(tls.data(count_of(first), kEvilHello).passed());
    }
    CHECK(scene.count(NG_R_TLS_PLAIN) == 4);
}

TEST_CASE("T3: a server that speaks first is heard under verify only") {
    for (const bool strict : {false, true}) {
        TlsScene scene({strict ? required() : verified()});
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.server(0, kHttp).passed() != strict);
        if (!strict) {
            CHECK(tls.data(0, {'E', 'H', 'L', 'O'}).passed());
            CHECK(tls.server(4, kHttp).passed());
            CHECK(tls.is_decided(4));
        }
    }
}

TEST_CASE("T4: two rules on one address both work, whichever comes first") {
    for (const bool swapped : {false, true}) {
        const std::string a = required("api.example.com");
        const std::string b = required("www.example.org");
        TlsScene scene(swapped ? std::initializer_list<std::string>{b, a} : std::initializer_list<std::string>{a, b}, {"www.example.org"});
        for (const char* name : {"api.example.com", "www.example.org"}) {
            TlsConnection tls(scene);
            tls.open();
            CHECK(tls.talks(ClientHello(name).record()));
        }
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.data(0, kEvilHello).dropped());
    }
}

TEST_CASE("T4: a name that was not resolved to this address does not count") {
    TlsScene scene({required("api.example.com, other.example.com")});
    TlsConnection tls(scene);
    tls.open();
    CHECK(tls.data(0, ClientHello("other.example.com").record()).dropped());
    CHECK(scene.count(NG_R_TLS_NAME) == 1);
}

TEST_CASE("T4: rules that bind nothing count as ever") {
    {
        TlsScene scene({required(), "{action: Allow, destination: {nets: [192.0.2.0/24]}}"});
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.talks(kEvilHello));
        TlsConnection plain(scene);
        plain.open();
        CHECK(plain.data(0, kHttp).dropped());  // not TLS: the rule that binds came first
    }
    {
        TlsScene scene({required(), "{action: Allow, destination: {domains: [www.example.org]}}"}, {"www.example.org"});
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.talks(kEvilHello));
    }
    {
        TlsScene scene({required(), "{action: Deny, destination: {nets: [192.0.2.0/24]}}", required("www.example.org")},
                       {"www.example.org"});
        TlsConnection tls(scene);
        tls.open();
        CHECK(tls.data(0, ClientHello("www.example.org").record()).dropped());
    }
    TlsScene scene({"{action: Allow, destination: {nets: [192.0.2.0/24]}}", required()});
    TlsConnection tls(scene);
    CHECK(tls.syn().passed());
    CHECK(tls.data(0, kHttp).passed());  // not bound: no handshake is needed
}

TEST_CASE("T5: QUIC and other protocols that hide the name are denied at once") {
    const auto udp = [](TlsScene& scene, std::uint16_t port) { return scene.scene.egress(udp_out(kShared4, port)); };
    {
        TlsScene scene({verified()});
        CHECK(udp(scene, 443).redirected());  // the ICMP error
        CHECK(udp(scene, 8443).passed());
        CHECK(scene.scene.egress(icmp_out(kShared4, 8)).passed());
        CHECK(scene.count(NG_R_TLS_QUIC) == 1);
    }
    {
        TlsScene scene({required()});
        CHECK(udp(scene, 443).redirected());
        CHECK(udp(scene, 8443).redirected());
        CHECK(scene.scene.egress(icmp_out(kShared4, 8)).redirected());
        CHECK(scene.count(NG_R_TLS_QUIC) == 3);
    }
    {
        TlsScene scene({tls_rule("require, namegate.dev/quic: allow", "api.example.com")});
        CHECK(udp(scene, 443).passed());
        CHECK(udp(scene, 8443).redirected());
    }
    TlsScene scene({tls_rule("require", "api.example.com", "protocol: UDP, ")});
    CHECK(udp(scene, 443).redirected());
    CHECK(udp(scene, 8443).passed());
}

TEST_CASE("T6: queries for HTTPS and SVCB records get an empty response", "[T6+][T6-]") {
    TlsScene scene({verified()});
    const auto ask = [&](std::uint16_t type) {
        return scene.scene.egress(from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("api.example.com", type).build()).build());
    };
    CHECK(ask(65).redirected());
    CHECK(ask(64).redirected());
    CHECK(ask(1).passed());
    CHECK(ask(28).passed());
    CHECK(scene.count(NG_R_TLS_HTTPS) == 2);
    TlsScene open({"{action: Allow, destination: {domains: [api.example.com]}}"});
    CHECK(open.scene.egress(from_pod(kDns4).udp(40000, 53).payload(DnsMessage::query("api.example.com", 65).build()).build()).passed());
}

TEST_CASE("T7: a policy change neither opens an undecided connection nor revives one that was denied", "[T7+][T7-]") {
    TlsScene scene({required()});
    TlsConnection denied(scene);
    denied.open();
    CHECK(denied.data(0, kEvilHello).dropped());
    TlsConnection waiting(scene);
    waiting.open();
    TlsConnection decided(scene);
    decided.open();
    CHECK(decided.talks(kGoodHello));

    scene.apply({required(), "{action: Allow, destination: {ports: [1]}, protocol: TCP}"});
    CHECK(denied.data(0, kGoodHello).dropped());
    CHECK(waiting.data(0, kEvilHello).dropped());
    CHECK(decided.is_decided(20));

    // Without the binding, a connection that waits goes on.
    TlsConnection other(scene);
    other.open();
    scene.apply({"{action: Allow, destination: {domains: [api.example.com]}}"});
    CHECK(other.data(0, kEvilHello).passed());
    // Without the rule, nothing does.
    scene.apply({"{action: Allow, destination: {domains: [www.example.org]}}"});
    CHECK(decided.data(0, kGoodHello).dropped());
}

TEST_CASE("T7: a decided connection stays with the name that it showed") {
    TlsScene scene({required("api.example.com, www.example.org")}, {"www.example.org"});
    TlsConnection api(scene);
    api.open();
    CHECK(api.talks(kGoodHello));
    TlsConnection www(scene);
    www.open();
    CHECK(www.talks(ClientHello("www.example.org").record()));
    scene.apply({required("www.example.org")});
    CHECK(api.data(100, kHttp).dropped());
    CHECK(www.data(100, kHttp).passed());
}

TEST_CASE("T7: connections that are older than the binding are kept, and one without a begin is denied") {
    TlsScene scene({"{action: Allow, destination: {domains: [api.example.com]}}"});
    TlsConnection older(scene);
    older.open();
    CHECK(older.data(0, kHttp).passed());
    scene.apply({required()});
    CHECK(older.data(count_of(kHttp), kHttp).passed());
    TlsConnection unseen(scene);
    CHECK(unseen.data(0, kGoodHello).dropped());
    CHECK(unseen.send(kRst, 5).passed());
    CHECK(scene.count(NG_R_TLS_UNKNOWN) == 1);
}

TEST_CASE("T3: the name that was shown is reported, whether it is allowed or denied") {
    TlsScene scene({required()});
    std::vector<std::pair<std::uint16_t, std::string>> seen;
    const auto take = [&](const ng_event& event, std::span<const std::uint8_t> payload) {
        if (event.kind == NG_EVENT_DENIED || event.kind == NG_EVENT_NAMED) {
            seen.emplace_back(event.reason, std::string(payload.begin(), payload.end()));
        }
    };
    const auto denials = must(datapath::EventReader::create(scene.scene.datapath(), take));
    const auto flows = must(datapath::EventReader::create_for_flows(scene.scene.datapath(), take));
    must(datapath::set_wanted(scene.scene.datapath(), NG_WANT_NAMES));
    for (const char* name : {"API.example.com", "Evil.Example.NET"}) {
        TlsConnection tls(scene);
        tls.open();
        tls.data(0, ClientHello(name).record());
    }
    TlsConnection plain(scene);
    plain.open();
    plain.data(0, kHttp);
    must(flows->consume());
    must(denials->consume());
    must(datapath::set_wanted(scene.scene.datapath(), 0));
    const std::vector<std::pair<std::uint16_t, std::string>> expected = {
        {NG_R_NONE, "api.example.com"}, {NG_R_TLS_NAME, "evil.example.net"}, {NG_R_TLS_NOT_TLS, ""}};
    CHECK(seen == expected);
}
