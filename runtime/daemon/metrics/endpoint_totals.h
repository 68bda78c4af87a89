// SPDX-License-Identifier: Apache-2.0
//
// The programs' counters as metrics need them: sums that only grow, although the counters of an endpoint go with it; and denied
// packets by pod, with a limited number of series. They begin at zero when the daemon starts, so that Prometheus sees a restart
// as the reset that it is. Endpoints are read in turn, for as long as a call may take, so a node with many endpoints does not hold up
// the event loop; what an endpoint counts between its last reading and its removal is lost. Reads the kernel's maps. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "daemon/node.h"
#include "datapath/reader.h"

namespace namegate::daemon {

// Pods with a series of their own. A pod keeps its series while it exists; those above the limit share one.
inline constexpr std::size_t kMaxPodSeries = 512;

class EndpointTotals {
  public:
    using Pod = std::pair<std::string, std::string>;  // namespace, name; of another container "" and its id
    using Modes = std::array<std::size_t, NG_MODE_OPEN + 1>;

    explicit EndpointTotals(std::size_t max_pods = kMaxPodSeries) : max_pods_(max_pods) {}
    ~EndpointTotals() = default;
    EndpointTotals(const EndpointTotals&) = delete;
    EndpointTotals& operator=(const EndpointTotals&) = delete;
    EndpointTotals(EndpointTotals&&) = delete;
    EndpointTotals& operator=(EndpointTotals&&) = delete;

    // What the endpoints have counted so far belongs to an earlier daemon.
    void start(Node& node);
    // Reads endpoints in turn, each at most once, until this time of the node's clock; at least one.
    void read(Node& node, std::uint64_t until_boot_ns);

    // The counts of one endpoint. Those of a new one begin at zero, or, if `earlier`, at these.
    void note(std::uint32_t endpoint, const Pod& pod, const datapath::Stats& stats, bool earlier = false);
    void note_mode(std::uint32_t endpoint, std::size_t mode);
    // The endpoint is gone.
    void forget(std::uint32_t endpoint);

    const datapath::Stats& sums() const { return sums_; }
    // Endpoints by enum ng_mode; those that were not read yet count as closed.
    Modes modes() const;
    // Packets that policy denied, of the pods with series of their own, and of all other pods together.
    std::map<Pod, std::uint64_t> denied() const;
    std::uint64_t denied_by_others() const { return denied_by_others_; }

  private:
    struct Series {
        std::uint64_t denied = 0;
        std::size_t endpoints = 0;  // of the pod
    };
    struct Endpoint {
        datapath::Stats last{};
        std::size_t mode = NG_MODE_CLOSED;
        std::map<Pod, Series>::iterator series;  // end(): the common one
    };
    std::map<Pod, Series>::iterator series_for(const Pod& pod);
    void read_one(Node& node, const endpoints::Record& record, bool earlier);
    void follow(const RecordMap& records);

    std::size_t max_pods_;
    datapath::Stats sums_{};
    std::uint64_t denied_by_others_ = 0;
    std::map<Pod, Series> pods_;
    std::map<std::uint32_t, Endpoint> endpoints_;
    std::uint32_t last_ = 0;  // the endpoint that was read last
};

}  // namespace namegate::daemon
