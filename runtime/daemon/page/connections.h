// SPDX-License-Identifier: Apache-2.0
//
// What the page shows: each connection of an endpoint once, with a count. A connection is a name or address, a port and protocol, a
// verdict and the rule that decided; it may stand for many flows or packets. Every change gets the next number, so that a reader can
// ask for what changed since the number that it has. Owns its memory, which is limited for each endpoint and for all: at its own limit
// an endpoint loses the connection that was seen longest ago, at the limit of all the endpoint with the most connections does. One
// thread; cannot fail.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "policy/compiler/rule_origin.h"

namespace namegate::daemon {

inline constexpr std::size_t kConnectionsPerEndpoint = 512;
inline constexpr std::size_t kConnections = 16'384;       // of all endpoints
inline constexpr std::size_t kAddressesOfConnection = 8;  // the ones seen last
inline constexpr std::size_t kRememberedRemovals = 8192;  // a reader that has missed more gets everything again
inline constexpr std::size_t kRuleTextBytes = 300;        // of the text of a rule

enum class Seen : std::uint8_t {
    kAllowed,
    kDenied,         // or cut
    kWouldBeDenied,  // allowed now; a staged policy would deny it
    kLookedUp,       // no flow to this name was seen
};

struct ConnectionKey {
    Seen seen = Seen::kAllowed;
    bool ingress = false;
    std::uint8_t protocol = 0;  // IP protocol number; 0: kLookedUp
    std::uint16_t port = 0;     // of the destination
    std::string name;           // empty: no name is known, and `address` counts
    IpAddress address;
    std::string rule;    // short name
    std::string reason;  // of the programs' counters

    auto operator<=>(const ConnectionKey&) const = default;
};

struct Connection {
    std::uint64_t id = 0;
    std::uint64_t changed = 0;  // the number of its last change
    std::uint32_t endpoint = 0;
    ConnectionKey key;
    std::vector<IpAddress> addresses;  // newest first
    policy::RuleOrigin rule;           // `text` is empty if the rule is not known
    std::uint64_t count = 0;
    std::string first_time;
    std::string last_time;
};

class Connections {
  public:
    explicit Connections(std::size_t per_endpoint = kConnectionsPerEndpoint, std::size_t of_all = kConnections)
        : per_endpoint_(per_endpoint), of_all_(of_all) {}

    // The endpoint was seen with this connection at this time. Returns it if it is new, so that the caller can add the rule; null: it
    // was known, or it is a lookup of a name to which a flow was seen.
    Connection* note(std::uint32_t endpoint, const ConnectionKey& key, const std::vector<IpAddress>& addresses, const std::string& time);
    bool has(std::uint32_t endpoint, const ConnectionKey& key) const;
    void forget(std::uint32_t endpoint);

    // The number of the last change; change() makes one of something that the caller keeps.
    std::uint64_t number() const { return number_; }
    std::uint64_t change() { return ++number_; }
    // The first ones that changed after this number, in the order of their changes.
    std::vector<const Connection*> changed_after(std::uint64_t number, std::size_t most) const;
    // Those that are gone since; none: it is too long ago to know.
    std::optional<std::vector<std::uint64_t>> removed_after(std::uint64_t number) const;

    std::size_t size() const { return size_; }
    // Connections that gave way to newer ones.
    std::uint64_t forgotten() const { return forgotten_; }

  private:
    struct Entry;
    using Entries = std::map<ConnectionKey, Entry>;
    using Ages = std::list<Entries::iterator>;
    struct Entry {
        Connection connection;
        Ages::iterator age;
    };
    struct Own {
        Entries entries;
        Ages ages;                                   // oldest first
        std::map<std::string, std::size_t> reached;  // name -> its connections besides kLookedUp
    };

    void make_room(Own& own);
    void drop_oldest(Own& own);
    void erase(Own& own, Entries::iterator entry);
    static ConnectionKey lookup_of(const std::string& name);

    std::size_t per_endpoint_;
    std::size_t of_all_;
    std::size_t size_ = 0;
    std::uint64_t number_ = 0;
    std::uint64_t last_id_ = 0;
    std::uint64_t forgotten_ = 0;
    std::uint64_t removals_known_after_ = 0;
    std::map<std::uint32_t, Own> endpoints_;
    std::deque<std::pair<std::uint64_t, std::uint64_t>> removed_;  // number of the change, id
};

}  // namespace namegate::daemon
