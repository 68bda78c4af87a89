// SPDX-License-Identifier: Apache-2.0
//
// The leaves of policy documents: protocols, ports, CIDRs, selectors, domains, numbers, names. Each reports
// what is wrong at its cursor and returns nothing then; a wrong shape has been reported before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/documents/cursor.h"
#include "policy/model/protocol.h"
#include "policy/model/resources.h"

namespace namegate::policy {

std::optional<std::uint8_t> decode_protocol(const Cursor& cursor);
std::optional<Port> decode_port(const Cursor& cursor);
std::optional<IpPrefix> decode_net(const Cursor& cursor);
std::optional<DomainPattern> decode_domain(const Cursor& cursor);
std::optional<std::int64_t> decode_integer(const Cursor& cursor, std::int64_t low, std::int64_t high);
std::optional<double> decode_number(const Cursor& cursor);

// The selector in the text field `key`; an empty one is absent. `global()` only where it may stand (V5).
enum class GlobalRule { kRefused, kAlone };
std::optional<Selector> decode_selector(const Cursor& owner, std::string_view key, GlobalRule global);

Labels decode_labels(const Cursor& owner, std::string_view key);

}  // namespace namegate::policy
