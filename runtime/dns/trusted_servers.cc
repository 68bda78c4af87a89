// SPDX-License-Identifier: Apache-2.0
#include "dns/trusted_servers.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/identifiers.h"

namespace namegate::dns {
namespace {

constexpr std::size_t kMaxQuotedBytes = 128;
constexpr std::string_view kService = "k8s-service:";

Error invalid(std::string_view text, const std::string& why) {
    return {Code::kInvalidInput, "DNS server \"" + std::string(text.substr(0, kMaxQuotedBytes)) + "\": " + why};
}

Result<std::uint16_t> parse_port(std::string_view digits, std::string_view whole) {
    std::uint16_t port = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, status] = std::from_chars(digits.data(), end, port);
    if (status != std::errc() || stop != end || port == 0) {
        return invalid(whole, "the port must be a number from 1 to 65535");
    }
    return port;
}

struct Parts {
    std::string_view host;
    std::string_view port;
    bool has_port = false;
};

Result<Parts> split(std::string_view text) {
    Parts parts{text, {}, false};
    if (text.front() == '[') {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) {
            return invalid(text, "the bracket is not closed; write [address]:port");
        }
        parts.host = text.substr(1, close - 1);
        const std::string_view rest = text.substr(close + 1);
        if (rest.empty()) {
            return parts;
        }
        if (rest.front() != ':') {
            return invalid(text, "only :port may follow the bracket; write a prefix length inside, as in [fd00::/64]:53");
        }
        parts.port = rest.substr(1);
        parts.has_port = true;
        return parts;
    }
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
        parts.host = text.substr(0, colon);
        parts.port = text.substr(colon + 1);
        parts.has_port = true;
    }
    return parts;
}

}  // namespace

std::string TrustedServer::to_string() const {
    const bool host = prefix.length() == prefix.address().bits();
    std::string address = host ? prefix.address().to_string() : prefix.to_string();
    if (port == kDefaultDnsPort) {
        return address;
    }
    return (prefix.is_v4() ? address : "[" + address + "]") + ":" + std::to_string(port);
}

Result<TrustedServer> parse_trusted_server(std::string_view text) {
    if (text.empty()) {
        return invalid(text, "is empty; write an address, address:port, [v6 address]:port or a CIDR");
    }
    NG_ASSIGN(const Parts parts, split(text));
    const auto prefix = IpPrefix::parse(parts.host);
    if (!prefix) {
        const std::string why = parts.host.find('/') == std::string_view::npos ? "" : " (" + prefix.error().message() + ")";
        return invalid(text, "write an address, address:port, [v6 address]:port or a CIDR; names are not looked up" + why);
    }
    TrustedServer server{*prefix, kDefaultDnsPort};
    if (parts.has_port) {
        NG_ASSIGN(server.port, parse_port(parts.port, text));
    }
    return server;
}

std::string ServiceServer::to_string() const {
    return std::string(kService) + name_space + "/" + name + (port == kDefaultDnsPort ? "" : ":" + std::to_string(port));
}

bool names_service(std::string_view text) { return text.substr(0, kService.size()) == kService; }

Result<ServiceServer> parse_service_server(std::string_view text) {
    constexpr const char* kWrite = "write k8s-service:NAMESPACE/NAME or k8s-service:NAMESPACE/NAME:PORT";
    std::string_view rest = text.substr(std::min(kService.size(), text.size()));
    ServiceServer out;
    if (const std::size_t colon = rest.find(':'); colon != std::string_view::npos) {
        NG_ASSIGN(out.port, parse_port(rest.substr(colon + 1), text));
        rest = rest.substr(0, colon);
    }
    const std::size_t slash = rest.find('/');
    if (!names_service(text) || slash == std::string_view::npos || !is_object_name(rest.substr(0, slash)) ||
        !is_object_name(rest.substr(slash + 1))) {
        return invalid(text, kWrite);
    }
    out.name_space = rest.substr(0, slash);
    out.name = rest.substr(slash + 1);
    return out;
}

Result<std::vector<TrustedServer>> parse_trusted_servers(const std::vector<std::string>& texts) {
    if (texts.size() > kMaxTrustedServers) {
        return Error(Code::kExhausted, "more than " + std::to_string(kMaxTrustedServers) + " trusted DNS servers; use CIDRs");
    }
    std::set<TrustedServer> servers;
    std::set<std::uint16_t> ports;
    for (const std::string& text : texts) {
        NG_ASSIGN(const TrustedServer server, parse_trusted_server(text));
        servers.insert(server);
        ports.insert(server.port);
    }
    if (ports.size() > kMaxTrustedPorts) {
        return Error(Code::kExhausted, "trusted DNS servers on more than " + std::to_string(kMaxTrustedPorts) + " different ports");
    }
    return std::vector<TrustedServer>(servers.begin(), servers.end());
}

}  // namespace namegate::dns
