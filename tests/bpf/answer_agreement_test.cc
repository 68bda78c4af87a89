// SPDX-License-Identifier: Apache-2.0
//
// Two parsers, one meaning: the same messages, good and mutated, go to the kernel's parser and to dns/ (ldns).
// What the kernel decided it must have decided alike; what it did not, it must have said so. The seed is
// printed; NAMEGATE_SEED repeats a run, NAMEGATE_ROUNDS makes it longer.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <set>

#include "datapath/events.h"
#include "dns/learning.h"
#include "dns/lifetime.h"
#include "dns/message.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kRounds = 30'000;
constexpr std::uint32_t kMaxTtl = 1'000'000;
constexpr const char* kPatterns[] = {"example.com", "*.example.com", "cdn.example.net", "*.edge.net", "www.*.org", "b.a"};

using Learnt = std::map<IpAddress, std::uint32_t>;  // address -> record TTL

unsigned long setting(const char* name, unsigned long fallback) {
    const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
    return text == nullptr ? fallback : std::strtoul(text, nullptr, 10);
}

bool is_named(const std::vector<std::string>& names) {
    for (const char* text : kPatterns) {
        const auto pattern = policy::DomainPattern::parse(text);
        for (const std::string& name : names) {
            if (pattern->matches(name)) {
                return true;
            }
        }
    }
    return false;
}

// What dns/ says that the message opens.
Learnt learnt_by_dns(const Bytes& bytes) {
    Learnt out;
    const auto message = dns::parse_message(bytes);
    if (!message) {
        return out;
    }
    const dns::Learning learning = dns::learn(*message);
    for (const dns::LearntAddress& address : learning.addresses) {
        if (is_named(learning.names_of(address))) {
            auto& ttl = out[address.address];
            ttl = std::max(ttl, address.ttl);
        }
    }
    return out;
}

// The same for each number of leading records: an undecided message may have taught as many.
std::set<IpAddress> learnt_by_dns_at_most(Bytes bytes) {
    std::set<IpAddress> out;
    const unsigned records = std::min(static_cast<unsigned>(bytes.at(6) << 8 | bytes.at(7)), 200U);
    for (unsigned count = 0; count <= records; ++count) {
        bytes[6] = 0;
        bytes[7] = static_cast<std::uint8_t>(count);
        for (const auto& [address, ttl] : learnt_by_dns(bytes)) {
            out.insert(address);
        }
    }
    return out;
}

std::vector<Bytes> seeds() {
    const std::string label(63, 'x');
    auto many = DnsMessage::response("example.com").edns();
    for (int i = 0; i < 20; ++i) {
        many.ttl(static_cast<std::uint32_t>(i * 10)).a("example.com", "203.0.113." + std::to_string(i));
    }
    auto chain = DnsMessage::response("n0.a").uncompressed();
    for (int i = 0; i < 12; ++i) {
        chain.cname("n" + std::to_string(i) + ".a", i == 7 ? "n8.a" : "n" + std::to_string(i + 1) + ".a");
    }
    chain.cname("n12.a", "b.a").a("b.a", "203.0.113.7");
    std::vector<Bytes> out{
        DnsMessage::response("example.com").ttl(60).a("example.com", "203.0.113.1").build(),
        DnsMessage::response("WwW.eXample.com").ttl(1).cname("www.example.com", "A.edge.net").a("a.edge.NET", "203.0.113.2").edns().build(),
        DnsMessage::response("q.test")
            .cname("q.test", "cdn.example.net")
            .a("cdn.example.net", "203.0.113.3")
            .aaaa("cdn.example.net", "2001:db8::3")
            .authority()
            .ns("example.net", "ns.example.net")
            .additional()
            .a("ns.example.net", "203.0.113.66")
            .build(),
        DnsMessage::response("www.x.y.org", kTypeAaaa).uncompressed().aaaa("www.x.y.org", "2001:db8::4").build(),
        DnsMessage::response("x." + label + ".example.com")
            .record("example.com", kTypeRrsig, Bytes(30, 5))
            .a("x." + label + ".example.com", "203.0.113.5")
            .build(),
        DnsMessage::response("example.com").tc().a("example.com", "203.0.113.6").build(),
        DnsMessage::response("nothing.test").a("nothing.test", "203.0.113.66").build(),
        DnsMessage::response("example.com", kTypeHttps)
            .record("example.com", kTypeHttps, {0, 1, 0})
            .a("example.com", "203.0.113.8")
            .build(),
        DnsMessage::response("example.com", kTypeA, kClassChaos).a("example.com", "203.0.113.9").build(),
        many.build(),
        chain.build(),
    };
    return out;
}

class Mutator {
  public:
    explicit Mutator(unsigned long seed) : random_(seed) {}

    unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }
    Bytes operator()(const std::vector<Bytes>& from) {
        Bytes bytes = from[below(from.size())];
        for (unsigned changes = below(5); changes > 0 && bytes.size() > 4; --changes) {
            change(bytes, from);
        }
        return bytes;
    }

  private:
    void change(Bytes& bytes, const std::vector<Bytes>& from) {
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

    std::mt19937_64 random_;
};

// The kernel's side: one message at a time through both programs.
class KernelParser {
  public:
    KernelParser() {
        scene_.set_ttl({0, 0, kMaxTtl});
        std::string domains;
        for (const char* text : kPatterns) {
            domains += (domains.empty() ? "'" : ", '") + std::string(text) + "'";
        }
        scene_.apply(domain_policy(domains));
        reader_ = must(datapath::EventReader::create(scene_.datapath(),
                                                     [this](const ng_event& event, std::span<const std::uint8_t>) { kind_ = event.kind; }));
    }

    struct Outcome {
        bool decided = false;
        bool asked = false;                         // the question was noted and the answer fitted it
        std::map<IpAddress, std::uint32_t> learnt;  // expiry tick
        std::uint32_t tick = 0;
    };

    Outcome run(const Bytes& answer) {
        Bytes question = answer;
        if (question.size() > 2) {
            question[2] &= 0x7f;
        }
        kind_.reset();
        scene_.resolve(question, answer, port_);
        port_ = port_ == 65535 ? 1024 : static_cast<std::uint16_t>(port_ + 1);
        must(reader_->consume());
        Outcome out;
        out.asked = kind_.has_value();
        out.decided = kind_ == NG_EVENT_ANSWER;
        out.tick = datapath::tick_of(must(datapath::read_clock(scene_.datapath())).boot_ns);
        const int fd = inner_fd();
        for (const auto& [address, value] : must(datapath::map_entries<ng_addr, ng_learnt>(fd))) {
            out.learnt[datapath::to_address(address)] = *std::max_element(value.expiry, value.expiry + value.count);
            must(datapath::map_erase(fd, address));
        }
        return out;
    }

  private:
    int inner_fd() {
        if (!inner_.valid()) {
            inner_ = must(scene_.datapath().inner_map(datapath::MapId::kLearnt, scene_.identity().slot));
        }
        return inner_.get();
    }

    Scene scene_;
    Fd inner_;
    std::unique_ptr<datapath::EventReader> reader_;
    std::optional<unsigned> kind_;
    std::uint16_t port_ = 1024;
};

std::string hex(const Bytes& bytes) {
    std::string out;
    for (const std::uint8_t byte : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

bool agrees(const KernelParser::Outcome& kernel, const Bytes& bytes) {
    if (!kernel.decided) {
        if (kernel.learnt.empty()) {
            return true;
        }
        const std::set<IpAddress> at_most = learnt_by_dns_at_most(bytes);
        return std::all_of(kernel.learnt.begin(), kernel.learnt.end(), [&](const auto& it) { return at_most.count(it.first) != 0; });
    }
    const Learnt expected = learnt_by_dns(bytes);
    if (expected.size() != kernel.learnt.size()) {
        return false;
    }
    return std::all_of(expected.begin(), expected.end(), [&](const auto& it) {
        const auto found = kernel.learnt.find(it.first);
        const std::uint64_t seconds = dns::effective_ttl_seconds(it.second, {0, 0, kMaxTtl});
        return found != kernel.learnt.end() &&
               std::abs(datapath::ticks_between(kernel.tick + datapath::ticks_in(seconds), found->second)) <= 8;
    });
}

}  // namespace

TEST_CASE("the kernel parser and dns/ agree on good messages and on mutated ones") {
    const unsigned long seed = setting("NAMEGATE_SEED", std::random_device{}());
    const unsigned long rounds = setting("NAMEGATE_ROUNDS", kRounds);
    std::cout << "seed " << seed << ", " << rounds << " messages\n";
    KernelParser kernel;
    const std::vector<Bytes> good = seeds();
    for (const Bytes& bytes : good) {
        INFO(hex(bytes));
        const auto outcome = kernel.run(bytes);
        CHECK(outcome.decided);
        CHECK(agrees(outcome, bytes));
    }
    Mutator mutate(seed);
    unsigned decided = 0;
    unsigned opened = 0;
    for (unsigned long round = 0; round < rounds; ++round) {
        const Bytes bytes = mutate(good);
        const auto outcome = kernel.run(bytes);
        decided += outcome.decided ? 1U : 0U;
        opened += outcome.decided && !outcome.learnt.empty() ? 1U : 0U;
        if (!agrees(outcome, bytes)) {
            INFO("seed " << seed << " round " << round << (outcome.decided ? " decided " : " undecided ") << outcome.learnt.size()
                         << " learnt; dns/ says " << learnt_by_dns(bytes).size() << ": " << hex(bytes));
            CHECK(false);
        }
    }
    std::cout << decided << " decided by the kernel, " << opened << " of them opened addresses\n";
    CHECK(opened > rounds / 20);
}
