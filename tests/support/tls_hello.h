// SPDX-License-Identifier: Apache-2.0
//
// TLS messages for tests, as clients and servers send them in the clear (RFC 8446, sections 4.1 and 5.1). Every part can be made
// wrong. Values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace namegate::test {

using TlsBytes = std::vector<std::uint8_t>;

inline void put8(TlsBytes& out, std::size_t value) { out.push_back(static_cast<std::uint8_t>(value)); }
inline void put16(TlsBytes& out, std::size_t value) {
    put8(out, value >> 8);
    put8(out, value & 0xff);
}
inline void put(TlsBytes& out, const TlsBytes& bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// One record.
inline TlsBytes tls_record(std::uint8_t type, const TlsBytes& content) {
    TlsBytes out{type, 3, 1};
    put16(out, content.size());
    put(out, content);
    return out;
}

// The same content as records of at most `most` bytes.
inline TlsBytes tls_records(std::uint8_t type, const TlsBytes& content, std::size_t most) {
    TlsBytes out;
    for (std::size_t at = 0; at < content.size(); at += most) {
        const std::size_t end = std::min(content.size(), at + most);
        put(out, tls_record(type, {content.begin() + static_cast<std::ptrdiff_t>(at), content.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
    return out;
}

inline constexpr std::uint8_t kChangeCipher = 20;
inline constexpr std::uint8_t kAlert = 21;
inline constexpr std::uint8_t kHandshake = 22;
inline constexpr std::uint8_t kApplicationData = 23;

struct TlsExtension {
    std::uint16_t type = 0;
    TlsBytes body;
};

// The body of an extension server_name with one host name.
inline TlsBytes server_name_body(std::string_view name) {
    TlsBytes body;
    put16(body, name.size() + 3);
    put8(body, 0);
    put16(body, name.size());
    body.insert(body.end(), name.begin(), name.end());
    return body;
}

class ClientHello {
  public:
    ClientHello() = default;
    explicit ClientHello(std::string_view name) { extension(0, server_name_body(name)); }

    ClientHello& extension(std::uint16_t type, TlsBytes body) {
        extensions_.push_back({type, std::move(body)});
        return *this;
    }
    // An extension of this many bytes, as a post-quantum key share or padding (RFC 7685).
    ClientHello& padding(std::size_t bytes) { return extension(21, TlsBytes(bytes, 0)); }
    ClientHello& session(std::size_t bytes) {
        session_ = bytes;
        return *this;
    }
    ClientHello& ciphers(std::size_t count) {
        ciphers_ = count;
        return *this;
    }
    ClientHello& without_extensions() {
        has_extensions_ = false;
        return *this;
    }

    // The handshake message.
    TlsBytes message() const {
        TlsBytes body{3, 3};
        body.insert(body.end(), 32, 0x5a);  // random
        put8(body, session_);
        body.insert(body.end(), session_, 0x11);
        put16(body, ciphers_ * 2);
        for (std::size_t i = 0; i < ciphers_; ++i) {
            put16(body, 0x1301 + i);
        }
        put8(body, 1);
        put8(body, 0);
        if (has_extensions_) {
            TlsBytes all;
            for (const TlsExtension& one : extensions_) {
                put16(all, one.type);
                put16(all, one.body.size());
                put(all, one.body);
            }
            put16(body, all.size());
            put(body, all);
        }
        TlsBytes out{1};
        put8(out, body.size() >> 16);
        put16(out, body.size() & 0xffff);
        put(out, body);
        return out;
    }
    // In one record, or in records of at most `most` bytes.
    TlsBytes record(std::size_t most = 16384) const { return tls_records(kHandshake, message(), most); }

  private:
    std::vector<TlsExtension> extensions_;
    std::size_t session_ = 32;
    std::size_t ciphers_ = 3;
    bool has_extensions_ = true;
};

// A ServerHello with this random, as far as anybody reads it in the clear.
inline TlsBytes server_hello(const TlsBytes& random = TlsBytes(32, 0x77)) {
    TlsBytes body{3, 3};
    put(body, random);
    put8(body, 0);
    put16(body, 0x1301);
    put8(body, 0);
    TlsBytes message{2, 0};
    put16(message, body.size());
    put(message, body);
    return tls_record(kHandshake, message);
}

// RFC 8446, section 4.1.3.
inline TlsBytes hello_retry_request() {
    return server_hello({0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
                         0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C});
}

}  // namespace namegate::test
