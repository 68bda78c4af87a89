// SPDX-License-Identifier: Apache-2.0
//
// DNS over TCP between endpoints and trusted servers: which answers were asked for (D10). Both streams of a connection
// are followed from the server's opening on; a question is remembered until the answer with its id and its question section
// comes, in whatever case (D18), on the same connection. A connection whose opening was not seen teaches nothing. Bounded in connections
// and bytes for each endpoint: at a bound its own least recently used connection is forgotten. Owns its memory; one thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "dns/tcp_stream.h"

namespace namegate::dns {

struct TcpLimits {
    std::size_t connections = 64;                 // of an endpoint
    std::size_t bytes = std::size_t{512} * 1024;  // buffered for an endpoint, questions included
    std::size_t questions = 256;                  // waiting on one connection; the oldest goes first
    std::uint64_t idle_ns = 3'600'000'000'000;    // a connection that is silent this long is over
};

// A connection, as seen from the endpoint.
struct TcpPeers {
    std::uint32_t endpoint = 0;
    IpAddress local;
    IpAddress server;
    std::uint16_t local_port = 0;
    std::uint16_t server_port = 0;

    auto operator<=>(const TcpPeers&) const = default;
};

struct TcpStats {
    std::size_t connections = 0;
    std::uint64_t answers = 0;      // that were asked for
    std::uint64_t unsolicited = 0;  // that were not
    std::uint64_t unknown = 0;      // segments of connections that are not followed
    std::uint64_t dropped = 0;      // connections forgotten at a bound
};

enum class TcpSide { kPod, kServer };
enum class TcpFate {
    kFollowed,
    kUnknown,  // the connection is not followed: what the segment completes is not known
};

class TcpExchanges {
  public:
    using Sink = TcpStream::Sink;

    TcpExchanges(const Clock& clock, const TcpLimits& limits) : clock_(clock), limits_(limits) {}
    ~TcpExchanges() = default;
    TcpExchanges(const TcpExchanges&) = delete;
    TcpExchanges& operator=(const TcpExchanges&) = delete;
    TcpExchanges(TcpExchanges&&) = delete;
    TcpExchanges& operator=(TcpExchanges&&) = delete;

    // The pod's SYN: a new connection begins, and one with the same ports and another first number `pod_next` is over.
    void begin(const TcpPeers& peers, std::uint32_t pod_next);
    // The server's SYN: `server_next` and `pod_next` are the numbers of both streams' first bytes. Seen again it changes nothing.
    void open(const TcpPeers& peers, std::uint32_t server_next, std::uint32_t pod_next);
    // A segment; `answer` gets every solicited message that it completes. Past a bound the connection is kUnknown.
    TcpFate add(const TcpPeers& peers, TcpSide side, std::uint32_t sequence, std::span<const std::uint8_t> payload, const Sink& answer);
    void close(const TcpPeers& peers);
    // Something of the endpoint's was not seen: none of its connections can be followed any further.
    void forget(std::uint32_t endpoint);

    // Forgets connections that were silent for too long, and those of endpoints that are gone.
    void expire(const std::function<bool(std::uint32_t endpoint)>& is_there);
    const TcpStats& stats() const { return stats_; }

  private:
    struct Question {
        std::uint16_t id = 0;
        std::string section;  // its bytes, the name in lower case
    };
    struct Connection {
        TcpStream pod;
        TcpStream server;
        std::uint32_t opened_server = 0;
        std::uint32_t opened_pod = 0;
        std::deque<Question> questions;
        std::size_t counted = 0;  // its part of the endpoint's bytes
        std::uint64_t used_ns = 0;
        std::list<TcpPeers>::iterator age;
    };
    using Connections = std::map<TcpPeers, Connection>;
    struct Endpoint {
        std::list<TcpPeers> by_age;  // front: used last
        std::size_t bytes = 0;
    };

    void note(Connection& connection, std::span<const std::uint8_t> message) const;
    bool take(Connection& connection, std::span<const std::uint8_t> message);
    void settle(Endpoint& endpoint, Connection& connection);
    void enforce_bounds(std::uint32_t id);
    void erase(Connections::iterator connection);

    const Clock& clock_;
    TcpLimits limits_;
    Connections connections_;
    std::map<std::uint32_t, Endpoint> endpoints_;
    TcpStats stats_;
};

}  // namespace namegate::dns
