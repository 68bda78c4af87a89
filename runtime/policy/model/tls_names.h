// SPDX-License-Identifier: Apache-2.0
//
// Which TLS names connections have to show, and what a rule, its policy and the node say about that (T1). Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace namegate::policy {

// Of the TCP connections that a domain of a rule admits.
enum class TlsNames : std::uint8_t {
    kOff,
    kVerify,   // they are not TLS, or show a server name that matches such a domain
    kRequire,  // they show such a name
};

// Whether UDP to port 443 passes, although its TLS name is not read.
enum class Quic : std::uint8_t { kDeny, kAllow };

// As annotations have them, in the order of the values.
inline constexpr std::array<std::string_view, 3> kTlsNamesWords = {"off", "verify", "require"};
inline constexpr std::array<std::string_view, 2> kQuicWords = {"deny", "allow"};
inline std::string_view to_string(TlsNames names) { return kTlsNamesWords[static_cast<std::size_t>(names)]; }
inline std::string_view to_string(Quic quic) { return kQuicWords[static_cast<std::size_t>(quic)]; }

// What a rule or a policy says.
struct TlsDemand {
    std::optional<TlsNames> names;
    std::optional<Quic> quic;
};

// What counts for a rule.
struct TlsBinding {
    TlsNames names = TlsNames::kOff;
    Quic quic = Quic::kDeny;  // kDeny if `names` is kOff, so that equal meanings are equal values

    bool binds() const { return names != TlsNames::kOff; }
    bool operator==(const TlsBinding&) const = default;
};

// What the rule says comes first, then what its policy says, then the node's default.
inline TlsBinding binding_of(const TlsDemand& rule, const TlsDemand& policy, TlsNames node_default) {
    const TlsNames names = rule.names ? *rule.names : policy.names.value_or(node_default);
    const Quic quic = rule.quic ? *rule.quic : policy.quic.value_or(Quic::kDeny);
    return names == TlsNames::kOff ? TlsBinding() : TlsBinding{names, quic};
}

}  // namespace namegate::policy
