// SPDX-License-Identifier: Apache-2.0
//
// The reply to `ips`: the addresses that names led an endpoint to. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct AddressItem {
    std::string address;
    Texts names;
    Texts patterns;      // by which it is open
    Texts rule;          // the rules with such a pattern
    std::string server;  // that responded, or "name cache"
    std::uint64_t ttl_seconds = 0;
    std::uint64_t live_flows = 0;
    std::optional<std::string> never_opens = {};  // the entry of dnsNeverOpens that keeps it closed
    std::optional<Texts> shown_names = {};        // TLS names that connections to it showed, the latest one last

    bool operator==(const AddressItem&) const = default;
    static constexpr auto fields() {
        using Item = AddressItem;
        return std::tuple(field("address", &Item::address), field("names", &Item::names), field("patterns", &Item::patterns),
                          field("rule", &Item::rule), field("server", &Item::server), field("ttlSeconds", &Item::ttl_seconds),
                          field("liveFlows", &Item::live_flows), optional_field("neverOpens", &Item::never_opens),
                          optional_field("shownNames", &Item::shown_names));
    }
};

using AddressesReply = std::vector<AddressItem>;

}  // namespace namegate::api
