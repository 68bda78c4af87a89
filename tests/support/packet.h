// SPDX-License-Identifier: Apache-2.0
//
// Builds Ethernet frames, layer by layer, outermost first; build() fills in lengths, next-header fields and checksums. Everything
// can be made wrong on purpose.
//
//   auto frame = Packet().ethernet().ipv4("10.1.0.2", "192.0.2.1").udp(4000, 53).payload(question).build();
//
// A later fragment is an IP layer with fragment() and a payload only. Value type; throws on bad addresses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace namegate::test {

using Bytes = std::vector<std::uint8_t>;
using Mac = std::array<std::uint8_t, 6>;

inline constexpr Mac kPodMac{0x02, 0, 0, 0, 0, 0x01};
inline constexpr Mac kHostMac{0x02, 0, 0, 0, 0, 0x02};

enum TcpFlag : std::uint8_t { kFin = 0x01, kSyn = 0x02, kRst = 0x04, kPsh = 0x08, kAck = 0x10 };

class Packet {
  public:
    Packet& ethernet(const Mac& source = kPodMac, const Mac& destination = kHostMac);
    Packet& vlan(std::uint16_t id, std::uint16_t tpid = 0x8100);
    // Instead of the type of the next layer.
    Packet& ether_type(std::uint16_t type);
    Packet& arp(std::uint16_t operation, const Mac& sender_mac, std::string_view sender, std::string_view target);

    Packet& ipv4(std::string_view source, std::string_view destination);
    Packet& ipv6(std::string_view source, std::string_view destination);
    // The family of the addresses decides.
    Packet& ip(std::string_view source, std::string_view destination);
    // IPv4 options, padded to 4 bytes with zeros.
    Packet& options(const Bytes& bytes);
    // An IPv6 extension header: hop-by-hop 0, routing 43, destination options 60. Padded to 8 bytes.
    Packet& extension(std::uint8_t type, const Bytes& content = {});
    // Offset in bytes, a multiple of 8. IPv6: adds a fragment header at this place of the chain.
    Packet& fragment(std::uint32_t id, std::uint16_t offset, bool more);
    Packet& ttl(std::uint8_t value);
    // The transport protocol when no transport layer follows, or a wrong one.
    Packet& protocol(std::uint8_t value);

    Packet& tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags = kSyn);
    Packet& sequence(std::uint32_t number, std::uint32_t acknowledged = 0);
    Packet& udp(std::uint16_t source, std::uint16_t destination);
    // ICMP or ICMPv6 by the IP layer; `rest` is the second word (echo: identifier << 16 | sequence).
    Packet& icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);
    Packet& payload(const Bytes& bytes);
    Packet& payload(std::string_view text);
    Packet& bad_checksum();
    // Truncates the frame after this many bytes.
    Packet& truncate(std::size_t size);

    Bytes build() const;
    // The frame from the IP layer on, as an ICMP error quotes it.
    Bytes build_ip() const;

  private:
    struct Extension {
        std::uint8_t type;
        Bytes content;
    };
    enum class Transport { kNone, kTcp, kUdp, kIcmp };

    static void put16(Bytes& to, std::uint16_t value);
    static void put32(Bytes& to, std::uint32_t value);
    static void set16(Bytes& to, std::size_t at, std::uint16_t value);
    static void append(Bytes& to, std::span<const std::uint8_t> bytes);
    static IpAddress parse(std::string_view text);
    static std::uint32_t sum(std::span<const std::uint8_t> bytes, std::uint32_t start = 0);
    static std::uint16_t fold(std::uint32_t sum);
    std::uint8_t transport_protocol() const;
    std::size_t checksum_offset() const;
    Bytes transport() const;
    Bytes link_header() const;
    Bytes ipv4_header(std::size_t body) const;
    Bytes ipv6_header(std::size_t body) const;

    bool ethernet_ = false;
    Mac source_mac_{};
    Mac destination_mac_{};
    std::vector<std::array<std::uint16_t, 2>> vlans_;
    std::optional<std::uint16_t> ether_type_;
    std::optional<Bytes> arp_;
    bool ip_ = false;
    IpAddress source_;
    IpAddress destination_;
    Bytes options_;
    std::vector<Extension> extensions_;
    std::uint32_t fragment_id_ = 0;
    std::uint16_t fragment_field_ = 0;  // IPv4's field: MF and the offset in 8 bytes
    std::uint8_t ttl_ = 64;
    std::optional<std::uint8_t> protocol_;
    Transport transport_ = Transport::kNone;
    std::uint16_t source_port_ = 0;
    std::uint16_t destination_port_ = 0;
    std::uint8_t tcp_flags_ = 0;
    std::uint32_t sequence_ = 1;
    std::uint32_t acknowledged_ = 0;
    std::uint8_t icmp_type_ = 0;
    std::uint8_t icmp_code_ = 0;
    std::uint32_t icmp_rest_ = 0;
    Bytes payload_;
    bool bad_checksum_ = false;
    std::optional<std::size_t> truncate_;
};

