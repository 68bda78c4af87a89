// SPDX-License-Identifier: Apache-2.0
//
// Watches the API server in the event loop: changed labels and policies are put in force on the node, what is known is kept on disk, and
// `status` learns how it goes. Owns the watch and the child process that writes the files. One thread: that of the event loop. Nothing
// blocks, except reading credentials and, at the end, writing the files. A failure is reported in the node's state; the watch goes on.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"
#include "daemon/upkeep/background_child.h"
#include "kubernetes/client/api_source.h"
#include "kubernetes/client/policy_reports.h"
#include "kubernetes/client/policy_watch.h"
#include "kubernetes/client/scoped_watches.h"

namespace namegate::daemon {

class ApiServerWatch {
  public:
    // Both outlive it. The node must have an API server (NodeRuntime::api_server()).
    static Result<std::unique_ptr<ApiServerWatch>> create(EventLoop& loop, Node& node);
    ~ApiServerWatch() = default;
    ApiServerWatch(const ApiServerWatch&) = delete;
    ApiServerWatch& operator=(const ApiServerWatch&) = delete;
    ApiServerWatch(ApiServerWatch&&) = delete;
    ApiServerWatch& operator=(ApiServerWatch&&) = delete;

    // Policies or endpoints may have changed: watches what they need, once nothing else is to be done. Many calls cost one comparison of
    // all policies with all endpoints.
    void follow_needs();
    // Work of every second.
    void tick();
    // Writes what is not on disk yet, before returning: for the end of the daemon.
    void save_now();

  private:
    using Revisions = std::array<std::uint64_t, kubernetes::kKinds.size()>;  // by kind

    explicit ApiServerWatch(Node& node) : node_(node), known_(*node.runtime().api_server()) {}
    void add_policies();
    void work();
    void follow_policies();
    // Tells the API server which policies are accepted.
    void report_policies();
    void update_state();
    void apply_needs();
    // Of what decides which Services and pods are needed.
    std::uint64_t basis() const;
    Revisions revisions() const;
    // Starts to write the files of the kinds that changed since they were written.
    void save();

    Node& node_;
    kubernetes::Knowledge& known_;
    std::unique_ptr<kubernetes::ApiSource> source_;
    std::unique_ptr<kubernetes::ScopedWatches> scoped_;               // destroyed before the source
    std::vector<std::unique_ptr<kubernetes::PolicyWatch>> policies_;  // likewise
    std::unique_ptr<kubernetes::PolicyReports> reports_;              // likewise; null: no policies are read
    IoSource ready_;                                                  // likewise
    DeferredSource needs_due_;
    std::uint64_t needs_of_ = 0;  // the basis of the needs
    std::uint64_t reported_ = 0;  // revisions of what reports_ compared
    std::string report_error_;    // that was logged
    BackgroundChild saver_;
    Revisions saved_{};    // on disk
    Revisions saving_{};   // being written
    unsigned waited_ = 0;  // seconds since something changed that is not on disk
};

}  // namespace namegate::daemon
