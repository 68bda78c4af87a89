// SPDX-License-Identifier: Apache-2.0
//
// The TLS names that connections showed: of each flow until it ends, and of each address the latest ones. Only for people: they open
// nothing. Owns its memory, which is limited for each endpoint and for all: at its own limit an endpoint loses its oldest entry, at
// the limit of all the endpoint with the most entries does. One thread; cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ip.h"
#include "daemon/events/latest_map.h"

namespace namegate::daemon {

inline constexpr std::size_t kTlsNamesPerEndpoint = 1024;  // flows and addresses each
inline constexpr std::size_t kTlsNamesKept = 32'768;       // of all endpoints
inline constexpr std::size_t kTlsNamesOfAddress = 4;       // the latest ones

// A TCP flow from an endpoint.
struct ShownFlow {
    IpAddress remote;
    std::uint16_t remote_port = 0;  // host byte order, both
    std::uint16_t local_port = 0;

    auto operator<=>(const ShownFlow&) const = default;
};

class ShownNames {
  public:
    explicit ShownNames(std::size_t per_endpoint = kTlsNamesPerEndpoint, std::size_t of_all = kTlsNamesKept)
        : per_endpoint_(per_endpoint), of_all_(of_all) {}

    void note(std::uint32_t endpoint, const ShownFlow& flow, const std::string& name);
    // Empty: none is known.
    std::string of_flow(std::uint32_t endpoint, const ShownFlow& flow) const;
    // The latest one at the end.
    std::vector<std::string> of_address(std::uint32_t endpoint, const IpAddress& address) const;
    void flow_ended(std::uint32_t endpoint, const ShownFlow& flow);
    void forget(std::uint32_t endpoint);
    std::size_t size() const { return size_; }

  private:
    struct Own {
        LatestMap<ShownFlow, std::string> flows;
        LatestMap<IpAddress, std::vector<std::string>> addresses;  // the latest name at the end

        std::size_t size() const { return flows.size() + addresses.size(); }
    };
    // Null: the endpoint has none.
    const Own* find(std::uint32_t endpoint) const;
    void make_room();

    std::size_t per_endpoint_;
    std::size_t of_all_;
    std::size_t size_ = 0;
    std::map<std::uint32_t, Own> endpoints_;
};

}  // namespace namegate::daemon