inline void Packet::put16(Bytes& to, std::uint16_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8));
    to.push_back(static_cast<std::uint8_t>(value & 0xff));
}

inline void Packet::put32(Bytes& to, std::uint32_t value) {
    put16(to, static_cast<std::uint16_t>(value >> 16));
    put16(to, static_cast<std::uint16_t>(value & 0xffff));
}

inline void Packet::set16(Bytes& to, std::size_t at, std::uint16_t value) {
    to.at(at) = static_cast<std::uint8_t>(value >> 8);
    to.at(at + 1) = static_cast<std::uint8_t>(value & 0xff);
}

inline void Packet::append(Bytes& to, std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
        to.push_back(byte);
    }
}

inline IpAddress Packet::parse(std::string_view text) {
    auto address = IpAddress::parse(text);
    if (!address) {
        throw std::invalid_argument(address.error().message());
    }
    return *address;
}

inline std::uint32_t Packet::sum(std::span<const std::uint8_t> bytes, std::uint32_t start) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        start += static_cast<std::uint32_t>(i % 2 == 0 ? bytes[i] << 8 : bytes[i]);
    }
    return start;
}

inline std::uint16_t Packet::fold(std::uint32_t sum) {
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum & 0xffff);
}

inline Packet& Packet::ethernet(const Mac& source, const Mac& destination) {
    ethernet_ = true;
    source_mac_ = source;
    destination_mac_ = destination;
    return *this;
}

inline Packet& Packet::vlan(std::uint16_t id, std::uint16_t tpid) {
    vlans_.push_back({tpid, id});
    return *this;
}

inline Packet& Packet::ether_type(std::uint16_t type) {
    ether_type_ = type;
    return *this;
}

inline Packet& Packet::arp(std::uint16_t operation, const Mac& sender_mac, std::string_view sender, std::string_view target) {
    Bytes body;
    put16(body, 1);
    put16(body, 0x0800);
    body.push_back(6);
    body.push_back(4);
    put16(body, operation);
    append(body, sender_mac);
    const std::string from = parse(sender).wire();
    const std::string to = parse(target).wire();
    body.insert(body.end(), from.begin(), from.end());
    append(body, Mac{});
    body.insert(body.end(), to.begin(), to.end());
    arp_ = body;
    return *this;
}

inline Packet& Packet::ip(std::string_view source, std::string_view destination) {
    ip_ = true;
    source_ = parse(source);
    destination_ = parse(destination);
    if (source_.is_v4() != destination_.is_v4()) {
        throw std::invalid_argument("addresses of two families");
    }
    return *this;
}

inline Packet& Packet::ipv4(std::string_view source, std::string_view destination) { return ip(source, destination); }
inline Packet& Packet::ipv6(std::string_view source, std::string_view destination) { return ip(source, destination); }

inline Packet& Packet::options(const Bytes& bytes) {
    options_ = bytes;
    options_.resize((bytes.size() + 3) / 4 * 4);
    return *this;
}

inline Packet& Packet::extension(std::uint8_t type, const Bytes& content) {
    Bytes padded = content;
    padded.resize((content.size() + 2 + 7) / 8 * 8 - 2);
    extensions_.push_back({type, padded});
    return *this;
}

inline Packet& Packet::fragment(std::uint32_t id, std::uint16_t offset, bool more) {
    fragment_id_ = id;
    fragment_field_ = static_cast<std::uint16_t>((more ? 0x2000 : 0) | (offset / 8));
    Bytes content;
    put16(content, static_cast<std::uint16_t>((offset / 8) << 3 | (more ? 1 : 0)));
    put32(content, id);
    extensions_.push_back({44, content});
    return *this;
}

inline Packet& Packet::ttl(std::uint8_t value) {
    ttl_ = value;
    return *this;
}

inline Packet& Packet::protocol(std::uint8_t value) {
    protocol_ = value;
    return *this;
}

inline Packet& Packet::tcp(std::uint16_t source, std::uint16_t destination, std::uint8_t flags) {
    transport_ = Transport::kTcp;
    source_port_ = source;
    destination_port_ = destination;
    tcp_flags_ = flags;
    return *this;
}

inline Packet& Packet::sequence(std::uint32_t number, std::uint32_t acknowledged) {
    sequence_ = number;
    acknowledged_ = acknowledged;
    return *this;
}

inline Packet& Packet::udp(std::uint16_t source, std::uint16_t destination) {
    transport_ = Transport::kUdp;
    source_port_ = source;
    destination_port_ = destination;
    return *this;
}

inline Packet& Packet::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    transport_ = Transport::kIcmp;
    icmp_type_ = type;
    icmp_code_ = code;
    icmp_rest_ = rest;
    return *this;
}

inline Packet& Packet::payload(const Bytes& bytes) {
    payload_ = bytes;
    return *this;
}

inline Packet& Packet::payload(std::string_view text) {
    payload_.assign(text.begin(), text.end());
    return *this;
}

inline Packet& Packet::bad_checksum() {
    bad_checksum_ = true;
    return *this;
}

inline Packet& Packet::truncate(std::size_t size) {
    truncate_ = size;
    return *this;
}

