// SPDX-License-Identifier: Apache-2.0
#include "support/dns_corpus.h"

#include <algorithm>
#include <array>

namespace namegate::test {
namespace {

// Shares of the shapes, in ten thousand responses.
constexpr unsigned kNoName = 1200;    // search domains, mistyped and unknown names
constexpr unsigned kNoData = 1800;    // mostly AAAA of a name that has only A
constexpr unsigned kAliased = 2800;   // one to five CNAMEs first
constexpr unsigned kSigned = 300;     // RRSIG between the records
constexpr unsigned kMixedCase = 500;  // 0x20
constexpr unsigned kPlain = 300;      // no name compressed
constexpr unsigned kTruncated = 20;
constexpr unsigned kDisordered = 15;  // addresses before the CNAMEs that lead to them
constexpr unsigned kWithOptions = 6000;

constexpr std::array<const char*, 12> kWords = {"api",  "www", "static", "img",  "login", "cdn",
                                                "data", "eu",  "mail",   "edge", "s3",    "telemetry"};
constexpr std::array<const char*, 8> kZones = {"example.com",   "example.net", "example.org",     "edge.net",
                                               "cluster.local", "shop.test",   "a.b.example.com", "co.test"};
constexpr std::array<const char*, 4> kCdns = {"edge.net", "cdn.example.net", "edgekey.test", "balancer.region.cloud.test"};

std::string mixed_case(std::string name, std::uint64_t bits) {
    for (char& c : name) {
        c = (bits & 1U) != 0 && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        bits = bits >> 1U | bits << 63U;
    }
    return name;
}

}  // namespace

std::string RealisticAnswers::word() { return kWords[below(kWords.size())] + (chance(4000) ? std::to_string(below(1000)) : std::string()); }

std::string RealisticAnswers::host() {
    std::string name;
    for (unsigned labels = below(3); labels > 0; --labels) {
        name += word() + ".";
    }
    return name + kZones[below(kZones.size())];
}

std::string RealisticAnswers::cdn_name() { return word() + "-" + std::to_string(below(100'000)) + "." + kCdns[below(kCdns.size())]; }

unsigned RealisticAnswers::address_count() {
    if (chance(5500)) {
        return 1;
    }
    return chance(9500) ? 2 + below(7) : 9 + below(30);
}

void RealisticAnswers::add_addresses(DnsMessage& message, const std::string& owner, bool v6, unsigned count) {
    const bool has_signature = chance(kSigned);
    for (; count > 0; --count) {
        message.ttl(chance(5000) ? 1 + below(300) : 3600);
        if (v6) {
            message.aaaa(owner, "2001:db8::" + std::to_string(below(10'000)));
        } else {
            message.a(owner, "203.0." + std::to_string(below(256)) + "." + std::to_string(below(256)));
        }
    }
    if (has_signature) {
        message.record(owner, kTypeRrsig, Bytes(96, 7));
    }
}

void RealisticAnswers::add_soa(DnsMessage& message, const std::string& zone) {
    message.authority().record(zone, kTypeSoa, Bytes(48, 0)).answer();
}

Bytes RealisticAnswers::next() {
    const bool v6 = chance(4000);
    const std::string asked = host();
    const bool shuffled_case = chance(kMixedCase);
    DnsMessage message = DnsMessage::response(shuffled_case ? mixed_case(asked, random_()) : asked, v6 ? kTypeAaaa : kTypeA);
    message.id(static_cast<std::uint16_t>(random_())).compress(!chance(kPlain));
    const unsigned shape = below(10'000);
    if (shape < kNoName + kNoData) {
        message.rcode(shape < kNoName ? 3 : 0);
        add_soa(message, kZones[below(kZones.size())]);
    } else {
        std::vector<std::string> names{asked};
        if (chance(kAliased)) {
            for (unsigned links = 1 + below(chance(8000) ? 2 : 5); links > 0; --links) {
                names.push_back(cdn_name());
            }
        }
        const bool disordered = names.size() > 1 && chance(kDisordered * 10'000 / kAliased);
        const unsigned count = address_count();
        if (disordered) {
            add_addresses(message, names.back(), v6, count);
        }
        for (std::size_t i = 1; i < names.size(); ++i) {
            message.ttl(60 + below(3000)).cname(names[i - 1], names[i]);
        }
        if (!disordered) {
            add_addresses(message, names.back(), v6, count);
        }
    }
    if (chance(kTruncated)) {
        message.tc();
    }
    if (chance(kWithOptions)) {
        message.edns();
    }
    return message.build();
}

Bytes MessageMutator::operator()(const std::vector<Bytes>& from) {
    Bytes bytes = from[below(from.size())];
    for (unsigned changes = below(5); changes > 0 && bytes.size() > 4; --changes) {
        change(bytes, from);
    }
    return bytes;
}

void MessageMutator::change(Bytes& bytes, const std::vector<Bytes>& from) {
    const std::size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(9)) {
        case 0: *place = static_cast<std::uint8_t>(below(256)); break;
        case 1: *place ^= static_cast<std::uint8_t>(1U << below(8)); break;
        case 2: *place = static_cast<std::uint8_t>(0xc0U | below(2)); break;
        case 3: bytes.resize(at); break;
        case 4: bytes.insert(place, static_cast<std::uint8_t>(below(64))); break;
        case 5: bytes.erase(place); break;
        case 6: bytes[std::min(bytes.size() - 1, std::size_t{7})] = static_cast<std::uint8_t>(below(30)); break;
        case 7: {  // a part of another message
            const Bytes& other = from[below(from.size())];
            const std::size_t begin = below(other.size());
            const std::size_t size = std::min(other.size() - begin, std::size_t{below(40)});
            bytes.insert(place, other.begin() + static_cast<std::ptrdiff_t>(begin),
                         other.begin() + static_cast<std::ptrdiff_t>(begin + size));
            break;
        }
        default: {  // a pointer to somewhere near
            const Bytes pointer = DnsMessage::pointer(below(bytes.size() + 4));
            bytes.insert(place, pointer.begin(), pointer.end());
            break;
        }
    }
}

}  // namespace namegate::test
