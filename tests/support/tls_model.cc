// SPDX-License-Identifier: Apache-2.0
#include "support/tls_model.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "datapath/bpf/abi_limits.h"

namespace namegate::test {

namespace {

using ByteView = std::span<const std::uint8_t>;

// Reads big-endian numbers and vectors from the front; fails for good when something is missing.
class Cursor {
  public:
    explicit Cursor(ByteView bytes) : left_(bytes) {}

    std::size_t number(std::size_t size) {
        std::size_t value = 0;
        for (const std::uint8_t byte : take(size)) {
            value = value << 8 | byte;
        }
        return value;
    }
    ByteView take(std::size_t size) {
        if (size > left_.size()) {
            failed_ = true;
            left_ = {};
            return {};
        }
        const ByteView out = left_.first(size);
        left_ = left_.subspan(size);
        return out;
    }
    ByteView vector(std::size_t length_size) { return take(number(length_size)); }
    bool failed() const { return failed_; }
    bool at_end() const { return left_.empty(); }

  private:
    ByteView left_;
    bool failed_ = false;
};

bool is_host_name(const std::string& name) {
    std::size_t label = 0;
    for (const char c : name + ".") {
        if (c == '.') {
            if (label == 0 || label > 63) {
                return false;
            }
            label = 0;
            continue;
        }
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') {
            return false;
        }
        ++label;
    }
    return name.size() <= NG_HELLO_NAME_MAX;
}

// The one name in the body of an extension server_name.
std::optional<std::string> name_in(ByteView body) {
    Cursor extension(body);
    Cursor list(extension.vector(2));
    if (extension.failed() || !extension.at_end()) {
        return std::nullopt;
    }
    const std::size_t type = list.number(1);
    const ByteView name = list.vector(2);
    if (list.failed() || !list.at_end() || type != 0) {
        return std::nullopt;
    }
    std::string out(name.begin(), name.end());
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return is_host_name(out) ? std::optional(out) : std::nullopt;
}

// The server name of a whole ClientHello; nothing when it has none that counts, or is malformed.
std::optional<std::string> server_name(ByteView message) {
    Cursor hello(message);
    hello.take(4 + 2 + 32);
    const ByteView session = hello.vector(1);
    hello.vector(2);
    hello.vector(1);
    Cursor extensions(hello.vector(2));
    if (hello.failed() || !hello.at_end() || session.size() > 32) {
        return std::nullopt;
    }
    std::optional<std::string> found;
    std::size_t count = 0;
    while (!extensions.at_end()) {
        const std::size_t type = extensions.number(2);
        const ByteView body = extensions.vector(2);
        if (extensions.failed() || ++count > NG_HELLO_EXTENSIONS) {
            return std::nullopt;
        }
        if (type == 0) {
            if (found) {
                return std::nullopt;
            }
            found = name_in(body);
            if (!found) {
                return std::nullopt;
            }
        }
    }
    return found;
}

// Are these bytes records that may come before the server's response?
TlsVerdict judge_rest(ByteView rest) {
    std::size_t records = 0;
    while (!rest.empty()) {
        const std::uint8_t type = rest[0];
        if (type < 20 || type > 23 || type == 22 || (rest.size() > 1 && rest[1] != 3)) {
            return TlsVerdict::kDenied;
        }
        if (rest.size() < 5) {
            return TlsVerdict::kAccepted;
        }
        const std::size_t length = static_cast<std::size_t>(rest[3]) << 8 | rest[4];
        if (length == 0 || length > 16384 + 256) {
            return TlsVerdict::kDenied;
        }
        if (length + 5 > rest.size()) {
            return TlsVerdict::kAccepted;
        }
        rest = rest.subspan(5 + length);
        if (++records >= NG_HELLO_RECORDS && !rest.empty()) {
            return TlsVerdict::kDenied;
        }
    }
    return TlsVerdict::kAccepted;
}

}  // namespace

TlsVerdict judge_tls(ByteView stream, const std::set<std::string>& allowed) {
    std::vector<std::uint8_t> message;
    for (std::size_t records = 0;; ++records) {
        if (stream.empty()) {
            return TlsVerdict::kWaiting;
        }
        if (stream[0] != 22 || (stream.size() > 1 && stream[1] != 3) || records == NG_HELLO_RECORDS) {
            return TlsVerdict::kDenied;
        }
        if (stream.size() < 5) {
            return TlsVerdict::kWaiting;
        }
        const std::size_t length = static_cast<std::size_t>(stream[3]) << 8 | stream[4];
        if (length == 0 || length > 16384 + 256) {
            return TlsVerdict::kDenied;
        }
        const std::size_t here = std::min(length, stream.size() - 5);
        message.insert(message.end(), stream.begin() + 5, stream.begin() + 5 + static_cast<std::ptrdiff_t>(here));
        stream = stream.subspan(5 + here);
        if (!message.empty() && message[0] != 1) {
            return TlsVerdict::kDenied;
        }
        if (message.size() >= 4) {
            const std::size_t whole =
                4 + (static_cast<std::size_t>(message[1]) << 16 | static_cast<std::size_t>(message[2]) << 8 | message[3]);
            if (whole > NG_HELLO_MAX - 5 || message.size() > whole || (message.size() == whole && here < length)) {
                return TlsVerdict::kDenied;
            }
            if (message.size() == whole) {
                const auto name = server_name(message);
                return name && allowed.count(*name) != 0 ? judge_rest(stream) : TlsVerdict::kDenied;
            }
        }
        if (here < length) {
            return TlsVerdict::kWaiting;
        }
    }
}

}  // namespace namegate::test
