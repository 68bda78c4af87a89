// SPDX-License-Identifier: Apache-2.0
//
// Thousands of forged responses: from another server, to another port, with another id or question, without a query, a second time,
// or from the trusted server with records that do not count. Neither the kernel nor the daemon's learning decision may learn an
// address from them; the correct response after them still counts.
#include <arpa/inet.h>

#include <array>
#include <catch2/catch.hpp>
#include <functional>

#include "datapath/events.h"
#include "dns/learning.h"
#include "dns/message.h"
#include "support/rounds.h"
#include "traffic.h"

namespace forgery_test {

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kRounds = 40'000;
constexpr unsigned long kBatch = 64;  // forgeries between two checks
constexpr const char* kOtherTrusted = "192.0.2.54";
constexpr const char* kUntrusted = "198.51.100.53";
constexpr const char* kBad = "198.51.100.66";

// One query and the forgeries for it.
struct Exchange {
    std::string name;
    std::uint16_t id = 0;
    std::uint16_t port = 0;
};

struct Forged {
    DnsMessage message;
    const char* from = kDns4;
    std::uint16_t from_port = 53;
    std::uint16_t to_port = 0;  // 0: the port of the query
    bool asked = true;          // the query was sent
    bool answered = false;      // its response has arrived
};

struct Kind {
    const char* name;
    std::function<Forged(const Exchange&)> forge;
};

DnsMessage right(const Exchange& e) { return DnsMessage::response(e.name).id(e.id); }
DnsMessage bad(const Exchange& e) { return right(e).a(e.name, kBad); }
std::uint16_t other_id(const Exchange& e) { return static_cast<std::uint16_t>(e.id ^ 0x0101U); }

// The sender, a port or the query is wrong.
std::vector<Kind> from_strangers() {
    using E = const Exchange&;
    return {
        {"another trusted server",
         [](E e) {
             return Forged{bad(e), kOtherTrusted};
         }},
        {"a server that is not trusted",
         [](E e) {
             return Forged{bad(e), kUntrusted};
         }},
        {"another port of the server",
         [](E e) {
             return Forged{bad(e), kDns4, 5353};
         }},
        {"another port of the pod",
         [](E e) {
             return Forged{bad(e), kDns4, 53, static_cast<std::uint16_t>(e.port ^ 1U)};
         }},
        {"another id", [](E e) { return Forged{bad(e).id(other_id(e))}; }},
        {"another name", [](E e) { return Forged{DnsMessage::response("x" + e.name).id(e.id).a("x" + e.name, kBad)}; }},
        {"a byte as if it had a case",
         [](E e) { return Forged{DnsMessage::response("n\\016" + e.name.substr(2)).id(e.id).a(e.name, kBad)}; }},
        {"another type", [](E e) { return Forged{DnsMessage::response(e.name, kTypeAaaa).id(e.id).a(e.name, kBad)}; }},
        {"another class", [](E e) { return Forged{DnsMessage::response(e.name, kTypeA, kClassChaos).id(e.id).a(e.name, kBad)}; }},
        {"two questions", [](E e) { return Forged{right(e).question(e.name).a(e.name, kBad)}; }},
        {"no question",
         [](E e) {
             return Forged{DnsMessage().flags(0x8180).id(e.id).record(e.name, kTypeA, {198, 51, 100, 66})};
         }},
        {"a question", [](E e) { return Forged{bad(e).qr(false)}; }},
        {"unasked",
         [](E e) {
             return Forged{bad(e), kDns4, 53, 0, false};
         }},
        {"a second answer", [](E e) { return Forged{bad(e), kDns4, 53, 0, true, true}; }},
    };
}

// The trusted server's response to the query, and beside it records that do not count.
std::vector<Kind> beside_the_point() {
    using E = const Exchange&;
    return {
        {"off the chain", [](E e) { return Forged{right(e).a("other.allowed.test", kBad)}; }},
        {"off the chain, behind it", [](E e) { return Forged{right(e).cname(e.name, "x.allowed.test").a("y.allowed.test", kBad)}; }},
        {"a chain of another query", [](E e) { return Forged{right(e).cname("q.allowed.test", "z.test").a("z.test", kBad)}; }},
        {"DNAME without its CNAME",
         [](E e) { return Forged{right(e).dname("allowed.test", "z.test").a(e.name.substr(0, 3) + "z.test", kBad)}; }},
        {"authority", [](E e) { return Forged{right(e).authority().a(e.name, kBad)}; }},
        {"additional", [](E e) { return Forged{right(e).additional().a(e.name, kBad)}; }},
        {"class of the record", [](E e) { return Forged{right(e).dns_class(kClassChaos).a(e.name, kBad)}; }},
        {"name error", [](E e) { return Forged{bad(e).rcode(3)}; }},
        {"server failure", [](E e) { return Forged{bad(e).rcode(2)}; }},
        {"opcode", [](E e) { return Forged{bad(e).opcode(5)}; }},
        {"cut short",
         [](E e) {
             DnsMessage message = bad(e);
             return Forged{message.cut(message.size() - 1)};
         }},
        {"dot inside the label", [](E e) { return Forged{right(e).a("n\\046allowed.test", kBad).a(e.name + "\\046", kBad)}; }},
    };
}

class Attack {
  public:
    Attack() {
        must(datapath::set_trusted(scene_.datapath(), {{*IpPrefix::parse(kDns4), 53}, {*IpPrefix::parse(kOtherTrusted), 53}}));
        scene_.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: ['*.allowed.test']}}"}));
        reader_ = must(datapath::EventReader::create(
            scene_.datapath(), [this](const ng_event& event, std::span<const std::uint8_t> payload) { on_event(event, payload); }));
    }

    void run(const Kind& kind) {
        const Exchange exchange{"n" + std::to_string(count_) + ".allowed.test", static_cast<std::uint16_t>(count_ * 7),
                                static_cast<std::uint16_t>(1024 + count_ % 60'000)};
        ++count_;
        const Forged forged = kind.forge(exchange);
        if (forged.asked) {
            ask(exchange);
        }
        if (forged.answered) {
            scene_.deliver(right(exchange).build(), exchange.port);
        }
        const std::uint16_t to = forged.to_port == 0 ? exchange.port : forged.to_port;
        scene_.ingress(to_pod(forged.from).udp(forged.from_port, to).payload(forged.message.build()).build());
    }

    // Addresses that were learned from any forgery until now.
    std::size_t taken() {
        must(reader_->consume());
        return scene_.learnt().size() + learnt_by_daemon_;
    }

    // The correct response, once.
    bool right_answer_counts() {
        const Exchange exchange{"right.allowed.test", 9, 1023};
        ask(exchange);
        scene_.deliver(right(exchange).a(exchange.name, "203.0.113.1").build(), exchange.port);
        must(reader_->consume());
        return scene_.learnt() == std::vector<std::string>{"203.0.113.1"};
    }

    std::uint64_t unsolicited() { return scene_.count(NG_R_UNSOLICITED); }

  private:
    void ask(const Exchange& exchange) {
        scene_.egress(from_pod(kDns4).udp(exchange.port, 53).payload(DnsMessage::query(exchange.name).id(exchange.id).build()).build());
    }
    void on_event(const ng_event& event, std::span<const std::uint8_t> payload) {
        const auto message = dns::parse_message(payload);
        if (event.payload == 0 || !message) {
            return;
        }
        const dns::Learning learning = dns::learn(*message);
        for (const dns::LearntAddress& address : learning.addresses) {
            learnt_by_daemon_ += address.address.to_string() == kBad ? 1U : 0U;
        }
    }

    Scene scene_;
    std::unique_ptr<datapath::EventReader> reader_;
    std::size_t learnt_by_daemon_ = 0;
    unsigned long count_ = 0;
};

}  // namespace

TEST_CASE("D8, D9, D10: forged responses open nothing, whatever their number") {
    const Rounds run = rounds("forged answers", kRounds);
    std::vector<Kind> kinds = from_strangers();
    for (Kind& kind : beside_the_point()) {
        kinds.push_back(std::move(kind));
    }
    Attack attack;
    unsigned long sent = 0;
    std::size_t taken = 0;
    for (std::size_t turn = 0; sent < run.count; ++turn) {
        const Kind& kind = kinds[turn % kinds.size()];
        for (unsigned long i = 0; i < kBatch; ++i, ++sent) {
            attack.run(kind);
        }
        const std::size_t now = attack.taken();
        if (now != taken) {
            UNSCOPED_INFO(kind.name << ": " << now - taken << " taken");
            taken = now;
        }
    }
    std::cout << sent << " forged responses of " << kinds.size() << " kinds: " << taken << " addresses learned, " << attack.unsolicited()
              << " counted as unsolicited\n";
    CHECK(taken == 0);
    CHECK(attack.unsolicited() > sent / 5);
    CHECK(attack.right_answer_counts());
}

}  // namespace forgery_test
