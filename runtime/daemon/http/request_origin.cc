// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/request_origin.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace namegate::daemon {

namespace {

bool same_word(std::string_view a, std::string_view b) { return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0; }

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), port);
    return status == std::errc() && stop == text.data() + text.size();
}

// "host", "host:port", "[v6]" or "[v6]:port" to the host. Empty: it is none of these.
std::string_view host_of(std::string_view text) {
    const std::size_t end = text.substr(0, 1) == "[" ? text.find(']') : text.find(':');
    if (end == std::string_view::npos) {
        return text.substr(0, 1) == "[" ? std::string_view() : text;
    }
    const bool bracketed = text.front() == '[';
    const std::string_view host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
    const std::string_view rest = text.substr(bracketed ? end + 1 : end);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))) ? host : std::string_view();
}

bool accepts_host(std::string_view host, const config::ListenAddress& listens_on) {
    const bool all = !listens_on.is_unix() && (listens_on.ip == IpAddress() || listens_on.ip == IpAddress::v4({0, 0, 0, 0}));
    const auto ip = IpAddress::parse(host);
    if (!ip) {
        // Browsers do not look this name up, so no attacker's server can answer for it.
        return (listens_on.is_local() || all) && same_word(host, "localhost");
    }
    return all || (listens_on.is_local() && config::ListenAddress::is_loopback(*ip)) || (!listens_on.is_unix() && *ip == listens_on.ip);
}

HttpResponse refusal(unsigned status, std::string why) { return {status, kTextPlain, {}, std::move(why) + "\n"}; }

}  // namespace

std::optional<HttpResponse> refuse_foreign(const HttpRequest& request, const config::ListenAddress& listens_on) {
    const auto repeated = [&request](std::string_view name) {
        return std::count_if(request.headers.begin(), request.headers.end(),
                             [name](const auto& field) { return same_word(field.first, name); }) > 1;
    };
    const std::string_view host = request.header("Host");
    if (host.empty() || repeated("Host") || repeated("Origin")) {
        return refusal(kHttpBadRequest, "the request needs one Host header and at most one Origin header");
    }
    if (!accepts_host(host_of(host), listens_on)) {
        return refusal(kHttpMisdirected, "the Host header has to be the address on which namegate listens (" + listens_on.to_string() +
                                             "), not a name; \"localhost\" is accepted on a loopback address");
    }
    const std::string_view origin = request.header("Origin");
    if (!origin.empty() && !same_word(origin, "http://" + std::string(host))) {
        return refusal(kHttpForbidden, "requests of other web pages are refused");
    }
    return std::nullopt;
}

}  // namespace namegate::daemon
