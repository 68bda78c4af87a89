// SPDX-License-Identifier: Apache-2.0
#include "support/frame_source.h"

#include <algorithm>

namespace namegate::test {

// One IP packet under construction, seen from the pod.
struct FrameSource::Draft {
    Sender sender = Sender::kPod;
    bool v6 = false;
    FrameAddress local;
    FrameAddress remote;
    std::uint8_t protocol = 0;
    std::uint8_t hops = 64;
    Bytes body;          // transport header and payload
    bool exact = false;  // no random change is made: its content is known
    // Fragmentation.
    std::uint32_t id = 0;
    std::size_t offset = 0;
    bool more = false;
    bool fragment = false;
    bool out() const { return sender == Sender::kPod; }
};

namespace {

const FrameAddress& pod_address_of(bool v6) {
    static const FrameAddress pod4 = FrameAddress::parse("10.88.0.2");
    static const FrameAddress pod6 = FrameAddress::parse("fd00:88::2");
    return v6 ? pod6 : pod4;
}

void put8(Bytes& to, std::uint64_t value) { to.push_back(static_cast<std::uint8_t>(value & 0xff)); }
void put16(Bytes& to, std::uint64_t value) {
    put8(to, value >> 8);
    put8(to, value);
}
void put32(Bytes& to, std::uint64_t value) {
    put16(to, value >> 16);
    put16(to, value);
}
void append(Bytes& to, const Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }
void append(Bytes& to, const FrameAddress& address) {
    to.insert(to.end(), address.bytes.begin(), address.bytes.begin() + (address.v6 ? 16 : 4));
}
void append_name(Bytes& to, std::string_view name) {
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        put8(to, label.size());
        to.insert(to.end(), label.begin(), label.end());
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    put8(to, 0);
}

}  // namespace

Bytes FrameSource::random_bytes(std::size_t size) {
    Bytes out(size);
    for (std::uint8_t& byte : out) {
        byte = static_cast<std::uint8_t>(random_());
    }
    return out;
}

FrameAddress FrameSource::remote_address(bool v6) {
    static const std::vector<FrameAddress> all4 = [] {
        std::vector<FrameAddress> out;
        for (const char* text : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.53", kLearnt4}) {
            out.push_back(FrameAddress::parse(text));
        }
        return out;
    }();
    static const std::vector<FrameAddress> all6 = [] {
        std::vector<FrameAddress> out;
        for (const char* text : {"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::53", kLearnt6}) {
            out.push_back(FrameAddress::parse(text));
        }
        return out;
    }();
    return v6 ? all6[below(all6.size())] : all4[below(all4.size())];
}

FrameAddress FrameSource::strange_address(bool v6) {
    static const char* const texts4[] = {"10.88.0.3", "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"};
    static const char* const texts6[] = {"fd00:88::3", "::", "fe80::ff:fe00:1", "fe80::1", "ff02::1", "ff02::1:ff00:2"};
    if (v6 && one_in(6)) {
        FrameAddress mapped{true, {}};
        mapped.bytes[10] = mapped.bytes[11] = 0xff;
        std::copy_n(pod_address_of(false).bytes.begin(), 4, mapped.bytes.begin() + 12);
        return mapped;
    }
    return FrameAddress::parse(v6 ? texts6[below(6)] : texts4[below(6)]);
}

void FrameSource::choose_ends(Draft& draft) {
    draft.sender = pick({Sender::kPod, Sender::kPod, Sender::kPod, Sender::kForwarded, Sender::kForwarded, Sender::kNode});
    draft.v6 = one_in(2);
    draft.local = pod_address_of(draft.v6);
    draft.remote = remote_address(draft.v6);
    if (one_in(40)) {
        draft.local = strange_address(draft.v6);
    }
    if (one_in(60)) {
        draft.remote = strange_address(draft.v6);
    }
}

void FrameSource::fill_tcp(Draft& draft) {
    const auto local = pick<std::uint16_t>({50000, 50001, 16385});
    const auto remote = pick<std::uint16_t>({443, 443, 80, 53, 40000});
    const auto flags = one_in(8)
                           ? random_()
                           : pick<std::uint64_t>({kSyn, kSyn, kAck, kAck, kAck, kSyn | kAck, kFin | kAck, kRst, kPsh | kAck, kSyn | kFin});
    draft.protocol = kTcp;
    put16(draft.body, draft.out() ? local : remote);
    put16(draft.body, draft.out() ? remote : local);
    put32(draft.body, random_());
    put32(draft.body, random_());
    put8(draft.body, one_in(20) ? random_() : 0x50);
    put8(draft.body, flags);
    put32(draft.body, random_());
    put16(draft.body, 0);
    append(draft.body, random_bytes(below(3) * 20));
}

void FrameSource::fill_udp(Draft& draft) {
    const auto local = pick<std::uint16_t>({50000, 50001, 16385});
    const auto remote = pick<std::uint16_t>({123, 123, 53, 443});
    const Bytes payload = random_bytes(below(3) * 16);
    draft.protocol = pick({kUdp, kUdp, kUdp, kSctp, kUdpLite});
    put16(draft.body, draft.out() ? local : remote);
    put16(draft.body, draft.out() ? remote : local);
    put16(draft.body, one_in(10) ? random_() : 8 + payload.size());
    put16(draft.body, 0);
    append(draft.body, payload);
}

void FrameSource::fill_icmp(Draft& draft) {
    draft.protocol = draft.v6 ? kIcmp6 : kIcmp;
    if (one_in(30)) {
        draft.protocol = pick({kIcmp, kIcmp6});  // of the other family
    }
    const auto echo = draft.v6 ? pick<std::uint8_t>({128, 129}) : pick<std::uint8_t>({8, 0});
    const auto other = draft.v6 ? pick<std::uint8_t>({1, 2, 3, 4, 5, 127, 130, 200}) : pick<std::uint8_t>({3, 4, 5, 11, 12, 13, 14, 17});
    put8(draft.body, one_in(4) ? other : echo);
    put8(draft.body, one_in(10) ? below(4) : 0);
    put16(draft.body, 0);
    put16(draft.body, pick<std::uint64_t>({7, 9, 7, 9, 0}));
    put16(draft.body, below(1000));
    append(draft.body, random_bytes(below(3) * 16));
}

// The form of a packet of the other direction, from the IP header on.
Bytes FrameSource::quoted(const Draft& draft) {
    Draft inner;
    inner.v6 = draft.v6;
    inner.sender = draft.out() ? Sender::kForwarded : Sender::kPod;
    inner.local = draft.local;
    inner.remote = draft.out() && !one_in(8) ? draft.remote : remote_address(draft.v6);
    one_in(2) ? fill_tcp(inner) : one_in(2) ? fill_udp(inner) : one_in(3) ? fill_other(inner) : fill_icmp(inner);
    if (one_in(6)) {
        cut(inner);
    }
    Bytes out = inner.v6 ? headers6(inner) : headers4(inner);
    append(out, inner.body);
    if (one_in(12)) {
        out[0] = static_cast<std::uint8_t>(random_());  // version and length of its header
    }
    if (one_in(6)) {
        out.resize(below(out.size() + 1));
    } else if (one_in(6)) {
        out.resize(pick<std::size_t>({576 - 28, 576 - 27, 1280 - 48, 1280 - 47, 1400}));
    }
    return out;
}

void FrameSource::fill_error(Draft& draft) {
    draft.protocol = draft.v6 ? kIcmp6 : kIcmp;
    put8(draft.body, draft.v6 ? pick<std::uint8_t>({1, 2, 3, 4}) : pick<std::uint8_t>({3, 11, 12}));
    put8(draft.body, below(3));
    put16(draft.body, 0);
    put32(draft.body, one_in(2) ? 0 : random_());
    append(draft.body, quoted(draft));
}

void FrameSource::fill_other(Draft& draft) {
    draft.protocol = pick<std::uint8_t>({47, 47, 47, 50, 51, 59, 4, 41});
    draft.body = random_bytes(16);
    if (one_in(2)) {
        draft.body[4] = 0;
        draft.body[5] = 0;
    }
}

void FrameSource::fill_dns(Draft& draft) {
    const bool known = !one_in(3);
    const bool ask = draft.out();
    const bool aaaa = known && one_in(2);
    draft.protocol = kUdp;
    draft.exact = true;
    draft.local = pod_address_of(draft.v6);
    draft.remote = FrameAddress::parse(draft.v6 ? "2001:db8::53" : "192.0.2.53");
    Bytes message;
    put16(message, 1 + below(3));
    put16(message, ask ? 0x0100 : one_in(8) ? 0x8183 : 0x8180);
    put16(message, one_in(30) ? 2 : 1);
    put16(message, ask ? 0 : 1);
    put32(message, 0);
    append_name(message, known ? kKnownName : "evil.example.net");
    put16(message, aaaa ? 28 : 1);
    put16(message, 1);
    if (!ask) {
        put16(message, 0xc00c);
        put16(message, aaaa ? 28 : 1);
        put16(message, 1);
        put32(message, 600);
        const FrameAddress address = FrameAddress::parse(aaaa ? kLearnt6 : known ? kLearnt4 : "192.0.2.3");
        put16(message, aaaa ? 16 : 4);
        append(message, address);
    }
    const auto local = pick<std::uint16_t>({50000, 50001, 16385});
    put16(draft.body, ask ? local : 53);
    put16(draft.body, ask ? 53 : local);
    put16(draft.body, 8 + message.size() + (one_in(20) ? pick<std::uint64_t>({4, static_cast<std::uint64_t>(-4)}) : 0));
    put16(draft.body, 0);
    append(draft.body, message);
}

void FrameSource::fill_neighbour(Draft& draft) {
    static const FrameAddress own = FrameAddress::parse("fe80::ff:fe00:1");
    draft.v6 = true;
    draft.protocol = kIcmp6;
    draft.hops = pick<std::uint8_t>({255, 255, 255, 1, 64});
    const FrameAddress pod = pod_address_of(true);
    draft.local = draft.out() ? pick({own, pod, strange_address(true)}) : pod;
    draft.remote = one_in(4) ? remote_address(true) : strange_address(true);
    put8(draft.body, pick<std::uint8_t>({130, 131, 132, 133, 134, 135, 135, 136, 136, 137, 143}));
    put8(draft.body, 0);
    put16(draft.body, 0);
    put32(draft.body, 0);
    if (!one_in(6)) {
        append(draft.body, pick({own, pod, strange_address(true), remote_address(true)}));
    }
    for (std::uint64_t i = below(3); i != 0; --i) {
        put8(draft.body, pick<std::uint8_t>({1, 2, 1, 2, 14, 253}));
        put8(draft.body, one_in(20) ? below(3) : 1);
        Mac mac = kPodMac;
        mac[5] = one_in(4) ? 0x66 : mac[5];
        draft.body.insert(draft.body.end(), mac.begin(), mac.end());
    }
    if (one_in(12)) {
        draft.body.resize(pick<std::size_t>({64, 65, 72, 512, 513, 520, 1200}), 0);
    } else if (one_in(5)) {
        draft.body.resize(below(draft.body.size() + 1));
    }
}

// Makes a fragment of it.
void FrameSource::cut(Draft& draft) {
    static constexpr std::size_t kOffsets[] = {8, 16, 24, 32, 40, 48, 56, 64, 72, 128, 1024, 65528};
    draft.fragment = true;
    draft.id = static_cast<std::uint32_t>(1 + below(kFrameIds));
    if (one_in(2)) {
        draft.more = !one_in(10);
        if (one_in(8)) {
            draft.body.resize(below(draft.body.size() + 1));
        }
        first_sender_ = draft.sender;
        first_local_ = draft.local;
        first_remote_ = draft.remote;
        first_protocol_ = draft.protocol;
        first_id_ = draft.id;
        return;
    }
    draft.more = one_in(2);
    draft.offset = kOffsets[below(std::size(kOffsets))];
    draft.body = random_bytes(below(4) * 16);
}

// A later fragment after the last first one.
void FrameSource::follow(Draft& draft) {
    static constexpr std::size_t kOffsets[] = {8, 24, 40, 48, 64, 96, 128};
    draft.sender = first_sender_;
    draft.v6 = first_local_.v6;
    draft.local = first_local_;
    draft.remote = first_remote_;
    draft.protocol = first_protocol_;
    draft.fragment = true;
    draft.id = first_id_;
    draft.offset = kOffsets[below(std::size(kOffsets))];
    draft.more = one_in(2);
    draft.body = random_bytes(below(4) * 16);
}

// Whole ones, or any bytes.
Bytes FrameSource::options4() {
    Bytes out;
    for (std::uint64_t i = one_in(3) ? 0 : 1 + below(4); i != 0; --i) {
        append(out, pick<Bytes>({{1, 1, 1, 1}, {148, 4, 0, 0}, {7, 7, 4, 131, 0, 0, 0, 1}, {0, 137, 7, 4}}));
        if (one_in(30)) {
            append(out, pick<Bytes>({{131, 7, 4, 192, 0, 2, 9, 1}, {137, 7, 4, 192, 0, 2, 9, 1}}));
        }
    }
    return out.empty() || out.size() > 40 ? random_bytes(4 * below(11)) : out;
}

Bytes FrameSource::headers4(Draft& draft) {
    const Bytes options = one_in(12) ? options4() : Bytes();
    Bytes out;
    put8(out, 0x45 + options.size() / 4);
    put8(out, 0);
    put16(out, 20 + options.size() + draft.body.size());
    put16(out, draft.id);
    put16(out, (draft.more ? 0x2000U : 0U) | draft.offset / 8 | (one_in(4) ? 0x4000U : 0U));
    put8(out, draft.hops);
    put8(out, draft.protocol);
    put16(out, 0);
    append(out, draft.out() ? draft.local : draft.remote);
    append(out, draft.out() ? draft.remote : draft.local);
    append(out, options);
    return out;
}

Bytes FrameSource::headers6(Draft& draft) {
    std::vector<std::uint8_t> types;
    for (std::uint64_t i = one_in(8) ? below(8) : 0; i != 0; --i) {
        types.push_back(one_in(40) ? kRouting : pick({kHopByHop, kOptionsHeader, kOptionsHeader}));
    }
    if (draft.fragment || one_in(60)) {
        types.insert(types.begin() + static_cast<std::ptrdiff_t>(below(types.size() + 1)), kFragmentHeader);
        if (one_in(60)) {
            types.push_back(kFragmentHeader);
        }
    }
    Bytes chain;
    for (std::size_t i = 0; i < types.size(); ++i) {
        put8(chain, i + 1 < types.size() ? types[i + 1] : draft.protocol);
        if (types[i] == kFragmentHeader) {
            put8(chain, 0);
            put16(chain, draft.offset | (draft.more ? 1U : 0U) | (one_in(8) ? 6U : 0U));
            put32(chain, draft.id);
        } else {
            const std::size_t units = below(3);
            put8(chain, units);
            append(chain, random_bytes(units * 8 + 6));
        }
    }
    Bytes out;
    put32(out, 0x60000000);
    put16(out, chain.size() + draft.body.size());
    put8(out, types.empty() ? draft.protocol : types.front());
    put8(out, draft.hops);
    append(out, draft.out() ? draft.local : draft.remote);
    append(out, draft.out() ? draft.remote : draft.local);
    append(out, chain);
    return out;
}

Bytes FrameSource::finish(Draft& draft) {
    const Bytes head = draft.v6 ? headers6(draft) : headers4(draft);
    const bool spoofed = one_in(80);
    Bytes out;
    for (const Mac& mac : {draft.out() ? kHostMac : kPodMac, draft.out() ? kPodMac : kHostMac}) {
        out.insert(out.end(), mac.begin(), mac.end());
    }
    out[11] = static_cast<std::uint8_t>(spoofed ? 0x66 : out[11]);
    put16(out, draft.v6 ? 0x86dd : 0x0800);
    append(out, head);
    append(out, draft.body);
    return out;
}

// Trailers, wrong lengths, truncated frames, and flipped bits.
void FrameSource::damage(Bytes& frame) {
    const bool v6 = frame[12] == 0x86;
    if (one_in(8)) {
        append(frame, random_bytes(below(40)));
    }
    if (one_in(20)) {
        const std::size_t at = v6 ? 18 : 16;
        const auto length = static_cast<std::uint64_t>(frame[at] << 8 | frame[at + 1]) + (one_in(3) ? below(8) : 0 - below(32));
        frame[at] = static_cast<std::uint8_t>(length >> 8);
        frame[at + 1] = static_cast<std::uint8_t>(length);
    }
    if (one_in(40)) {
        frame.resize(14 + below(frame.size() - 13));
    }
    for (std::uint64_t i = one_in(16) ? 1 + below(3) : 0; i != 0; --i) {
        frame[below(8) == 0 ? below(frame.size()) : std::min<std::size_t>(frame.size() - 1, 12 + below(50))] ^=
            static_cast<std::uint8_t>(1U << below(8));
    }
}

Bytes FrameSource::arp(Sender sender) {
    Bytes out;
    for (const Mac& mac : {sender == Sender::kPod ? kHostMac : kPodMac, sender == Sender::kPod ? kPodMac : kHostMac}) {
        out.insert(out.end(), mac.begin(), mac.end());
    }
    put16(out, one_in(20) ? 0x8864 : 0x0806);
    append(out, Bytes{0, 1, 8, 0, 6, 4, 0});
    put8(out, 1 + below(2));
    out.insert(out.end(), kPodMac.begin(), kPodMac.end());
    if (one_in(6)) {
        out.back() ^= 0x40;
    }
    append(out, one_in(2) ? pod_address_of(false) : strange_address(false));
    append(out, random_bytes(10));
    if (one_in(4)) {
        // Without a sender: a probe, for its own address or another.
        std::fill_n(out.begin() + 28, 4, std::uint8_t{0});
        const FrameAddress target = one_in(2) ? pod_address_of(false) : strange_address(false);
        std::copy_n(target.bytes.begin(), 4, out.begin() + 38);
    }
    if (one_in(10)) {
        out[14 + below(6)] ^= 1;
    }
    if (one_in(8)) {
        out.resize(pick<std::size_t>({40, 60, 64, 65, 1400}));
    }
    return out;
}

SentFrame FrameSource::frame() {
    Draft draft;
    choose_ends(draft);
    if (one_in(60)) {
        return {arp(draft.sender), draft.sender};
    }
    const bool follows = first_protocol_ != 0 && one_in(16);
    switch (follows ? 20 : below(20)) {
        case 20: follow(draft); break;
        case 0: fill_neighbour(draft); break;
        case 1:
        case 2: fill_icmp(draft); break;
        case 3:
        case 4:
        case 5: fill_error(draft); break;
        case 6: fill_other(draft); break;
        case 7:
        case 8: fill_dns(draft); break;
        case 9:
        case 10:
        case 11:
        case 12: fill_udp(draft); break;
        default: fill_tcp(draft); break;
    }
    if (!follows && one_in(draft.exact ? 20 : 4)) {
        cut(draft);
    }
    Bytes frame = finish(draft);
    if (!draft.exact) {
        damage(frame);
    }
    // A test run refuses shorter frames itself.
    const std::size_t least = frame[12] == 0x86 ? 54 : frame[12] == 0x08 ? 34 : 15;
    frame.resize(std::max(frame.size(), least));
    return {frame, draft.sender};
}

}  // namespace namegate::test