inline std::uint8_t Packet::transport_protocol() const {
    switch (transport_) {
        case Transport::kTcp: return 6;
        case Transport::kUdp: return 17;
        case Transport::kIcmp: return source_.is_v4() ? 1 : 58;
        case Transport::kNone: break;
    }
    return protocol_.value_or(59);
}

inline std::size_t Packet::checksum_offset() const {
    switch (transport_) {
        case Transport::kTcp: return 16;
        case Transport::kUdp: return 6;
        default: return 2;
    }
}

inline Bytes Packet::transport() const {
    Bytes out;
    if (transport_ == Transport::kTcp) {
        put16(out, source_port_);
        put16(out, destination_port_);
        put32(out, sequence_);
        put32(out, acknowledged_);
        out.push_back(0x50);
        out.push_back(tcp_flags_);
        put16(out, 65535);
        put32(out, 0);
    } else if (transport_ == Transport::kUdp) {
        put16(out, source_port_);
        put16(out, destination_port_);
        put16(out, static_cast<std::uint16_t>(8 + payload_.size()));
        put16(out, 0);
    } else if (transport_ == Transport::kIcmp) {
        out.push_back(icmp_type_);
        out.push_back(icmp_code_);
        put16(out, 0);
        put32(out, icmp_rest_);
    }
    append(out, payload_);
    if (transport_ == Transport::kNone) {
        return out;
    }
    std::uint32_t start = 0;
    if (transport_ != Transport::kIcmp || !source_.is_v4()) {
        Bytes pseudo;
        for (const IpAddress& address : {source_, destination_}) {
            const std::string wire = address.wire();
            pseudo.insert(pseudo.end(), wire.begin(), wire.end());
        }
        put32(pseudo, static_cast<std::uint32_t>(out.size()));
        put32(pseudo, transport_protocol());
        start = sum(pseudo);
    }
    std::uint16_t checksum = fold(sum(out, start));
    if (transport_ == Transport::kUdp && checksum == 0) {
        checksum = 0xffff;
    }
    set16(out, checksum_offset(), bad_checksum_ ? static_cast<std::uint16_t>(checksum ^ 0x5555) : checksum);
    return out;
}

inline Bytes Packet::ipv4_header(std::size_t body) const {
    Bytes out;
    const std::size_t size = 20 + options_.size();
    out.push_back(static_cast<std::uint8_t>(0x40 | size / 4));
    out.push_back(0);
    put16(out, static_cast<std::uint16_t>(size + body));
    put16(out, static_cast<std::uint16_t>(fragment_id_ & 0xffff));
    put16(out, fragment_field_);
    out.push_back(ttl_);
    out.push_back(protocol_.value_or(transport_protocol()));
    put16(out, 0);
    for (const IpAddress& address : {source_, destination_}) {
        const std::string wire = address.wire();
        out.insert(out.end(), wire.begin(), wire.end());
    }
    append(out, options_);
    set16(out, 10, fold(sum(out)));
    return out;
}

inline Bytes Packet::ipv6_header(std::size_t body) const {
    Bytes chain;
    for (std::size_t i = 0; i < extensions_.size(); ++i) {
        const bool last = i + 1 == extensions_.size();
        chain.push_back(last ? protocol_.value_or(transport_protocol()) : extensions_[i + 1].type);
        const std::size_t size = extensions_[i].content.size() + 2;
        chain.push_back(extensions_[i].type == 44 ? std::uint8_t{0} : static_cast<std::uint8_t>(size / 8 - 1));
        append(chain, extensions_[i].content);
    }
    Bytes out;
    put32(out, 0x60000000);
    put16(out, static_cast<std::uint16_t>(chain.size() + body));
    out.push_back(extensions_.empty() ? protocol_.value_or(transport_protocol()) : extensions_.front().type);
    out.push_back(ttl_);
    for (const IpAddress& address : {source_, destination_}) {
        const std::string wire = address.wire();
        out.insert(out.end(), wire.begin(), wire.end());
    }
    append(out, chain);
    return out;
}

inline Bytes Packet::link_header() const {
    Bytes out;
    append(out, destination_mac_);
    append(out, source_mac_);
    for (const auto& tag : vlans_) {
        put16(out, tag[0]);
        put16(out, tag[1]);
    }
    const bool v6 = ip_ && !source_.is_v4();
    put16(out, ether_type_.value_or(arp_ ? 0x0806 : v6 ? 0x86dd : 0x0800));
    return out;
}

inline Bytes Packet::build_ip() const {
    const Bytes body = transport();
    Bytes out = source_.is_v4() ? ipv4_header(body.size()) : ipv6_header(body.size());
    append(out, body);
    return out;
}

inline Bytes Packet::build() const {
    Bytes out;
    if (ethernet_) {
        out = link_header();
    }
    append(out, arp_ ? *arp_ : ip_ ? build_ip() : payload_);
    if (truncate_ && *truncate_ < out.size()) {
        out.resize(*truncate_);
    }
    return out;
}

}  // namespace namegate::test
