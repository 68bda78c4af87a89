// SPDX-License-Identifier: Apache-2.0
//
// Decodes the leaves of policy documents: protocols, ports, CIDRs, selectors, domains, numbers, labels. For an invalid value
// each function reports an error at its cursor and returns nothing; a wrong shape has been reported before. Pure otherwise.
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

// Decodes the selector in the text field `key`; returns nothing for an empty one. `global()` is allowed only in some fields,
// and only alone (V5).
enum class GlobalRule { kRefused, kAlone };
std::optional<Selector> decode_selector(const Cursor& owner, std::string_view key, GlobalRule global);

Labels decode_labels(const Cursor& owner, std::string_view key);

}  // namespace namegate::policy
