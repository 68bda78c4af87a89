// SPDX-License-Identifier: Apache-2.0
//
// The query of a URL. Percent-encodes all but unreserved characters (RFC 3986). A value; cannot fail.
#pragma once

#include <string>
#include <string_view>

namespace namegate::kubernetes {

inline std::string percent_encoded(std::string_view text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr unsigned kBase = 16;
    std::string out;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte / kBase];
        out += kDigits[byte % kBase];
    }
    return out;
}

class Query {
  public:
    // A parameter as it stands; empty: none.
    void add(std::string_view parameter) {
        if (!parameter.empty()) {
            text_ += (text_.empty() ? "" : "&") + std::string(parameter);
        }
    }
    void add(std::string_view name, std::string_view value) { add(std::string(name) + "=" + percent_encoded(value)); }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

}  // namespace namegate::kubernetes
