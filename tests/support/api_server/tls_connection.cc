// SPDX-License-Identifier: Apache-2.0
#include "support/api_server/tls_connection.h"

#include <algorithm>
#include <cctype>

namespace namegate::test {
namespace {

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

void parse_target(const std::string& target, ReceivedRequest& out) {
    const std::size_t mark = target.find('?');
    out.path = target.substr(0, mark);
    std::string_view rest = mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view one = rest.substr(0, end);
        const std::size_t equals = one.find('=');
        out.query[std::string(one.substr(0, equals))] = equals == std::string_view::npos ? "" : decoded(one.substr(equals + 1));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
}

ReceivedRequest parse(const std::string& head) {
    ReceivedRequest out;
    std::size_t at = head.find("\r\n");
    const std::string line = head.substr(0, at);
    const std::size_t first = line.find(' ');
    out.method = line.substr(0, first);
    parse_target(line.substr(first + 1, line.rfind(' ') - first - 1), out);
    while (at != std::string::npos && at + 2 < head.size()) {
        const std::size_t end = head.find("\r\n", at + 2);
        const std::string header = head.substr(at + 2, end - at - 2);
        const std::size_t colon = header.find(": ");
        if (colon != std::string::npos) {
            std::string name = header.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            out.headers[name] = header.substr(colon + 2);
        }
        at = end;
    }
    return out;
}

}  // namespace

bool TlsConnection::receive_more() {
    std::array<char, 4096> buffer{};
    const int count = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
    received_.append(buffer.data(), static_cast<std::size_t>(std::max(count, 0)));
    return count > 0;
}

std::optional<ReceivedRequest> TlsConnection::receive() {
    constexpr std::string_view kEnd = "\r\n\r\n";
    while (received_.find(kEnd) == std::string::npos) {
        if (!receive_more()) {
            return std::nullopt;
        }
    }
    const std::size_t end = received_.find(kEnd);
    ReceivedRequest request = parse(received_.substr(0, end + 2));
    received_.erase(0, end + kEnd.size());
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (received_.size() < size) {
        if (!receive_more()) {
            return std::nullopt;
        }
    }
    request.body = received_.substr(0, size);
    received_.erase(0, size);
    return request;
}

}  // namespace namegate::test
