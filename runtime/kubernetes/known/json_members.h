// SPDX-License-Identifier: Apache-2.0
//
// Reads members of JSON objects of the API server, with limits. A member of another type counts as missing. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "kubernetes/known/decode_object.h"

namespace namegate::kubernetes {

// Null: there is none of this type.
inline const nlohmann::json* member(const nlohmann::json& object, const char* name, nlohmann::json::value_t type) {
    if (!object.is_object()) {
        return nullptr;
    }
    const auto found = object.find(name);
    return found == object.end() || found->type() != type ? nullptr : &*found;
}

inline Error over_limit(const std::string& what, std::size_t limit, const char* unit) {
    return {Code::kExhausted, what + " exceeds the limit of " + std::to_string(limit) + " " + unit};
}

// Empty: there is none. kExhausted: kMaxObjectText.
inline Result<std::string> text_of(const nlohmann::json& object, const char* name) {
    const nlohmann::json* value = member(object, name, nlohmann::json::value_t::string);
    if (value == nullptr) {
        return std::string();
    }
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > kMaxObjectText) {
        return over_limit(name, kMaxObjectText, "bytes");
    }
    return text;
}

// 0: not a port.
inline std::uint16_t port_of(const nlohmann::json& object, const char* name) {
    constexpr std::uint64_t kMaxPort = 65535;
    const nlohmann::json* number = member(object, name, nlohmann::json::value_t::number_unsigned);
    const std::uint64_t value = number == nullptr ? 0 : number->get<std::uint64_t>();
    return value > kMaxPort ? std::uint16_t{0} : static_cast<std::uint16_t>(value);
}

// TCP if it is left out. 0: policies cannot name ports of this protocol.
inline std::uint8_t protocol_number(const std::string& name) {
    constexpr std::uint8_t kTcp = 6;
    constexpr std::uint8_t kUdp = 17;
    constexpr std::uint8_t kSctp = 132;
    return name.empty() || name == "TCP" ? kTcp : name == "UDP" ? kUdp : name == "SCTP" ? kSctp : 0;
}

}  // namespace namegate::kubernetes
