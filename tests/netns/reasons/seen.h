// SPDX-License-Identifier: Apache-2.0
//
// What a running daemon shows: the stream of `monitor`, the lines of its flow log, the reply to `why`, and its metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <ios>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "site.h"

namespace namegate::test {

inline constexpr std::uint16_t kMetricsPort = 9464;

class Seen {
  public:
    using Fits = std::function<bool(const nlohmann::json&)>;

    // Follows the daemon until it ends.
    Seen(const Node& node, std::string flow_log);
    ~Seen();
    Seen(const Seen&) = delete;
    Seen& operator=(const Seen&) = delete;
    Seen(Seen&&) = delete;
    Seen& operator=(Seen&&) = delete;

    // Repeats what makes DNS events until both streams are there.
    bool begins(const std::function<void()>& look_up);
    // From now on, only what is new counts.
    void forget();
    bool in_monitor(const Fits& fits);
    bool in_flow_log(const Fits& fits) const;
    bool in_why(const std::string& endpoint, const Fits& fits) const;
    // What all endpoints counted: now, and in the metrics, which are read a little later.
    double counter(const std::string& reason) const;
    static double metric(const std::string& reason);

  private:
    const Node& node_;
    std::string flow_log_;
    std::streamoff read_from_ = 0;  // in the flow log
    std::mutex mutex_;
    std::vector<nlohmann::json> events_;
    std::vector<std::thread> threads_;  // one stream of what is shown without asking, one of flows and responses
};

}  // namespace namegate::test
