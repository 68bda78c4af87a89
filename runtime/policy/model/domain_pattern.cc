// SPDX-License-Identifier: Apache-2.0
#include "policy/model/domain_pattern.h"

#include <idn2.h>

#include <algorithm>

#include "base/fd.h"

namespace namegate::policy {
namespace {

constexpr std::string_view kWildcard = "*";
constexpr std::size_t kMaxInput = 1024;  // bytes of UTF-8; more cannot become a name of kMaxNameLength

Error refuse(std::string_view text, std::string_view why) {
    std::string message = "\"" + std::string(text.substr(0, kMaxInput)) + "\" is not a domain name: ";
    message += why;
    return {Code::kInvalidInput, std::move(message)};
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_label_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

// Common mistakes get an error of their own, before anything else is checked.
Result<> refuse_urls(std::string_view text) {
    const std::size_t scheme = text.find("://");
    if (scheme != std::string_view::npos) {
        std::string_view rest = text.substr(scheme + 3);
        rest = rest.substr(0, rest.find_first_of("/?#:"));
        return refuse(text, "it is a URL; write the name alone, \"" + std::string(rest) + "\"");
    }
    const std::size_t slash = text.find('/');
    if (slash != std::string_view::npos) {
        return refuse(text, "a path or prefix length cannot be matched; write the name alone, \"" + std::string(text.substr(0, slash)) +
                                "\" (addresses and CIDRs belong in nets)");
    }
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
        return refuse(text, "a port or an address is not allowed here; write the name alone, \"" + std::string(text.substr(0, colon)) +
                                "\", and the port in ports");
    }
    return ok();
}

using IdnText = std::unique_ptr<char, FreeWith<idn2_free>>;

Result<std::string> label_to_ascii(std::string_view label, std::string_view whole) {
    char* raw = nullptr;
    const std::string copy(label);
    const int status = idn2_to_ascii_8z(copy.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const IdnText owner(raw);
    if (status != IDN2_OK) {
        return refuse(whole, "the label \"" + copy + "\" cannot be written in ASCII: " + idn2_strerror(status));
    }
    return std::string(raw);
}

// The dots of East Asian scripts separate labels too (UTS 46, section 4.5).
std::string with_plain_dots(std::string_view text) {
    std::string out(text);
    for (const std::string_view dot : {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
        for (std::size_t at = out.find(dot); at != std::string::npos; at = out.find(dot, at)) {
            out.replace(at, dot.size(), ".");
        }
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t dot = text.find('.');
        out.push_back(text.substr(0, dot));
        if (dot == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(dot + 1);
    }
}

Result<std::string> normalise_label(std::string_view label, std::string_view whole) {
    if (label.empty()) {
        return refuse(whole, "it has an empty label (two dots in a row, or a dot at the start)");
    }
    std::string out(label);
    if (!is_ascii(label) && label.find('\0') == std::string_view::npos) {
        NG_ASSIGN(out, label_to_ascii(label, whole));
    }
    std::transform(out.begin(), out.end(), out.begin(), lower);
    if (out.empty()) {
        return refuse(whole, "the label \"" + std::string(label) + "\" has only characters that are ignored in names");
    }
    if (out.size() > kMaxLabelLength) {
        return refuse(whole, "the label \"" + out + "\" has more than " + std::to_string(kMaxLabelLength) + " characters");
    }
    const auto bad = std::find_if_not(out.begin(), out.end(), is_label_character);
    if (bad != out.end()) {
        const std::string shown = *bad > ' ' && *bad < 0x7f ? "'" + std::string(1, *bad) + "'" : "a space or control character";
        return refuse(whole, "it has " + shown + "; letters, digits, '-', '_' and '.' are allowed");
    }
    if (out.front() == '-' || out.back() == '-') {
        return refuse(whole, "the label \"" + out + "\" starts or ends with '-'");
    }
    return out;
}

// Returns the labels in canonical form; a wildcard is "*".
Result<std::vector<std::string>> normalise_labels(std::string_view text) {
    if (text.empty() || text == ".") {
        return refuse(text, "it is empty");
    }
    if (text.size() > kMaxInput) {
        return refuse(text, "it has more than " + std::to_string(kMaxNameLength) + " characters");
    }
    NG_TRY(refuse_urls(text));
    const std::string dotted = with_plain_dots(text);
    const std::string_view name = std::string_view(dotted).substr(0, dotted.size() - (dotted.back() == '.' ? 1U : 0U));
    std::vector<std::string> labels;
    std::size_t length = 0;
    for (const std::string_view label : split(name)) {
        if (label == kWildcard) {
            labels.emplace_back(label);
        } else if (label.find('*') != std::string_view::npos) {
            return refuse(text,
                          "'*' stands for whole labels; \"" + std::string(label) + "\" is only part of one (write \"*\" alone there)");
        } else {
            NG_ASSIGN(std::string normal, normalise_label(label, text));
            labels.push_back(std::move(normal));
        }
        length += labels.back().size() + 1;
    }
    if (length - 1 > kMaxNameLength) {
        return refuse(text, "it has more than " + std::to_string(kMaxNameLength) + " characters");
    }
    return labels;
}

bool is_numeric(std::string_view label) {
    return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<> refuse_addresses(const std::vector<std::string>& labels, std::string_view text) {
    if (labels.size() == 4 && std::all_of(labels.begin(), labels.end(), is_numeric)) {
        return refuse(text, "it is an IP address; addresses belong in nets");
    }
    return ok();
}

std::string join(const std::vector<std::string>& labels) {
    std::string out;
    for (const std::string& label : labels) {
        if (!out.empty()) {
            out += '.';
        }
        out += label;
    }
    return out;
}

bool equal_fold(std::string_view any_case, std::string_view lower_case) {
    return any_case.size() == lower_case.size() &&
           std::equal(any_case.begin(), any_case.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

std::vector<std::string> split_to_strings(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const std::vector<std::string_view> parts = split(text);
    return {parts.begin(), parts.end()};
}

}  // namespace

Result<std::string> normalise_name(std::string_view text) {
    NG_ASSIGN(const std::vector<std::string> labels, normalise_labels(text));
    if (std::find(labels.begin(), labels.end(), kWildcard) != labels.end()) {
        return refuse(text, "it has a wildcard; a plain name is needed here");
    }
    return join(labels);
}

Result<DomainPattern> DomainPattern::parse(std::string_view text) {
    NG_ASSIGN(std::vector<std::string> labels, normalise_labels(text));
    const auto wildcards = std::count(labels.begin(), labels.end(), kWildcard);
    if (wildcards > 1) {
        return refuse(text, "it has more than one wildcard");
    }
    if (labels.size() == 1 && wildcards == 1) {
        return refuse(text, "a bare \"*\" would match every name; to allow any address, leave domains out");
    }
    if (labels.back() == kWildcard) {
        return refuse(text, "the wildcard cannot be the last label");
    }
    NG_TRY(refuse_addresses(labels, text));
    return DomainPattern(join(labels));
}

DomainPattern::Kind DomainPattern::kind() const {
    const std::size_t wildcard = text().find('*');
    return wildcard == std::string_view::npos ? Kind::kExact : wildcard == 0 ? Kind::kWildcard : Kind::kMiddle;
}

std::string_view DomainPattern::prefix() const {
    const std::size_t wildcard = text().find('*');
    return wildcard == std::string_view::npos || wildcard == 0 ? std::string_view() : text().substr(0, wildcard - 1);
}

std::string_view DomainPattern::suffix() const {
    const std::size_t wildcard = text().find('*');
    return wildcard == std::string_view::npos ? text() : text().substr(wildcard + 2);
}

std::vector<std::string> DomainPattern::prefix_labels() const { return split_to_strings(prefix()); }
std::vector<std::string> DomainPattern::suffix_labels() const { return split_to_strings(suffix()); }

bool DomainPattern::matches(std::string_view name) const {
    if (!name.empty() && name.back() == '.') {
        name.remove_suffix(1);
    }
    if (kind() == Kind::kExact) {
        return equal_fold(name, text());
    }
    // prefix "." one-or-more-labels "." suffix; the middle must not be empty and must consist of whole labels.
    const std::string_view behind = suffix();
    const std::string_view before = prefix();
    const std::size_t start = before.empty() ? 0 : before.size() + 1;
    if (name.size() < start + 1 + 1 + behind.size()) {
        return false;
    }
    const std::size_t middle_end = name.size() - behind.size() - 1;
    return equal_fold(name.substr(0, start), text().substr(0, start)) && name[middle_end] == '.' &&
           equal_fold(name.substr(middle_end + 1), behind) && name[start] != '.' && name[middle_end - 1] != '.';
}

}  // namespace namegate::policy
