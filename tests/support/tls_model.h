// SPDX-License-Identifier: Apache-2.0
//
// What a strict reader makes of the first bytes of a TLS connection, written from the RFCs and docs/semantics.md alone, to compare
// the programs with. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace namegate::test {

enum class TlsVerdict {
    kWaiting,   // more bytes are needed
    kAccepted,  // a hello with an allowed name, and behind it only what may come before the server's response
    kDenied,
};

// `allowed`: names in lower case. Only connections that must be TLS.
TlsVerdict judge_tls(std::span<const std::uint8_t> stream, const std::set<std::string>& allowed);

}  // namespace namegate::test
