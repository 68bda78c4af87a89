// SPDX-License-Identifier: Apache-2.0
#include "dns/never_opens.h"

#include <array>
#include <charconv>
#include <cstring>

namespace namegate::dns {
namespace {

constexpr std::size_t kMaxQuotedBytes = 128;
constexpr unsigned kMappedBits = 96;
constexpr std::array<std::string_view, 10> kStandard = {"127.0.0.0/8",     "::1",             // loopback
                                                        "169.254.0.0/16",  "fe80::/10",       // link-local
                                                        "224.0.0.0/4",     "ff00::/8",        // multicast
                                                        "0.0.0.0/8",       "::",              // unspecified
                                                        "255.255.255.255", "::ffff:0:0/96"};  // broadcast; IPv4-mapped
static_assert(kStandard.size() + kMaxListedNeverOpens <= kMaxNeverOpens);

Error invalid(std::string_view text, const std::string& why) {
    return {Code::kInvalidInput, "\"" + std::string(text.substr(0, kMaxQuotedBytes)) + "\" " + why};
}

bool same_prefix(const IpAddress::Bytes& a, const IpAddress::Bytes& b, unsigned length) {
    const unsigned whole = length / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) {
        return false;
    }
    return length % 8 == 0 || (a[whole] ^ b[whole]) >> (8 - length % 8) == 0;
}

Result<NeverOpens::Entry> parse_entry(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto address = IpAddress::parse(host);
    if (!address) {
        return invalid(text, "is not an IP address or CIDR");
    }
    NeverOpens::Entry entry;
    entry.text = std::string(text);
    entry.aaaa = host.find(':') != std::string_view::npos;
    entry.bytes = address->bytes();
    const unsigned most = entry.aaaa ? 128 : 32;
    entry.length = most;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), entry.length);
        if (status != std::errc() || end != digits.data() + digits.size() || entry.length > most) {
            return invalid(text, "has an invalid prefix length: it must be 0 to " + std::to_string(most));
        }
    }
    entry.length += entry.aaaa ? 0 : kMappedBits;
    for (unsigned bit = entry.length; bit < 128; ++bit) {
        entry.bytes[bit / 8] = static_cast<std::uint8_t>(entry.bytes[bit / 8] & ~(0x80U >> (bit % 8)));
    }
    return entry;
}

}  // namespace

NeverOpens NeverOpens::standard() {
    NeverOpens list;
    for (const std::string_view text : kStandard) {
        static_cast<void>(list.add(text));  // all of them are valid
    }
    return list;
}

Result<> NeverOpens::add(std::string_view text) {
    if (entries_.size() >= kMaxNeverOpens) {
        return Error(Code::kExhausted, "more than " + std::to_string(kMaxNeverOpens) + " entries; use shorter prefixes");
    }
    NG_ASSIGN(Entry entry, parse_entry(text));
    entries_.push_back(std::move(entry));
    return ok();
}

const std::string* NeverOpens::refuses(const IpAddress& address, bool mapped) const {
    const bool v4 = address.is_v4();
    for (const Entry& entry : entries_) {
        const bool applies = entry.aaaa ? !v4 || mapped : v4;
        if (applies && same_prefix(entry.bytes, address.bytes(), entry.length)) {
            return &entry.text;
        }
    }
    return nullptr;
}

}  // namespace namegate::dns
