// SPDX-License-Identifier: Apache-2.0
//
// Datagrams in two fragments, and the firewall that makes the node put them together and split them again on their way out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "raw_socket.h"
#include "support/packet.h"

namespace namegate::test {

// How a datagram is split. When fragments have headers of different lengths, the kernel does not reuse their buffers on the way out.
struct Cut {
    const char* name;
    std::size_t size;  // of the payload
    bool v6;
    bool unlike;  // the first has headers that the second lacks
};

// A payload that begins with the token. `link`: the packet's Ethernet layer.
void send_cut(const RawSocket& wire, const Packet& link, const std::string& from, const std::string& to, std::uint16_t port,
              const std::string& token, const Cut& cut);

// Connection tracking of both families, as any firewall with a stateful rule has it, while the object lives.
class Firewall {
  public:
    Firewall();
    ~Firewall();
    Firewall(const Firewall&) = delete;
    Firewall& operator=(const Firewall&) = delete;
    Firewall(Firewall&&) = delete;
    Firewall& operator=(Firewall&&) = delete;
};

}  // namespace namegate::test
