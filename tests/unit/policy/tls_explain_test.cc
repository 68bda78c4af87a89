// SPDX-License-Identifier: Apache-2.0
// What explain() says where connections have to show TLS names.
#include <catch2/catch.hpp>

#include "policy/compiler/destination.h"
#include "policy/compiler/explain.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;
using Catch::Contains;

namespace {

std::string rule(const std::string& domains, const std::string& annotations) {
    return "{action: Allow, destination: {domains: [" + domains + "]}, metadata: {annotations: {" + annotations + "}}}";
}

// The rules a.com and *.cdn.net (verify), b.com (require, with QUIC), c.com (require), d.com (off).
const CompiledPolicy& policy() {
    static const CompiledPolicy compiled = [] {
        PolicyStore store;
        store.set_file("t.yaml", "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {egress: [" +
                                     rule("a.com, '*.cdn.net'", "namegate.dev/tls: verify") + ", " +
                                     rule("b.com", "namegate.dev/tls: require, namegate.dev/quic: allow") + ", " +
                                     rule("c.com", "namegate.dev/tls: require") + ", " + rule("d.com", "") + "]}\n");
        REQUIRE(store.files().at(0).loaded);
        return policy::test::compile_view(*store.snapshot(), EndpointView(), Direction::kEgress).value();
    }();
    return compiled;
}

// The destination, and the patterns that opened its address.
Explanation ask(const std::string& text, std::vector<std::string> opened, const std::string& tls_name = "") {
    const auto destination = parse_destination(text, tls_name);
    REQUIRE(destination);
    ExplainInput input;
    input.host = destination->host();
    input.service = destination->service();
    input.by_name = !destination->address;
    input.packet.remote = destination->address.value_or(*IpAddress::parse("192.0.2.1"));
    input.packet.protocol = destination->protocol;
    input.packet.source_port = 50000;
    input.packet.destination_port = destination->port;
    input.packet.patterns = std::move(opened);
    input.packet.tls_name = destination->tls_name;
    return explain(policy(), input);
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) {
        out += line + "\n";
    }
    return out;
}

}  // namespace

TEST_CASE("explain: a connection by address is allowed on the condition that it shows a TLS name") {
    const Explanation verify = ask("192.0.2.1", {"a.com", "*.cdn.net"});
    CHECK(verify.verdict.allowed);
    CHECK(
        verify.reason ==
        "GlobalNetworkPolicy p[0] allows it (t.yaml:4), by the domain *.cdn.net, if it shows a TLS name that matches *.cdn.net, a.com, or "
        "is not TLS");
    CHECK_THAT(ask("192.0.2.1", {"c.com"}).reason,
               Contains("by the domain c.com, if it shows a TLS name that matches c.com") && !Contains("is not TLS"));
    CHECK(ask("192.0.2.1", {"d.com"}).reason == "GlobalNetworkPolicy p[3] allows it (t.yaml:4), by the domain d.com");
}

TEST_CASE("explain: a connection by name is expected to show this name") {
    const Explanation own = ask("a.com", {"a.com"});
    CHECK(own.verdict.allowed);
    CHECK_THAT(own.reason, Contains(", by the domain a.com, if it shows the TLS name a.com or is not TLS"));
    // Two rules on one address: the one of this name decides, whatever is before it.
    const Explanation shared = ask("c.com", {"a.com", "b.com", "c.com"});
    CHECK(shared.verdict.rule == 2);
    CHECK(shared.path[0].why == "the TLS name c.com does not match its domains");
    CHECK_THAT(shared.reason, Contains("p[2] allows it") && Contains("if it shows the TLS name c.com or is not TLS"));
    CHECK_THAT(ask("b.com", {"b.com"}).reason, Contains("if it shows the TLS name b.com") && !Contains("is not TLS"));
    // A rule that does not bind allows it, because none before it matches the name.
    CHECK_THAT(ask("x.com", {"c.com", "d.com"}).reason, Contains("p[3] allows it") && Contains("if it shows the TLS name x.com"));
}

TEST_CASE("explain: a name that an alias opened is not the name that TLS shows") {
    const Explanation plain = ask("www.shop.com", {"*.cdn.net"});
    CHECK(plain.verdict.allowed);
    CHECK_THAT(plain.reason, Contains("if it is not TLS: no rule allows the TLS name www.shop.com on this address"));
    const Explanation required = ask("www.shop.com", {"c.com"});
    CHECK_FALSE(required.verdict.allowed);
    CHECK(required.path[2].why == "the TLS name www.shop.com does not match its domains");
    CHECK(
        joined(required.advice) ==
        "add www.shop.com to the domains of GlobalNetworkPolicy p[2]: it is the name that TLS shows, and the endpoint has to look it up\n");
}

TEST_CASE("explain: with the TLS name of a connection") {
    CHECK(ask("192.0.2.1", {"c.com"}, "C.com.").verdict.allowed);
    CHECK_FALSE(ask("192.0.2.1", {"c.com"}, "a.com").verdict.allowed);
    CHECK_FALSE(ask("192.0.2.1", {"a.com"}, "evil.com").verdict.allowed);
    CHECK_FALSE(ask("a.com", {"a.com"}, "evil.com").verdict.allowed);
    CHECK(ask("192.0.2.1", {"d.com"}, "evil.com").reason == "GlobalNetworkPolicy p[3] allows it (t.yaml:4), by the domain d.com");
    CHECK_THAT(parse_destination("a.com/UDP", "a.com").error().message(), Contains("only a TCP connection shows a TLS name"));
    CHECK(parse_destination("a.com", "a b").error().code() == Code::kInvalidInput);
}

TEST_CASE("explain: QUIC, and other protocols that cannot show a TLS name") {
    const Explanation quic = ask("192.0.2.1/UDP", {"a.com"});
    CHECK_FALSE(quic.verdict.allowed);
    CHECK(quic.reason == "GlobalNetworkPolicy p[0] denies it (t.yaml:4): the TLS name of QUIC is not read, and the rule asks for it");
    CHECK(quic.path.back().matched);
    CHECK(quic.path.back().why == "the TLS name of QUIC is not read, and the rule asks for it");
    CHECK_THAT(joined(quic.advice), Contains("let the client use TCP") && Contains("namegate.dev/quic: allow into the annotations of"));
    CHECK(ask("192.0.2.1/UDP", {"b.com"}).verdict.allowed);
    CHECK(ask("192.0.2.1:80/UDP", {"a.com"}).verdict.allowed);
    const Explanation udp = ask("192.0.2.1:80/UDP", {"c.com"});
    CHECK_FALSE(udp.verdict.allowed);
    CHECK_THAT(udp.reason, Contains("denies it (t.yaml:4): only TCP connections can show the TLS name that the rule requires"));
    CHECK_THAT(joined(udp.advice), Contains("write a rule with protocol: UDP and these domains before GlobalNetworkPolicy p[2]"));
}
