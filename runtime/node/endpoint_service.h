// SPDX-License-Identifier: Apache-2.0
//
// EndpointLifecycle on a real node. Lets the daemon prepare and program endpoints, because the daemon keeps the state. If there is
// no daemon, or it fails, this process does the work with a NodeRuntime of its own. Threads and failures: as in the base class.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "base/grace_period.h"
#include "base/result.h"
#include "config/config.h"
#include "endpoints/record.h"
#include "labels/provider_set.h"
#include "node/endpoint_lifecycle.h"
#include "node/node_runtime.h"

namespace namegate::node {

class EndpointService final : public EndpointLifecycle {
  public:
    // Creates the state folder and changes nothing else.
    static Result<std::unique_ptr<EndpointService>> create(const config::Config& config, Clock& clock);

    void shorten_grace_periods() override { short_grace_periods_.emplace(config_.grace_path()); }
    void restore_grace_periods() override { short_grace_periods_.reset(); }
    Result<> add(endpoints::Record& record) override;
    Result<> admit(endpoints::Record& record) override;
    Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) override;
    Result<> remove(const std::string& container_id, const std::string& ifname) override;
    Result<> check(const std::string& container_id, const std::string& ifname) override;
    Result<std::vector<Attachment>> attachments(const std::string& network) override;
    Result<> status() override;

  private:
    EndpointService(const config::Config& config, Clock& clock)
        : config_(config), clock_(clock), providers_(config.label_sources, config.label_settings()) {}

    Result<NodeLock> lock_node() const { return NodeLock::acquire(config_, NodeLock::kPatientMs); }
    Result<std::unique_ptr<NodeRuntime>> open_runtime(const NodeLock& lock) const;
    // Opens runtime_, applies the settings and reads the policies. If prepare_here() has opened it and the pins are still the
    // same, only reads the policies and returns true.
    Result<bool> ensure_runtime(const NodeLock& lock);
    void prepare_here(const NodeLock& lock, std::unique_ptr<NodeRuntime> runtime, const endpoints::Record& record);
    Result<> refresh(endpoints::Record& record) const;
    Result<api::SentRequest> ask_to_program(const endpoints::Record& record) const;
    // nullopt: there is no daemon.
    std::optional<Result<>> program_by_daemon(endpoints::Record& record);
    // Whether the labels of a provider that was not asked yet might let the endpoint be programmed.
    bool lacks_labels(const endpoints::Record& record, const Result<>& programmed) const;
    // Asks the provider whose labels the record lacks, and puts them into `record`. Stops without labels, and without an
    // error, when `give_up` returns true.
    Result<> fetch_labels(endpoints::Record& record, std::chrono::milliseconds timeout, const std::function<bool()>& give_up);
    // `absent` is the error of the request to the daemon; messages quote it.
    Result<> program_without_daemon(endpoints::Record& record, const Error& absent);
    // To be called when a daemon listens but failed with `reason`.
    Result<> program_instead_of_daemon(endpoints::Record& record, const Error& reason);
    Result<> program_here(endpoints::Record& record);
    Result<> remove_here(const std::string& container_id, const std::string& ifname);
    // `gone` is nullopt when the record of the removed endpoint could not be read.
    Result<> reprogram_others(const std::optional<endpoints::Record>& gone);

    config::Config config_;
    Clock& clock_;
    labels::ProviderSet providers_;         // for asking in this process
    std::unique_ptr<NodeRuntime> runtime_;  // only without a daemon
    std::optional<ShortGracePeriods> short_grace_periods_;
};

}  // namespace namegate::node
