// SPDX-License-Identifier: Apache-2.0
#include "policy/compiler/destination.h"

#include <charconv>

#include "policy/model/domain_pattern.h"
#include "policy/model/protocol.h"

namespace namegate::policy {
namespace {

constexpr std::uint16_t kEchoRequest = 8;
constexpr std::uint16_t kEchoRequest6 = 128;

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
    std::uint32_t value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool good = status == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
    return good ? std::optional(value) : std::nullopt;
}

Error bad(std::string_view text, const std::string& why) {
    return {Code::kInvalidInput, "\"" + std::string(text) + "\" " + why + "; write DEST[:PORT][/PROTO], such as api.weather.com:443/TCP"};
}

struct Parts {
    std::string_view host;
    std::string_view port;  // empty: none
    bool bracketed = false;
};

// A colon separates a port only after brackets or if it is the only one; otherwise it is part of an IPv6 address.
Result<Parts> split(std::string_view text, std::string_view whole) {
    Parts out{text, {}, false};
    std::size_t colon = std::string_view::npos;
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return bad(whole, "has a '[' without a ']'");
        }
        out.host = text.substr(1, end - 1);
        out.bracketed = true;
        if (end + 1 == text.size()) {
            return out;
        }
        colon = text[end + 1] == ':' ? end + 1 : std::string_view::npos;
        if (colon == std::string_view::npos) {
            return bad(whole, "must have nothing but a :port after its ']'");
        }
    } else if (text.find(':') == text.rfind(':')) {
        colon = text.find(':');
        out.host = text.substr(0, colon);
    }
    if (colon != std::string_view::npos) {
        out.port = text.substr(colon + 1);
        if (out.port.empty()) {
            return bad(whole, "has no port after its ':'");
        }
    }
    return out;
}

Result<> set_port(Destination& out, std::string_view port, std::string_view whole) {
    out.port_given = !port.empty();
    if (is_icmp(out.protocol)) {
        const auto echo = static_cast<std::uint32_t>(out.protocol == kProtocolIcmp ? kEchoRequest : kEchoRequest6);
        const auto type = port.empty() ? std::optional(echo) : parse_number(port, 0, 254);
        if (!type) {
            return bad(whole, "has no ICMP type from 0 to 254 after its ':'");
        }
        out.port = static_cast<std::uint16_t>(*type << 8);
        return ok();
    }
    if (!has_ports(out.protocol)) {
        if (!port.empty()) {
            return bad(whole, "has a port, which only TCP, UDP and SCTP may have");
        }
        out.port = 0;
        return ok();
    }
    if (!port.empty()) {
        const auto number = parse_number(port, 1, 65535);
        if (!number) {
            return bad(whole, "has no port number from 1 to 65535 after its ':'");
        }
        out.port = static_cast<std::uint16_t>(*number);
    }
    return ok();
}

}  // namespace

std::string Destination::host() const { return address ? address->to_string() : name; }

std::string Destination::service() const {
    const std::string protocol_text = protocol_name(protocol);
    if (is_icmp(protocol)) {
        return protocol_text + " type " + std::to_string(port >> 8);
    }
    if (!has_ports(protocol)) {
        const bool named = protocol_text.front() < '0' || protocol_text.front() > '9';
        return named ? protocol_text : "protocol " + protocol_text;
    }
    return protocol_text + " port " + std::to_string(port);
}

Result<Destination> parse_destination(std::string_view text, std::string_view tls_name) {
    Destination out;
    const std::size_t slash = text.rfind('/');
    if (slash != std::string_view::npos) {
        const std::optional<std::uint8_t> protocol = find_protocol(text.substr(slash + 1));
        if (!protocol) {
            return bad(text, "has no protocol after its '/' (TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1 to 255)");
        }
        out.protocol = *protocol;
        out.protocol_given = true;
    }
    NG_ASSIGN(const Parts parts, split(text.substr(0, slash), text));
    NG_TRY(set_port(out, parts.port, text));
    const auto address = IpAddress::parse(parts.host);
    if (address) {
        out.address = *address;
    } else if (parts.bracketed) {
        return bad(text, "has no IP address between its brackets");
    } else {
        NG_ASSIGN(out.name, normalise_name(parts.host));
    }
    const bool v4_only = out.protocol == kProtocolIcmp;
    if (out.address && is_icmp(out.protocol) && out.address->is_v4() != v4_only) {
        return bad(text, "does not have the address family of " + protocol_name(out.protocol));
    }
    if (!tls_name.empty()) {
        if (out.protocol != kProtocolTcp) {
            return Error(Code::kInvalidInput, "only a TCP connection shows a TLS name, and the protocol is " + protocol_name(out.protocol));
        }
        NG_ASSIGN(out.tls_name, normalise_name(tls_name));
    }
    return out;
}

}  // namespace namegate::policy
