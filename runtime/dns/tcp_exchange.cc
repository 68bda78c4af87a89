// SPDX-License-Identifier: Apache-2.0
#include "dns/tcp_exchange.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace namegate::dns {

namespace {

constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kQuestionTailBytes = 4;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kConnectionBytes = 512;  // of memory besides the buffers
constexpr std::size_t kQueryBytes = 64;

struct Head {
    std::uint16_t id = 0;
    bool response = false;
    std::string question;
};

std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// Changes the first `count` bytes, which are a name. The lengths of labels are at most 63 and so not letters.
void lower_letters(std::string& text, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        text[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    }
}

// Reads the header and the question, its name in lower case (D18). Returns nothing unless the message has exactly one
// question with an uncompressed name.
std::optional<Head> read_head(std::span<const std::uint8_t> message) {
    if (message.size() < kHeaderBytes || read16(message, 4) != 1) {
        return std::nullopt;
    }
    std::size_t at = kHeaderBytes;
    while (at < message.size() && message[at] != 0) {
        if (message[at] > kMaxLabel) {
            return std::nullopt;
        }
        at += 1 + std::size_t{message[at]};
    }
    const std::size_t end = at + 1 + kQuestionTailBytes;
    if (end > message.size()) {
        return std::nullopt;
    }
    const auto* text = reinterpret_cast<const char*>(message.data());
    Head head{read16(message, 0), (message[2] & 0x80U) != 0, {text + kHeaderBytes, end - kHeaderBytes}};
    lower_letters(head.question, at - kHeaderBytes);
    return head;
}

}  // namespace

void TcpExchanges::begin(const TcpPeers& peers, std::uint32_t pod_next) {
    if (const auto known = connections_.find(peers); known != connections_.end() && known->second.opened_pod != pod_next) {
        erase(known);
    }
}

void TcpExchanges::open(const TcpPeers& peers, std::uint32_t server_next, std::uint32_t pod_next) {
    const auto known = connections_.find(peers);
    if (known != connections_.end()) {
        if (known->second.opened_server == server_next && known->second.opened_pod == pod_next) {
            return;
        }
        erase(known);
    }
    Endpoint& endpoint = endpoints_[peers.endpoint];
    Connection connection{TcpStream(pod_next), TcpStream(server_next), server_next, pod_next, {}, 0, clock_.boot_ns(), {}};
    connection.age = endpoint.by_age.insert(endpoint.by_age.begin(), peers);
    const auto placed = connections_.emplace(peers, std::move(connection));
    settle(endpoint, placed.first->second);
    stats_.connections = connections_.size();
    enforce_bounds(peers.endpoint);
}

TcpFate TcpExchanges::add(const TcpPeers& peers, const Segment& segment, const Sink& sink) {
    const auto known = connections_.find(peers);
    if (known == connections_.end()) {
        ++stats_.unknown;
        return TcpFate::kUnknown;
    }
    Connection& connection = known->second;
    Endpoint& endpoint = endpoints_[peers.endpoint];
    endpoint.by_age.splice(endpoint.by_age.begin(), endpoint.by_age, connection.age);
    connection.used_ns = clock_.boot_ns();
    const Result<> added =
        segment.side == TcpSide::kPod
            ? connection.pod.add(segment.sequence, segment.payload,
                                 [&](std::span<const std::uint8_t> message) { add_query(connection, message, segment.seen_boot_ns); })
            : connection.server.add(segment.sequence, segment.payload, [&](std::span<const std::uint8_t> message) {
                  if (const auto asked_boot_ns = match_query(connection, message)) {
                      sink(message, *asked_boot_ns);
                  }
              });
    if (!added) {
        ++stats_.dropped;
        erase(known);
        return TcpFate::kUnknown;
    }
    settle(endpoint, connection);
    enforce_bounds(peers.endpoint);
    return connections_.count(peers) != 0 ? TcpFate::kFollowed : TcpFate::kUnknown;
}

void TcpExchanges::add_query(Connection& connection, std::span<const std::uint8_t> message, std::uint64_t seen_boot_ns) const {
    const auto head = read_head(message);
    if (!head || head->response) {
        return;
    }
    if (connection.queries.size() >= limits_.queries) {
        connection.queries.pop_front();
    }
    connection.queries.push_back({head->id, head->question, seen_boot_ns});
}

// Removes the pending query to which the message responds, as it has one response, and returns when it passed. None: there is none.
std::optional<std::uint64_t> TcpExchanges::match_query(Connection& connection, std::span<const std::uint8_t> message) {
    const auto head = read_head(message);
    const auto pending = !head || !head->response
                             ? connection.queries.end()
                             : std::find_if(connection.queries.begin(), connection.queries.end(),
                                            [&](const Query& one) { return one.id == head->id && one.question == head->question; });
    if (pending == connection.queries.end()) {
        ++stats_.unsolicited;
        return std::nullopt;
    }
    const std::uint64_t asked_boot_ns = pending->asked_boot_ns;
    connection.queries.erase(pending);
    ++stats_.responses;
    return asked_boot_ns;
}

void TcpExchanges::settle(Endpoint& endpoint, Connection& connection) {
    std::size_t bytes = kConnectionBytes + connection.pod.buffered() + connection.server.buffered();
    for (const Query& query : connection.queries) {
        bytes += kQueryBytes + query.question.size();
    }
    endpoint.bytes += bytes - connection.counted;
    connection.counted = bytes;
}

void TcpExchanges::enforce_bounds(std::uint32_t id) {
    for (auto own = endpoints_.find(id);
         own != endpoints_.end() && (own->second.bytes > limits_.bytes || own->second.by_age.size() > limits_.connections);
         own = endpoints_.find(id)) {
        ++stats_.dropped;
        erase(connections_.find(own->second.by_age.back()));
    }
}

void TcpExchanges::erase(Connections::iterator connection) {
    const auto own = endpoints_.find(connection->first.endpoint);
    own->second.bytes -= connection->second.counted;
    own->second.by_age.erase(connection->second.age);
    if (own->second.by_age.empty()) {
        endpoints_.erase(own);
    }
    connections_.erase(connection);
    stats_.connections = connections_.size();
}

void TcpExchanges::close(const TcpPeers& peers) {
    if (const auto known = connections_.find(peers); known != connections_.end()) {
        erase(known);
    }
}

void TcpExchanges::forget(std::uint32_t endpoint) {
    TcpPeers first;
    first.endpoint = endpoint;
    for (auto it = connections_.lower_bound(first); it != connections_.end() && it->first.endpoint == endpoint;) {
        const auto connection = it++;
        ++stats_.dropped;
        erase(connection);
    }
}

void TcpExchanges::expire(const std::function<bool(std::uint32_t)>& is_there) {
    const std::uint64_t now = clock_.boot_ns();
    for (auto it = connections_.begin(); it != connections_.end();) {
        const auto connection = it++;
        if (now - connection->second.used_ns > limits_.idle_ns || !is_there(connection->first.endpoint)) {
            erase(connection);
        }
    }
}

}  // namespace namegate::dns
