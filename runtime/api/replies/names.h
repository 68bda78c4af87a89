// SPDX-License-Identifier: Apache-2.0
//
// The reply to `dns`: the name cache. Values.
#pragma once

#include "api/replies/fields.h"

namespace namegate::api {

struct NameItem {
    std::string endpoint;
    std::string name;
    Texts addresses;  // and "-> NAME" for what an alias leads to
    std::uint64_t ttl_seconds = 0;

    bool operator==(const NameItem&) const = default;
    static constexpr auto fields() {
        return std::tuple(field("endpoint", &NameItem::endpoint), field("name", &NameItem::name), field("addresses", &NameItem::addresses),
                          field("ttlSeconds", &NameItem::ttl_seconds));
    }
};

using NamesReply = std::vector<NameItem>;

}  // namespace namegate::api
