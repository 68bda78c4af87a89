// SPDX-License-Identifier: Apache-2.0
//
// Domain names and the patterns for them in policies (D5-D7): an exact name, or a name with one `*` that stands for one or
// more whole labels. Names are stored in lower case, as A-labels, without a trailing dot. Value types, cheap to copy, safe
// from any thread; parsing returns errors as values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/shared_text.h"

namespace namegate::policy {

inline constexpr std::size_t kMaxNameLength = 253;  // characters, without the trailing dot
inline constexpr std::size_t kMaxLabelLength = 63;

// "WWW.Bücher.example." -> "www.xn--bcher-kva.example". Underscores are accepted, wildcards are not.
Result<std::string> normalise_name(std::string_view text);

class DomainPattern {
  public:
    enum class Kind : std::uint8_t {
        kExact,     // example.com
        kWildcard,  // *.example.com
        kMiddle,    // update.*.example.com
    };

    static Result<DomainPattern> parse(std::string_view text);

    // `name` may have any letter case and a trailing dot, but must be ASCII: it is not converted from Unicode.
    bool matches(std::string_view name) const;

    Kind kind() const;
    // Canonical: lower case, A-labels, no trailing dot. Valid as long as any copy of this object.
    std::string_view text() const { return text_.view(); }
    // The labels before and after the wildcard. All labels of an exact name are in suffix_labels().
    std::vector<std::string> prefix_labels() const;
    std::vector<std::string> suffix_labels() const;
    // The same as text, without the dots next to the wildcard.
    std::string_view prefix() const;
    std::string_view suffix() const;

    bool operator==(const DomainPattern&) const = default;
    std::strong_ordering operator<=>(const DomainPattern&) const = default;

  private:
    explicit DomainPattern(std::string_view text) : text_(text) {}

    SharedText text_;
};

}  // namespace namegate::policy
