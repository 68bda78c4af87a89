// SPDX-License-Identifier: Apache-2.0
//
// Builds DNS messages byte by byte for the tests, correct and incorrect ones. Header-only; needs only base. Names are text; `\DDD`
// puts any byte into a label. Owners and CNAME targets are compressed by default.
//
//   DnsMessage::response("www.example.com").id(7).cname("www.example.com", "cdn.example.net").ttl(60)
//       .a("cdn.example.net", "192.0.2.1").edns().build()
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"

namespace namegate::test {

using Bytes = std::vector<std::uint8_t>;

enum DnsType : std::uint16_t {
    kTypeA = 1,
    kTypeNs = 2,
    kTypeCname = 5,
    kTypeSoa = 6,
    kTypeMx = 15,
    kTypeTxt = 16,
    kTypeAaaa = 28,
    kTypeDname = 39,
    kTypeOpt = 41,
    kTypeRrsig = 46,
    kTypeHttps = 65,
    kTypeAny = 255,
};
inline constexpr std::uint16_t kClassIn = 1;
inline constexpr std::uint16_t kClassChaos = 3;
inline constexpr std::size_t kDnsHeaderBytes = 12;

// The labels of a name in text, escapes resolved.
inline std::vector<std::string> dns_labels(std::string_view text) {
    std::vector<std::string> labels;
    std::string label;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (!label.empty()) {
                labels.push_back(std::exchange(label, {}));
            }
        } else if (text[i] == '\\' && i + 3 < text.size()) {
            label += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 3))));
            i += 3;
        } else {
            label += text[i];
        }
    }
    if (!label.empty()) {
        labels.push_back(label);
    }
    return labels;
}

// The name on the wire, uncompressed, root label included.
inline Bytes dns_wire_name(std::string_view text) {
    Bytes out;
    for (const std::string& label : dns_labels(text)) {
        out.push_back(static_cast<std::uint8_t>(label.size()));
        out.insert(out.end(), label.begin(), label.end());
    }
    out.push_back(0);
    return out;
}

class DnsMessage {
  public:
    DnsMessage() : bytes_(kDnsHeaderBytes, 0) {}

    // RD set, one question.
    static DnsMessage query(std::string_view name, std::uint16_t type = kTypeA, std::uint16_t dns_class = kClassIn) {
        DnsMessage out;
        return out.flags(0x0100).question(name, type, dns_class);
    }
    // QR, RD and RA set, one question. Give the name as in the query, including its 0x20 case.
    static DnsMessage response(std::string_view name, std::uint16_t type = kTypeA, std::uint16_t dns_class = kClassIn) {
        DnsMessage out;
        return out.flags(0x8180).question(name, type, dns_class);
    }

    // Header.
    DnsMessage& id(std::uint16_t value) { return put16(0, value); }
    DnsMessage& flags(std::uint16_t value) { return put16(2, value); }
    DnsMessage& qr(bool on = true) { return bit(0x8000, on); }
    DnsMessage& tc(bool on = true) { return bit(0x0200, on); }
    DnsMessage& opcode(unsigned value) { return flags(static_cast<std::uint16_t>((flags() & ~0x7800U) | (value & 15U) << 11)); }
    DnsMessage& rcode(unsigned value) { return flags(static_cast<std::uint16_t>((flags() & ~0x000fU) | (value & 15U))); }
    // What the header claims, whatever was added. Sections: 0 question, 1 answer, 2 authority, 3 additional.
    DnsMessage& count(unsigned section, std::uint16_t value) { return put16(4 + 2 * std::size_t{section}, value); }

    // Settings for the records that follow.
    DnsMessage& ttl(std::uint32_t seconds) { return set(ttl_, seconds); }
    DnsMessage& dns_class(std::uint16_t value) { return set(class_, value); }
    DnsMessage& compress(bool on = true) { return set(compress_, on); }
    DnsMessage& uncompressed() { return compress(false); }
    DnsMessage& answer() { return set(section_, 1U); }
    DnsMessage& authority() { return set(section_, 2U); }
    DnsMessage& additional() { return set(section_, 3U); }

    DnsMessage& question(std::string_view name, std::uint16_t type = kTypeA, std::uint16_t dns_class = kClassIn) {
        append_name(bytes_, name);
        append16(bytes_, type);
        append16(bytes_, dns_class);
        return counted(0);
    }
    DnsMessage& a(std::string_view owner, std::string_view address) { return address_record(owner, kTypeA, address); }
    DnsMessage& aaaa(std::string_view owner, std::string_view address) { return address_record(owner, kTypeAaaa, address); }
    DnsMessage& cname(std::string_view owner, std::string_view target) { return name_record(owner, kTypeCname, target); }
    DnsMessage& ns(std::string_view owner, std::string_view target) { return name_record(owner, kTypeNs, target); }
    DnsMessage& dname(std::string_view owner, std::string_view target) {
        return record(owner, kTypeDname, dns_wire_name(target));  // RFC 6672: never compressed
    }
    DnsMessage& record(std::string_view owner, std::uint16_t type, const Bytes& rdata) {
        append_name(bytes_, owner);
        return rest_of_record(type, rdata);
    }
    // An owner name as raw bytes: pointers to anywhere, labels over their limit, no end.
    DnsMessage& record_of(const Bytes& raw_owner, std::uint16_t type, const Bytes& rdata) {
        bytes_.insert(bytes_.end(), raw_owner.begin(), raw_owner.end());
        return rest_of_record(type, rdata);
    }
    // An OPT record in the additional section.
    DnsMessage& edns(std::uint16_t udp_size = 1232) {
        const unsigned section = std::exchange(section_, 3U);
        const std::uint16_t own_class = std::exchange(class_, udp_size);
        const std::uint32_t own_ttl = std::exchange(ttl_, 0U);
        record_of({0}, kTypeOpt, {});
        section_ = section;
        class_ = own_class;
        ttl_ = own_ttl;
        return *this;
    }

