// SPDX-License-Identifier: Apache-2.0
// Responses with another question, from another server, or from another sender: they open nothing, and the correct one still does.
#include <netinet/in.h>

#include <sys/socket.h>
#include <catch2/catch.hpp>
#include <functional>

#include "site.h"

using namespace namegate;
using namespace namegate::test;

namespace {

constexpr unsigned kFlood = 2000;

struct Forgery {
    const char* name;
    std::function<std::vector<WorldReply>(const WorldQuestion&, const std::string& bad)> replies;
};

DnsMessage answer_to(const WorldQuestion& question) { return DnsMessage::response(question.name, question.type).id(question.id); }

WorldReply from_server(const DnsMessage& message) { return {AnswerFrom::kServer, message.build()}; }

// Everything that an attacker may try who sees the query and can send from anywhere but the server's own socket, and irrelevant
// records that the trusted server itself may send.
std::vector<Forgery> forgeries() {
    using Q = const WorldQuestion&;
    using Bad = const std::string&;
    using Replies = std::vector<WorldReply>;
    return {
        {"other-server",
         [](Q q, Bad bad) -> Replies {
             return {{AnswerFrom::kOtherServer, answer_to(q).a(q.name, bad).build()}};
         }},
        {"other-port",
         [](Q q, Bad bad) -> Replies {
             return {{AnswerFrom::kOtherPort, answer_to(q).a(q.name, bad).build()}};
         }},
        {"other-id",
         [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).id(static_cast<std::uint16_t>(q.id ^ 0x1000U)).a(q.name, bad))}; }},
        {"other-question",
         [](Q q, Bad bad) -> Replies {
             return {from_server(DnsMessage::response("another.allowed.test", q.type).id(q.id).a("another.allowed.test", bad))};
         }},
        {"other-type",
         [](Q q, Bad bad) -> Replies { return {from_server(DnsMessage::response(q.name, kTypeTxt).id(q.id).a(q.name, bad))}; }},
        {"two-questions", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).question(q.name, q.type).a(q.name, bad))}; }},
        {"not-a-response", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).qr(false).a(q.name, bad))}; }},
        {"off-the-chain", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).a("unasked.allowed.test", bad))}; }},
        {"chain-elsewhere",
         [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).cname(q.name, "one.allowed.test").a("two.allowed.test", bad))}; }},
        {"authority", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).authority().a(q.name, bad))}; }},
        {"additional", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).additional().a(q.name, bad))}; }},
        {"chaos-class", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).dns_class(kClassChaos).a(q.name, bad))}; }},
        {"name-error", [](Q q, Bad bad) -> Replies { return {from_server(answer_to(q).rcode(3).a(q.name, bad))}; }},
        {"cut-short",
         [](Q q, Bad bad) -> Replies {
             DnsMessage message = answer_to(q).a(q.name, bad);
             return {from_server(message.cut(message.size() - 1))};
         }},
        {"second-answer",
         [](Q q, Bad bad) -> Replies {
             return {from_server(answer_to(q).a(q.name, "198.18.0.99")), from_server(answer_to(q).a(q.name, bad))};
         }},
        {"flood",
         [](Q q, Bad bad) -> Replies {
             Replies replies;
             for (unsigned i = 1; i <= kFlood; ++i) {
                 replies.push_back(from_server(answer_to(q).id(static_cast<std::uint16_t>(q.id + i)).a(q.name, bad)));
             }
             return replies;
         }},
    };
}

}  // namespace

TEST_CASE("forged responses open nothing; the correct response to the next query does") {
    const bool with_daemon = GENERATE(true, false);
    INFO(with_daemon);
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("forged", "all()", {"*.allowed.test"}));
    if (with_daemon) {
        site.node.start_daemon();
    }
    const auto pod = site.node.add({"victim", "default", {}});
    const unsigned first = World::take_indexes(1000);
    unsigned index = first;
    std::vector<IpAddress> forged;
    for (const Forgery& forgery : forgeries()) {
        INFO(forgery.name);
        const std::string name = std::string(forgery.name) + ".allowed.test";
        const IpAddress bad = World::fresh_address(index++, false);
        const IpAddress good = World::fresh_address(index++, false);
        forged.push_back(bad);
        site.world.set_name(name, {good.to_string()});
        site.world.set_script([&forgery, bad](const WorldQuestion& question) -> std::optional<std::vector<WorldReply>> {
            return forgery.replies(question, bad.to_string());
        });
        // One socket for both queries, so that the forgeries could match the second one as well.
        const Fd udp = socket_inside(pod->netns, AF_INET, SOCK_DGRAM);
        ask(udp, {name, kTypeA, kServer4, 53, Milliseconds(150)});
        CHECK_FALSE(connects_from(pod->netns, bad, kTcpPort, Milliseconds(100)));
        site.world.set_script(nullptr);
        const auto answer = ask(udp, {name, kTypeA, kServer4});
        REQUIRE(answer);
        CHECK(connects_from(pod->netns, good, kTcpPort, kBeforeRepeat));
    }
    CHECK(count_connected(pod->netns, forged, kTcpPort, kDenied) == 0);
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}

TEST_CASE("a server that the node does not trust opens nothing, even when the pod sends it a query") {
    Site site;
    site.node.write_policy("policy.yaml", allow_domains("untrusted", "all()", {"*.allowed.test"}));
    const auto pod = site.node.add({"asker", "default", {}});
    const unsigned index = World::take_indexes(3);
    const Milliseconds most(3000);
    REQUIRE(ask_from(pod->netns, {World::fresh_name(index, 0, "allowed.test"), kTypeA, kOtherServer4, 53, most}));
    REQUIRE(ask_from(pod->netns, {World::fresh_name(index + 1, 0, "allowed.test"), kTypeAaaa, kOtherServer6, 53, most}));
    CHECK_FALSE(connects_from(pod->netns, World::fresh_address(index, false), kTcpPort, kDenied));
    CHECK_FALSE(connects_from(pod->netns, World::fresh_address(index + 1, true), kTcpPort, kDenied));
    CHECK(reaches(*pod, World::fresh_name(index + 2, 0, "allowed.test")));
    site.node.remove(*pod);
    CHECK(site.node.state() == "");
}
