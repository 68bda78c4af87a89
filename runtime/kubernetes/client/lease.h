// SPDX-License-Identifier: Apache-2.0
//
// A Lease of the API server, so that one node at a time does a piece of work for the cluster. Another node's lease counts until it was
// not renewed for its duration by this node's clock, so clocks need not agree. Once it holds the lease, it renews it for as long as
// it lives. Owns the request in progress. One thread; nothing blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kubernetes/client/api_request.h"
#include "kubernetes/client/transport.h"

namespace namegate::kubernetes {

struct LeaseTiming {
    std::chrono::milliseconds duration{60'000};
    std::chrono::milliseconds renew{20'000};
    std::chrono::milliseconds look{30'000};  // how often a lease of another node is looked at
    std::chrono::milliseconds silence{10'000};
};

class Lease {
  public:
    // `holder`: the name of this node.
    Lease(Transport& transport, const Clock& clock, std::string name_space, std::string name, std::string holder, const LeaseTiming& timing)
        : clock_(clock),
          name_space_(std::move(name_space)),
          name_(std::move(name)),
          holder_(std::move(holder)),
          timing_(timing),
          request_(transport, clock, timing.silence) {}

    // Does what is due. `wanted`: this node has work; without it, it renews only what it holds.
    void work(bool wanted);
    bool is_held() const { return clock_.boot_ns() < held_until_ns_; }
    // How often another node was seen to hold it, since this one last held it.
    unsigned seen_held() const { return seen_held_; }
    // Why the last attempt failed; empty: it did not.
    const std::string& error() const { return error_; }

  private:
    enum class Step : std::uint8_t { kIdle, kReading, kWriting };

    std::string path() const { return "/apis/coordination.k8s.io/v1/namespaces/" + name_space_ + "/leases"; }
    void read();
    void write(const std::string& resource_version);
    void take_answer(const Result<ApiAnswer>& answer);
    void take_lease(const std::string& body);
    void wait(std::chrono::milliseconds delay);

    const Clock& clock_;
    const std::string name_space_;
    const std::string name_;
    const std::string holder_;
    const LeaseTiming timing_;
    ApiRequest request_;
    Step step_ = Step::kIdle;
    std::uint64_t due_ns_ = 0;
    std::uint64_t asked_ns_ = 0;
    std::uint64_t held_until_ns_ = 0;
    std::string seen_;  // the other node's lease, as it was seen first at `seen_ns_`
    std::uint64_t seen_ns_ = 0;
    unsigned seen_held_ = 0;
    std::string error_;
};

}  // namespace namegate::kubernetes
