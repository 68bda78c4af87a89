// SPDX-License-Identifier: Apache-2.0
//
// Reassembles UDP datagrams from fragments in the same way as the pod's own stack: a duplicate fragment is ignored, an overlap
// makes the datagram invalid (RFC 5722). Keeps only copies of the data. The fragments themselves go on to the pod at once,
// except the one that completes the datagram, which follows when the response has been learned. Owns its memory, which is
// limited for each endpoint: at the limit, the endpoint's oldest datagram is dropped. Pure; one thread.
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
inline constexpr std::size_t kMaxFragments = 128;                    // of one datagram
inline constexpr std::size_t kMaxDatagramsPerEndpoint = 16;          // incomplete ones
inline constexpr std::uint64_t kFragmentTimeoutNs = 30'000'000'000;  // RFC 791, RFC 8200 section 4.5

struct WholeDatagram {
    std::vector<std::uint8_t> bytes;  // UDP header first
    std::uint64_t asked_boot_ns = 0;  // as given with one of its fragments
};

class Fragments {
  public:
    explicit Fragments(const Clock& clock) : clock_(clock) {}

    // Returns the whole datagram, if this fragment completes it. `asked_boot_ns`: when the query passed that it responds to; 0: this
    // fragment does not show it.
    std::optional<WholeDatagram> add(std::uint32_t endpoint, const Frame& frame, std::uint64_t asked_boot_ns = 0);
    // Drops the endpoint's datagrams. For when one of its frames was lost, which may have been a fragment.
    void forget(std::uint32_t endpoint);
    // Drops datagrams older than kFragmentTimeoutNs, and those of endpoints that no longer exist.
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
        bool invalid = false;
        std::uint64_t since_ns = 0;
        std::uint64_t asked_boot_ns = 0;
    };
    using Datagrams = std::map<Key, Datagram>;

    Datagrams::iterator find(const Key& key);
    static void put(Datagram& datagram, const Frame& frame);

    const Clock& clock_;
    Datagrams datagrams_;
};

}  // namespace namegate::daemon
