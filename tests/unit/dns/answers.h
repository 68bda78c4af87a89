// SPDX-License-Identifier: Apache-2.0
//
// Shorthand for what is learned from responses, for tests of the name cache.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "dns/learning.h"
#include "dns/lifetime.h"
#include "support/dns_message.h"

namespace namegate::test {

inline constexpr dns::LifetimeSettings kLifetime{0, 2, 86400};

inline dns::Learning learn(const DnsMessage& message) {
    const auto parsed = dns::parse_message(message.build());
    REQUIRE(parsed);
    return dns::learn(*parsed);
}

inline dns::Learning answer(const std::string& name, const std::string& address, std::uint32_t ttl = 300) {
    return learn(DnsMessage::response(name).ttl(ttl).a(name, address));
}

inline dns::Learning alias(const std::string& from, const std::string& to, std::uint32_t ttl = 300) {
    return learn(DnsMessage::response(from).ttl(ttl).cname(from, to));
}

inline std::string numbered(unsigned i) {
    return "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255U) + "." + std::to_string(i & 255U);
}

// A response with unique addresses.
inline dns::Learning wide_answer(const std::string& name, unsigned first, unsigned count) {
    auto message = DnsMessage::response(name).ttl(300).uncompressed();
    for (unsigned i = 0; i < count; ++i) {
        message.a(name, numbered(first + i));
    }
    return learn(message);
}

}  // namespace namegate::test
