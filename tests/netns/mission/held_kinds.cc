// SPDX-License-Identifier: Apache-2.0
#include "held_kinds.h"

#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

#include "support/dns_message.h"

namespace namegate::test {

const char* const kHeldPolicy = R"(apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: held
spec:
  types: [Egress]
  egress:
  - action: Allow
    protocol: UDP
    destination:
      ports: [53]
  - action: Allow
    protocol: TCP
    destination:
      ports: [53]
  - action: Allow
    destination:
      domains: ["*.held.test", "a.b.c.d.e.*.deep.test"]
)";

namespace {

IpAddress address_of(const std::string& label, bool v6) {
    return World::fresh_address(static_cast<unsigned>(std::strtoul(label.c_str() + 1, nullptr, 10)), v6);
}

void add_address(DnsMessage& message, const std::string& owner, const IpAddress& address) {
    if (address.is_v4()) {
        message.a(owner, address.to_string());
    } else {
        message.aaaa(owner, address.to_string());
    }
}

// This many addresses that are not used, and the real one last.
void fill(DnsMessage& message, const std::string& owner, const IpAddress& last, std::size_t bytes) {
    unsigned other = 0;
    while (message.size() + 60 < bytes) {
        IpAddress::Bytes filler = (last.is_v4() ? IpAddress::parse("203.0.0.0") : IpAddress::parse("2001:db8:f::"))->bytes();
        filler[14] = static_cast<std::uint8_t>(other >> 8);
        filler[15] = static_cast<std::uint8_t>(++other & 0xffU);
        add_address(message, owner, IpAddress(filler));
    }
    add_address(message, owner, last);
}

std::optional<std::vector<WorldReply>> answer_first(const WorldQuestion& question) {
    if (question.name.find(".test") == std::string::npos) {
        return std::nullopt;
    }
    const bool deep = question.name.find(".deep.") != std::string::npos;
    const std::string label = deep ? question.name.substr(10) : question.name;
    const IpAddress address = address_of(label, question.type == kTypeAaaa);
    DnsMessage message = DnsMessage::response(question.name, question.type);
    message.id(question.id);
    WorldReply reply;
    switch (label[0]) {
        case 'm': fill(message, question.name, address, 1400); break;
        case 'f': fill(message, question.name, address, 4000); break;
        case 'o':
            add_address(message, "edge.cdn.net", address);
            message.cname(question.name, "edge.cdn.net");
            break;
        case 't':
            if (question.tcp) {
                fill(message, question.name, address, 5000);
            } else {
                message.tc();
            }
            break;
        case 's':
            fill(message, question.name, address, 700);
            reply.piece = 90;
            break;
        case 'l': fill(message, question.name, address, 65000); break;
        case 'c': message.cname(question.name, "c" + label.substr(1, label.find('.') - 1) + ".cdn.net"); break;
        default: add_address(message, question.name, address); break;
    }
    reply.message = message.build();
    return std::vector<WorldReply>{reply};
}

}  // namespace

std::string held_name(char kind, unsigned index) {
    const std::string own = kind + std::to_string(index);
    return kind == 'd' ? "a.b.c.d.e." + own + ".deep.test" : own + ".held.test";
}

std::optional<std::vector<WorldReply>> answer_held(const WorldQuestion& question) {
    const std::size_t target = question.name.find(".cdn.net");
    if (target == std::string::npos) {
        return answer_first(question);
    }
    DnsMessage message = DnsMessage::response(question.name, question.type);
    message.id(question.id);
    add_address(message, question.name, address_of(question.name, question.type == kTypeAaaa));
    return std::vector<WorldReply>{{AnswerFrom::kServer, message.build(), 0}};
}

std::optional<Answer> look_up_held(const Question& question, char kind) {
    const int family = IpAddress::parse(question.server)->is_v4() ? AF_INET : AF_INET6;
    if (kind == 's' || kind == 'l') {
        const auto answers = ask_tcp(open_socket(family, SOCK_STREAM), question.server, {question});
        return answers.size() == 1 ? std::optional<Answer>(answers.front()) : std::nullopt;
    }
    auto answer = ask(open_socket(family, SOCK_DGRAM), question);
    if (answer && kind == 't') {
        const auto answers = ask_tcp(open_socket(family, SOCK_STREAM), question.server, {question});
        return answers.size() == 1 ? std::optional<Answer>(answers.front()) : std::nullopt;
    }
    if (answer && kind == 'c') {
        const std::string label = question.name.substr(0, question.name.find('.'));
        return ask(open_socket(family, SOCK_DGRAM), {label + ".cdn.net", question.type, question.server});
    }
    return answer;
}

void visit_held(char kind, unsigned index, unsigned number, Visits& visits) {
    const bool v6 = (number & 1U) != 0;
    visits.made += 1;
    Fd socket = open_socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM);
    const auto answer = look_up_held({held_name(kind, index), v6 ? kTypeAaaa : kTypeA, number / 2 % 2 == 0 ? kServer4 : kServer6}, kind);
    if (!answer || answer->addresses.empty()) {
        visits.unanswered += 1;
        return;
    }
    const IpAddress address = World::fresh_address(index, v6);
    const Attempt attempt = connect_to(socket, address, kTcpPort, Milliseconds(3000));
    visits.denied += attempt.connected ? 0U : 1U;
    visits.lost += attempt.connected && (attempt.retransmissions > 0 || attempt.took > kBeforeRepeat) ? 1U : 0U;
    drop_connection(socket);
}

void Visits::add(const Visits& other) {
    made += other.made;
    unanswered += other.unanswered;
    lost += other.lost;
    denied += other.denied;
}

Visits print_visits(const char* what, const VisitsByKind& kinds) {
    Visits sum;
    for (const auto& [kind, visits] : kinds) {
        std::printf("%s, kind %c: %u visits, %u without a response, %u first packets lost, %u denied\n", what, kind, visits.made,
                    visits.unanswered, visits.lost, visits.denied);
        sum.add(visits);
    }
    std::printf("%s, all: %u visits, %u without a response, %u first packets lost, %u denied\n", what, sum.made, sum.unanswered, sum.lost,
                sum.denied);
    return sum;
}

}  // namespace namegate::test
