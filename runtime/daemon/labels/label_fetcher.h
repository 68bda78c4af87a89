// SPDX-License-Identifier: Apache-2.0
//
// Brings the labels of providers that must be asked (labels/provider.h) to the endpoints: during ADD, where the plugin waits for
// the answer, and afterwards for endpoints that were programmed without them. A slow provider delays the endpoints that need it
// and no others: it is asked beside all other work of the event loop. Owns what is being asked. One thread, that of the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/commands.h"
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

    // Programs the endpoint, with its labels where policies look at them. Nothing: a provider is asked first, and
    // `done` is called once, within labelTimeout for each provider.
    std::optional<Result<>> program(const api::ProgramRequest& wanted, const Done& done);
    // Asks for those endpoints that lack labels; called regularly.
    void fetch_missing();

  private:
    using Key = std::pair<std::string, std::string>;  // container id, interface
    struct Answered {
        Key key;
        labels::Provider* provider = nullptr;
        labels::Provider::Answer labels;
        unsigned attempts = 0;  // to put it in force
    };

    explicit LabelFetcher(Node& node) : node_(node) {}
    labels::Provider* next_to_ask(const endpoints::Record& record) const;
    void fetch(const endpoints::Record& record, const Done& done);
    void ask(labels::Provider& provider, const endpoints::Record& record);
    void fetch_again(const Key& key, labels::Provider& provider);
    void handle(Answered answered);
    bool ask_next(const Answered& answered);
    void finish(const Key& key, const Result<>& result);
    Result<> put_in_force(const Answered& answered);
    void retry();

    Node& node_;
    std::vector<Answered> answers_;             // wait for another attempt; one for each endpoint at most
    std::map<Key, std::vector<Done>> waiting_;  // one question for each endpoint, however many clients ask
    std::vector<IoSource> replies_;             // of each provider
    DeferredSource again_;                      // enabled while answers wait for another attempt
};

}  // namespace namegate::daemon
