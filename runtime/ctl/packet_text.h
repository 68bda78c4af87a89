// SPDX-License-Identifier: Apache-2.0
//
// A packet in words, for people. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace namegate::ctl {

// The other side's address and its port, if that is not empty or 0: "192.0.2.1:443", "[2001:db8::1]:443".
std::string remote_text(const std::string& address, const std::string& port);

// A DNS query: "evil.test type 1 to 192.0.2.53". Without a name: it does not parse.
std::string query_text(const std::string& name, std::optional<std::uint16_t> type, const std::string& server);

}  // namespace namegate::ctl
