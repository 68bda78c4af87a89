// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_leaf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/words.h"

namespace namegate::policy {
namespace {

std::optional<std::int64_t> parse_integer(std::string_view text) {
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    std::int64_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

bool starts_like_number(std::string_view text) { return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '-'); }

// As in Kubernetes: lower-case letters, digits and '-', with at least one letter. Up to 63 characters.
bool is_port_name(std::string_view text) {
    constexpr std::size_t kMaxPortName = 63;
    const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return text.size() <= kMaxPortName && std::all_of(text.begin(), text.end(), good) && std::any_of(text.begin(), text.end(), letter) &&
           text.front() != '-' && text.back() != '-';
}

std::optional<std::uint16_t> parse_port_number(std::string_view text) {
    const std::optional<std::int64_t> value = parse_integer(text);
    if (!value || *value < 1 || *value > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(*value);
}

}  // namespace

std::optional<std::uint8_t> decode_protocol(const Cursor& cursor) {
    const Node& node = cursor.node();
    if (!node.is_scalar()) {
        return std::nullopt;
    }
    // In documents the letter case of names is significant (D2); find_protocol() ignores it, for command lines.
    const std::optional<std::uint8_t> found = find_protocol(node.text());
    const std::optional<std::int64_t> number = parse_integer(node.text());
    if (found && (number || protocol_name(*found) == node.text())) {
        return found;
    }
    const std::string_view near = number ? std::string_view() : nearest_word(node.text(), protocol_names());
    cursor.error(node.describe() + " is not a protocol; write TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or a number from 1 to 255" +
                 (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
    return std::nullopt;
}

std::optional<Port> decode_port(const Cursor& cursor) {
    if (!cursor.node().is_scalar()) {
        return std::nullopt;
    }
    const std::string& text = cursor.node().text();
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos && !starts_like_number(text)) {
        if (is_port_name(text)) {
            return Port{0, 0, text};
        }
        cursor.error("\"" + text + "\" is not a port; write a number, a range \"1000:2000\", or a port's name");
        return std::nullopt;
    }
    const std::string_view view = text;
    const std::optional<std::uint16_t> low = parse_port_number(view.substr(0, colon));
    const std::optional<std::uint16_t> high = colon == std::string::npos ? low : parse_port_number(view.substr(colon + 1));
    if (!low || !high) {
        if (is_port_name(text) && !parse_integer(text)) {
            return Port{0, 0, text};
        }
        const bool dash = colon == std::string::npos && text.find('-', 1) != std::string::npos;
        cursor.error("\"" + text + "\" is not a port; numbers go from 1 to 65535" + (dash ? ", and a range is written \"1000:2000\"" : ""));
        return std::nullopt;
    }
    if (*low > *high) {
        cursor.error("the range \"" + text + "\" is reversed; write \"" + std::to_string(*high) + ":" + std::to_string(*low) + "\"");
        return std::nullopt;
    }
    return Port{*low, *high, {}};
}

std::optional<IpPrefix> decode_net(const Cursor& cursor) {
    if (!cursor.node().is_scalar()) {
        return std::nullopt;
    }
    auto net = IpPrefix::parse(cursor.node().text());
    if (!net) {
        const bool name = DomainPattern::parse(cursor.node().text()).has_value();
        cursor.error(net.error().message() + (name ? "; names belong in domains (of a set: allowedEgressDomains)" : ""));
        return std::nullopt;
    }
    return *net;
}

std::optional<DomainPattern> decode_domain(const Cursor& cursor) {
    if (!cursor.node().is_scalar()) {
        return std::nullopt;
    }
    auto pattern = DomainPattern::parse(cursor.node().text());
    if (!pattern) {
        cursor.error(pattern.error().message());
        return std::nullopt;
    }
    return *std::move(pattern);
}

std::optional<std::int64_t> decode_integer(const Cursor& cursor, std::int64_t low, std::int64_t high) {
    if (!cursor.node().is_scalar() || cursor.node().scalar_type() != Node::ScalarType::kInteger) {
        return std::nullopt;
    }
    const std::optional<std::int64_t> value = parse_integer(cursor.node().text());
    if (!value || *value < low || *value > high) {
        cursor.error(cursor.node().text() + " is out of range; write a number from " + std::to_string(low) + " to " + std::to_string(high));
        return std::nullopt;
    }
    return value;
}

std::optional<double> decode_number(const Cursor& cursor) {
    const Node::ScalarType type = cursor.node().scalar_type();
    if (!cursor.node().is_scalar() || (type != Node::ScalarType::kInteger && type != Node::ScalarType::kFloat)) {
        return std::nullopt;
    }
    const std::string& text = cursor.node().text();
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end != text.c_str() + text.size() || !std::isfinite(value)) {
        cursor.error(text + " cannot be used as an order; write a number such as 100 or 2.5");
        return std::nullopt;
    }
    return value;
}

std::optional<Selector> decode_selector(const Cursor& owner, std::string_view key, GlobalRule global) {
    const std::optional<Cursor> field = owner.child(key);
    if (!field || !field->node().is_scalar() || field->node().text().find_first_not_of(" \t\r\n") == std::string::npos) {
        return std::nullopt;
    }
    auto parsed = Selector::parse_located(field->node().text());
    if (const SelectorError* error = std::get_if<SelectorError>(&parsed)) {
        field->error_inside(error->offset, "at character " + std::to_string(error->offset + 1) + " of the selector: " + error->message);
        return std::nullopt;
    }
    Selector& selector = std::get<Selector>(parsed);
    if (selector.uses_global() && (global == GlobalRule::kRefused || !selector.is_global())) {
        field->error("global() is allowed only in a namespaceSelector, and only alone");
        return std::nullopt;
    }
    return std::move(selector);
}

Labels decode_labels(const Cursor& owner, std::string_view key) {
    Labels out;
    const std::optional<Cursor> field = owner.child(key);
    if (!field || !field->node().is_map()) {
        return out;
    }
    for (const MapEntry& entry : field->node().entries()) {
        out[entry.key] = entry.value.text();
    }
    return out;
}

}  // namespace namegate::policy