    // Raw bytes, which no count includes.
    DnsMessage& raw(const Bytes& bytes) {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return *this;
    }
    // Keeps only the first bytes.
    DnsMessage& cut(std::size_t size) {
        bytes_.resize(std::min(size, bytes_.size()));
        return *this;
    }
    // The position of the next byte: what a pointer to the next name would contain.
    std::size_t size() const { return bytes_.size(); }
    const Bytes& build() const { return bytes_; }
    // With the length in front, as over TCP.
    Bytes build_tcp() const {
        Bytes out;
        append16(out, static_cast<std::uint16_t>(bytes_.size()));
        out.insert(out.end(), bytes_.begin(), bytes_.end());
        return out;
    }

    static Bytes pointer(std::size_t offset) {
        return {static_cast<std::uint8_t>(0xc0U | (offset >> 8)), static_cast<std::uint8_t>(offset & 0xffU)};
    }

  private:
    template <typename T>
    DnsMessage& set(T& member, T value) {
        member = value;
        return *this;
    }
    std::uint16_t flags() const { return static_cast<std::uint16_t>(bytes_[2] << 8 | bytes_[3]); }
    DnsMessage& bit(unsigned mask, bool on) { return flags(static_cast<std::uint16_t>(on ? flags() | mask : flags() & ~mask)); }
    DnsMessage& put16(std::size_t at, std::uint16_t value) {
        bytes_.at(at) = static_cast<std::uint8_t>(value >> 8);
        bytes_.at(at + 1) = static_cast<std::uint8_t>(value & 0xffU);
        return *this;
    }
    DnsMessage& counted(unsigned section) {
        const std::size_t at = 4 + 2 * std::size_t{section};
        return put16(at, static_cast<std::uint16_t>((bytes_[at] << 8 | bytes_[at + 1]) + 1));
    }
    static void append16(Bytes& out, std::uint16_t value) {
        out.push_back(static_cast<std::uint8_t>(value >> 8));
        out.push_back(static_cast<std::uint8_t>(value & 0xffU));
    }

    DnsMessage& address_record(std::string_view owner, std::uint16_t type, std::string_view address) {
        const auto parsed = IpAddress::parse(address);
        if (!parsed) {
            throw std::invalid_argument(parsed.error().message());
        }
        const std::string wire = parsed->wire();
        return record(owner, type, Bytes(wire.begin(), wire.end()));
    }
    DnsMessage& name_record(std::string_view owner, std::uint16_t type, std::string_view target) {
        append_name(bytes_, owner);
        const std::size_t length_at = bytes_.size() + 8;
        rest_of_record(type, {});
        append_name(bytes_, target);
        return put16(length_at, static_cast<std::uint16_t>(bytes_.size() - length_at - 2));
    }
    DnsMessage& rest_of_record(std::uint16_t type, const Bytes& rdata) {
        append16(bytes_, type);
        append16(bytes_, class_);
        append16(bytes_, static_cast<std::uint16_t>(ttl_ >> 16));
        append16(bytes_, static_cast<std::uint16_t>(ttl_ & 0xffffU));
        append16(bytes_, static_cast<std::uint16_t>(rdata.size()));
        bytes_.insert(bytes_.end(), rdata.begin(), rdata.end());
        return counted(section_);
    }

    // Appends at the message's end, reusing the longest suffix already written (compared without case, as
    // servers do).
    void append_name(Bytes& out, std::string_view name) {
        const std::vector<std::string> labels = dns_labels(name);
        for (std::size_t i = 0; i < labels.size(); ++i) {
            std::string suffix;
            for (std::size_t k = i; k < labels.size(); ++k) {
                suffix += static_cast<char>(labels[k].size());
                for (const char c : labels[k]) {
                    suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
                }
            }
            const auto known = offsets_.find(suffix);
            if (compress_ && known != offsets_.end()) {
                const Bytes to = pointer(known->second);
                out.insert(out.end(), to.begin(), to.end());
                return;
            }
            if (out.size() < 0x4000) {
                offsets_.emplace(suffix, out.size());
            }
            out.push_back(static_cast<std::uint8_t>(labels[i].size()));
            out.insert(out.end(), labels[i].begin(), labels[i].end());
        }
        out.push_back(0);
    }

    Bytes bytes_;
    std::map<std::string, std::size_t> offsets_;
    std::uint32_t ttl_ = 300;
    std::uint16_t class_ = kClassIn;
    unsigned section_ = 1;
    bool compress_ = true;
};

}  // namespace namegate::test
