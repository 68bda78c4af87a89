// SPDX-License-Identifier: Apache-2.0
#include "dns/public_resolvers.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

using namespace namegate;

namespace {

std::string encrypted(const std::string& address, std::uint8_t protocol, std::uint16_t port) {
    return dns::encrypted_dns(*IpAddress::parse(address), protocol, port);
}

}  // namespace

TEST_CASE("DNS over TLS and QUIC are recognised by their port, DNS over HTTPS by the resolver's address") {
    CHECK(encrypted("192.0.2.1", 6, 853) == "DNS over TLS with 192.0.2.1");
    CHECK(encrypted("9.9.9.9", 6, 853) == "DNS over TLS with 9.9.9.9 (Quad9)");
    CHECK(encrypted("192.0.2.1", 17, 853) == "DNS over QUIC with 192.0.2.1");
    CHECK(encrypted("1.1.1.1", 6, 443) == "DNS over HTTPS with 1.1.1.1 (Cloudflare)");
    CHECK(encrypted("2001:4860:4860::8888", 17, 443) == "DNS over HTTPS with 2001:4860:4860::8888 (Google)");
    CHECK(encrypted("192.0.2.1", 6, 443).empty());
    CHECK(encrypted("1.1.1.1", 6, 80).empty());
    CHECK(encrypted("1.1.1.1", 17, 53).empty());
    CHECK(encrypted("1.1.1.1", 1, 853).empty());
}

TEST_CASE("the table of public resolvers has both families, and docs/troubleshooting.md lists each of them") {
    std::ifstream in(NAMEGATE_DOCS "/troubleshooting.md");
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto all = dns::public_resolvers();
    CHECK(all.size() > 30);
    bool v4 = false;
    bool v6 = false;
    for (const dns::PublicResolver& one : all) {
        INFO(one.address);
        const auto address = IpAddress::parse(one.address);
        REQUIRE(address);
        (address->is_v4() ? v4 : v6) = true;
        CHECK(address->to_string() == one.address);
        CHECK(dns::public_resolver(*address) == one.owner);
        CHECK(text.find("`" + std::string(one.address) + "`") != std::string::npos);
    }
    CHECK((v4 && v6));
    CHECK(dns::public_resolver(*IpAddress::parse("192.0.2.1")).empty());
}
