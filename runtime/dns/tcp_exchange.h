// SPDX-License-Identifier: Apache-2.0
//
// Matches responses to queries in DNS over TCP between endpoints and trusted servers (D10). Follows both streams of a
// connection from the server's SYN on. A query is pending until the same connection carries a response with the same id
// and question section, in any letter case (D18). Nothing is learned from a connection whose SYN was not seen. Connections
// and bytes are limited for each endpoint: over a limit, its own least recently used connection is forgotten. Owns its
// memory. Not thread-safe.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/ip.h"
#include "dns/tcp_stream.h"

namespace namegate::dns {

struct TcpLimits {
    std::size_t connections = 64;                 // of an endpoint
    std::size_t bytes = std::size_t{512} * 1024;  // buffered for an endpoint, pending queries included
    std::size_t queries = 256;                    // pending on one connection; the oldest are dropped
    std::uint64_t idle_ns = 3'600'000'000'000;    // a connection is forgotten when it is idle for longer
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
    std::uint64_t responses = 0;    // to a pending query
    std::uint64_t unsolicited = 0;  // messages of servers that respond to no pending query
    std::uint64_t unknown = 0;      // segments of connections that are not followed
    std::uint64_t dropped = 0;      // connections forgotten because of a limit, an error or forget()
};

enum class TcpSide { kPod, kServer };
enum class TcpFate {
    kFollowed,
    kUnknown,  // the connection is not followed, so the messages in the segment are not known
};

class TcpExchanges {
  public:
    // A response, and when the segment passed that completed its query.
    using Sink = std::function<void(std::span<const std::uint8_t> message, std::uint64_t asked_boot_ns)>;

    TcpExchanges(const Clock& clock, const TcpLimits& limits) : clock_(clock), limits_(limits) {}
    ~TcpExchanges() = default;
    TcpExchanges(const TcpExchanges&) = delete;
    TcpExchanges& operator=(const TcpExchanges&) = delete;
    TcpExchanges(TcpExchanges&&) = delete;
    TcpExchanges& operator=(TcpExchanges&&) = delete;

    // The pod's SYN. Forgets a connection with the same ports whose first sequence number is not `pod_next`.
    void begin(const TcpPeers& peers, std::uint32_t pod_next);
    // The server's SYN. `server_next` and `pod_next` are the sequence numbers of the streams' first bytes. A repeated SYN
    // changes nothing.
    void open(const TcpPeers& peers, std::uint32_t server_next, std::uint32_t pod_next);
    struct Segment {
        TcpSide side = TcpSide::kPod;
        std::uint32_t sequence = 0;
        std::span<const std::uint8_t> payload;
        std::uint64_t seen_boot_ns = 0;  // when it passed
    };
    // Adds a segment, and calls `sink` with each response that it completes and that has a pending query. A connection over a limit
    // is forgotten: kUnknown.
    TcpFate add(const TcpPeers& peers, const Segment& segment, const Sink& sink);
    void close(const TcpPeers& peers);
    // Forgets the endpoint's connections: after a lost frame none of them can be followed.
    void forget(std::uint32_t endpoint);

    // Forgets connections that are idle for too long and those of endpoints that are gone.
    void expire(const std::function<bool(std::uint32_t endpoint)>& is_there);
    const TcpStats& stats() const { return stats_; }

  private:
    struct Query {
        std::uint16_t id = 0;
        std::string question;  // the section's bytes, the name in lower case
        std::uint64_t asked_boot_ns = 0;
    };
    struct Connection {
        TcpStream pod;
        TcpStream server;
        std::uint32_t opened_server = 0;
        std::uint32_t opened_pod = 0;
        std::deque<Query> queries;  // pending
        std::size_t counted = 0;    // the connection's share of the endpoint's bytes
        std::uint64_t used_ns = 0;
        std::list<TcpPeers>::iterator age;
    };
    using Connections = std::map<TcpPeers, Connection>;
    struct Endpoint {
        std::list<TcpPeers> by_age;  // front: most recently used
        std::size_t bytes = 0;
    };

    void add_query(Connection& connection, std::span<const std::uint8_t> message, std::uint64_t seen_boot_ns) const;
    std::optional<std::uint64_t> match_query(Connection& connection, std::span<const std::uint8_t> message);
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
