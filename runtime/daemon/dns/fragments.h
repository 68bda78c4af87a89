// SPDX-License-Identifier: Apache-2.0
//
// UDP datagrams out of their fragments, as the pod's own stack will put them together: a fragment that comes twice
// changes nothing, overlapping ones spoil the datagram (RFC 5722). Only copies of the data are kept here: the fragments
// themselves go on, all but the one that completes the datagram, whose turn comes when it is learnt. Owns its memory, which
// is bounded for each endpoint: at the bound its own oldest datagram is given up. Pure; one thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/ip.h"
#include "daemon/dns/frame.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxDatagramBytes = 65535;
inline constexpr std::size_t kMaxFragments = 128;                     // of one datagram
inline constexpr std::size_t kMaxDatagramsPerEndpoint = 16;           // incomplete ones
inline constexpr std::uint64_t kFragmentPatienceNs = 30'000'000'000;  // RFC 791, RFC 8200 section 4.5

class Fragments {
  public:
    explicit Fragments(const Clock& clock) : clock_(clock) {}

    // A whole datagram, UDP header first, when this fragment completes one.
    std::optional<std::vector<std::uint8_t>> add(std::uint32_t endpoint, const Frame& frame);
    // Something of the endpoint's was not seen: no part of its datagrams waits for another any longer.
    void forget(std::uint32_t endpoint);
    // Gives up what has waited too long, and what belongs to endpoints that are gone.
    void expire(const std::function<bool(std::uint32_t endpoint)>& is_there);
    std::size_t size() const { return datagrams_.size(); }

  private:
    struct Key {
        std::uint32_t endpoint = 0;
        IpAddress source;
        IpAddress destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0;

        auto operator<=>(const Key&) const = default;
    };
    struct Datagram {
        std::map<std::size_t, std::vector<std::uint8_t>> pieces;  // by offset
        std::size_t bytes = 0;
        std::optional<std::size_t> total;
        bool spoilt = false;
        std::uint64_t since_ns = 0;
    };
    using Datagrams = std::map<Key, Datagram>;

    Datagrams::iterator find(const Key& key);
    static void put(Datagram& datagram, const Frame& frame);

    const Clock& clock_;
    Datagrams datagrams_;
};

}  // namespace namegate::daemon
