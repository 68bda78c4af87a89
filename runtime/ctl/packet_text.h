// SPDX-License-Identifier: Apache-2.0
//
// A packet in words, for people. Pure; safe from any thread.
#pragma once

#include <string>

namespace namegate::ctl {

// The other side's address and its port, if that is not empty or 0: "192.0.2.1:443", "[2001:db8::1]:443".
std::string remote_text(const std::string& address, const std::string& port);

}  // namespace namegate::ctl
