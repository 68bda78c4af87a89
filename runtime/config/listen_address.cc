// SPDX-License-Identifier: Apache-2.0
#include "config/listen_address.h"

#include <charconv>

namespace namegate::config {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kMaxQuotedBytes = 128;
constexpr unsigned kLoopbackBits = 8;  // 127.0.0.0/8

Error invalid(std::string_view text, const std::string& why) {
    return {Code::kInvalidInput, "\"" + std::string(text.substr(0, kMaxQuotedBytes)) + "\" " + why};
}

Result<ListenAddress> parse_unix(std::string_view text) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    if (path.empty() || path.front() != '/' || path.back() == '/' || path.find('\0') != std::string_view::npos) {
        return invalid(text, "does not name an absolute path; write unix:/path");
    }
    if (path.size() > kMaxUnixPathBytes) {
        return invalid(text, "is too long; the path of a socket has at most " + std::to_string(kMaxUnixPathBytes) + " bytes");
    }
    return ListenAddress{std::string(path), {}, 0};
}

}  // namespace

bool ListenAddress::is_loopback(const IpAddress& ip) {
    static const IpPrefix v4(IpAddress::v4({127, 0, 0, 0}), kLoopbackBits);
    static const IpAddress v6 = [] {
        IpAddress::Bytes bytes{};
        bytes.back() = 1;
        return IpAddress(bytes);
    }();
    return v4.contains(ip) || ip == v6;
}

std::string ListenAddress::to_string() const { return is_unix() ? std::string(kUnixPrefix) + unix_path : ip.with_port(port); }

Result<ListenAddress> parse_listen_address(std::string_view text) {
    if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
        return parse_unix(text);
    }
    const std::string how = "is not an address to listen on; write IP:port, [IPv6]:port or unix:/path";
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return invalid(text, how);
    }
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto ip = IpAddress::parse(host);
    if (!ip || bracketed != (host.find(':') != std::string_view::npos)) {
        return invalid(text, how);
    }
    ListenAddress out{{}, *ip, 0};
    const auto [stop, status] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (status != std::errc() || stop != digits.data() + digits.size() || out.port == 0) {
        return invalid(text, "has no valid port; a port is a number from 1 to 65535");
    }
    return out;
}

}  // namespace namegate::config
