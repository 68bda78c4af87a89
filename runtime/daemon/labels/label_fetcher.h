// SPDX-License-Identifier: Apache-2.0
//
// Fetches the labels of endpoints from providers that must be asked (labels/provider.h): during ADD, while the plugin waits, and
// later for endpoints that were programmed without labels. The event loop does other work while a provider is asked, so a slow
// provider delays only the endpoints that need it. Owns the outstanding requests. One thread: that of the event loop.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/commands.h"
#include "base/ip.h"
#include "base/result.h"
#include "daemon/loop/event_loop.h"
#include "daemon/node.h"
#include "labels/provider.h"

namespace namegate::daemon {

class LabelFetcher {
  public:
    using Done = std::function<void(const Result<>&)>;

    // Both outlive the fetcher.
    static Result<std::unique_ptr<LabelFetcher>> create(EventLoop& loop, Node& node);
    ~LabelFetcher();
    LabelFetcher(const LabelFetcher&) = delete;
    LabelFetcher& operator=(const LabelFetcher&) = delete;
    LabelFetcher(LabelFetcher&&) = delete;
    LabelFetcher& operator=(LabelFetcher&&) = delete;

    // Programs the endpoint, with its labels if policies need them. Empty: a provider is asked first, and `done` is called once,
    // after at most labelTimeout for each provider. A provider that gives up sooner is asked again until labelTimeout is over, unless
    // another one knows the labels.
    std::optional<Result<>> program(const api::ProgramRequest& wanted, const Done& done);
    // Asks for the labels of all endpoints that lack them. Call it regularly.
    void fetch_missing();

  private:
    using Key = std::pair<std::string, std::string>;  // container id, interface
    struct Received {
        Key key;
        labels::Provider* provider = nullptr;
        labels::Provider::Reply reply;
        unsigned attempts = 0;  // to put the labels in force
    };

    // An endpoint whose provider is asked.
    struct Waiting {
        std::vector<Done> done;
        // That an ADD gave. Its record on disk lacks them if the node lock was busy when the endpoint was to be programmed.
        std::vector<IpAddress> addresses;
        std::chrono::steady_clock::time_point deadline;  // until which a client waits for providers that gave up
    };

    explicit LabelFetcher(Node& node) : node_(node) {}
    labels::Provider* next_to_ask(const endpoints::Record& record) const;
    void fetch(const endpoints::Record& record, const std::vector<IpAddress>& addresses, const Done& done);
    void ask(labels::Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout);
    std::chrono::milliseconds timeout() const { return std::chrono::seconds(node_.config().label_timeout_seconds); }
    void fetch_again(const Key& key, labels::Provider& provider);
    void handle(Received received);
    bool ask_next(const Received& received);
    bool ask_again(const Received& received);
    void finish(const Key& key, const Result<>& result);
    Result<> put_in_force(const Received& received);
    void retry();

    Node& node_;
    std::vector<Received> retries_;   // waiting for another attempt; at most one for each endpoint
    std::map<Key, Waiting> waiting_;  // one request for each endpoint, whatever the number of clients
    std::vector<IoSource> replies_;   // one for each provider
    DeferredSource again_;            // enabled while retries_ is not empty
};

}  // namespace namegate::daemon
