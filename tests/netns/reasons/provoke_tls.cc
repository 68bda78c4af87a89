// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "provoke.h"
#include "support/tls_hello.h"

namespace namegate::test {

namespace {

constexpr const char* kNamed = "198.18.0.1";  // of api.example.com
constexpr std::uint16_t kNoServer = 444;      // nothing listens on this port
constexpr std::uint16_t kLocalPort = 30'000;

// Opens a connection to the address of the name, and sends these first bytes.
void begin_with(const Stage& stage, const Bytes& first) {
    if (!resolve(*stage.pod.pod, "api.example.com")) {
        throw std::runtime_error("api.example.com has no address");
    }
    const Fd tcp = socket_inside(stage.pod.pod->netns, AF_INET, SOCK_STREAM);
    if (!connect_to(tcp, *IpAddress::parse(kNamed), kTcpPort, kBeforeRepeat).connected) {
        throw std::runtime_error("the connection that is to be judged does not open");
    }
    static_cast<void>(::send(tcp.get(), first.data(), first.size(), MSG_NOSIGNAL));
    char byte = 0;
    const timeval most{0, 200'000};
    ::setsockopt(tcp.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    static_cast<void>(::recv(tcp.get(), &byte, 1, 0));
}

Packet segment(const Stage& stage, std::uint8_t flags, std::uint32_t sequence) {
    return stage.pod.frame().ip(stage.pod.v4, kNamed).tcp(kLocalPort, kNoServer, flags).sequence(sequence, 1);
}

// Data on a connection that the server has not accepted.
void send_early(const Stage& stage, std::uint8_t flags) {
    static_cast<void>(resolve(*stage.pod.pod, "api.example.com"));
    stage.pod.wire.send(segment(stage, kSyn, 1000).build());
    stage.pod.wire.send(segment(stage, flags, 1001).payload("early").build());
}

}  // namespace

void show_allowed_name(Stage& stage) { begin_with(stage, ClientHello("api.example.com").record()); }
void show_other_name(Stage& stage) { begin_with(stage, ClientHello("evil.example.com").record()); }
void show_no_name(Stage& stage) { begin_with(stage, ClientHello().record()); }
void show_broken_hello(Stage& stage) { begin_with(stage, tls_record(kHandshake, Bytes(100, 1))); }
void speak_plainly(Stage& stage) { begin_with(stage, {'E', 'H', 'L', 'O', '\r', '\n'}); }
void send_without_begin(Stage& stage) { stage.pod.wire.send(segment(stage, kAck, 5).payload("midstream").build()); }
void send_before_answer(Stage& stage) { send_early(stage, kAck | kPsh); }
void send_urgent(Stage& stage) { send_early(stage, kAck | 0x20); }

void speak_quic(Stage& stage) {
    static_cast<void>(resolve(*stage.pod.pod, "api.example.com"));
    stage.pod.wire.send(stage.pod.frame().ip(stage.pod.v4, kNamed).udp(kLocalPort, 443).payload("an Initial").build());
}

void ask_for_https(Stage& stage) { static_cast<void>(resolve(*stage.pod.pod, "api.example.com", 65)); }

}  // namespace namegate::test
