// SPDX-License-Identifier: Apache-2.0
//
// What the plugin asks of the runtime for one endpoint: the same with a daemon (which then programs the
// policy) and without one (then it is done here, in the process that asks). One object serves one call of the plugin;
// one thread. Functions block on disk, kernel, node lock and, for a bounded time, the daemon or containerd.
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

namespace namegate::node {

struct Attachment {
    std::string container_id;
    std::string ifname;
};

class EndpointService {
  public:
    // Makes the state folder; touches nothing else.
    static Result<std::unique_ptr<EndpointService>> create(const config::Config& config, Clock& clock);
    ~EndpointService();
    EndpointService(const EndpointService&) = delete;
    EndpointService& operator=(const EndpointService&) = delete;
    EndpointService(EndpointService&&) = delete;
    EndpointService& operator=(EndpointService&&) = delete;

    // From here on, and while the object lives, the kernel's grace periods are short: for who changes something, also the
    // links outside of it.
    void hurry() { hurry_.emplace(config_.grace_path()); }
    void take_time() { hurry_.reset(); }
    // Both of the following, for an endpoint whose addresses are known. Undoes itself on failure.
    Result<> add(endpoints::Record& record);
    // Closed: the programs are on its interface, and nothing passes. Its addresses may be missing: then what its policy
    // needs is made while they are waited for. Fills in id and slot, and undoes itself on failure.
    Result<> admit(endpoints::Record& record);
    // With its addresses: writes it down, has its policy put in force, and fills in ready. `meanwhile` is done while the
    // daemon works, and its failure is returned. kTryAgain when a source of labels cannot answer yet.
    Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile);
    // From the two ids alone. What is gone already is success.
    Result<> remove(const std::string& container_id, const std::string& ifname);
    // Is everything that add() made in place, and is a policy in force?
    Result<> check(const std::string& container_id, const std::string& ifname);
    // Of one CNI network, as the records tell.
    Result<std::vector<Attachment>> attachments(const std::string& network);
    // Could an ADD be served now? Cheap: runtimes ask every few seconds. kNotFound: pods that run are not enforced.
    Result<> status();

  private:
    struct Embedded;

    EndpointService(const config::Config& config, Clock& clock);
    Result<> admit_locked(datapath::Datapath& datapath, endpoints::Record& record);
    void prepare_here(std::unique_ptr<datapath::Datapath> datapath, const endpoints::Record& record);
    Result<bool> open_embedded();
    Result<> refresh(endpoints::Record& record) const;
    Result<api::Question> ask_to_program(const endpoints::Record& record) const;
    std::optional<Result<>> have_programmed(endpoints::Record& record);
    // Would it have been programmed with its labels of containerd?
    bool lacks_labels(const endpoints::Record& record, const Result<>& programmed) const;
    Result<> program_without_daemon(endpoints::Record& record, const Error& absent);
    Result<> program_instead_of_daemon(endpoints::Record& record, const Error& reason);
    Result<> program_here(endpoints::Record& record);
    Result<> remove_here(const std::string& container_id, const std::string& ifname);
    // `gone` is unknown when its record could not be read.
    void reprogram_others(const std::optional<endpoints::Record>& gone);

    config::Config config_;
    Clock& clock_;
    std::unique_ptr<Embedded> embedded_;  // where there is no daemon
    std::optional<ShortGracePeriods> hurry_;
};

}  // namespace namegate::node
