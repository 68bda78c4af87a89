// SPDX-License-Identifier: Apache-2.0
//
// The ids and names by which container runtimes and the kernel know an endpoint, and their rules. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace namegate {

inline constexpr std::size_t kMaxIdentifierBytes = 1024;
inline constexpr std::size_t kMaxInterfaceNameBytes = 15;  // IFNAMSIZ less the NUL

// For container ids and network names, as the CNI specification defines them: a letter or digit, then letters, digits, "_", "." or
// "-".
bool is_identifier(std::string_view text);
// What the kernel accepts as an interface name: 1 to 15 bytes, no "/", ":" or white space, not "." or "..".
bool is_interface_name(std::string_view text);

inline constexpr std::size_t kMaxObjectNameBytes = 253;
// Whether all characters are those that Kubernetes allows in the names of nodes, Services, policies and the like, and there are at most
// so many bytes: lower-case letters, digits, "-" and ".". Where they may stand is not checked.
bool is_object_name(std::string_view text, std::size_t max_bytes = kMaxObjectNameBytes);

// What CNI calls an attachment: one interface of one container.
struct Attachment {
    std::string container_id;
    std::string ifname;

    auto operator<=>(const Attachment&) const = default;
};

}  // namespace namegate
