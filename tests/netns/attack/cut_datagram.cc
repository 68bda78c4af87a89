// SPDX-License-Identifier: Apache-2.0
#include "cut_datagram.h"

#include "support/netns.h"

namespace namegate::test {

namespace {

constexpr std::uint16_t kFirstBytes = 512;

// The packet's bytes after its IP header.
Bytes datagram(const std::string& from, const std::string& to, std::uint16_t port, const std::string& text) {
    const Bytes whole = Packet().ip(from, to).udp(port, port).payload(text).build_ip();
    const std::ptrdiff_t header = from.find(':') == std::string::npos ? 20 : 40;
    return {whole.begin() + header, whole.end()};
}

}  // namespace

void send_cut(const RawSocket& wire, const Packet& link, const std::string& from, const std::string& to, std::uint16_t port,
              const std::string& token, const Cut& cut) {
    static std::uint32_t id = 100;
    const Bytes whole = datagram(from, to, port, token + std::string(cut.size - token.size(), '.'));
    Packet first = Packet(link).ip(from, to);
    if (cut.unlike && cut.v6) {
        // An unknown option that a receiver skips (RFC 8200, section 4.2).
        Bytes option = {0x1e, 196};
        option.resize(198);
        first.extension(0, option);
    } else if (cut.unlike) {
        first.options(Bytes(36, 1));
    }
    ++id;
    first.fragment(id, 0, true).protocol(17).payload(Bytes(whole.begin(), whole.begin() + kFirstBytes));
    Packet second = Packet(link).ip(from, to).fragment(id, kFirstBytes, false).protocol(17);
    second.payload(Bytes(whole.begin() + kFirstBytes, whole.end()));
    wire.send(first.build());
    wire.send(second.build());
}

Firewall::Firewall() {
    must_run(
        "nft 'add table inet firewall; add chain inet firewall in { type filter hook prerouting priority 0; }; "
        "add rule inet firewall in ct state invalid counter'");
}

Firewall::~Firewall() { run_command("nft delete table inet firewall"); }

}  // namespace namegate::test
