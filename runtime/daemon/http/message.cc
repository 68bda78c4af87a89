// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/message.h"

#include <strings.h>

#include <algorithm>

namespace namegate::daemon {

namespace {

template <typename Same>
std::string_view find(const HttpFields& fields, const Same& same) {
    const auto found = std::find_if(fields.begin(), fields.end(), [&same](const auto& field) { return same(field.first); });
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

std::string_view HttpRequest::argument(std::string_view name) const {
    return find(arguments, [name](const std::string& one) { return one == name; });
}

std::string_view HttpRequest::header(std::string_view name) const {
    return find(headers, [name](const std::string& one) {
        return one.size() == name.size() && ::strncasecmp(one.data(), name.data(), name.size()) == 0;
    });
}

}  // namespace namegate::daemon
